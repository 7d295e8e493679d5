"""Words for the states and kinds of rows that a person's own data show (`telling`)."""

from flask_babel import lazy_gettext as _l

from forum.delegations.enums import DelegateState
from forum.invitations.enums import InvitationState
from forum.mailings.enums import Category, RecipientStatus, Refused
from forum.mailings.wording import CATEGORIES
from forum.outbox.enums import SuppressionCause
from forum.privacy.enums import RequestState
from forum.registration.enums import RestrictionKind, RestrictionState, TokenPurpose

LINKS = {
    TokenPurpose.CONFIRM: _l("Link to confirm the address"),
    TokenPurpose.MANAGE: _l("Personal link"),
    TokenPurpose.OWN_DATA: _l("Link to everything held"),
    TokenPurpose.OWN_DATA_PAGE: _l("The open page of everything held"),
    TokenPurpose.CALENDAR: _l("Address of the calendar feed"),
}
STATES = {
    RequestState.OPEN: _l("Open"),
    RequestState.DONE: _l("Carried out"),
    RequestState.REFUSED: _l("Refused"),
    RequestState.TAKEN_BACK: _l("Taken back"),
}
RESTRICTIONS = {
    RestrictionState.OPEN: _l("Open"),
    RestrictionState.GRANTED: _l("Granted"),
    RestrictionState.DECLINED: _l("Refused"),
    RestrictionState.TAKEN_BACK: _l("Taken back"),
    RestrictionState.LIFTED: _l("Lifted"),
}
RESTRICTION_KINDS = {
    RestrictionKind.RESTRICTION: _l("Restriction"),
    RestrictionKind.OBJECTION: _l("Objection"),
}
INVITATIONS = {
    InvitationState.OPEN: _l("Open"),
    InvitationState.YES: _l("Yes"),
    InvitationState.NO: _l("No"),
    InvitationState.EXPIRED: _l("Ran out"),
    InvitationState.WITHDRAWN: _l("Withdrawn"),
    InvitationState.FORWARDED: _l("Passed on to a colleague"),
}
DELEGATES = {
    DelegateState.NAMED: _l("Not registered yet"),
    DelegateState.REGISTERED: _l("Registered"),
    DelegateState.ASKED: _l("Asked"),
    DelegateState.LEFT_OUT: _l("No place was free"),
    DelegateState.WITHDRAWN: _l("Withdrawn"),
}
RECIPIENTS = {
    RecipientStatus.CHOSEN: _l("Chosen, nothing sent"),
    RecipientStatus.WAITING: _l("To be written to"),
    RecipientStatus.QUEUED: _l("Message made"),
    RecipientStatus.LEFT_OUT: _l("Left out"),
    RecipientStatus.OMITTED: _l("Left out"),
}
REFUSED = {
    Refused.ALL: _l("Messages that organisers write to many people"),
    Refused.PRACTICAL: CATEGORIES[Category.PRACTICAL],
    Refused.FURTHER: CATEGORIES[Category.FURTHER],
}
CAUSES = {
    SuppressionCause.BOUNCED: _l("A message to it came back"),
    SuppressionCause.COMPLAINED: _l("A message to it was marked as unwanted"),
}
