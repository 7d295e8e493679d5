"""Refusals to make numbers about participants public (P10)."""


class BalanceRefused(Exception):
    """The numbers cannot be made public."""


class TooFewPeople(BalanceRefused):
    """Too few people have a place for any number to be shown."""


class TooFewChanges(BalanceRefused):
    """So few people have come or gone since the numbers were made public last that the difference would show who."""
