"""The changed words of standard mails in an import, written by the rules of the console."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from forum.addresses import is_unsafe_in_header
from forum.content.mail_words import MAILS
from forum.content.shapes import LANGUAGES, Document, Where
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import mail_texts
from forum.outbox import neutral, passages, placeholders
from forum.outbox.mail_text_models import MailText
from forum.outbox.passages import KINDS, PASSAGES, SUBJECT


def write(event: Event, documents: Sequence[Document], where: Where, *, actor: str, now: datetime) -> None:
    """Store an event's changed words of mails; mails that the documents lack get the standard words. Raises BadFile.

    Unchanged words are not stored again, so that the console can tell whether the standard words have changed since.
    """
    wanted = {(mail["key"], code): mail[code] for mail in documents for code in LANGUAGES if mail.get(code)}
    stored = db.session.scalars(select(MailText).where(MailText.event_id == event.id)).all()
    known = {(text.kind, text.language): _parts_of(text) for text in stored if text.kind in KINDS}
    for kind, code in sorted(known.keys() - wanted.keys()):
        mail_texts.reset(event, kind, code, actor=actor, now=now)
    for (kind, code), parts in wanted.items():
        if parts != known.get((kind, code)):
            standard = mail_texts.standard_of(event, kind, code)
            for name, words in parts.items():
                _refuse_wrong(
                    event, kind, name, words, standard[name], where.at(MAILS).at(kind).at(code).at(name)
                )
            mail_texts.change(event, kind, code, {**standard, **parts}, actor=actor, now=now)


def _parts_of(text: MailText) -> dict[str, str]:
    return {name: said for name in PASSAGES if (said := getattr(text, name)) is not None}


def _refuse_wrong(event: Event, kind: str, name: str, words: str, standard: str, where: Where) -> None:
    """Refuse words that the console would refuse, and the standard words, which a file leaves out. Raises BadFile."""
    if words == standard:
        where.refuse("has the standard words; leave it out")
    known = passages.known(kind, name)
    if name == SUBJECT:
        if is_unsafe_in_header(words) or placeholders.has_any(words):
            where.refuse("has characters or placeholders that a subject cannot have")
        if word := neutral.find_telling(event, words):
            where.refuse(f"names the forum, organiser or place by {word!r}, and others may see a subject")
    elif unknown := placeholders.find_unknown(words, known):
        where.refuse(f"has the unknown {', '.join(unknown)}; known are {', '.join(known)}")
    if missing := placeholders.find_missing(words, passages.needed(kind, name)):
        where.refuse(f"lacks {', '.join(f'{{{one}}}' for one in missing)}")
