"""Pages of an organiser's own account: password, second factor, sign-ins, confirming with both factors."""

from typing import Any

from flask import Blueprint, Response, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import actions, limits, passkeys, queries, sign_ins, wording
from forum.accounts.errors import CodeRefused, PasswordRefused, SignedOut, SignInRefused
from forum.accounts.forms import ChangePasswordForm, CodeForm, ConfirmForm, LanguageForm, RenewCodesForm
from forum.accounts.models import SignIn, User
from forum.accounts.public import (
    browser_name,
    form_page,
    identify_organiser,
    key_of,
    pass_languages,
    show_codes,
    wrong_code,
)
from forum.accounts.recovery_codes import are_in_use as recovery_codes_in_use
from forum.accounts.recovery_codes import digest_of_set
from forum.audit.queries import CODE_REFUSED, SIGN_IN_REFUSED
from forum.audit.traces import note_refusal
from forum.events import queries as events
from forum.extensions import db
from forum.web.forms import TidyForm

bp = Blueprint("own_account", __name__, url_prefix="/account")
bp.before_request(identify_organiser)
bp.context_processor(pass_languages)


@bp.context_processor
def pass_ways() -> dict[str, Any]:
    """Give templates the URL of the console page to return to, and a function for links that keep this URL."""
    return {"came_from": sign_ins.came_from() or sign_ins.CONSOLE, "account_url": own_url}


@bp.route("/")
def show() -> ResponseReturnValue:
    """Show the signed-in user's account and what can be changed."""
    return render_template(
        "accounts/show.html",
        user=g.user,
        roles=wording.held_text(g.user.memberships, {event.id: event for event in events.list_events()}),
        codes_left=queries.count_recovery_codes(g.user),
        passkeys=queries.count_passkeys(g.user),
        sign_in_count=len(queries.list_sign_ins(g.user, now=clock.now())),
        form=TidyForm(),
    )


@bp.route("/confirm", methods=["GET", "POST"])
def confirm() -> ResponseReturnValue:
    """Ask for both factors once more before a sensitive change, then go back to its page (S09)."""
    form = ConfirmForm()
    if not form.validate_on_submit():
        return form_page("confirm", form, has_passkeys=_has_passkeys())
    limits.count_password(g.user.email)
    limits.count_code(g.user)
    try:
        actions.check_password(g.user.email, form.password.data)
        sign_ins.start_own_write()
        actions.confirm(g.sign_in, form.code.data, now=clock.now())
    except (SignInRefused, CodeRefused):
        db.session.rollback()
        note_refusal(CODE_REFUSED, g.user)
        form.form_errors.append(_("The password or the code is wrong"))
        return form_page("confirm", form, has_passkeys=_has_passkeys())
    db.session.commit()
    return redirect(sign_ins.own_page(request.args.get("next")), 303)


@bp.route("/time-left")
def time_left() -> ResponseReturnValue:
    """Tell a page's script how long the sign-in lasts; like opening any page, this extends it (A11)."""
    return sign_ins.time_left()


@bp.route("/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Change the password; other browsers are signed out and this one gets a new session (S06)."""
    form = ChangePasswordForm()
    if not form.validate_on_submit():
        return form_page("password", form)
    limits.count_password(g.user.email)
    try:
        actions.check_password(g.user.email, form.password.data)
        sign_ins.start_own_write()
        actions.change_password(g.user, form.new_password.data, now=clock.now())
    except SignInRefused:
        note_refusal(SIGN_IN_REFUSED, g.user)
        form.password.errors = [_("This is not your present password")]
    except PasswordRefused as refusal:
        form.refuse(refusal)
    if form.errors:
        db.session.rollback()
        return form_page("password", form)
    _begin_anew(g.user)
    flash(_("The password has been changed. Every other browser has been signed out."), "success")
    return redirect(own_url(".show"), 303)


@bp.route("/language", methods=["POST"])
def choose_language() -> ResponseReturnValue:
    """Store the language in which the organiser reads the console, and go back to the page."""
    form = LanguageForm()
    if not form.validate_on_submit():
        abort(400)
    sign_ins.start_own_write()
    g.user.language = form.language.data
    db.session.commit()
    sign_ins.forget_language()
    return redirect(sign_ins.own_page(request.form.get("next")), 303)


@bp.route("/recovery-codes", methods=["GET", "POST"])
def recovery_codes() -> ResponseReturnValue:
    """Replace the recovery codes and show the new ones, once; sending the form again replaces nothing."""
    if answer := sign_ins.require_fresh(own_url(".recovery_codes")):
        return answer
    form = RenewCodesForm()
    if not form.validate_on_submit():
        form.replaced.data = digest_of_set(g.user)
        return form_page("renew_codes", form, codes_left=queries.count_recovery_codes(g.user))
    sign_ins.start_own_write()
    if form.replaced.data != digest_of_set(g.user):
        return _keep_codes()
    codes = actions.renew_recovery_codes(g.user, now=clock.now())
    db.session.commit()
    return show_codes(codes, own_url(".show"))


@bp.route("/recovery-codes/file", methods=["POST"])
def recovery_codes_file() -> ResponseReturnValue:
    """Return the codes that the page has just shown as a text file; refuse any other text.

    The codes are sent in a form, so that no URL contains them.
    """
    codes = request.form.get("codes", "").split()
    if not recovery_codes_in_use(g.user, codes):
        flash(_("These codes no longer work, so there is no file of them. Make new ones."), "warning")
        return redirect(own_url(".show"), 303)
    lines = [_("Recovery codes for %(site)s", site=request.host), _("Each works once."), "", *codes, ""]
    file = Response("\r\n".join(lines), content_type="text/plain; charset=utf-8")
    file.headers.set("Content-Disposition", "attachment", filename="recovery-codes.txt")
    return file


@bp.route("/authenticator", methods=["GET", "POST"])
def authenticator() -> ResponseReturnValue:
    """Replace the authenticator when the first code of the new one is entered; show new recovery codes."""
    if answer := sign_ins.require_fresh(own_url(".authenticator")):
        return answer
    form = CodeForm()
    if g.user.totp_proposed is None:
        return form_page("propose_authenticator", TidyForm())
    shown = key_of(g.user)
    if not form.validate_on_submit():
        return form_page("set_up", form, **shown)
    limits.count_code(g.user)
    sign_ins.start_own_write()
    try:
        codes = actions.accept_authenticator(g.user, form.code.data, now=clock.now())
    except CodeRefused:
        return wrong_code("set_up", form, g.user, **shown)
    actions.end_sign_ins(g.user, but=g.sign_in)
    db.session.commit()
    return show_codes(codes, own_url(".show"))


@bp.route("/authenticator/new", methods=["POST"])
def propose_authenticator() -> ResponseReturnValue:
    """Make the secret of a new authenticator; the current one works until the new one's first code."""
    if answer := sign_ins.require_fresh(own_url(".authenticator")):
        return answer
    sign_ins.start_own_write()
    actions.propose_authenticator(g.user)
    db.session.commit()
    return redirect(own_url(".authenticator"), 303)


@bp.route("/sessions")
def sessions() -> ResponseReturnValue:
    """List the browsers in which the user is signed in."""
    rows = queries.list_sign_ins(g.user, now=clock.now())
    return render_template(
        "accounts/sessions.html", sign_ins=rows, present=g.sign_in, form=TidyForm(), ago=wording.ago_text
    )


@bp.route("/sessions/<int(max=2147483647):number>/end", methods=["POST"])
def end_session(number: int) -> ResponseReturnValue:
    """Sign out one of the user's other browsers."""
    sign_ins.start_own_write()
    sign_in = db.session.get(SignIn, number)
    if sign_in is None or sign_in.user_id != g.user.id:
        abort(404)
    actions.sign_out(sign_in, now=clock.now())
    db.session.commit()
    flash(_("That browser has been signed out."), "success")
    return redirect(own_url(".sessions"), 303)


@bp.route("/sessions/end-others", methods=["POST"])
def end_other_sessions() -> ResponseReturnValue:
    """Sign out all other browsers of the user."""
    sign_ins.start_own_write()
    actions.end_sign_ins(g.user, but=g.sign_in)
    db.session.commit()
    flash(_("Every other browser has been signed out."), "success")
    return redirect(own_url(".sessions"), 303)


@bp.errorhandler(SignedOut)
def lead_to_sign_in(_refusal: SignedOut) -> ResponseReturnValue:
    """Lead a user who was signed out during the request to the sign-in page; nothing was changed."""
    db.session.rollback()
    return redirect(url_for("accounts.sign_in"), 303)


def _begin_anew(user: User) -> None:
    """Commit, and give this browser a new sign-in, because the change has ended all earlier ones."""
    token = actions.open_sign_in(user, browser=browser_name(), now=clock.now())
    db.session.commit()
    sign_ins.begin(token)


def _has_passkeys() -> bool:
    return passkeys.may_use(g.user)


def _keep_codes() -> ResponseReturnValue:
    """Say that a form was sent twice, as by reloading the page of new codes, and that the codes shown last work."""
    db.session.rollback()
    flash(
        _(
            "No more codes were made. The codes that you were shown last still work. "
            "If you have not saved them, make new ones."
        ),
        "warning",
    )
    return redirect(own_url(".show"), 303)


def own_url(endpoint: str, **values: Any) -> str:
    """Return the URL of an account page; its `next` keeps the console page to which the user returns."""
    return url_for(endpoint, **values, next=sign_ins.came_from())
