"""The words of an event's standard mails: changing them, going back to the standard, examples, test mails.

`outbox.passages` says which parts of which mails may be changed, and what stays as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select

from forum.accounts.models import User
from forum.audit import actions as audit
from forum.columns import Text, new_token
from forum.events.models import Event, Sector
from forum.events.queries import front_path
from forum.extensions import db
from forum.invitations.mails import OPENING as OF_INVITATION
from forum.mailings.mails import SAMPLE
from forum.outbox import actions as outbox
from forum.outbox import passages, rendering
from forum.outbox.enums import Lane
from forum.outbox.mail_text_models import MailText
from forum.outbox.models import OutboxMessage
from forum.outbox.passages import PASSAGES
from forum.outbox.placeholders import CHANGES, DEADLINE, EVENT
from forum.outbox.rendering import Rendered
from forum.registration import links
from forum.registration.mails import NEW_ADDRESS, OF_NEW_ADDRESS, SECTOR
from forum.registration.models import Registration
from forum.web.edits import digest
from forum.web.languages import moment_text

INVITATIONS = ("invitation", "invitation-reminder")
# By the kind of a mail, the first line of mails that are not about a registration of the reader.
OPENINGS = {**dict.fromkeys(INVITATIONS, OF_INVITATION), NEW_ADDRESS: OF_NEW_ADDRESS}
# A date that stands for any deadline while the standard words are rendered; its text then becomes a placeholder.
SOME_TIME = datetime(2001, 2, 3, 4, 5, tzinfo=UTC)

# By the name of a part of a mail that organisers may change, such as its subject, the words of this part.
Words = Mapping[str, str]


@dataclass(frozen=True)
class State:
    """The words of a kind of mail in one language: the standard words, the words in use, and the row of changed words.

    `is_outdated` is True if the forum's standard words have changed since an organiser replaced them.
    """

    standard: Words
    words: Words
    text: MailText | None
    is_outdated: bool = False


def read(event: Event, kind: str, language: str) -> State:
    """Return the words of this kind of the event's mails in this language."""
    text = passages.find(event.id, kind, language)
    return _state(standard_of(event, kind, language), text)


def list_changed(event: Event) -> dict[tuple[str, str], State]:
    """Return, by kind of mail and language, the words that organisers of the event have changed."""
    return {
        (row.kind, row.language): _state(standard_of(event, row.kind, row.language), row)
        for row in list_rows(event)
    }


def list_rows(event: Event) -> list[MailText]:
    """Return the rows of the event's changed words, without kinds of mails that may not be changed any more."""
    mine = select(MailText).where(MailText.event_id == event.id).order_by(MailText.kind, MailText.language)
    return [row for row in db.session.scalars(mine) if row.kind in passages.KINDS]


def standard_of(event: Event, kind: str, language: str) -> Words:
    """Return the forum's own words for this kind of mail, with placeholders in place of the facts of a mail."""
    context = {
        "event": _Placeheld(event),
        "until": SOME_TIME,
        "held_until": SOME_TIME,
        "fields": [_braced(CHANGES)],
    }
    moment = moment_text(SOME_TIME, event.zone, language)
    read = rendering.read_standard(kind, language, context)
    return {name: words.replace(moment, _braced(DEADLINE)) for name, words in read.items()}


def change(event: Event, kind: str, language: str, words: Words, *, actor: str, now: datetime) -> bool:
    """Set the words of a kind of mail; return whether they have changed. Call this with the event locked.

    A part with the standard words is not stored, and so follows later changes of the standard words.
    """
    state = read(event, kind, language)
    parts = {name: words[name] for name in PASSAGES if words[name] != state.standard[name]}
    if not parts:
        return reset(event, kind, language, actor=actor, now=now)
    if state.words == words and not state.is_outdated:
        return False
    text = state.text or MailText(event_id=event.id, kind=kind, language=language)
    for name in PASSAGES:
        setattr(text, name, parts.get(name))
    text.standard, text.changed_at = _digest(state.standard, text), now
    db.session.add(text)
    db.session.flush()
    details = {"kind": kind, "language": language, "parts": sorted(parts)}
    audit.record("mail_text.changed", text, actor=actor, at=now, **details)
    return True


def reset(event: Event, kind: str, language: str, *, actor: str, now: datetime) -> bool:
    """Go back to the standard words of a mail; return whether any word was changed. Call this with the event locked."""
    text = passages.find(event.id, kind, language)
    if text is None:
        return False
    audit.record("mail_text.reset", text, actor=actor, at=now, kind=kind, language=language)
    db.session.delete(text)
    db.session.flush()
    return True


def copy(event: Event, made: Event, *, now: datetime) -> None:
    """Give `made`, a copy of the event, the words that organisers have changed in the event's mails."""
    taken = (*PASSAGES, "kind", "language", "standard")
    for row in db.session.scalars(select(MailText).where(MailText.event_id == event.id)):
        words = {name: getattr(row, name) for name in taken}
        db.session.add(MailText(event_id=made.id, changed_at=now, **words))
    db.session.flush()


def preview(
    event: Event,
    kind: str,
    language: str,
    registration: Registration | None = None,
    *,
    words: Words | None = None,
    now: datetime,
) -> Rendered:
    """Return the mail as this person would get it now; without a person, with example values.

    It has the stored changed words, or `words` instead of them.

    The mail names nobody, like every standard mail (M12); dots stand for the link.
    """
    path = "r/invitation/" if kind in INVITATIONS else "r/"
    link = f"{current_app.config['BASE_URL']}/{language}/{path}{SAMPLE}"
    context = _example(event, kind, language, registration, link, now)
    if words is None:
        return rendering.render(kind, language, context, passages.find(event.id, kind, language))
    standard = standard_of(event, kind, language)
    parts = {name: said for name, said in words.items() if said != standard[name]}
    return rendering.render(kind, language, context, MailText(kind=kind, language=language, **parts))


def queue_trial(event: Event, kind: str, user: User, language: str, *, now: datetime) -> OutboxMessage:
    """Queue a test mail to an organiser, built like the mails to registered people (M16); its link does not work."""
    path = "r/invitation/" if kind in INVITATIONS else "r/"
    link = f"{current_app.config['BASE_URL']}/{language}/{path}{new_token()}"
    return outbox.queue(
        kind=kind,
        recipient=user.email,
        language=language,
        context=_example(event, kind, language, None, link, now),
        now=now,
        event_id=event.id,
        lane=Lane.NOW,
        reply_to=event.contact_email,
    )


class _Placeheld:
    """An event whose name is a placeholder, for rendering standard words; its other attributes are the event's own."""

    def __init__(self, event: Event) -> None:
        self._event = event
        self.name = Text(en=_braced(EVENT))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._event, name)


def _state(standard: Words, text: MailText | None) -> State:
    if text is None:
        return State(standard, standard, None)
    own = {name: getattr(text, name) for name in PASSAGES}
    words = {name: standard[name] if said is None else said for name, said in own.items()}
    return State(standard, words, text, text.standard != _digest(standard, text))


def _digest(standard: Words, text: MailText) -> str:
    """Return a digest of the standard words of the changed parts: if it differs later, the forum has new words."""
    return digest({name: standard[name] for name in PASSAGES if getattr(text, name) is not None})


def _example(
    event: Event, kind: str, language: str, registration: Registration | None, link: str, now: datetime
) -> dict[str, Any]:
    """Return the values that the templates of all kinds of mails need, from the registration if given, or examples."""
    ends = now + timedelta(hours=event.offer_hours)
    until = registration and (registration.offer_expires_at or registration.confirm_by)
    sector = registration.sector if registration else next(iter(event.sectors), None)
    return {
        "event": event,
        "sector": sector or Sector(name=Text()),
        "reference": registration.reference if registration else SAMPLE,
        "status": registration.status if registration else "confirmed",
        "answer_by": registration.answer_by if registration else None,
        "link": link,
        "link_until": links.managing_ends(event),
        "register_link": f"{current_app.config['BASE_URL']}{front_path(event, language)}register",
        "until": until if until and until > now else ends,
        "held_until": until if until and until > now else ends,
        "fields": [SECTOR],
        "paragraphs": [],
        "beside": (),
        "is_first": False,
        "moved": None,
        **dict.fromkeys(("why", "reason", "forwarder"), ""),
        **dict.fromkeys(("by_contact", "left_line", "is_merge", "is_past_offer", "has_to_answer"), False),
        **dict.fromkeys(("from_colleague", "may_forward", "is_held"), False),
        **({"opening": OPENINGS[kind]} if kind in OPENINGS else {}),
    }


def _braced(name: str) -> str:
    return f"{{{name}}}"
