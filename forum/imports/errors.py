"""Why an import is refused."""


class ImportRefused(Exception):
    """The import cannot be carried out or undone."""


class OutcomeChanged(ImportRefused):
    """Importing the table would have another outcome now than the dry run that the organiser has seen."""


class EventOver(ImportRefused):
    """The event is over, so nobody can be added to it."""


class UndoneAlready(ImportRefused):
    """The import has been undone already."""


class HasActed(ImportRefused):
    """The import cannot be undone: something has happened with `number` of its people since it was made."""

    def __init__(self, number: int) -> None:
        super().__init__(type(self).__doc__)
        self.number = number
