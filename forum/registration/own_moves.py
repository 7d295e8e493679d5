"""The pages on which a person moves to another sector or enters a new e-mail address, by the personal link.

Both are open until the day from which answers are frozen. The result of a move is shown before it is made.
"""

from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError

from forum import clock
from forum.columns import digest
from forum.database import start_write
from forum.events import queries as events
from forum.events.freezing import AnswersFrozen, refuse_if_frozen
from forum.events.in_url import show_event
from forum.events.models import Sector
from forum.extensions import db
from forum.questions import queries as questions
from forum.registration import (
    given,
    limits,
    links,
    moving,
    moving_words,
    new_address,
    own_sign_in,
    places,
    self_service,
)
from forum.registration.enums import TokenPurpose
from forum.registration.errors import (
    AddressTaken,
    LinkRefused,
    NoPlaceThere,
    NoSuchSector,
    NotLive,
    OrganisationFull,
    SameAddress,
    SectorFull,
    SignInEnded,
)
from forum.registration.models import Registration
from forum.registration.moving import PERSON, Outcome
from forum.registration.own_forms import mine, mine_live
from forum.registration.own_moves_forms import NewAddressForm
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm
from forum.web.languages import in_language
from forum.web.limits import TooManyTries, client_limit, spend
from forum.web.routes import localised

# For each reason why a new address cannot be confirmed, its name in templates/public/self_service/confirm_address.html.
ADDRESS_REFUSALS: dict[type[Exception], str] = {
    AddressTaken: "taken",
    OrganisationFull: "organisation",
    SectorFull: "full",
}

bp = Blueprint("own_moves", __name__)
bp.register_error_handler(NotLive, self_service.has_ended)
bp.register_error_handler(AnswersFrozen, self_service.has_ended)
bp.register_error_handler(SignInEnded, self_service.sign_in_ended)
bp.register_error_handler(LinkRefused, self_service.link_refused)
bp.register_error_handler(CSRFError, self_service.session_lost)


@localised(bp, "/r/sector", methods=["GET", "POST"])
def sector() -> ResponseReturnValue:
    """Say what moving to each sector would result in; on POST move the person's registration."""
    registration, form, now = _changeable(), moving_words.MoveForm(), clock.now()
    sectors = moving.list_sectors(registration, actor=PERSON)
    form.offer(sectors, by_person=True)
    if not form.is_submitted():
        form.show(form.stored(registration))
    if not form.validate_on_submit():
        return _ask_for_sector(registration, sectors, form), 422 if form.errors else 200
    start_write(db.session)
    try:
        was, outcome = _move(mine(), form, now=now)
    except (NoPlaceThere, NoSuchSector, ChangedMeanwhile) as refusal:
        db.session.rollback()
        return _choose_again(form, refusal), 409
    db.session.commit()
    _flash_moved(registration.sector, outcome)
    return redirect(_page_after_move(registration, was), 303)


@localised(bp, "/r/new-address", methods=["GET", "POST"])
def address() -> ResponseReturnValue:
    """Say what entering a new address does; on POST send a link to it. The answer is the same for any address (S24)."""
    _changeable()
    form = NewAddressForm()
    if not form.validate_on_submit():
        return _ask_for_address(form), 422 if form.errors else 200
    try:
        spend(client_limit())
        limits.refuse_full_domain(form.email.data)
        _send_link(form.email.data or "")
    except TooManyTries:
        return _ask_for_address(form, too_many=True), 429
    except SameAddress:
        db.session.rollback()
        form.email.errors = [_("This is the address that your registration has")]
        return _ask_for_address(form), 422
    return redirect(url_for("self_service.show"), 303)


@localised(bp, "/r/address/<token>", methods=["GET", "POST"])
def confirm_address(token: str) -> ResponseReturnValue:
    """Show the new address and a button; only pressing it confirms, so that a mail scanner does not (S21)."""
    now, form = clock.now(), TidyForm()
    registration, email = new_address.follow(token, now=now)
    show_event(registration.event)
    page, shown = "public/self_service/confirm_address.html", {"registration": registration, "email": email}
    if not form.validate_on_submit():
        return render_template(page, form=form, refused="", **shown)
    start_write(db.session)
    try:
        registration = new_address.confirm(token, now=now)
    except (AddressTaken, OrganisationFull, SectorFull) as refusal:
        db.session.rollback()
        refused = ADDRESS_REFUSALS[type(refusal)]
        return render_template(page, form=form, refused=refused, **shown), 409
    manage = links.issue(registration, TokenPurpose.MANAGE, now=now)
    db.session.commit()
    own_sign_in.begin(digest(manage), now=now)
    flash(_("Your new address is confirmed. We write there from now on."), "success")
    return redirect(url_for("self_service.show"), 303)


def _changeable() -> Registration:
    """Return this browser's registration. Raises LinkRefused, NotLive, AnswersFrozen."""
    registration, now = mine_live(), clock.now()
    refuse_if_frozen(registration.event, now)
    if events.is_off(registration.event, now):
        raise NotLive
    return registration


def _move(
    registration: Registration, form: moving_words.MoveForm, *, now: datetime
) -> tuple[str, Outcome | None]:
    """Move the registration as chosen in the form; return the key of its former sector, and the outcome.

    Raises what `moving.move` raises, and ChangedMeanwhile when the sector or the status are no longer those for which
    the page said what each choice means (R30).
    """
    places.lock_live(registration)
    form.refuse_if_changed(form.stored(registration))
    into = next(one for one in registration.event.sectors if one.key == form.sector.data)
    may_wait, was = form.if_full.data == moving_words.WAIT, registration.sector.key
    return was, moving.move(registration, into, may_wait=may_wait, actor=PERSON, now=now)


def _choose_again(form: moving_words.MoveForm, refusal: Exception) -> str:
    """Return the page with what each choice means now, and with the reason why nothing has been changed."""
    registration = mine()
    sectors = moving.list_sectors(registration, actor=PERSON)
    if isinstance(refusal, ChangedMeanwhile):
        form.offer(sectors, by_person=True)
        form.show(refusal.stored)
        form.sector.errors = [
            _(
                "Your registration has been changed meanwhile. Read what each choice means now, and choose again."
            )
        ]
    else:
        refused = form.if_full if registration.holds_place else form.sector
        refused.errors = [_("No place is free there. Nothing has been changed.")]
    return _ask_for_sector(registration, sectors, form)


def _ask_for_sector(
    registration: Registration, sectors: Sequence[Sector], form: moving_words.MoveForm
) -> str:
    now = clock.now()
    return render_template(
        "public/self_service/sector.html",
        registration=registration,
        form=form,
        hints=moving_words.hints(registration, sectors, actor=PERSON, now=now),
        can_wait=moving.can_wait(registration, now),
    )


def _ask_for_address(form: NewAddressForm, *, too_many: bool = False) -> str:
    registration, now = mine(), clock.now()
    return render_template(
        "public/self_service/new_address.html",
        registration=registration,
        form=form,
        asked=new_address.find_asked(registration, now),
        ends_at=new_address.find_early_end(registration.event, actor=PERSON, now=now),
        too_many=too_many,
    )


def _flash_moved(into: Sector, outcome: Outcome | None) -> None:
    name = in_language(into.name)
    if outcome == Outcome.GETS_PLACE:
        flash(_("You are in %(sector)s now, and have a place.", sector=name), "success")
    elif outcome in (Outcome.NO_PLACE, Outcome.JOINS_LINE):
        flash(_("You are in %(sector)s now, and on its waiting list.", sector=name), "success")
    else:
        flash(_("You are in %(sector)s now.", sector=name), "success")


def _page_after_move(registration: Registration, was: str) -> str:
    """Return the URL of the page on which the person answers what the new sector asks, and flash what that is.

    If the person has answered everything that the sector requires, it is the person's own page. `was` is the key of
    the former sector.
    """
    into, page = registration.sector, "self_service.show"
    if added := given.list_added_care(registration, was):
        flash(moving_words.added_care(into, added), "warning")
        page = "self_service.care"
    if missing := given.list_missing(registration, questions.list_open(registration.event.slug)):
        flash(moving_words.missing_to_person(into, missing), "warning")
        page = "self_service.change"
    return url_for(page)


def _send_link(email: str) -> None:
    """Send the link to the new address, and say so. Raises SameAddress."""
    start_write(db.session)
    new_address.ask(mine(), email, actor=PERSON, may_mail=limits.may_mail, now=clock.now())
    db.session.commit()
    flash(_("A link is on its way to %(email)s. Nothing changes until you use it.", email=email), "success")
