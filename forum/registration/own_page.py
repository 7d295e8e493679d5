"""The registration's part of a person's own page."""

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l

from forum import clock
from forum.events import freezing
from forum.events import queries as events
from forum.events.models import Event
from forum.questions import queries as questions
from forum.questions.enums import Sensitivity
from forum.registration import (
    deadlines,
    given,
    new_address,
    offer_words,
    offers,
    own_answers,
    reviewing,
    waiting_list,
)
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.stages import list_stages
from forum.web.languages import in_language

# Slugs of the pages to read before coming to the event, and the words of the links; None stands for a page's title.
BEFORE_COMING = {"practical": _l("Practical"), "code-of-conduct": None}


def describe(registration: Registration) -> dict[str, Any]:
    """Return the registration's part of the context of templates/public/self_service/show.html."""
    position = waiting_list.position(registration)
    now = clock.now()
    is_over = events.is_off(registration.event, now)
    is_frozen = freezing.is_frozen(registration.event, now)
    every, is_offered = questions.list_all(registration.event_id), registration.status == Status.OFFERED
    is_changeable = registration.is_live and not is_frozen and not is_over
    return {
        "registration": registration,
        "event": registration.event,
        # Show the entered address in the same way whether it is free or somebody has registered with it (S24).
        "asked_address": new_address.find_asked(registration, now) if registration.is_live else None,
        "answers": own_answers.given_rows(registration, every, is_changeable=is_changeable),
        # Labels of questions that the person has to answer: the sector may have changed since they registered.
        "missing": [
            in_language(one.label)
            for one in (given.list_missing(registration, every) if is_changeable else ())
        ],
        # Whether the event has ever asked about diet and access; the page must not show if this person has answered.
        "asks_care": any(question.sensitivity == Sensitivity.CARE for question in every),
        "stages": list_stages(
            registration,
            position,
            approved_at=reviewing.find_approval(registration),
            offered_at=offers.find_moment_of_last(registration) if registration.holds_place else None,
            is_over=is_over,
        ),
        "position": position,
        "line_is_over": now >= deadlines.offers_end_at(registration.event),
        "offer_why": offer_words.for_person(offers.why_of(registration)) if is_offered else "",
        "is_over": is_over,
        "is_frozen": is_frozen,
        "now": now,
        "page_links": _page_links(registration.event),
    }


def _page_links(event: Event) -> list[dict[str, str]]:
    """Return links to the pages to read before coming; none while the event is not published."""
    slug = events.slug_in_url(event)
    return (
        []
        if not event.is_published
        else [
            {
                "label": str(BEFORE_COMING[page.slug] or in_language(page.title)),
                "url": url_for("events.page", event=slug, slug=page.slug),
            }
            for page in event.pages
            if page.slug in BEFORE_COMING
        ]
    )
