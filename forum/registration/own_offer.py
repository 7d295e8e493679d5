"""An offered place on a person's own pages: each answer is one press of its button, and no link answers (S21)."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.database import start_write
from forum.events import queries as events
from forum.extensions import db
from forum.registration import actions, deadlines, declining, links, offers, own_sign_in
from forum.registration.enums import Status
from forum.registration.errors import NothingOffered, NotLive
from forum.registration.models import Registration
from forum.registration.own_forms import mine, mine_live, slug_afterwards
from forum.web.forms import TidyForm


def accept() -> ResponseReturnValue:
    """Accept the offered place."""
    start_write(db.session)
    try:
        actions.accept_offer(mine(), now=clock.now())
    except NothingOffered:
        return _nothing_offered()
    db.session.commit()
    return redirect(url_for(".show", welcome="1"), 303)


def decline() -> ResponseReturnValue:
    """Decline the offered place on POST; on GET say what declining means, beside a button (S21).

    Once the time to accept is over, the page that cancels is shown in place of the one that declines.
    """
    now, registration, form = clock.now(), mine_live(), TidyForm()
    if events.is_off(registration.event, now):
        raise NotLive
    if registration.status != Status.OFFERED:
        if form.is_submitted():
            _tell_nothing_declined(registration)
        return redirect(url_for(".show"), 303)
    if not form.validate_on_submit():
        if deadlines.is_past_offer(registration, now):
            return redirect(url_for(".cancel"), 303)
        state, page = events.registration_state(registration.event, now), "public/self_service/decline.html"
        returns = {"registration_state": state, "can_return": links.can_return(registration, now)}
        return render_template(page, registration=registration, form=form, **returns)
    start_write(db.session)
    try:
        declining.decline(mine(), now=now)
    except NothingOffered:
        return _nothing_offered()
    db.session.commit()
    own_sign_in.forget()
    return redirect(url_for(".declined", event=slug_afterwards(registration)), 303)


def _tell_nothing_declined(registration: Registration) -> None:
    """Say why a form from an older page has declined nothing; the page behind it shows what holds now."""
    accepted = _(
        "Nothing was declined: you have the place already. You can cancel your registration on this page."
    )
    other = _("Nothing was declined: no place is offered to you now. This page shows how you stand.")
    flash(accepted if registration.status == Status.CONFIRMED else other, "warning")


def _nothing_offered() -> ResponseReturnValue:
    """Show the page for an offer that has ended meanwhile; change nothing."""
    db.session.rollback()
    registration, page = mine(), "public/self_service/nothing_offered.html"
    is_withdrawn = offers.is_last_withdrawn(registration)
    return render_template(page, registration=registration, is_withdrawn=is_withdrawn), 409
