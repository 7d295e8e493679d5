"""Invitations in the organisers' list of registrations: the filter for who was invited."""

from flask.blueprints import BlueprintSetupState
from sqlalchemy import ColumnElement, or_, select

from forum.events.models import Event
from forum.invitations.models import Invitation
from forum.registration import invited
from forum.registration.models import Registration


def install(state: BlueprintSetupState) -> None:
    """Give the attendee list the condition by which it can show only people who were invited."""
    invited.install(state.app, is_invited)


def is_invited(event: Event) -> ColumnElement[bool]:
    """Return the condition for registrations of invited people: made by an invitation's link, or with its address."""
    mine = Invitation.event_id == event.id
    by_link = select(Invitation.registration_id).where(mine, Invitation.registration_id.is_not(None))
    by_address = select(Invitation.email_canonical).where(mine)
    return or_(Registration.id.in_(by_link), Registration.email_canonical.in_(by_address))
