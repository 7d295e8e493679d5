"""The organisers' waiting list: each sector's line in its order, open offers, and what they do with offers by hand."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.events import queries as events
from forum.events.days import end_of_day
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.registration import (
    deadlines,
    list_pages,
    listing,
    offers_by_hand,
    places,
    seen_lists,
    untold,
    waiting_view,
    wording,
)
from forum.registration.console import person_of
from forum.registration.enums import Status
from forum.registration.errors import DeadlineRefused, NoPlaceFree, StateChanged, WouldBeOfferedAgain
from forum.registration.models import Registration
from forum.registration.queries import find_by_reference
from forum.registration.waiting_forms import ByHandForm, HoursForm, OfferForm
from forum.web.edits import ChangedMeanwhile
from forum.web.languages import grouped
from forum.web.pagination import Cursor

bp = Blueprint("waiting_list", __name__, url_prefix="/console/<event>")
REFUSALS = (ChangedMeanwhile, StateChanged, DeadlineRefused, NoPlaceFree, WouldBeOfferedAgain)


@bp.route("/waiting")
def index(event: str) -> ResponseReturnValue:
    """Show who waits in each sector, the next person in line first, and the offers that are open."""
    this_event = get_any_or_404(event)
    now, counts = clock.now(), listing.count_by_sector_and_status(this_event)
    lines = listing.list_lines(this_event)
    opened = waiting_view.read_open(this_event, Cursor.of(request.args))
    if opened.offers or any(lines.values()):
        note_view(audit_queries.WAITING_LIST_VIEWED, this_event, actor=sign_ins.current_actor())
    return render_template(
        "console/waiting_list/index.html",
        lines=lines,
        notes=waiting_view.notes(this_event, lines, now),
        offered=opened.offers,
        pages=_pages(this_event, opened, counts),
        untold=_show_untold(this_event, now),
        ends_today=end_of_day(this_event, now),
        left=places.places_left(this_event, now),
        last_offer_at=deadlines.offers_end_at(this_event),
        are_offers_over=now >= deadlines.offers_end_at(this_event),
        **list_pages.of_event(this_event, counts),
    )


def _show_untold(event: Event, now: datetime) -> Sequence[Registration]:
    """Return the people whom organisers have to tell of a place, and record that they were seen.

    They hold a place already, so a recorded view of those who wait says nothing about them (P18).
    """
    people = [] if events.is_off(event, now) else untold.list_first(event)
    if people:
        seen_lists.note_people(event, actor=sign_ins.current_actor())
    return people


def _pages(event: Event, opened: waiting_view.OpenPage, counts: listing.Counts) -> dict[str, str | None]:
    """Return what the pager of the open offers shows: the URLs beside this page, and which offers it has."""
    page = opened.page

    def url(beside: str, person: Registration) -> str:
        values: dict[str, Any] = {"event": event.slug, beside: person.reference}
        return url_for(".index", **values, _anchor="open-offers")

    total = sum(number for (_sector, status), number in counts.items() if status == Status.OFFERED)
    return {
        "previous_url": url("before", page.rows[0]) if page.has_previous else None,
        "next_url": url("after", page.rows[-1]) if page.has_next else None,
        "summary": list_pages.range_text(opened.first, len(page.rows), grouped(total)),
    }


@bp.route("/registrations/<reference>/offer", methods=["GET", "POST"])
def offer(event: str, reference: str) -> ResponseReturnValue:
    """Show the form for offering a waiting person a place by hand, with a reason; on POST offer it."""
    registration, _filters = person_of(event, reference)
    this_event, now = registration.event, clock.now()
    form = ByHandForm(
        kept_words.sent_or_kept(),
        data={"hours": str(this_event.offer_hours)},
        offered=waiting_view.list_replaceable(registration, now),
        is_free=places.may_take(registration, now),
    )

    def act(waiter: Registration) -> None:
        other = form.instead_of.data
        instead = find_by_reference(waiter.event, other) if other else None
        if other and instead is None:
            raise StateChanged
        reason, words, until = form.reason.data, form.words.data or "", form.until(now)
        given = {"reason": reason, "until": until, "instead_of": instead, "words": words}
        offers_by_hand.offer(waiter, user_id=g.user.id, now=now, **given)

    return _answer(registration, form, "offer", act, _offered_words(registration, form))


def _offered_words(registration: Registration, form: ByHandForm) -> str:
    """Return the message after an offer by hand; it names people by reference, because a cookie carries it."""
    if not form.instead_of.data:
        return _("The place has been offered. A message is on its way.")
    return _(
        "The place has been taken from %(other)s and offered to %(reference)s. Both are told by mail.",
        other=form.instead_of.data,
        reference=registration.reference,
    )


@bp.route("/registrations/<reference>/offer/extension", methods=["GET", "POST"])
def extend(event: str, reference: str) -> ResponseReturnValue:
    """Show the form for extending an open offer; on POST extend it."""
    registration, _filters = person_of(event, reference)
    form, now = HoursForm(kept_words.sent_or_kept(), data={"hours": "48"}), clock.now()

    def act(offered: Registration) -> None:
        offers_by_hand.extend(offered, form.until(now), user_id=g.user.id, now=now)

    return _answer(registration, form, "extend", act, _("The offer lasts longer. A message is on its way."))


@bp.route("/registrations/<reference>/offer/withdrawal", methods=["GET", "POST"])
def withdraw(event: str, reference: str) -> ResponseReturnValue:
    """Show what withdrawing an offer does; on POST withdraw it, and mail the person the organiser's words."""
    registration, _filters = person_of(event, reference)
    form, now = OfferForm(kept_words.sent_or_kept()), clock.now()

    def act(offered: Registration) -> None:
        offers_by_hand.withdraw(offered, words=form.words.data or "", user_id=g.user.id, now=now)

    return _answer(
        registration, form, "withdraw", act, _("The offer has been withdrawn. A message is on its way.")
    )


def _answer(
    registration: Registration, form: OfferForm, page: str, act: Callable[[Registration], None], done: str
) -> ResponseReturnValue:
    """Show the form; on POST call `act`, flash `done` and redirect, or show the form again with the refusal."""
    if not form.is_submitted() and not form.seen.data:
        form.show(form.stored(registration))
    if not form.validate_on_submit():
        return _page(registration, form, page), 422 if form.errors else 200
    slug, reference = registration.event.slug, registration.reference
    start_write(db.session)
    registration, _filters = person_of(slug, reference)
    try:
        places.lock(registration.event)
        db.session.refresh(registration)
        form.refuse_if_changed(form.stored(registration))
        act(registration)
    except REFUSALS as refusal:
        db.session.rollback()
        registration, _filters = person_of(slug, reference)
        form.show(form.stored(registration))
        return _page(registration, form, page, refusal), 409
    db.session.commit()
    flash(done, "success")
    return redirect(url_for(".index", event=slug), 303)


def _page(registration: Registration, form: OfferForm, page: str, refusal: Exception | None = None) -> str:
    event, now = registration.event, clock.now()
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    can_act = registration.status == (Status.WAITING if page == "offer" else Status.OFFERED)
    are_over = now >= deadlines.offers_end_at(event)
    return render_template(
        f"console/waiting_list/{page}.html",
        event=event,
        registration=registration,
        form=form,
        can_act=can_act and (page == "withdraw" or not are_over),
        are_offers_over=are_over,
        last_offer_at=deadlines.offers_end_at(event),
        refusal=_refusal_words(refusal, event) if refusal else "",
        back_url=url_for(".index", event=event.slug),
        wording=wording,
    )


def _refusal_words(refusal: Exception, event: Event) -> str:
    match refusal:
        case NoPlaceFree():
            return _("Nothing was done: floors, ceilings or a limit leave no place for this person.")
        case DeadlineRefused():
            moment = waiting_view.moment_of(deadlines.offers_end_at(event), event)
            return _(
                "Nothing was done: the offer has to last longer than now, and until %(moment)s at the latest.",
                moment=moment,
            )
        case WouldBeOfferedAgain():
            return _(
                "Nothing was done: nobody else can take the place, so it would be offered to the same person at"
                " once. Cancel the registration if the person must not have it."
            )
        case _:
            return _("Nothing was done: this has changed since the page was shown. Read it again.")
