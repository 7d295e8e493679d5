"""Pages on which a delegation's contact adds a person, corrects an address, takes back a newcomer's link (S18–S22)."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError

from forum import clock
from forum.database import start_write
from forum.delegations import adding, contact_acts, contact_pages, correcting
from forum.delegations.asking import MOST
from forum.delegations.contact_opening import (
    changed_page,
    delegate,
    may,
    mine,
    not_done,
    person_page,
    still_shown,
)
from forum.delegations.delegation_forms import AddDelegateForm, CorrectAddressForm, TakeBackForm
from forum.delegations.enums import ADMITTED
from forum.delegations.errors import AddressNamed, CannotBeAdded, NotTheirs
from forum.delegations.models import Delegation
from forum.events.freezing import AnswersFrozen
from forum.extensions import db
from forum.registration import limits
from forum.registration.errors import LinkRefused, SameAddress
from forum.web import errors
from forum.web.edits import ChangedMeanwhile
from forum.web.limits import TooManyTries, client_limit, spend
from forum.web.routes import localised

bp = Blueprint("own_delegation_people", __name__)
bp.register_error_handler(NotTheirs, not_done)
bp.register_error_handler(AnswersFrozen, not_done)
bp.register_error_handler(LinkRefused, contact_pages.link_refused)


@localised(bp, "/r/delegation/add", methods=["GET", "POST"])
def add() -> ResponseReturnValue:
    """Say whether one more person would get a place; on POST add the person if the answer is still the same."""
    delegation, form = mine(), AddDelegateForm()
    if not form.is_submitted():
        form.show(adding.stored(delegation, clock.now()))
    if not form.validate_on_submit():
        return _add_page(delegation, form), 422 if form.errors else 200
    try:
        _add(form)
    except TooManyTries:
        return _add_page(mine(), form, refused="tries"), 429
    except AddressNamed as refusal:
        db.session.rollback()
        form.email.errors = [_named(refusal)]
        return _add_page(mine(), form), 422
    except (CannotBeAdded, ChangedMeanwhile):
        db.session.rollback()
        delegation = mine()
        form.show(adding.stored(delegation, clock.now()))
        return _add_page(delegation, form, refused="changed"), 409
    flash(_added(form.email.data), "success")
    return redirect(url_for("own_delegation.show"), 303)


@localised(bp, "/r/delegation/<int:number>/address", methods=["GET", "POST"])
def correct(number: int) -> ResponseReturnValue:
    """Mail the link of a person who has not confirmed to another address; the page is alike for any address (S24)."""
    one, form = may("correct", number), CorrectAddressForm()
    if not form.validate_on_submit():
        return person_page("correct", one, form), 422 if form.errors else 200
    try:
        _correct(number, form)
    except TooManyTries:
        return person_page("correct", one, form, refused="tries"), 429
    except ChangedMeanwhile:
        return changed_page("correct", number, form)
    except (SameAddress, AddressNamed) as refusal:
        db.session.rollback()
        is_same = isinstance(refusal, SameAddress)
        form.email.errors = [_("The person has this address") if is_same else _named(refusal)]
        return person_page("correct", delegate(number), form), 422
    flash(_added(form.email.data), "success")
    return redirect(url_for("own_delegation.show"), 303)


@localised(bp, "/r/delegation/<int:number>/instead/taking-back", methods=["POST"])
def take_back(number: int) -> ResponseReturnValue:
    """End the link of a newcomer whom the contact has asked to come instead of a person."""
    start_write(db.session)
    done = contact_acts.take_back(delegate(number), TakeBackForm().asked.data or "", now=clock.now())
    db.session.commit()
    if done:
        flash(_("Taken back. The link in our message to that address does not work any more."), "success")
    else:
        flash(_("There was nothing to take back. Below you see how each person stands."), "info")
    return redirect(url_for("own_delegation.show"), 303)


@bp.errorhandler(CSRFError)
def session_lost(lost: CSRFError) -> ResponseReturnValue:
    """Keep what the contact typed when the browser has lost its session since the form was shown."""
    return errors.ask_again(lost, _again)


def _again(notice: str) -> ResponseReturnValue | None:
    named = request.view_args or {}
    try:
        if request.endpoint == f"{bp.name}.{take_back.__name__}":
            return None
        if "number" in named:
            return person_page("correct", delegate(named["number"]), CorrectAddressForm(), notice=notice)
        return _add_page(mine(), AddDelegateForm(), notice=notice)
    except LinkRefused:
        return None


def _add(form: AddDelegateForm) -> None:
    """Add the person. Raises TooManyTries, CannotBeAdded, AddressNamed, ChangedMeanwhile."""
    _count(form.email.data)
    start_write(db.session)
    delegation, now = mine(), clock.now()
    adding.lock(delegation, now=now)
    form.refuse_if_changed(adding.stored(delegation, now))
    adding.add(delegation, form.person(), sender=limits.sender(), now=now)
    db.session.commit()


def _correct(number: int, form: CorrectAddressForm) -> None:
    """Mail the person a link to confirm this address. Raises TooManyTries, ChangedMeanwhile, what `correct` raises."""
    email = form.email.data or ""
    _count(email)
    start_write(db.session)
    correcting.correct(still_shown(number, form), email, sender=limits.sender(), now=clock.now())
    db.session.commit()


def _count(email: str | None) -> None:
    """Count the message to the person as one form that this client has sent. Raises TooManyTries."""
    if email:
        spend(client_limit())
        limits.refuse_full_domain(email)


def _named(refusal: Exception) -> str:
    position = refusal.position if isinstance(refusal, AddressNamed) else 0
    return _("Person %(number)s of the delegation has this address", number=position)


def _added(email: str | None) -> str:
    if not email:
        return _("Added. Below you see how the person stands.")
    return _("A message is on its way to %(email)s. The person has 48 hours to confirm.", email=email)


def _add_page(
    delegation: Delegation, form: AddDelegateForm, *, refused: str = "", notice: str = "", **more: Any
) -> str:
    prospect = adding.foresee(delegation, clock.now())
    return render_template(
        "public/delegations/add.html",
        delegation=delegation,
        event=delegation.event,
        form=form,
        prospect=prospect,
        can_add=prospect in ADMITTED,
        most=MOST,
        refused=refused,
        notice=notice,
        **more,
    )
