"""The data stored about a person, in words for their own page (P11); the JSON file keeps the technical names."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from babel import Locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.outbox.enums import MessageStatus
from forum.outbox.wording import kind_text
from forum.outbox.wording import status_words as mail_words
from forum.questions import queries as questions
from forum.questions.wording import answer_text
from forum.registration import offer_words
from forum.registration.dossier import Happening
from forum.registration.enums import ConsentPurpose, DeclineReason, OfferMaker
from forum.registration.models import Registration
from forum.registration.review_words import CHOICES
from forum.registration.wording import CONSENTS, FIELDS, act_text, actor_text, state_name, status_name
from forum.web.languages import NAMES, in_language, language, moment_text

LABELS = {
    **FIELDS,
    "reference": _l("Reference"),
    "status": _l("Status"),
    "email": _l("E-mail address"),
    "requested_at": _l("Registered"),
    "confirm_by": _l("Confirm the address before"),
    "confirmed_at": _l("Confirmed"),
    "waiting_since": _l("Waiting since"),
    "offer_expires_at": _l("To be accepted before"),
    "review_since": _l("In review since"),
    "answer_by": _l("Answer promised by"),
    "decline_reason": _l("Why it was declined"),
    "decline_words": _l("The organisers’ own words"),
    "ended_at": _l("Ended"),
    "cancelled_from": _l("Status before the cancellation"),
    "purpose": _l("What it is about"),
    "text_version": _l("Version of the text"),
    "given_at": _l("Given"),
    "withdrawn_at": _l("Withdrawn"),
    "kind": _l("Message"),
    "subject": _l("Subject"),
    "recipient": _l("To"),
    "made_at": _l("Offered"),
    "expires_at": _l("To be accepted before"),
    "made_by": _l("Offered by"),
    "because": _l("Why"),
    "rank": _l("Place in line, in the order of registering"),
    "reason": _l("Reason"),
    "reminded_at": _l("Reminded"),
    "ended_how": _l("How it ended"),
    "created_at": _l("Written"),
    "sent_at": _l("Sent"),
    "at": _l("When"),
    "text": _l("Note"),
}
OFFER = (
    *("made_at", "expires_at", "made_by", "because", "rank", "reason"),
    *("reminded_at", "ended_at", "ended_how"),
)
CONSENT = ("purpose", "given_at", "withdrawn_at", "text_version")
NOTE = ("at", "text")
MAIL = ("kind", "subject", "recipient", "created_at", "sent_at", "status")


MAKERS = {OfferMaker.RULE: _l("The rules of the waiting list"), OfferMaker.ORGANISER: _l("The organisers")}


@dataclass(frozen=True)
class Told:
    """All data stored about a person, for the page: rows of label and value, tables, and a timeline."""

    answers: list[dict[str, str]]
    moments: list[dict[str, str]]
    consents: "Table"
    offers: "Table"
    mails: "Table"
    notes: "Table"
    tags: str
    history: list[Happening]


@dataclass(frozen=True)
class Table:
    """Labels of columns and rows of cells; the first cell of a row is its heading."""

    columns: list[str]
    rows: list[list[str]]


def tell(registration: Registration, held: Mapping[str, Any]) -> Told:
    """Return everything that `own_data.collect` has collected about a person, in words for that person."""
    zone, known = registration.event.zone, held["registration"]
    where = [
        _row(_("Event"), in_language(registration.event.name)),
        _row(_("Sector"), in_language(registration.sector.name)),
    ]
    if held["new_address"]:
        where.append(_row(_("New e-mail address, not confirmed"), held["new_address"]))

    def status(code: str) -> str:
        return state_name(registration) if code == registration.status else status_name(code)

    def rows(names: Iterable[str]) -> list[dict[str, str]]:
        return [_row(str(LABELS[name]), _words(name, known[name], zone, status)) for name in names]

    asked = [one for one in questions.list_all(registration.event_id) if one.key in held["answers"]]
    told = [_row(in_language(one.label), answer_text(one, held["answers"][one.key])) for one in asked]
    return Told(
        answers=[
            *rows(name for name in known if name not in MOMENTS and _is_said(name, known[name])),
            *where,
            *told,
        ],
        moments=rows(name for name in known if name in MOMENTS and known[name] is not None),
        consents=_table(held["consents"], CONSENT, zone),
        offers=_table(held["offers"], OFFER, zone),
        mails=_table(held["mails"], MAIL, zone),
        notes=_table(held["notes"], NOTE, zone),
        tags=", ".join(held["tags"]),
        history=[_happening(entry, zone) for entry in reversed(held["history"])],
    )


def _is_said(name: str, value: Any) -> bool:
    """Return whether a row is shown: rows about a refusal or a cancellation are left out if there was none."""
    return value is not None or name not in ("decline_reason", "decline_words", "cancelled_from")


def _table(items: Sequence[Mapping[str, Any]], names: Sequence[str], zone: tzinfo) -> Table:
    labels = [str(LABELS[name]) for name in names]
    return Table(labels, [[_words(name, item[name], zone, _mail_status) for name in names] for item in items])


def _happening(entry: Mapping[str, Any], zone: tzinfo) -> Happening:
    at, action, actor = (_words(name, entry[name], zone, status_name) for name in ("at", "action", "by"))
    return Happening(datetime.fromisoformat(entry["at"]), at, action, actor=actor)


def _words(name: str, value: Any, zone: tzinfo, status: Callable[[str], str]) -> str:
    """Return a stored value in words, or as it is stored if it has no words."""
    if value is None:
        return "–" if name in MOMENTS else ""
    if name in MOMENTS:
        return moment_text(datetime.fromisoformat(value), zone)
    if name in ("status", "cancelled_from"):
        return status(value)
    return str(SAID[name](value)) if name in SAID else str(value)


def _country(code: str) -> str:
    return Locale.parse(language()).territories.get(code, code)


def _mail_status(status: str) -> str:
    return mail_words(MessageStatus(status)).label


def _row(label: str, value: str) -> dict[str, str]:
    return {"label": label, "value": value}


MOMENTS = {"at", "confirm_by", "waiting_since", "review_since", "answer_by"} | {
    name for name in LABELS if name.endswith("_at")
}
SAID: Mapping[str, Callable[[str], Any]] = {
    "country": _country,
    "language": lambda code: NAMES.get(code, code),
    "decline_reason": lambda reason: CHOICES[DeclineReason(reason)],
    "purpose": lambda purpose: CONSENTS[ConsentPurpose(purpose)],
    "kind": kind_text,
    "made_by": lambda maker: MAKERS[OfferMaker(maker)],
    "because": lambda code: offer_words.for_person({"because": code}),
    "ended_how": offer_words.end_text,
    "action": act_text,
    "by": lambda actor: actor_text(actor, {}),
}
