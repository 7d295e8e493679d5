"""Why an import is refused."""


class ImportRefused(Exception):
    """The import cannot be carried out or undone."""


class OutcomeChanged(ImportRefused):
    """Importing would do something else now than what the organiser has seen."""


class EventOver(ImportRefused):
    """The event is over and takes nobody any more."""


class UndoneAlready(ImportRefused):
    """The import has been undone already."""


class HasActed(ImportRefused):
    """Something has happened with `number` people of the import since."""

    def __init__(self, number: int) -> None:
        super().__init__(type(self).__doc__)
        self.number = number
