"""The console pages of an event's colleagues: the list, inviting, one colleague, roles, removing (S09, S12)."""

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import colleague_pages, colleagues, kept_words, limits, reach, roster, sign_ins, wording
from forum.accounts.colleague_forms import InviteColleagueForm, RolesForm
from forum.accounts.colleague_pages import colleague_or_404, refusal_text, start
from forum.accounts.enums import Role
from forum.accounts.errors import ColleagueRefused, NotManager
from forum.accounts.roster import Colleague
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm
from forum.web.languages import language

# The part of the URL that names one colleague; it follows the URL of the list.
ONE = "/<int(max=2147483647):number>"
bp = Blueprint("colleagues", __name__, url_prefix="/console/<event>/colleagues")


@bp.context_processor
def pass_words() -> dict[str, Any]:
    """Give templates the texts about roles."""
    return {"words": wording}


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """List everybody who has a role for the event or for all events."""
    shown = get_any_or_404(event)
    listed = roster.list_colleagues(shown.id, now=clock.now())
    near = {each.user.id for each in listed if reach.covers(g.user.memberships, each.user.memberships)}
    return render_template(
        "console/colleagues/index.html",
        event=shown,
        colleagues=listed,
        near=near,
        is_exact=sign_ins.is_admin_of_all(),
    )


@bp.route("/new", methods=["GET", "POST"])
def invite(event: str) -> ResponseReturnValue:
    """Show the form for a colleague; on POST give them the role, and invite whoever has no account yet."""
    if answer := sign_ins.require_fresh():
        return answer
    shown, form = get_any_or_404(event), InviteColleagueForm(kept_words.sent_or_kept(), language=language())
    form.offer(colleagues.list_givable(g.user, shown.id), shown.sectors)
    if not form.validate_on_submit():
        return _invite_page(shown, form), 422 if form.errors else 200
    try:
        _invite(event, form)
    except ColleagueRefused as refusal:
        form.email.errors = [refusal_text(refusal)]
        return _invite_page(_read_again(event), form), 409
    flash(_("The invitation is on its way."), "success")
    return redirect(url_for(".index", event=event), 303)


@bp.route(ONE)
def show(event: str, number: int) -> ResponseReturnValue:
    """Show one colleague: the roles, when they were last seen, and what can be done."""
    shown = get_any_or_404(event)
    colleague = colleague_or_404(shown, number)
    return render_template(
        "console/colleagues/show.html",
        event=shown,
        colleague=colleague,
        is_own=number == g.user.id,
        sign_ins=colleague_pages.list_shown_sign_ins(colleague.user),
        is_exact=sign_ins.is_admin_of_all(),
        form=TidyForm(),
    )


bp.add_url_rule(
    f"{ONE}/sign-ins/<int(max=2147483647):sign_in>/end",
    view_func=colleague_pages.end_sign_in,
    methods=["POST"],
)
bp.add_url_rule(f"{ONE}/sign-ins/end", view_func=colleague_pages.end_all_sign_ins, methods=["POST"])
bp.add_url_rule(
    f"{ONE}/second-factor", view_func=colleague_pages.reset_second_factor, methods=["GET", "POST"]
)
bp.add_url_rule(f"{ONE}/disabling", view_func=colleague_pages.disable, methods=["GET", "POST"])
bp.add_url_rule(f"{ONE}/enabling", view_func=colleague_pages.enable, methods=["GET", "POST"])


@bp.route(f"{ONE}/invitation", methods=["POST"])
def invite_again(event: str, number: int) -> ResponseReturnValue:
    """Send a colleague who has not accepted the invitation yet a new link."""
    back = url_for(".show", event=event, number=number)
    if answer := sign_ins.require_fresh(back):
        return answer
    try:
        limits.count_invitation(colleague_or_404(get_any_or_404(event), number).user.email, by=g.user)
        shown, colleague = start(event, number)
        colleagues.invite_again(colleague.user, shown, by=g.user, now=clock.now())
    except ColleagueRefused as refusal:
        told = refusal_text(refusal)
        db.session.rollback()
        flash(told, "warning")
        return redirect(back, 303)
    db.session.commit()
    flash(_("A new invitation is on its way. The link in the earlier message no longer works."), "success")
    return redirect(back, 303)


@bp.route(f"{ONE}/roles", methods=["GET", "POST"])
def roles(event: str, number: int) -> ResponseReturnValue:
    """Show the roles of a colleague to be ticked; on POST give and take them."""
    if answer := sign_ins.require_fresh():
        return answer
    shown = get_any_or_404(event)
    colleague = colleague_or_404(shown, number)
    form = RolesForm(kept_words.sent_or_kept(), data=_stored(colleague))
    _offer(form, shown, colleague)
    if not form.is_submitted():
        form.show(_stored(colleague))
    if not form.validate_on_submit():
        return _roles_page(shown, colleague, form), 422 if form.errors else 200
    try:
        is_changed = _change(event, number, form)
    except (ColleagueRefused, ChangedMeanwhile) as refusal:
        form.form_errors.append(refusal_text(refusal))
        shown = _read_again(event)
        return _roles_page(shown, colleague_or_404(shown, number), form), 409
    return _leave(event, is_changed=is_changed, is_own=number == g.user.id)


@bp.route(f"{ONE}/removal", methods=["GET", "POST"])
def remove(event: str, number: int) -> ResponseReturnValue:
    """Ask whether a colleague shall lose every role for the event; on POST take them."""
    if answer := sign_ins.require_fresh():
        return answer
    shown, form = get_any_or_404(event), TidyForm()
    colleague = colleague_or_404(shown, number)
    if not form.validate_on_submit():
        return _removal_page(shown, colleague, form)
    try:
        shown, colleague = start(event, number)
        colleagues.change_roles(colleague.user, shown, here=set(), by=g.user, now=clock.now())
    except ColleagueRefused as refusal:
        form.form_errors.append(refusal_text(refusal))
        shown = _read_again(event)
        return _removal_page(shown, colleague_or_404(shown, number), form), 409
    is_own = colleague.user.id == g.user.id
    db.session.commit()
    if not is_own:
        flash(_("The colleague no longer has a role for this event alone."), "success")
    return redirect(url_for(".index", event=event), 303)


@bp.errorhandler(NotManager)
def lead_to_console(_refusal: NotManager) -> ResponseReturnValue:
    """Redirect somebody who ceased to be an admin during the request to a page that they may open; nothing changed."""
    db.session.rollback()
    return redirect(sign_ins.CONSOLE, 303)


def _read_again(slug: str) -> Event:
    """Roll back what a refused change has done; return the event, read anew, so that the page can be shown again."""
    db.session.rollback()
    return get_any_or_404(slug)


def _invite(slug: str, form: InviteColleagueForm) -> None:
    """Invite the person that the form names. Raises ColleagueRefused."""
    limits.count_invitation(form.email.data or "", by=g.user)
    start_write(db.session)
    colleagues.invite(
        get_any_or_404(slug),
        email=form.email.data or "",
        name=form.name.data or "",
        language=form.language.data,
        role=Role(form.role.data),
        sectors=form.sectors.data or (),
        by=g.user,
        now=clock.now(),
    )
    db.session.commit()


def _change(slug: str, number: int, form: RolesForm) -> bool:
    """Give a colleague the ticked roles only; return whether any changed.

    Raises ColleagueRefused, and ChangedMeanwhile when somebody else has changed the roles since the form was shown.
    """
    event, colleague = start(slug, number)
    form.refuse_if_changed(_stored(colleague))
    by = {"by": g.user, "now": clock.now()}
    chosen = {"here": form.chosen(), "everywhere": form.chosen_everywhere(), "sectors": form.sectors.data}
    is_changed = colleagues.change_roles(colleague.user, event, **chosen, **by)
    db.session.commit()
    return is_changed


def _leave(slug: str, *, is_changed: bool, is_own: bool) -> ResponseReturnValue:
    """Redirect after roles were changed; an organiser who changed their own roles is signed out."""
    if not is_changed:
        flash(_("Nothing was different, so nothing was changed."), "info")
    elif not is_own:
        flash(_("The roles are changed. The colleague is told by e-mail."), "success")
    return redirect(url_for(".index", event=slug), 303)


def _stored(colleague: Colleague) -> dict[str, Any]:
    """Return the colleague's stored roles and sectors, which the form shows, and compares later to notice a change."""
    stored = {"here": list(colleague.here), "everywhere": list(colleague.everywhere)}
    return {**stored, "sectors": list(colleague.sectors)}


def _offer(form: RolesForm, event: Event, colleague: Colleague) -> None:
    """Set the roles that can be ticked: those that the organiser may give, and those that the colleague holds."""

    def offered(event_id: int | None, held: tuple[Role, ...]) -> list[Role]:
        given = set() if colleague.user.id == g.user.id else set(colleagues.list_givable(g.user, event_id))
        return [role for role in Role if role in given or role in held]

    everywhere = offered(None, colleague.everywhere) if sign_ins.is_admin_of_all() else None
    is_own = colleague.user.id == g.user.id
    sectors = [one for one in event.sectors if not is_own or one.id in colleague.sectors]
    roles_here = offered(event.id, colleague.here)
    form.offer(here=roles_here, sectors=sectors, held_sectors=colleague.sectors, everywhere=everywhere)


def _has_unoffered(event: Event) -> bool:
    """Return whether some roles cannot be ticked, because the signed-in admin lacks them and so may not give them."""
    return bool(set(reach.SECRET) - set(colleagues.list_givable(g.user, event.id)))


def _invite_page(event: Event, form: InviteColleagueForm) -> str:
    return render_template(
        "console/colleagues/invite.html", event=event, form=form, has_unoffered=_has_unoffered(event)
    )


def _roles_page(event: Event, colleague: Colleague, form: RolesForm) -> str:
    return render_template(
        "console/colleagues/roles.html",
        event=event,
        colleague=colleague,
        form=form,
        is_own=colleague.user.id == g.user.id,
        is_last_handler=roster.is_last_handler(colleague, event.id),
        has_unoffered=_has_unoffered(event),
    )


def _removal_page(event: Event, colleague: Colleague, form: TidyForm) -> str:
    return render_template(
        "console/colleagues/removal.html",
        event=event,
        colleague=colleague,
        form=form,
        is_own=colleague.user.id == g.user.id,
        is_last_handler=roster.is_last_handler(colleague, event.id),
    )
