"""The pages of a contact's links: confirming a delegation, seeing its people, acting for them (S18–S22)."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError

from forum import clock
from forum.columns import digest
from forum.database import start_write
from forum.delegations import (
    adding,
    admitting,
    contact_acts,
    contact_links,
    contact_sign_in,
    delegation_words,
    named,
    told,
)
from forum.delegations.contact_opening import (
    asks_of,
    changed_page,
    delegate,
    may,
    mine,
    not_done,
    person_page,
    still_shown,
)
from forum.delegations.delegation_forms import (
    ChangeDelegateForm,
    ConfirmForm,
    ReplaceDelegateForm,
    WithdrawDelegateForm,
)
from forum.delegations.enums import ADMITTED, ContactLink
from forum.delegations.errors import (
    AskedAlready,
    DelegationConfirmed,
    DelegationRefused,
    NotAllFit,
    NotTheirs,
)
from forum.delegations.models import Delegation
from forum.events import queries as events
from forum.events.freezing import AnswersFrozen, is_frozen
from forum.events.in_url import show_event
from forum.extensions import db
from forum.registration import limits, own_sign_in, places, sign_in_end, tombstones
from forum.registration.asking import asking_addresses
from forum.registration.errors import LinkRefused, NothingOffered, NotLive, OrganisationFull, SameAddress
from forum.registration.own_data_words import SAID
from forum.registration.own_sign_in import ENDS
from forum.web import errors
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm
from forum.web.limits import TooManyTries, client_limit, spend
from forum.web.routes import localised

bp = Blueprint("own_delegation", __name__)
bp.record_once(told.install_delegations)
for refusal in (NotTheirs, NotLive, AnswersFrozen, AskedAlready, NothingOffered, OrganisationFull):
    bp.register_error_handler(refusal, not_done)


@localised(bp, "/r/delegation/confirm/<token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Show who would be registered; only pressing the button registers them, so that a mail scanner does not (S21)."""
    delegation, form = _asked(token), ConfirmForm()
    is_closed = delegation.confirmed_at or delegation.event.cancelled_at
    if is_closed or not form.validate_on_submit():
        return _confirm_page(delegation, form)
    try:
        _count(delegation)
        _register(token, form)
    except TooManyTries:
        return _confirm_page(delegation, form, refused="tries"), 429
    except DelegationRefused as refusal:
        db.session.rollback()
        return _confirm_page(_asked(token), form, **_why(refusal)), 409
    flash(_("The delegation is registered. Below you see how each person stands."), "success")
    return redirect(url_for(".show"), 303)


@localised(bp, "/r/delegation/<token>", methods=["GET", "POST"])
def enter(token: str) -> ResponseReturnValue:
    """Exchange the link for a session, so URLs lack the token (S22); if that ends older links, ask first (S20)."""
    now, form = clock.now(), TidyForm()
    if form.validate_on_submit():
        start_write(db.session)
        contact_links.open_link(token, now=now)
        db.session.commit()
    elif contact_links.ends_older(token, now=now):
        return render_template("public/self_service/open.html", form=form, is_delegation=True)
    contact_sign_in.begin(digest(token), now=now)
    return redirect(url_for("own_delegation.show"), 303)


@localised(bp, "/r/delegation")
def show() -> ResponseReturnValue:
    """Show the people of the delegation, their status, and what the contact can do."""
    delegation, now = mine(), clock.now()
    return render_template(
        "public/delegations/show.html",
        delegation=delegation,
        event=delegation.event,
        people=delegation_words.rows_of(delegation, now),
        said={name: SAID[name](getattr(delegation, name)) for name in ("country", "language")},
        is_off=events.is_off(delegation.event, now),
        is_frozen=is_frozen(delegation.event, now),
        asks=asks_of(delegation),
        can_add=adding.foresee(delegation, now) in ADMITTED,
        form=TidyForm(),
        **ENDS,
    )


@localised(bp, "/r/delegation/<int:number>/change", methods=["GET", "POST"])
def change(number: int) -> ResponseReturnValue:
    """Change the name or title of a person whose registration the contact manages."""
    one = may("change", number)
    form = ChangeDelegateForm(obj=named.person_of(one, clock.now()))
    if not form.validate_on_submit():
        return person_page("change", one, form), 422 if form.errors else 200
    start_write(db.session)
    try:
        contact_acts.change(still_shown(number, form), form.person(), now=clock.now())
    except ChangedMeanwhile:
        return changed_page("change", number, form)
    db.session.commit()
    flash(_("Saved."), "success")
    return redirect(url_for("own_delegation.show"), 303)


@localised(bp, "/r/delegation/<int:number>/withdraw", methods=["GET", "POST"])
def withdraw(number: int) -> ResponseReturnValue:
    """Say what withdrawing a person means; withdraw the person when the button on that page is pressed (S21)."""
    one, form = may("withdraw", number), WithdrawDelegateForm()
    if not form.validate_on_submit():
        return person_page("withdraw", one, form)
    start_write(db.session)
    try:
        contact_acts.withdraw(still_shown(number, form), now=clock.now())
    except ChangedMeanwhile:
        return changed_page("withdraw", number, form)
    db.session.commit()
    flash(_("Withdrawn."), "success")
    return redirect(url_for("own_delegation.show"), 303)


@localised(bp, "/r/delegation/<int:number>/instead", methods=["GET", "POST"])
def replace(number: int) -> ResponseReturnValue:
    """Replace a person by a newcomer: at once, or if the newcomer has an address, once that is confirmed."""
    one, form = may("replace", number), ReplaceDelegateForm()
    if not form.validate_on_submit():
        return person_page("replace", one, form), 422 if form.errors else 200
    try:
        _replace(number, form)
    except TooManyTries:
        return person_page("replace", one, form, refused="tries"), 429
    except ChangedMeanwhile:
        return changed_page("replace", number, form)
    except SameAddress:
        db.session.rollback()
        form.email.errors = [_("The person has this address")]
        return person_page("replace", delegate(number), form), 422
    return redirect(url_for("own_delegation.show"), 303)


@localised(bp, "/r/delegation/forget", methods=["GET", "POST"])
def forget() -> ResponseReturnValue:
    """Say what erasing the contact means; erase after a second, explicit step. The people stay registered."""
    delegation, form = mine(), TidyForm()
    if not form.validate_on_submit():
        page = "public/delegations/forget.html"
        return render_template(page, delegation=delegation, event=delegation.event, form=form)
    start_write(db.session)
    contact_acts.forget_contact(mine(), now=clock.now())
    db.session.commit()
    tombstones.note_at_once(now=clock.now())
    contact_sign_in.forget()
    return render_template("public/delegations/forgotten.html")


@localised(bp, "/r/delegation/time-left")
def time_left() -> dict[str, int]:
    """Tell a page's script when the sign-in ends and the page closes; like any request, this one postpones that (A11).

    Not found if another personal link was opened in this browser after the page.
    """
    mine()
    return sign_in_end.time_left(request.args.get("of")) or abort(404)


@localised(bp, "/r/delegation/leave", methods=["POST"])
def leave() -> ResponseReturnValue:
    """Sign this browser out of a delegation's page and a person's own page, and end all copies of these sign-ins."""
    start_write(db.session)
    own_sign_in.leave(now=clock.now())
    db.session.commit()
    return redirect(url_for("self_service.left"), 303)


@bp.errorhandler(LinkRefused)
def link_refused(_refusal: LinkRefused) -> ResponseReturnValue:
    """Say that the link or the sign-in has ended, and how to get another link."""
    db.session.rollback()
    return render_template("public/delegations/ended.html", asking=asking_addresses(clock.now())), 404


@bp.errorhandler(CSRFError)
def session_lost(lost: CSRFError) -> ResponseReturnValue:
    """Keep what the contact typed when the browser has lost its session since the form was shown."""
    return errors.ask_again(lost, _again)


def _again(notice: str) -> ResponseReturnValue | None:
    named, act = request.view_args or {}, str(request.endpoint).removeprefix(f"{bp.name}.")
    try:
        if act == confirm.__name__:
            return _confirm_page(_asked(named["token"]), ConfirmForm(), notice=notice)
        forms = {
            "change": ChangeDelegateForm,
            "withdraw": WithdrawDelegateForm,
            "replace": ReplaceDelegateForm,
        }
        if act in forms:
            return person_page(act, delegate(named["number"]), forms[act](), notice=notice)
    except LinkRefused:
        pass
    return None


def _register(token: str, form: ConfirmForm) -> None:
    """Register the people and sign the contact in. Raises DelegationRefused, LinkRefused."""
    now = clock.now()
    start_write(db.session)
    sender = limits.sender()
    delegation = admitting.confirm(token, is_all_or_nobody=form.choose(), sender=sender, now=now)
    manage = contact_links.issue(delegation, ContactLink.MANAGE, now=now)
    db.session.commit()
    contact_sign_in.begin(digest(manage), now=now)


def _count(delegation: Delegation) -> None:
    """Count each message to a person as one form that this client has sent. Raises TooManyTries."""
    for one in delegation.people:
        if one.email:
            spend(client_limit())
            limits.refuse_full_domain(one.email)


def _why(refusal: DelegationRefused) -> dict[str, Any]:
    """Return the name by which the template knows a refusal, and how many people would get a place now."""
    if isinstance(refusal, NotAllFit):
        return {"refused": "not_all", "free": refusal.free}
    return {"refused": "confirmed" if isinstance(refusal, DelegationConfirmed) else "sector"}


def _replace(number: int, form: ReplaceDelegateForm) -> None:
    """Replace a person by a newcomer. Raises TooManyTries, ChangedMeanwhile and what `let_come_instead` raises."""
    if form.email.data:
        spend(client_limit())
        limits.refuse_full_domain(form.email.data)
    start_write(db.session)
    one, now = still_shown(number, form), clock.now()
    came = contact_acts.let_come_instead(one, form.person(), may_mail=limits.may_mail, now=now)
    db.session.commit()
    said = _("Saved. Somebody else comes instead.")
    if came is None:
        email = form.email.data
        said = _("A link is on its way to %(email)s. Nothing changes until it is used.", email=email)
    flash(said, "success")


def _asked(token: str) -> Delegation:
    """Return the delegation that a link is to confirm, and give the page its event's layout. Raises LinkRefused."""
    delegation = contact_links.follow(token, ContactLink.CONFIRM, now=clock.now())
    show_event(delegation.event)
    return delegation


def _confirm_page(delegation: Delegation, form: ConfirmForm, **more: Any) -> str:
    now = clock.now()
    return render_template(
        "public/delegations/confirm.html",
        delegation=delegation,
        event=delegation.event,
        form=form,
        people=[delegation_words.row_of(one, now) for one in delegation.people],
        can_wait=places.takes_waiters(delegation.event, now),
        prospect=admitting.foresee(delegation.sector, None, now),
        **{"refused": "", "free": 0, **more},
    )
