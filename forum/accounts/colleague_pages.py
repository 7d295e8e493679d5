"""Pages on which an admin manages one colleague's account: sign-ins, a lost second factor, disabling (S06, S09)."""

from collections.abc import Callable, Sequence

from flask import abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import disabling, queries, reach, rescuing, roster, sign_ins, wording
from forum.accounts.errors import ColleagueRefused, DisabledAbove, NotManager
from forum.accounts.models import SignIn, User
from forum.accounts.roster import Colleague
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.web.forms import TidyForm


def end_sign_in(event: str, number: int, sign_in: int) -> ResponseReturnValue:
    """Sign a colleague out of one browser."""
    shown, colleague = start(event, number)
    by = {"by": g.user, "now": clock.now()}
    return _end(shown, colleague, lambda: rescuing.end_sign_in(colleague.user, sign_in, shown, **by))


def end_all_sign_ins(event: str, number: int) -> ResponseReturnValue:
    """Sign a colleague out everywhere."""
    shown, colleague = start(event, number)
    by = {"by": g.user, "now": clock.now()}
    return _end(shown, colleague, lambda: rescuing.end_all_sign_ins(colleague.user, shown, **by))


def reset_second_factor(event: str, number: int) -> ResponseReturnValue:
    """Ask whether to reset a colleague's second factor; on POST reset it and tell the colleague and other admins."""
    if answer := sign_ins.require_fresh():
        return answer
    form, shown = TidyForm(), get_any_or_404(event)
    colleague = colleague_or_404(shown, number)
    if not form.validate_on_submit():
        page, is_open = "console/colleagues/second_factor.html", _may_reset(colleague)
        return render_template(page, event=shown, colleague=colleague, form=form, is_open=is_open)
    shown, colleague = start(event, number)
    by = {"by": g.user, "now": clock.now()}
    try:
        rescuing.reset_second_factor(colleague.user, shown, **by)
    except ColleagueRefused as refusal:
        return _refuse(event, number, refusal)
    db.session.commit()
    flash(
        _("The second factor is reset. The colleague and the other administrators are told by e-mail."),
        "success",
    )
    return redirect(url_for(".show", event=event, number=number), 303)


def disable(event: str, number: int) -> ResponseReturnValue:
    """Ask whether to disable a colleague's account; on POST end every sign-in and refuse the password."""
    done = _("The account is disabled, and the colleague is signed out everywhere.")
    return _stand(event, number, "disable", disabling.disable, done)


def enable(event: str, number: int) -> ResponseReturnValue:
    """Ask whether to let a disabled colleague in again; on POST enable the account."""
    return _stand(event, number, "enable", disabling.enable, _("The colleague can sign in again."))


def list_shown_sign_ins(user: User) -> Sequence[SignIn] | None:
    """Return a colleague's sign-ins; None when the organiser may not manage this colleague's account."""
    is_near = reach.is_within_reach(user, by=g.user)
    return queries.list_sign_ins(user, now=clock.now()) if is_near else None


def colleague_or_404(event: Event, number: int) -> Colleague:
    """Return the event's colleague with this id, or abort with 404 (S13)."""
    return roster.find_colleague(number, event.id, now=clock.now()) or abort(404)


def start(slug: str, number: int) -> tuple[Event, Colleague]:
    """Start a writing transaction; return the event and the colleague, read in it, or abort with 404."""
    start_write(db.session)
    event = get_any_or_404(slug)
    return event, colleague_or_404(event, number)


def refusal_text(refusal: Exception) -> str:
    """Return in words why a change was refused. NotManager is raised again: its handler redirects to another page."""
    if isinstance(refusal, NotManager):
        raise refusal
    return wording.refusal_text(refusal)


def _end(event: Event, colleague: Colleague, act: Callable[[], None]) -> ResponseReturnValue:
    """End sign-ins by calling `act`, in the transaction that `start` has begun; redirect to the colleague's page."""
    number = colleague.user.id
    try:
        act()
    except ColleagueRefused as refusal:
        return _refuse(event.slug, number, refusal)
    db.session.commit()
    flash(_("The colleague has been signed out there."), "success")
    return redirect(url_for(".show", event=event.slug, number=number), 303)


def _refuse(slug: str, number: int, refusal: ColleagueRefused) -> ResponseReturnValue:
    told = refusal_text(refusal)
    db.session.rollback()
    flash(told, "warning")
    return redirect(url_for(".show", event=slug, number=number), 303)


def _stand(slug: str, number: int, act: str, rule: Callable[..., bool], done: str) -> ResponseReturnValue:
    """Ask whether to disable or enable an account, after both factors were entered (S09); on POST call `rule`."""
    if answer := sign_ins.require_fresh():
        return answer
    form, event = TidyForm(), get_any_or_404(slug)
    colleague = colleague_or_404(event, number)
    if not form.validate_on_submit():
        is_open = reach.is_within_reach(colleague.user, by=g.user)
        page, why_not = f"console/colleagues/{act}.html", _why_not_enabled(colleague)
        told = {"is_open": is_open, "why_not": why_not}
        return render_template(page, event=event, colleague=colleague, form=form, **told)
    event, colleague = start(slug, number)
    try:
        is_changed = rule(colleague.user, event, by=g.user, now=clock.now())
    except ColleagueRefused as refusal:
        return _refuse(slug, number, refusal)
    db.session.commit()
    flash(
        done if is_changed else _("Nothing was different, so nothing was changed."),
        "success" if is_changed else "info",
    )
    return redirect(url_for(".show", event=slug, number=number), 303)


def _why_not_enabled(colleague: Colleague) -> str:
    """Return why the organiser may not enable a disabled account, or "" if nothing forbids it."""
    if colleague.user.active or disabling.may_enable(colleague.user, by=g.user):
        return ""
    return wording.refusal_text(DisabledAbove())


def _may_reset(colleague: Colleague) -> bool:
    return colleague.has_second_factor and reach.is_within_reach(colleague.user, by=g.user)
