"""Deletes the recipients of messages that were chosen by answers that tell where somebody is (P27).

A message to people who arrive on Monday tells when each recipient arrived. So its filter, its recipients with their
mails, and the plan of a reminder are deleted together with the answers; the numbers of recipients stay. A draft is for
nobody until an organiser chooses people again: without its filter it would be for more people. Nothing can be sent
again, neither to people whose mails have failed nor by the plan, so nobody gets a mail twice (R12). The links by which
people refuse further messages go on working (M07).
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import actions, kept_links, queries, unanswered
from forum.mailings.enums import STARTED
from forum.mailings.models import LeaveLink, Mailing, MailingRecipient, Reminder
from forum.outbox.models import OutboxMessage
from forum.registration import locating_traces

ACTOR = "worker"


def forget(event: Event, keys: Collection[str], *, now: datetime) -> int:
    """Delete the recipients of messages whose people were chosen by these questions; return how many messages.

    The caller has locked the event, and commits.
    """
    mine = [
        mailing
        for mailing in db.session.scalars(select(Mailing).where(Mailing.event_id == event.id))
        if not _questions_of(mailing).isdisjoint(keys)
    ]
    links: dict[str, dict[str, Any]] = {}
    for mailing in mine:
        links |= kept_links.links_of(MailingRecipient.mailing_id == mailing.id)
        _forget_people(mailing, now)
    kept_links.keep_links(event, links)
    return len(mine)


def forget_links(*, now: datetime) -> int:
    """Delete stored links for refusing messages of events that ended a year ago; return how many."""
    ended = delete(LeaveLink).where(LeaveLink.ends_at <= now).returning(LeaveLink.digest)
    return len(db.session.scalars(ended).all())


def _questions_of(mailing: Mailing) -> set[str]:
    audience: Mapping[str, Any] = mailing.audience or {}
    silent = audience.get(unanswered.PARAMETER)
    return {*mailing.question_keys, *locating_traces.list_keys(audience), *([silent] if silent else [])}


def _forget_people(mailing: Mailing, now: datetime) -> None:
    if mailing.status in STARTED:
        actions.stop(mailing, actor=ACTOR, now=now)
        db.session.flush()
    counts = queries.count_by_result([mailing])[mailing.id]
    of_care = {unanswered.OF_CARE: 1} if unanswered.is_of_care(mailing) else {}
    theirs = MailingRecipient.mailing_id == mailing.id
    sent = select(MailingRecipient.message_id).where(theirs, MailingRecipient.message_id.is_not(None))
    db.session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_(sent)))
    db.session.execute(delete(MailingRecipient).where(theirs))
    db.session.execute(delete(Reminder).where(Reminder.mailing_id == mailing.id))
    mailing.audience, mailing.question_keys = None, []
    mailing.kept_counts = {"sent": counts.sent, "failed": counts.failed, **of_care}
    audit.record("mailing.people_forgotten", mailing, actor=ACTOR, at=now)
