"""The pages on which a contact registers a delegation; the pages behind the contact's links are in `contact_pages`."""

from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError

from forum import clock
from forum.database import start_write
from forum.delegations import asking
from forum.delegations.delegation_forms import DelegationForm
from forum.events import queries as events
from forum.events.enums import SectorPolicy
from forum.events.in_url import get_published_or_404, of_event
from forum.events.models import Sector
from forum.extensions import db
from forum.registration import belonging, intake, limits, places
from forum.registration.errors import FormTooQuick, NoSuchSector, RegistrationRefused
from forum.web import errors
from forum.web.limits import TooManyTries, client_limit, spend

bp = Blueprint("delegations", __name__)
# The limits whose refusal shows the form again, each with its name in templates/public/delegations/details.html.
KEPT: dict[type[Exception], str] = {
    limits.Braked: "brake",
    limits.DomainFull: "domain",
    TooManyTries: "tries",
}


@of_event(bp, "/register/<sector>/delegation", methods=["GET", "POST"])
def details(sector: str, event: str | None = None) -> ResponseReturnValue:
    """Ask for the contact and the people; send the contact a link, whatever the address is (S24)."""
    chosen = _sector_or_404(event, sector)
    if refusal := intake.find_refusal(chosen, clock.now()):
        return _refused(chosen, refusal)
    form = _form(chosen)
    if form.asks_for_rows(request.form) or not form.validate_on_submit():
        return _page(chosen, form), 422 if form.errors else 200
    try:
        _ask(chosen, form)
    except TooManyTries as refused:
        limits.note(refused, chosen.event)
        return _page(chosen, form, kept=KEPT[type(refused)]), 429
    except FormTooQuick:
        return _page(chosen, form, kept="quick"), 409
    except RegistrationRefused as refused:
        db.session.rollback()
        return _refused(_sector_or_404(event, sector), type(refused))
    return redirect(url_for(".sent"), 303)


@of_event(bp, "/register/delegation/sent")
def sent(event: str | None = None) -> ResponseReturnValue:
    """Show what happens after a form was sent; the page is the same for every address (S24)."""
    return render_template("public/delegations/sent.html", event=get_published_or_404(event))


@bp.errorhandler(CSRFError)
def session_lost(lost: CSRFError) -> ResponseReturnValue:
    """Keep what was typed when the browser has lost its session since the form was shown."""
    return errors.ask_again(lost, _again)


def _again(notice: str) -> ResponseReturnValue | None:
    named = request.view_args or {}
    chosen = _sector_or_404(named.get("event"), named["sector"])
    return _page(chosen, _form(chosen), notice=notice)


def _ask(sector: Sector, form: DelegationForm) -> None:
    """Count the form, then store the delegation. A bot's form is dropped; one sent too fast is shown again (S28).

    Raises TooManyTries, RegistrationRefused.
    """
    if form.seconds_open() < current_app.config["FORM_MIN_SECONDS"] and not form.is_from_a_bot():
        raise FormTooQuick
    spend(client_limit())
    if form.is_from_a_bot():
        return
    sender = limits.admit(form.form_key(), form.email.data or "")
    start_write(db.session)
    event, chosen = places.lock_sector(sector.key, sector.event.slug)
    asking.ask(
        event,
        chosen,
        form.contact(),
        form.list_people(),
        is_all_or_nobody=form.is_all_or_nobody(),
        form_key=form.own_key(),
        may_mail=sender.may_mail,
        now=clock.now(),
    )
    db.session.commit()


def _sector_or_404(slug: str | None, key: str) -> Sector:
    """Return the sector of the event that the form names, else of that in the URL; redirect from a merged sector."""
    event = get_published_or_404(request.form.get("event") or slug)
    if sector := events.find_sector(event, key):
        return sector
    into = events.find_merged(event, key) or abort(404)
    return into if request.method == "POST" else abort(redirect(url_for(".details", sector=into.key), 303))


def _form(sector: Sector) -> DelegationForm:
    has_line = places.takes_waiters(sector.event, clock.now())
    is_reviewed = sector.policy == SectorPolicy.REVIEW
    return DelegationForm(event=sector.event.slug, is_reviewed=is_reviewed, has_line=has_line)


def _page(sector: Sector, form: DelegationForm, *, kept: str = "", **told: Any) -> str:
    left = places.places_left(sector.event, clock.now())[sector.id]
    return render_template(
        "public/delegations/details.html",
        event=sector.event,
        sector=sector,
        form=form,
        kept=kept,
        left=left,
        fewest=asking.FEWEST,
        most=asking.MOST,
        suggested=belonging.list_suggested(sector),
        **told,
    )


def _refused(sector: Sector, reason: type[Exception]) -> ResponseReturnValue:
    """Show the page on why the sector accepts nobody; the sent form is not kept, because it cannot be sent again."""
    if reason is NoSuchSector:
        abort(404)
    page = "public/delegations/refused.html"
    told = {"reason": intake.REASONS[reason], "state": events.registration_state(sector.event, clock.now())}
    told_page = render_template(page, event=sector.event, sector=sector, **told)
    return told_page, 409 if request.method == "POST" else 200
