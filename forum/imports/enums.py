"""The states of a long table, from when it was sent until everybody in it has been imported."""

from enum import StrEnum


class TableState(StrEnum):
    """What happens with a long table: organisers decide in SENT and CHECKED, in the other states the worker works.

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
