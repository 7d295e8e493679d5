"""The content of an event's front page, put together from the event, its places and the news."""

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from forum.columns import Text
from forum.events import own_links
from forum.events.enums import RegistrationState
from forum.events.look import shared_image
from forum.events.models import Event, Sector
from forum.events.organisers import organiser_of
from forum.events.queries import is_earlier, registration_state, slug_in_url
from forum.home.event_data import event_data
from forum.home.programme import days_of, hours_of
from forum.news.feed_links import feed_of
from forum.news.queries import ListedPost
from forum.news.teasers import teasers
from forum.registration import places
from forum.registration.opening import Opening, opening_of
from forum.registration.ring import Arc
from forum.registration.rings import form_address, middle_words, ring_of
from forum.web.languages import dates_of, in_language, moment_text, until_text
from forum.web.markdown import render
from forum.web.seo import Seo


def front_page(event: Event, posts: Sequence[ListedPost], now: datetime) -> dict[str, Any]:
    """Return the context of templates/public/home/front.html; `event` must have its sectors and pages loaded."""
    state = registration_state(event, now)
    is_past = state in (RegistrationState.ARCHIVE, RegistrationState.OVER, RegistrationState.CANCELLED)
    opening = opening_of(event, now)
    ring = None if is_past else ring_of(event, now, form_address(now))
    return {
        "event": _headline_of(event),
        "organiser": organiser_of(event),
        "hours": hours_of(event),
        "ring_view": ring,
        "ring_said": middle_words(event, opening, ring, now) if ring else None,
        "posts": teasers(posts),
        "news_url": url_for("news.index"),
        "days": days_of(event),
        "invited": [
            _invited(sector, arc) for sector, arc in zip_longest(event.sectors, ring.shares if ring else ())
        ],
        # Hide the text on how places are shared if the event was cancelled, or is over and still on the front page. An
        # earlier event, on a page of its own, shows the text: it tells later readers how places were shared.
        "sharing_text": ""
        if state in (RegistrationState.OVER, RegistrationState.CANCELLED)
        else own_links.stay(render(in_language(event.sharing))),
        "facts": [_in_language(fact, "label", "value") for fact in event.facts],
        "registration_state": state,
        "is_past": is_past,
        "registration_text": _registration_text(event, state, opening, now),
        "opening": opening,
        "register_label": _register_label(opening),
        **_addresses(event, is_earlier=is_past and is_earlier(event, now)),
        **_seo(event, state, opening).context(),
    }


def _registration_text(event: Event, state: RegistrationState, opening: Opening, now: datetime) -> str:
    if state in (RegistrationState.ARCHIVE, RegistrationState.OVER):
        return _("This forum is over and takes no registrations.")
    if state == RegistrationState.CANCELLED:
        return _("This forum is cancelled and takes no registrations.")
    if state == RegistrationState.UPCOMING:
        return _("Registration opens on %(moment)s.", moment=moment_text(event.opens_at, event.zone))
    if state == RegistrationState.CLOSED:
        return _("Registration closed on %(moment)s.", moment=moment_text(event.closes_at, event.zone))
    closing = _("Registration is open %(until)s.", until=until_text(event.closes_at, event.zone))
    if opening == Opening.PLACE:
        return closing
    is_full = not any(places.places_left(event, now).values())
    if opening == Opening.NOTHING:
        return _("Every place is taken.") if is_full else _("You cannot register now.")
    if is_full:
        return _("Every place is taken, but you can join the waiting list.") + " " + closing
    # Some places are left, but only in sectors for which nobody can register now: do not say that every place is taken.
    return (
        _("All places that you can register for are taken, but you can join the waiting list.")
        + " "
        + closing
    )


def _register_label(opening: Opening) -> str:
    """Return the main button's text: to register, or to join the waiting list; "" where there is no button."""
    if opening == Opening.PLACE:
        return _("Register for a place")
    return _("Join the waiting list") if opening == Opening.WAITING_LIST else ""


def _headline_of(event: Event) -> dict[str, str]:
    return {
        "name": in_language(event.name),
        "lead": in_language(event.lead),
        "dates_text": dates_of(event),
        "dates_iso": event.starts_at.astimezone(event.zone).date().isoformat(),
        "place_text": in_language(event.place),
        "hashtag": event.hashtag,
    }


def _invited(sector: Sector, arc: Arc | None) -> dict[str, Any]:
    return {"name": in_language(sector.name), "text": in_language(sector.invited), "arc": arc}


def _in_language(entry: dict[str, Any], *names: str) -> dict[str, str]:
    """Return the texts with these names from an entry, such as a fact, in the page's language."""
    return {name: in_language(Text(entry[name])) for name in names}


def _addresses(event: Event, *, is_earlier: bool) -> dict[str, Any]:
    slug = slug_in_url(event)
    pages = {page.slug: url_for("events.page", slug=page.slug, event=slug) for page in event.pages}
    links = [{"label": in_language(page.title), "url": pages[page.slug]} for page in event.pages]
    return {
        "register_url": url_for("registration.choose", event=slug),
        "calendar_url": url_for("events.calendar", event=slug),
        "practical_url": pages.get("practical", ""),
        "way": _way(event, pages.get("practical", "")),
        "protected_url": f"{pages['privacy']}#protected-identity" if "privacy" in pages else "",
        "page_links": links if is_earlier else [],
    }


def _way(event: Event, practical_url: str) -> list[dict[str, str]]:
    """Return the links to the venue's map and to directions, if the event has them."""
    links = [{"label": _("Map"), "url": event.map_url}] if event.map_url else []
    if practical_url and in_language(event.directions):
        links.append({"label": _("Directions"), "url": practical_url})
    return links


def _seo(event: Event, state: RegistrationState, opening: Opening) -> Seo:
    return Seo(
        in_language(event.name),
        in_language(event.lead),
        data=event_data(event, state, opening),
        **feed_of(event),
        image=shared_image(event),
        picture=url_for("home.picture", event=slug_in_url(event)),
    )
