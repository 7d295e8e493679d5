"""Proposing a mailing when an event changes; sending, pausing, stopping or dismissing it.

Call every function with the event locked: of two organisers, the second one then sees what the first one did.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from forum.audit import actions as audit
from forum.columns import Text
from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import afterwards, facts, queries, reminder_times
from forum.mailings.audience import audience_of
from forum.mailings.enums import STARTED, MailingKind, MailingStatus, RecipientStatus
from forum.mailings.errors import AlreadyDecided, EventHidden, NobodyToTell, ReminderOver, WordsMissing
from forum.mailings.models import Mailing, MailingRecipient
from forum.outbox import actions as outbox
from forum.outbox import holding
from forum.outbox.enums import AbortReason
from forum.web.languages import NAMES


def propose_change(event: Event, former: Mapping[str, Any], *, actor: str, now: datetime) -> Mailing | None:
    """Propose a mailing about a change of the event; `former` has the former values of the changed columns.

    Return the proposal, or None if no day, hour, zone or place differs, the event is over by old and new dates, or
    nobody has to be told. An unsent proposal includes the newer change; a new proposal supersedes a mailing being sent.
    """
    was, now_holds = facts.facts_of(event, former), facts.facts_of(event)
    # A mistyped year may end the event until somebody corrects it. Propose a mailing for that change, too: otherwise
    # the wrong year would count as what people knew before the correction.
    if was == now_holds or (events.is_over(event, now) and events.is_over(facts.event_with(was), now)):
        return None
    last, step = queries.find_last_change(event), facts.next_step(now_holds, now)
    if last is not None and last.status == MailingStatus.PROPOSED:
        last.steps, last.changed_at = [*last.steps, step], now
        audit.record("mailing.change_added", last, actor=actor, at=now)
        return last
    if last is not None:
        _supersede(last, actor=actor, now=now)
    is_followed = last is not None and last.status != MailingStatus.DISMISSED
    history = last.steps if last is not None and is_followed else [facts.first_step(was)]
    mailing = Mailing(
        event=event,
        kind=MailingKind.EVENT_CHANGED,
        status=MailingStatus.PROPOSED,
        steps=[*history, step],
        words=Text(),
        changed_at=now,
        proposed_at=now,
    )
    db.session.add(mailing)
    db.session.flush()
    is_news = bool(audience_of(mailing).people)
    # Keep a mailing whose steps have earlier changes, although this change is news to nobody today: later changes
    # are compared with what each person has read, and somebody may register meanwhile.
    if not is_news and not is_followed:
        db.session.delete(mailing)
        db.session.flush()
        return None
    audit.record("mailing.proposed", mailing, actor=actor, at=now)
    return mailing if is_news else None


def write_words(mailing: Mailing, words: Text, *, actor: str, now: datetime) -> bool:
    """Set the organisers' own words of a proposed mailing; return whether they have changed. Raises AlreadyDecided."""
    require(mailing, MailingStatus.PROPOSED)
    if mailing.words == words:
        return False
    mailing.words = words
    audit.record("mailing.written", mailing, actor=actor, at=now, languages=sorted(words))
    return True


def sketch(mailing: Mailing, words: Text) -> Mailing:
    """Return, for a preview, an unsaved copy of the mailing with other words of the organisers."""
    return Mailing(event=mailing.event, kind=mailing.kind, steps=mailing.steps, words=words)


def dismiss(mailing: Mailing, *, actor: str, now: datetime) -> None:
    """Dismiss a proposed mailing, because organisers tell nobody of the change. Raises AlreadyDecided."""
    require(mailing, MailingStatus.PROPOSED)
    mailing.status, mailing.ended_at = MailingStatus.DISMISSED, now
    audit.record("mailing.dismissed", mailing, actor=actor, at=now)


def send(mailing: Mailing, *, user_id: int, actor: str, now: datetime) -> int:
    """Fix the recipients and start sending; return the number of recipients.

    Raises AlreadyDecided, EventHidden, NobodyToTell, WordsMissing.
    """
    require(mailing, MailingStatus.PROPOSED)
    require_public(mailing.event, now)
    audience = audience_of(mailing)
    if not audience.people:
        raise NobodyToTell
    read = [code for code in NAMES if code in audience.languages]
    if missing := [code for code in read if mailing.words and not mailing.words.get(code)]:
        raise WordsMissing(missing)
    snapshot = [
        {"mailing_id": mailing.id, "registration_id": person.registration_id, "step": person.step}
        for person in audience.people
    ]
    db.session.execute(insert(MailingRecipient).values(status=RecipientStatus.WAITING), snapshot)
    mailing.status, mailing.people = MailingStatus.SENDING, len(snapshot)
    mailing.started_at, mailing.started_by = now, user_id
    audit.record("mailing.started", mailing, actor=actor, at=now, people=len(snapshot))
    return len(snapshot)


def pause(mailing: Mailing, *, actor: str, now: datetime) -> None:
    """Stop sending until `resume`: mails not tried yet are removed from the outbox, and tried ones wait.

    A mail that is being handed over in this moment may leave. Raises AlreadyDecided.
    """
    require(mailing, MailingStatus.SENDING)
    returned = holding.withdraw_untried(_messages_of(mailing))
    again = update(MailingRecipient).where(
        MailingRecipient.mailing_id == mailing.id, MailingRecipient.registration_id.in_(returned)
    )
    db.session.execute(again.values(status=RecipientStatus.WAITING, message_id=None))
    hold(mailing)
    mailing.status = MailingStatus.PAUSED
    audit.record("mailing.paused", mailing, actor=actor, at=now)


def hold(mailing: Mailing) -> None:
    """Let mails of a paused mailing that were tried already wait until it goes on."""
    holding.hold_tried(_messages_of(mailing))


def pause_waiting(event: Event, *, actor: str, now: datetime) -> int:
    """Pause the organisers' own messages that have not reached everybody; return how many."""
    waiting = [one for one in queries.list_sending(event) if queries.has_more(one.id)]
    for mailing in waiting:
        pause(mailing, actor=actor, now=now)
    return len(waiting)


def resume(mailing: Mailing, *, actor: str, now: datetime) -> None:
    """Continue a paused mailing. Raises AlreadyDecided, EventHidden, ReminderOver."""
    require(mailing, MailingStatus.PAUSED)
    require_ahead(mailing, now)
    if reminder_times.is_over(mailing, now):
        raise ReminderOver
    holding.release(_messages_of(mailing), now=now)
    mailing.status = MailingStatus.SENDING
    audit.record("mailing.resumed", mailing, actor=actor, at=now)


def stop(mailing: Mailing, *, actor: str, now: datetime) -> None:
    """End a mailing for good: its unsent mails are cancelled. Raises AlreadyDecided."""
    require(mailing, *STARTED)
    _end(mailing, MailingStatus.STOPPED, AbortReason.NOT_NEEDED, now)
    audit.record("mailing.stopped", mailing, actor=actor, at=now)


def finish(mailing: Mailing, *, now: datetime) -> None:
    """Mark the mailing as done, once every mail was sent or has failed. Raises AlreadyDecided."""
    require(mailing, *STARTED)
    mailing.status, mailing.ended_at = MailingStatus.DONE, now
    audit.record("mailing.done", mailing, actor="worker", at=now)


def _supersede(mailing: Mailing, *, actor: str, now: datetime) -> None:
    """Cancel the mailing's unsent mails, and end the mailing if it is being sent."""
    if mailing.status in STARTED:
        _end(mailing, MailingStatus.SUPERSEDED, AbortReason.OUTDATED, now)
        audit.record("mailing.superseded", mailing, actor=actor, at=now)
    else:
        outbox.take_back_messages(_messages_of(mailing), AbortReason.OUTDATED)


def _end(mailing: Mailing, status: MailingStatus, reason: AbortReason, now: datetime) -> None:
    outbox.take_back_messages(_messages_of(mailing), reason)
    waiting = update(MailingRecipient).where(
        MailingRecipient.mailing_id == mailing.id, MailingRecipient.status == RecipientStatus.WAITING
    )
    db.session.execute(waiting.values(status=RecipientStatus.LEFT_OUT))
    mailing.status, mailing.ended_at = status, now


def _messages_of(mailing: Mailing) -> Any:
    """Return the statement that selects the ids of the mailing's mails."""
    mine = MailingRecipient.mailing_id == mailing.id, MailingRecipient.message_id.is_not(None)
    return select(MailingRecipient.message_id).where(*mine)


def require(mailing: Mailing, *states: MailingStatus) -> None:
    """Raise AlreadyDecided unless the mailing is in one of these states."""
    if mailing.status not in states:
        raise AlreadyDecided


def require_ahead(mailing: Mailing, now: datetime) -> None:
    """Raise EventHidden if the event is not public, or nobody gets the message any more because the event is over."""
    if not mailing.event.is_published or afterwards.is_past(mailing, now):
        raise EventHidden


def require_public(event: Event, now: datetime) -> None:
    """Raise EventHidden for an event that is not public or is over."""
    if not event.is_published or events.is_over(event, now):
        raise EventHidden
