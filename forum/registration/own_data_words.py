"""The data stored about a person, in words for their own page (P11); the JSON file keeps the technical names."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from babel import Locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.outbox.enums import MessageStatus
from forum.outbox.wording import kind_text
from forum.outbox.wording import status_words as mail_words
from forum.registration.enums import ConsentPurpose
from forum.registration.models import Registration
from forum.registration.wording import CONSENTS, FIELDS, act_text, actor_text, status_name
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
    "offer_expires_at": _l("Offer holds until"),
    "ended_at": _l("Ended"),
    "purpose": _l("What it is about"),
    "text_version": _l("Version of the text"),
    "given_at": _l("Given"),
    "withdrawn_at": _l("Withdrawn"),
    "kind": _l("Message"),
    "subject": _l("Subject"),
    "recipient": _l("To"),
    "created_at": _l("Written"),
    "sent_at": _l("Sent"),
    "at": _l("When"),
    "action": _l("What"),
    "by": _l("Who"),
}


@dataclass(frozen=True)
class Section:
    """A heading of the page, and under it one or more lists of rows for components/summary_list.html."""

    title: str
    lists: Sequence[Sequence[Mapping[str, str]]]


def sections(registration: Registration, held: Mapping[str, Any]) -> list[Section]:
    """Return all data of `own_data.collect` in sections with headings; nothing is left out."""
    zone = registration.event.zone

    def rows(item: Mapping[str, Any], status: Callable[[str], str] = status_name) -> list[dict[str, str]]:
        return [_row(str(LABELS[name]), _words(name, value, zone, status)) for name, value in item.items()]

    where = [
        _row(_("Event"), in_language(registration.event.name)),
        _row(_("Sector"), in_language(registration.sector.name)),
    ]
    return [
        Section(_("Registration"), [[*rows(held["registration"]), *where]]),
        Section(_("Kept apart and encrypted"), [_apart()]),
        Section(_("Consents"), [rows(consent) for consent in held["consents"]]),
        Section(_("Messages"), [rows(mail, _mail_status) for mail in held["mails"]]),
        Section(_("What has happened"), [rows(entry) for entry in held["history"]]),
    ]


def _apart() -> list[dict[str, str]]:
    hidden = _("Not shown here, whether you have told us anything or not")
    return [_row(_("Protected identity and real name"), hidden), _row(_("Diet and access"), hidden)]


def _words(name: str, value: Any, zone: tzinfo, status: Callable[[str], str]) -> str:
    """Return a stored value in words, or as it is stored if it has no words."""
    if value is None:
        return "–" if name in MOMENTS else ""
    if name in MOMENTS:
        return moment_text(datetime.fromisoformat(value), zone)
    if name == "status":
        return status(value)
    return str(SAID[name](value)) if name in SAID else str(value)


def _country(code: str) -> str:
    return Locale.parse(language()).territories.get(code, code)


def _mail_status(status: str) -> str:
    return mail_words(MessageStatus(status)).label


def _row(label: str, value: str) -> dict[str, str]:
    return {"label": label, "value": value}


MOMENTS = {"at", "confirm_by", "waiting_since"} | {name for name in LABELS if name.endswith("_at")}
SAID: Mapping[str, Callable[[str], Any]] = {
    "country": _country,
    "language": lambda code: NAMES.get(code, code),
    "purpose": lambda purpose: CONSENTS[ConsentPurpose(purpose)],
    "kind": kind_text,
    "action": act_text,
    "by": lambda actor: actor_text(actor, {}),
}
