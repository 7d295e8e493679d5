"""Words for the state of an event's registration, for organisers."""

from flask_babel import lazy_gettext as _l

from forum.events.enums import RegistrationState

STATES = {
    RegistrationState.ARCHIVE: _l("Archived"),
    RegistrationState.UNPUBLISHED: _l("Not published"),
    RegistrationState.UPCOMING: _l("Not open yet"),
    RegistrationState.OPEN: _l("Open"),
    RegistrationState.CLOSED: _l("Closed"),
    RegistrationState.CANCELLED: _l("Event cancelled"),
    RegistrationState.OVER: _l("Over"),
}
