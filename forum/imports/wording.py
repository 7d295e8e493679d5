"""Words for the states of a long table, each with the kind of icon that a page shows beside them."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from forum.imports.enums import TableState

STATES: Mapping[TableState, tuple[LazyString, str]] = {
    TableState.SENT: (_l("Waits for you to choose columns"), "wait"),
    TableState.CHECKING: (_l("Is being checked"), "offered"),
    TableState.CHECKED: (_l("Waits for you to look through it"), "wait"),
    TableState.STARTING: (_l("Is being checked once more"), "offered"),
    TableState.RUNNING: (_l("Is being imported"), "offered"),
    TableState.DONE: (_l("Imported"), "in"),
    TableState.STOPPED: (_l("Stopped"), "out"),
}
