"""The parts of an organiser's page of one person beside the details: links to other pages, private notes and tags."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import request, url_for

from forum import clock
from forum.accounts.access import may_open
from forum.audit import queries as audit_queries
from forum.events import queries as events
from forum.outbox.models import OutboxMessage
from forum.people import notes
from forum.people.models import RegistrationNote
from forum.questions import queries as questions
from forum.questions.enums import Sensitivity
from forum.registration import (
    dossier,
    listing,
    queries,
    reinstating,
    restrictions,
    separating,
    suppression_words,
    suppressions,
    uniting,
    waiting_view,
)
from forum.registration.models import Registration


def describe(registration: Registration, filters: listing.Filters) -> dict[str, Any]:
    """Return what this module adds to the context of templates/console/attendees/show.html."""
    zone, noted = registration.event.zone, _notes(registration)
    entries, mails = audit_queries.find_history(registration), _mails(registration)
    return {
        "timeline": dossier.timeline(entries, noted, mails, zone),
        "tags": tag_links(registration),
        "offers": waiting_view.offers_of(registration),
        **_ways(registration, filters),
        **_merge_ways(registration),
        "is_restricted": restrictions.is_restricted(registration),
        "suppressed": suppression_words.told(mark, zone) if (mark := suppressions.find(registration)) else "",
    }


def _mails(registration: Registration) -> Sequence[OutboxMessage]:
    """Return the person's mails; those that tell of missing answers on diet or access only for the role care (S14)."""
    with_care = may_open("counts.people", registration.event)
    return [mail for mail in queries.list_mails(registration) if with_care or not mail.is_of_care]


def _notes(registration: Registration) -> Sequence[RegistrationNote]:
    """Return the private notes about the person; none for an organiser who may not open the page of notes."""
    may_read = may_open("attendee_notes.index", registration.event)
    return notes.list_notes(registration) if may_read else ()


def tag_links(registration: Registration) -> list[dict[str, str]]:
    """Return the registration's tags, each with the URL of the list of people who have it."""
    slug = registration.event.slug
    return [
        {"label": f"#{name}", "url": url_for("attendees.index", event=slug, q=f"#{name}")}
        for name in notes.list_tags(registration)
    ]


def _ways(registration: Registration, filters: listing.Filters) -> dict[str, str | None]:
    """Return the links to the filtered list, to the previous and the next person in it, and to the possible acts."""
    event, query = registration.event, filters.query()

    def url(endpoint: str, person: Registration | None) -> str | None:
        if person is None:
            return None
        return url_for(endpoint, event=event.slug, reference=person.reference, **query)

    before, after = listing.find_neighbours(event, filters, registration)
    return {
        "back_to_list": url_for("attendees.index", event=event.slug, **query),
        "back_to_mail": url_for("outbox.index", event=event.slug)
        if request.args.get("from") == "mail"
        else None,
        "previous_url": url("attendees.show", before),
        "next_url": url("attendees.show", after),
        "change_url": url("attendee_changes.change", registration),
        "address_url": url("attendee_addresses.change", registration),
        "lift_url": url("attendee_suppressions.lift", registration),
        "sector_url": url("attendee_moves.sector", registration),
        "notes_url": url("attendee_notes.index", registration),
        "tags_url": url("attendee_notes.tags", registration),
        "offer_url": url("waiting_list.offer", registration),
        "extend_url": url("waiting_list.extend", registration),
        "withdraw_url": url("waiting_list.withdraw", registration),
        "resend_url": url("attendees.resend", registration),
        "cancel_url": url("attendees.cancel", registration),
        **_answer_ways(registration, url),
        "reinstate_url": url("attendee_undoing.reinstate", registration)
        if reinstating.foresee(registration, clock.now())
        else None,
    }


def _merge_ways(registration: Registration) -> dict[str, str | None]:
    """Return the links to merging and to undoing it, if possible, and to the registration this one was merged into."""
    last, kept = separating.find_last(registration), separating.find_kept(registration)
    slug, may_undo = registration.event.slug, last is not None and separating.may_undo(last, clock.now())

    def url(endpoint: str, reference: str) -> str:
        return url_for(endpoint, event=slug, reference=reference)

    is_standing = registration.status in uniting.STANDING and not events.is_off(
        registration.event, clock.now()
    )
    return {
        "merge_url": url("attendee_merges.choose", registration.reference) if is_standing else None,
        "unmerge_url": url("attendee_merges.undo", registration.reference) if may_undo else None,
        "kept_reference": kept.reference if kept else None,
        "kept_url": url("attendees.show", kept.reference) if kept else None,
    }


def _answer_ways(
    registration: Registration, url: Callable[[str, Registration], str | None]
) -> dict[str, str | None]:
    """Return the links to pages of the person's answers, if the event has questions of its own."""
    every = questions.list_all(registration.event_id)
    asked = {question.sensitivity for question in every if not question.withdrawn_at}
    return {
        "answers_url": url("attendee_answers.change", registration)
        if Sensitivity.ORDINARY in asked
        else None,
        "care_url": url("attendee_answers.care", registration) if Sensitivity.CARE in asked else None,
    }
