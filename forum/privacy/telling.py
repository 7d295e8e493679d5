"""All of a person's data in words, for the person's own page; the JSON file keeps the technical names (P11)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.bulk.wording import OUTCOMES
from forum.columns import Text
from forum.events.enums import ListAudience
from forum.mailings.wording import REASONS
from forum.outbox import wording as mails
from forum.privacy import state_words
from forum.privacy.hanging import CLOSED, Row
from forum.questions import files
from forum.questions import queries as questions
from forum.questions.enums import FileType
from forum.questions.wording import answer_text
from forum.registration import own_data_words
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.readers import Reading
from forum.registration.review_words import CHOICES
from forum.registration.wording import ACTS, CONSENTS, READERS, SHOWN, state_name, status_name
from forum.web.languages import in_language, moment_text

TABLES: Mapping[str, Any] = {
    "registrations": _l("Registration"),
    "protected_identities": _l("Protected identity"),
    "care_answers": _l("Diet and access"),
    "answers": _l("Answers"),
    "answer_files": _l("Files"),
    "consents": _l("Consents"),
    "offers": _l("Offers of a place"),
    "proposed_refusals": ACTS["registration.refusal_proposed"],
    "recusals": ACTS["registration.recused"],
    "address_changes": _l("New e-mail address"),
    "invitations": _l("Invitation"),
    "substitutions": _l("Coming instead of somebody"),
    "delegations": _l("Contact of a delegation"),
    "delegates": _l("Place in a delegation"),
    "registration_merges": _l("Registrations merged"),
    "imported_people": _l("Imported from a table of the organisers"),
    "registration_notes": _l("Notes of the organisers"),
    "registration_tags": _l("Tags of the organisers"),
    "outbox_messages": _l("Messages"),
    "mailing_recipients": _l("Messages to many people"),
    "mail_refusals": _l("Messages that you do not want"),
    "suppressed_addresses": _l("An address that messages to many people leave out"),
    "task_people": _l("Changes to many people"),
    "chosen_people": _l("Choices in the list of registrations"),
    "submissions": _l("Forms that were sent"),
    "registration_tokens": _l("Personal links"),
    "ended_sign_ins": _l("Pages that were left"),
    "erasure_requests": _l("Requests for erasure"),
    "restriction_requests": _l("Requests for restriction, and objections"),
}
LABELS: Mapping[str, Any] = {
    **own_data_words.LABELS,
    "answer": _l("Answer"),
    "value": _l("Answer"),
    "answers": _l("Answers"),
    "expires_at": _l("Ends"),
    "revoked_at": _l("Ended early"),
    "received_at": _l("Received"),
    "ends_at": _l("Kept until"),
    "is_protected": _l("I have a protected identity"),
    "not_shown": _l("Not shown here"),
    "real_name": _l("Real name"),
    "contact": _l("Through whom we reach the person"),
    "imported_at": _l("Imported"),
    "row_number": _l("Row of the table"),
    "recorded_at": _l("Recorded"),
    "left_because": _l("Why left out"),
    "cause": _l("Why left out"),
    "category": _l("What you do not want"),
    "refused_at": own_data_words.LABELS["at"],
    "noted_at": own_data_words.LABELS["at"],
    "code": _l("Code of the mail server"),
    "file_type": _l("Type"),
    "size": _l("Size in bytes"),
    "diet": _l("Diet"),
    "access": _l("Access needs"),
    "holds_place": _l("Holds a place"),
    "held_until": _l("Place held until"),
    "text": _l("Text"),
    "state": _l("State"),
    "asked_at": _l("Asked"),
    "is_by_contact": _l("Asked by the contact of the delegation"),
    "first_asked_at": _l("Asked first"),
    "due_at": _l("Answer before"),
    "decided_at": _l("Decided"),
    "reason": _l("Reason"),
    "words": own_data_words.LABELS["decline_words"],
    "proposed_at": own_data_words.LABELS["at"],
    "recused_at": own_data_words.LABELS["at"],
    "listed_as": _l("Shown"),
    "audience": _l("Readers"),
    "sector": _l("Sector"),
    "name": _l("Tag"),
    "remind_at": _l("Reminder due"),
    "may_forward": _l("A colleague may come instead"),
    "exempt_from_rule": _l("Not reminded by the event’s rule"),
    "from_colleague": _l("Named by a colleague who was invited"),
    "merged_at": _l("Merged"),
    "position": _l("Number in the delegation"),
    "is_all_or_nobody": _l("Nobody is registered unless all get a place"),
    "ended_from": own_data_words.LABELS["cancelled_from"],
    "abort_reason": _l("Why it was not sent"),
    "outcome": _l("What became of it"),
    "chosen_at": own_data_words.LABELS["at"],
    "done_at": own_data_words.LABELS["at"],
}
# Labels of columns whose name means something else in another table.
LABELS_OF: Mapping[tuple[str, str], Any] = {
    ("offers", "expires_at"): own_data_words.LABELS["expires_at"],
    ("restriction_requests", "kind"): _l("What was asked for"),
    ("restriction_requests", "words"): _l("Why, in your own words"),
    ("restriction_requests", "ends_at"): _l("Ends"),
    ("registration_notes", "made_at"): own_data_words.LABELS["created_at"],
    ("registration_tokens", "created_at"): _l("Made"),
    ("invitations", "made_at"): _l("Made"),
    ("invitations", "opened_at"): _l("Answer begun"),
}
# Columns for machines only, such as digests and counters: the page leaves them out, the JSON file has them.
LEFT_TO_THE_FILE = {
    *(("registrations", name) for name in ("calendar_sequence", "calendar_changed_at", "asked_from")),
    *(("mailing_recipients", name) for name in ("step", "leave_digest")),
    *(("delegates", name) for name in ("told", "typed")),
    ("address_changes", "is_own"),
    ("outbox_messages", "is_of_care"),
    # These columns hold copies of values before a merge, for a day.
    *(("registration_merges", name) for name in ("before", "care_before")),
}
GONE = _l("A question that is no longer asked")


@dataclass(frozen=True)
class Part:
    """The rows of one database table on the page of a person's data: a heading, and each row's labels and values."""

    title: str
    rows: list[list[dict[str, str]]]


def list_parts(held: Mapping[str, Sequence[Row]], registration: Registration) -> list[Part]:
    """Return the tables of a person's data in words: those in `TABLES`, in its order, then all other tables."""
    order = [*(name for name in TABLES if name in held), *(name for name in held if name not in TABLES)]
    words = _Words(registration)
    return [
        Part(str(TABLES.get(name, name.replace("_", " "))), [words.row(name, row) for row in held[name]])
        for name in order
    ]


def table_of(seen: Sequence[Reading]) -> own_data_words.Table:
    """Return the list of who has viewed or exported the person's data as a table."""
    rows = [[reading.day_text, reading.role, reading.what] for reading in seen]
    return own_data_words.Table([_("Day"), _("Role"), _("What")], rows)


def as_row(reading: Reading) -> dict[str, str]:
    """Return one view or export of the person's data as a row of the JSON file."""
    return {"day": reading.day.isoformat(), "role": reading.role, "what": reading.what}


def label_of(table: str, name: str) -> str | None:
    """Return the label of a column, or of a part of a column's value; None without a label."""
    label = LABELS_OF.get((table, name), LABELS.get(name))
    return str(label) if label is not None else None


def words_of_code(table: str, name: str, code: str) -> str | None:
    """Return the words for a code in a column; None for an unknown code, such as a newer version's."""
    said = SAID.get((table, name), SAID_ANYWHERE.get(name))
    words = said(code) if callable(said) else said.get(code) if said else None
    return str(words) if words is not None else None


class _Words:
    """Puts rows about a registration into words, with the questions and sectors of its event."""

    def __init__(self, registration: Registration):
        event = registration.event
        self.zone, self.state = event.zone, state_name(registration)
        self.questions = {question.key: question for question in questions.list_all(event.id)}
        self.sectors = {sector.key: sector.name for sector in event.sectors}

    def row(self, table: str, row: Row) -> list[dict[str, str]]:
        """Return a row of a database table as labels and values for the page."""
        keys = files.keys_in([row["value"]]) if table == "answers" else []
        addresses = [url_for("own_everything.file", file_key=key) for key in keys]
        if table == "answers":
            row = {"given": {row["question"]: row["value"]}}
        told = [pair for name, value in row.items() for pair in self._pairs(table, name, value)]
        links = {"file_url": addresses[0]} if addresses else {}
        return [{"label": label, "value": words, **links} for label, words in told]

    def _pairs(self, table: str, name: str, value: Any) -> Iterator[tuple[str, str]]:
        """Yield labels and words of a value; a column with several values gives several pairs, an empty column none."""
        if (table, name) in LEFT_TO_THE_FILE or value in (None, "", [], {}):
            return
        if name == "given" and isinstance(value, Mapping):
            yield from (self._answer(key, answer) for key, answer in value.items())
        elif isinstance(value, Mapping) and name != "text":
            for part, answer in value.items():
                yield from self._pairs(table, part, answer)
        else:
            yield label_of(table, name) or name.replace("_", " "), self._words(table, name, value)

    def _answer(self, key: str, value: Any) -> tuple[str, str]:
        """Return a question and its answer; earlier versions asked about diet and access in fixed fields."""
        if question := self.questions.get(key):
            said = str(LABELS["not_shown"]) if value == CLOSED else answer_text(question, value)
            return in_language(question.label), said
        return str(LABELS.get(key, GONE)), ", ".join(map(str, value)) if isinstance(value, list) else str(
            value
        )

    def _words(self, table: str, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        if isinstance(value, Mapping):
            return in_language(Text(value))
        if name in MOMENTS:
            return moment_text(datetime.fromisoformat(value), self.zone)
        if (table, name, value) == ("registrations", "status", Status.OFFERED):
            return self.state
        if name == "sector" and value in self.sectors:
            return in_language(self.sectors[value])
        return words_of_code(table, name, value) or str(value)


ENDING_IN_AT = {name for name in LABELS if name.endswith("_at")}
MOMENTS = own_data_words.MOMENTS | {"held_until", "opened_at"} | ENDING_IN_AT
# For each column that holds codes: the words by code, or a function that returns the words for a code.
SAID_ANYWHERE: Mapping[str, Any] = {name: own_data_words.SAID[name] for name in ("country", "language")}
SAID: Mapping[tuple[str, str], Any] = {
    ("registrations", "status"): status_name,
    ("registrations", "cancelled_from"): status_name,
    ("registration_merges", "ended_from"): status_name,
    ("registrations", "decline_reason"): CHOICES,
    ("proposed_refusals", "reason"): CHOICES,
    ("registration_tokens", "purpose"): state_words.LINKS,
    ("erasure_requests", "state"): state_words.STATES,
    ("restriction_requests", "state"): state_words.RESTRICTIONS,
    ("restriction_requests", "kind"): state_words.RESTRICTION_KINDS,
    ("invitations", "state"): state_words.INVITATIONS,
    ("delegates", "state"): state_words.DELEGATES,
    ("mailing_recipients", "status"): state_words.RECIPIENTS,
    ("mailing_recipients", "left_because"): REASONS,
    ("task_people", "outcome"): OUTCOMES,
    ("consents", "purpose"): CONSENTS,
    ("answer_files", "file_type"): {FileType.PDF: _l("PDF"), FileType.PICTURE: _l("Picture")},
    ("consents", "listed_as"): SHOWN,
    ("consents", "audience"): {**READERS, ListAudience.OFF: _l("Nobody")},
    ("offers", "made_by"): own_data_words.MAKERS,
    **{("offers", name): own_data_words.SAID[name] for name in ("because", "ended_how")},
    ("outbox_messages", "kind"): own_data_words.SAID["kind"],
    ("outbox_messages", "status"): {code: words for code, (words, _sign) in mails.STATUSES.items()},
    ("outbox_messages", "abort_reason"): mails.REASONS,
    ("mail_refusals", "category"): state_words.REFUSED,
    ("suppressed_addresses", "cause"): state_words.CAUSES,
}
