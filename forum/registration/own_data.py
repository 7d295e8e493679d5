"""All data that is stored about a person, for that person (P11; GDPR articles 15 and 20)."""

import json
from datetime import datetime
from typing import Any

from forum.audit import queries as audit
from forum.people import notes
from forum.questions import queries as questions
from forum.registration import new_address, offers, queries
from forum.registration.applicant import ASKED
from forum.registration.line import rank_by_asking
from forum.registration.models import Registration
from forum.registration.offer_models import Offer

PLAIN = (
    "reference",
    "status",
    *ASKED,
    "requested_at",
    "confirm_by",
    "confirmed_at",
    "waiting_since",
    "offer_expires_at",
    "review_since",
    "answer_by",
    "decline_reason",
    "decline_words",
    "ended_at",
    "cancelled_from",
)
OFFER = ("made_at", "expires_at", "made_by", "reason", "reminded_at", "ended_at", "ended_how")
# Actions that organisers record during a review. The person reads their entries only when the review is decided,
# because a refusal that is only proposed may never be confirmed.
DELIBERATIONS = ("registration.refusal_proposed", "registration.refusal_withdrawn", "registration.recused")
KEPT_APART = ("protected_identity", "real_name", "diet_and_access", "marks_on_the_address")


def collect(registration: Registration) -> dict[str, Any]:
    """Return the registration, its consents, mails, history and organisers' notes.

    About protected identity, diet and access the data say only that such answers are stored apart, as for everybody:
    a page left open on a screen must not reveal who is protected (P21, S23).
    """
    told = questions.list_answers(registration.id)
    return {
        "registration": _plain_of(registration, *PLAIN),
        "answers": {
            question.key: value
            for question in questions.list_all(registration.event_id)
            if (value := told.get(question.id)) is not None
        },
        "sector": registration.sector.key,
        "event": registration.event.slug,
        "kept_apart_and_not_shown": list(KEPT_APART),
        "consents": [
            _plain_of(consent, "purpose", "text_version", "given_at", "withdrawn_at")
            for consent in registration.consents
        ],
        "new_address": new_address.find_last(registration),
        "notes": [{"at": _plain(note.made_at), "text": note.text} for note in notes.list_notes(registration)],
        "tags": list(notes.list_tags(registration)),
        "offers": [_offer(offer) for offer in offers.list_of(registration)],
        "mails": [
            _plain_of(mail, "kind", "subject", "recipient", "status", "created_at", "sent_at")
            for mail in new_address.without_foreign(registration, queries.list_mails(registration))
        ],
        "history": [
            {"at": _plain(entry.at), "action": entry.action, "by": entry.actor.split(":")[0]}
            for entry in audit.find_history(registration)
            if entry.action not in DELIBERATIONS or not registration.is_in_review
        ],
    }


def _offer(offer: Offer) -> dict[str, Any]:
    """Return the data of an offer, with only those parts of its reason that concern this person."""
    told = {name: _plain(getattr(offer, name)) for name in OFFER}
    return {**told, "because": offer.why.get("because"), "rank": rank_by_asking(offer.why)}


def as_json(held: dict[str, Any]) -> str:
    """Return the collection as JSON text."""
    return json.dumps(held, ensure_ascii=False, indent=2)


def _plain_of(row: Any, *names: str) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
