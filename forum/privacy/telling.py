"""Everything held about a person, in words for their own page; the JSON file keeps the technical names (P11)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.columns import Text
from forum.events.enums import ListAudience
from forum.outbox.enums import MessageStatus
from forum.outbox.wording import status_words as mail_words
from forum.privacy.hanging import Row
from forum.registration import own_data_words
from forum.registration.enums import ListedAs
from forum.registration.readers import Reading
from forum.registration.wording import ACTS, READERS, SHOWN, status_name
from forum.web.languages import in_language, moment_text

TABLES: Mapping[str, Any] = {
    "registrations": _l("Registration"),
    "protected_identities": _l("Protected identity"),
    "care_answers": _l("Diet and access"),
    "answers": _l("Answers"),
    "consents": _l("Consents"),
    "offers": _l("Offers of a place"),
    "proposed_refusals": ACTS["registration.refusal_proposed"],
    "recusals": ACTS["registration.recused"],
    "address_changes": _l("New e-mail address"),
    "invitations": _l("Invitation"),
    "registration_notes": _l("Notes of the organisers"),
    "registration_tags": _l("Tags of the organisers"),
    "outbox_messages": _l("Messages"),
    "mailing_recipients": _l("Messages to many people"),
    "submissions": _l("Forms that were sent"),
    "registration_tokens": _l("Personal links"),
    "ended_sign_ins": _l("Pages that were left"),
    "erasure_requests": _l("Requests for erasure"),
}
LABELS: Mapping[str, Any] = {
    **own_data_words.LABELS,
    "answer": _l("Answer"),
    "value": _l("Answer"),
    "question": _l("Question"),
    "answers": _l("Answers"),
    "expires_at": _l("Ends"),
    "revoked_at": _l("Ended early"),
    "received_at": _l("Received"),
    "ends_at": _l("Kept until"),
    "is_protected": _l("I have a protected identity"),
    "real_name": _l("Real name"),
    "recorded_at": _l("Recorded"),
    "diet": _l("Diet"),
    "access": _l("Access needs"),
    "holds_place": _l("Holds a place"),
    "held_until": _l("Place held until"),
    "text": _l("Text"),
    "state": _l("State"),
    "asked_at": _l("Asked"),
    "due_at": _l("Answer before"),
    "decided_at": _l("Decided"),
    "reason": _l("Reason"),
    "words": own_data_words.LABELS["decline_words"],
    "proposed_at": own_data_words.LABELS["at"],
    "recused_at": own_data_words.LABELS["at"],
    "listed_as": _l("Shown"),
    "audience": _l("Readers"),
}


@dataclass(frozen=True)
class Part:
    """The rows of one table: a heading, and for each row its labels and values."""

    title: str
    rows: list[list[dict[str, str]]]


def list_parts(held: Mapping[str, Sequence[Row]], zone: tzinfo) -> list[Part]:
    """Return the tables in words, the known ones in the order of `TABLES`, then any other."""
    order = [*(name for name in TABLES if name in held), *(name for name in held if name not in TABLES)]
    return [
        Part(str(TABLES.get(name, name.replace("_", " "))), [_row(name, row, zone) for row in held[name]])
        for name in order
    ]


def table_of(seen: Sequence[Reading]) -> own_data_words.Table:
    """Return who has looked and exported as a table."""
    rows = [[reading.day_text, reading.role, reading.what] for reading in seen]
    return own_data_words.Table([_("Day"), _("Role"), _("What")], rows)


def as_row(reading: Reading) -> dict[str, str]:
    """Return a line about who has looked for the JSON file."""
    return {"day": reading.day.isoformat(), "role": reading.role, "what": reading.what}


def _row(table: str, row: Row, zone: tzinfo) -> list[dict[str, str]]:
    told = [pair for name, value in row.items() for pair in _pairs(table, name, value, zone)]
    return [{"label": label, "value": words} for label, words in told]


def _pairs(table: str, name: str, value: Any, zone: tzinfo) -> Iterator[tuple[str, str]]:
    """Yield a value's label and words; the answers in one sealed column one by one, and nothing for what is empty."""
    if isinstance(value, Mapping) and name != "text":
        for part, answer in value.items():
            yield from _pairs(table, part, answer, zone)
    elif value not in (None, "", [], {}):
        yield str(LABELS.get(name, name.replace("_", " "))), _words(table, name, value, zone)


def _words(table: str, name: str, value: Any, zone: tzinfo) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Mapping):
        return in_language(Text(value))
    if name in MOMENTS:
        return moment_text(datetime.fromisoformat(value), zone)
    if (table, name) in SAID:
        return str(SAID[table, name](value))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


MOMENTS = own_data_words.MOMENTS | {"held_until"} | {name for name in LABELS if name.endswith("_at")}
SAID: Mapping[tuple[str, str], Any] = {
    ("registrations", "status"): status_name,
    ("registrations", "country"): own_data_words.SAID["country"],
    ("registrations", "decline_reason"): own_data_words.SAID["decline_reason"],
    ("proposed_refusals", "reason"): own_data_words.SAID["decline_reason"],
    ("registrations", "language"): own_data_words.SAID["language"],
    ("consents", "purpose"): own_data_words.SAID["purpose"],
    ("consents", "listed_as"): lambda shown: SHOWN[ListedAs(shown)],
    ("consents", "audience"): lambda readers: READERS[ListAudience(readers)],
    **{("offers", name): own_data_words.SAID[name] for name in ("made_by", "because", "ended_how")},
    ("outbox_messages", "kind"): own_data_words.SAID["kind"],
    ("outbox_messages", "language"): own_data_words.SAID["language"],
    ("outbox_messages", "status"): lambda status: mail_words(MessageStatus(status)).label,
}
