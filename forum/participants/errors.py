"""Refusals to make numbers about participants public (P10)."""


class BalanceRefused(Exception):
    """Numbers about participants cannot be made public; each subclass says why."""


class TooFewPeople(BalanceRefused):
    """Too few people have a place for any number to be shown."""


class TooFewChanges(BalanceRefused):
    """Too few people came or left since an earlier public table: the difference would show who they are."""
