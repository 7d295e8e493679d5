"""The parts of a standard mail whose words organisers may change: its subject, its first and its last sentences.

Each part is a block of the mail's templates. Facts that a reader needs stay in the template, whatever organisers write:
the link and its button, days and town, reasons, and what can be done until when. A deadline that stands in the first
sentence is a placeholder that changed words must keep. What to do if somebody has not asked for a link or an address
stays, too. Mails that warn of a new address, about substitutes, delegations, rights and accounts always have the
standard words: they say who may act, and to whom.

Changed words are never compiled as a template: placeholders are filled in, and the result replaces the block's output
(S37).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select

from forum.addresses import is_unsafe_in_header
from forum.extensions import db
from forum.outbox import neutral, placeholders
from forum.outbox.mail_text_models import MailText
from forum.outbox.placeholders import CHANGES, DEADLINE, EVENT, SECTOR
from forum.web.languages import in_language, moment_text

SUBJECT, OPENING, CLOSING = "subject", "opening", "closing"
PASSAGES = (SUBJECT, OPENING, CLOSING)
LONGEST_SUBJECT, LONGEST_PASSAGE = 120, 2000
# The statement is built once, because each mail about an event runs it.
OF_MAIL = select(MailText).where(
    *(getattr(MailText, name) == bindparam(name) for name in ("event_id", "kind", "language"))
)
# The kinds of mails whose words may be changed, each with the placeholders that its first sentences must have.
KINDS: Mapping[str, Sequence[str]] = {
    "received": (DEADLINE,),
    "received-without-place": (),
    "confirmed": (),
    "waiting": (),
    "in-review": (),
    "approved": (),
    "approved-waiting": (),
    "declined": (),
    "change-in-review": (),
    "change-approved": (),
    "offered": (DEADLINE,),
    "offer-reminder": (DEADLINE,),
    "offer-extended": (DEADLINE,),
    "offer-withdrawn": (),
    "offer-declined": (),
    "offer-lapsed": (),
    "cancelled": (),
    "reinstated": (),
    "changed": (CHANGES,),
    "already-registered": (),
    "link": (),
    "link-to-confirm": (),
    "new-address": (DEADLINE,),
    "own-data": (),
    "invitation": (),
    "invitation-reminder": (),
}


def needed(kind: str, passage: str) -> Sequence[str]:
    """Return the placeholders that the changed words of this part of a mail must have."""
    return KINDS[kind] if passage == OPENING else ()


def known(kind: str, passage: str) -> Sequence[str]:
    """Return the placeholders that the changed words of this part of a mail may have; a subject has none."""
    return () if passage == SUBJECT else (EVENT, SECTOR, *needed(kind, passage))


def find(event_id: int, kind: str, language: str) -> MailText | None:
    """Return the changed words of this kind of the event's mails in this language."""
    mine = {"event_id": event_id, "kind": kind, "language": language}
    # A mail may be rendered in the middle of a change: do not flush the change's rows now, because the change writes
    # them in an order of its own.
    with db.session.no_autoflush:
        text = db.session.scalars(OF_MAIL, mine).one_or_none()
    # Ignore stored words of a kind of mail that a later version of the forum lets nobody change.
    return text if kind in KINDS else None


def fill(text: MailText, context: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """Return the changed parts as paragraphs of lines, with values in place of placeholders.

    The standard words are used where the changed ones are not allowed any more: a subject that names the event by its
    present name (P26), or sentences without a placeholder that a later version of the forum requires.
    """
    values = _values(text.kind, context)
    changed = {name: getattr(text, name) for name in PASSAGES}
    return {
        name: [["".join(filter(None, line)) for line in lines] for lines in placeholders.fill(words, values)]
        for name, words in changed.items()
        if words is not None and not _is_wrong(text.kind, name, words, context)
    }


def stand_in(words: str) -> Any:
    """Return a function that a template block can be replaced by; it outputs these words."""

    def give(_context: Any) -> Iterator[str]:
        yield words

    return give


def _is_wrong(kind: str, name: str, words: str, context: Mapping[str, Any]) -> bool:
    if name == SUBJECT:
        is_plain = not is_unsafe_in_header(words) and not placeholders.has_any(words)
        is_fit = is_plain and 0 < len(words) <= LONGEST_SUBJECT
        return not is_fit or bool(neutral.find_telling(context["event"], words))
    return bool(placeholders.find_missing(words, needed(kind, name)))


def _values(kind: str, context: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of the placeholders of this kind of mail, in the present language."""
    event = context["event"]
    values = {EVENT: in_language(event.name), SECTOR: in_language(context["sector"].name)}
    if DEADLINE in KINDS[kind]:
        until = context["held_until" if kind == "received" else "until"]
        values[DEADLINE] = moment_text(until, event.zone)
    if CHANGES in KINDS[kind]:
        values[CHANGES] = ", ".join(map(str, context["fields"]))
    return values
