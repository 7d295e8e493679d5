"""The states of a long table, from when it was sent until everybody in it has been imported."""

from enum import StrEnum


class TableState(StrEnum):
    """What happens with a long table: organisers have their turn in SENT and CHECKED, the worker in CHECKING, STARTING
    and RUNNING.

    STARTING is a last check of the whole table, before the first people are imported.
    """

    SENT = "sent"
    CHECKING = "checking"
    CHECKED = "checked"
    STARTING = "starting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


OF_ORGANISERS = (TableState.SENT, TableState.CHECKED)
OF_WORKER = (TableState.CHECKING, TableState.STARTING, TableState.RUNNING)
IMPORTING = (TableState.STARTING, TableState.RUNNING)
ENDED = (TableState.DONE, TableState.STOPPED)
