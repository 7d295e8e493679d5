"""The words that organisers have changed in an event's standard mails, as a part of its event.toml.

[[mails]]
key = "offered"            # the kind of mail, a folder of templates/mail
[mails.en]
subject = "…"              # what is left out has the forum's standard words
opening = "… {deadline} …"
"""

from collections.abc import Iterable, Sequence

from forum.content.shapes import (
    LANGUAGES,
    Document,
    Where,
    line,
    listing,
    matching,
    prose,
    table,
    unique,
    unix,
)
from forum.outbox.mail_text_models import MailText
from forum.outbox.passages import CLOSING, KINDS, LONGEST_PASSAGE, LONGEST_SUBJECT, OPENING, PASSAGES, SUBJECT

MAILS = "mails"
WORDS = table(
    {}, {SUBJECT: line(LONGEST_SUBJECT), OPENING: prose(LONGEST_PASSAGE), CLOSING: prose(LONGEST_PASSAGE)}
)
MAIL = table(
    {"key": matching(KINDS.__contains__, "a kind of mail whose words can be changed")},
    dict.fromkeys(LANGUAGES, WORDS),
)
SHAPE = listing(MAIL, len(KINDS))


def tell(changed: Iterable[MailText]) -> list[Document]:
    """Return the words that organisers have changed as `[[mails]]` of event.toml, by kind of mail and language."""
    told: dict[tuple[str, str], Document] = {}
    for text in changed:
        parts = {name: getattr(text, name) for name in PASSAGES}
        told[text.kind, text.language] = {
            name: unix(said) for name, said in parts.items() if said is not None
        }
    return _in_order(
        [
            {"key": kind, **{code: told[kind, code] for code in LANGUAGES if told.get((kind, code))}}
            for kind in KINDS
        ]
    )


def read(told: Sequence[Document], where: Where) -> list[Document]:
    """Return the words of a file, checked and sorted, without mails that change none. Raises BadFile."""
    unique([*told], "key", where)
    for mail in told:
        for code in LANGUAGES:
            if mail.get(code, {}).get(OPENING) == "":
                where.at(mail["key"]).at(code).at(OPENING).refuse(
                    "is empty; leave it out for the standard words"
                )
    return _in_order([{name: value for name, value in mail.items() if value} for mail in told])


def _in_order(told: Sequence[Document]) -> list[Document]:
    kinds = list(KINDS)
    return sorted((mail for mail in told if len(mail) > 1), key=lambda mail: kinds.index(mail["key"]))
