"""Pages for signing in and out, and for the links that set a password."""

from contextlib import suppress
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError

from forum import clock
from forum.accounts import (
    actions,
    authenticators,
    demo,
    kept_words,
    limits,
    links,
    passkeys,
    sign_ins,
)
from forum.accounts.enums import LinkPurpose
from forum.accounts.errors import CodeRefused, LinkRefused, PasswordRefused, SignedOut, SignInRefused
from forum.accounts.forms import CodeForm, ForgotForm, NewPasswordForm, SignInForm
from forum.accounts.models import User
from forum.audit.queries import CODE_REFUSED, SIGN_IN_REFUSED
from forum.audit.traces import note_refusal
from forum.database import start_write
from forum.extensions import db
from forum.web.forms import TidyForm
from forum.web.languages import NAMES

bp = Blueprint("accounts", __name__, url_prefix="/account")
CLEARED = '"cache", "cookies", "storage"'


@bp.before_request
def identify_organiser() -> None:
    """Load the sign-in, which also sets the language of the page."""
    sign_ins.load()


@bp.context_processor
def pass_languages() -> dict[str, Any]:
    """Give templates the URL of this page in each language; no URLs for a route that does not answer GET."""
    rule = request.url_rule
    if rule is None or "GET" not in (rule.methods or ()):
        return {}
    known = {**(request.view_args or {}), "next": sign_ins.came_from() or request.args.get("next")}
    return {"alternates": {code: url_for(rule.endpoint, **{**known, "lang": code}) for code in NAMES}}


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Ask for the first factor: address and password."""
    if sign_ins.load():
        return redirect(sign_ins.own_page(request.args.get("next")), 303)
    form = SignInForm()
    if not form.validate_on_submit():
        return form_page("sign_in", form)
    limits.count_password(form.email.data)
    try:
        user = actions.check_password(form.email.data, form.password.data)
    except SignInRefused:
        note_refusal(SIGN_IN_REFUSED, limits.account_of(form.email.data))
        form.form_errors.append(_("The address or the password is wrong"))
        return form_page("sign_in", form)
    start_write(db.session)
    session[sign_ins.WAITING] = actions.ask_second_factor(user, form.password.data, now=clock.now())
    db.session.commit()
    session[sign_ins.NEXT] = sign_ins.own_page(request.args.get("next"))
    return redirect(url_for(".second_factor" if user.totp_secret else ".set_up"), 303)


@bp.route("/second-factor", methods=["GET", "POST"])
def second_factor() -> ResponseReturnValue:
    """Ask for the second factor: a code of the authenticator, or a recovery code."""
    user, form = waiting_user(), CodeForm()
    if user.totp_secret is None:
        return redirect(url_for(".set_up"), 303)
    if not form.validate_on_submit():
        return form_page("second_factor", form, has_passkeys=passkeys.may_use(user))
    limits.count_code(user)
    start_write(db.session)
    try:
        token = actions.finish_sign_in(
            session[sign_ins.WAITING], form.code.data, browser=browser_name(), now=clock.now()
        )
    except CodeRefused:
        return wrong_code("second_factor", form, user, has_passkeys=passkeys.may_use(user))
    db.session.commit()
    target = session.get(sign_ins.NEXT)
    sign_ins.begin(token)
    return redirect(sign_ins.own_page(target), 303)


@bp.route("/set-up", methods=["GET", "POST"])
def set_up() -> ResponseReturnValue:
    """Show a new user the secret for their authenticator; its first code signs them in and shows recovery codes."""
    user, form = waiting_user(), CodeForm()
    if user.totp_secret is not None or user.totp_proposed is None:
        return redirect(url_for(".second_factor"), 303)
    shown = key_of(user)
    if not form.validate_on_submit():
        return form_page("set_up", form, **shown)
    limits.count_code(user)
    start_write(db.session)
    try:
        token, codes = actions.finish_set_up(
            session[sign_ins.WAITING], form.code.data, browser=browser_name(), now=clock.now()
        )
    except CodeRefused:
        return wrong_code("set_up", form, user, **shown)
    db.session.commit()
    target = session.get(sign_ins.NEXT)
    sign_ins.begin(token)
    return show_codes(codes, sign_ins.own_page(target))


@bp.route("/sign-out", methods=["POST"])
def sign_out() -> ResponseReturnValue:
    """End the sign-in on the server and clear everything that the browser keeps of it."""
    if sign_ins.load():
        # Another browser may have ended this sign-in meanwhile: then its row is gone already, and only the cookie is
        # left to clear.
        with suppress(SignedOut):
            sign_ins.start_own_write()
            actions.sign_out(g.sign_in, now=clock.now())
            db.session.commit()
    session.clear()
    answer = redirect(url_for(".signed_out"), 303)
    answer.headers["Clear-Site-Data"] = CLEARED
    return answer


@bp.route("/signed-out")
def signed_out() -> ResponseReturnValue:
    """Confirm that the person is signed out."""
    return render_template("accounts/signed_out.html")


@bp.route("/forgot", methods=["GET", "POST"])
def forgot() -> ResponseReturnValue:
    """Send a link that resets the password; the answer is the same for every address (S24)."""
    form = ForgotForm()
    if not form.validate_on_submit():
        return form_page("forgot", form)
    limits.count_mail()
    start_write(db.session)
    actions.ask_reset(form.email.data, now=clock.now())
    db.session.commit()
    return redirect(url_for(".link_sent"), 303)


@bp.route("/forgot/sent")
def link_sent() -> ResponseReturnValue:
    """Say that a link was sent if the address has an account; the page is the same for everybody."""
    return render_template("accounts/link_sent.html")


@bp.route("/reset/<token>", methods=["GET", "POST"])
def reset(token: str) -> ResponseReturnValue:
    """Set a new password by the mailed link."""
    return _set_password(token, LinkPurpose.RESET, actions.reset_password)


@bp.route("/welcome/<token>", methods=["GET", "POST"])
def welcome(token: str) -> ResponseReturnValue:
    """Set a new organiser's first password by the link of an invitation or of the command line."""
    return _set_password(token, LinkPurpose.WELCOME, actions.accept_welcome)


@bp.route("/demo/<token>", methods=["GET", "POST"])
def open_demo(token: str) -> ResponseReturnValue:
    """Open the demo's console from this machine: the link replaces both factors, once."""
    if not demo.is_on() or not demo.is_from_this_machine():
        abort(404)
    links.look(token, LinkPurpose.DEMO, now=clock.now())
    form = TidyForm()
    if not form.validate_on_submit():
        return form_page("demo", form)
    start_write(db.session)
    user = links.use(token, LinkPurpose.DEMO, now=clock.now())
    signed_in = actions.open_sign_in(user, browser=browser_name(), now=clock.now())
    db.session.commit()
    sign_ins.begin(signed_in)
    return redirect(sign_ins.CONSOLE, 303)


@bp.errorhandler(CSRFError)
def session_lost(lost: CSRFError) -> ResponseReturnValue:
    """Answer a form whose CSRF token belongs to an earlier session.

    "Sign out" works from an outdated page too: a person who presses it wants nobody to stay signed in (S06). The
    browser's Sec-Fetch-Site header proves that this site's page sent it: no other site can sign anybody out (S10).
    """
    is_ours = request.headers.get("Sec-Fetch-Site") == "same-origin"
    if is_ours and request.endpoint == f"{bp.name}.{sign_out.__name__}":
        return sign_out()
    return kept_words.show_outdated(lost)


@bp.errorhandler(LinkRefused)
def show_refused_link(_refusal: LinkRefused) -> ResponseReturnValue:
    """Explain why a link does not work, or, if the first step of signing in has expired, lead back to it."""
    db.session.rollback()
    if "token" in (request.view_args or {}):
        return render_template("accounts/link_refused.html"), 410
    return redirect(url_for("accounts.sign_in"), 303)


def form_page(name: str, form: TidyForm, **context: Any) -> ResponseReturnValue:
    """Return the page of a form: with status 422 when it has errors, else 200."""
    return render_template(f"accounts/{name}.html", form=form, **context), 422 if form.errors else 200


def show_codes(codes: list[str], onward: str) -> ResponseReturnValue:
    """Return the page of new recovery codes, which is shown once; `onward` is the URL of the next page."""
    return render_template("accounts/recovery_codes.html", codes=codes, onward=onward, form=TidyForm())


def wrong_code(name: str, form: Any, user: User, **context: Any) -> ResponseReturnValue:
    """Record that a code was refused, and show the form again with that error."""
    db.session.rollback()
    note_refusal(CODE_REFUSED, user)
    form.code.errors = [_("The code is wrong or used. Wait for the next one and try again.")]
    return form_page(name, form, **context)


def key_of(user: User) -> dict[str, str]:
    """Return the proposed authenticator's secret, as text and as a QR code."""
    secret = user.totp_proposed or b""
    picture = authenticators.picture(secret, account=user.email, issuer=request.host)
    return {"key": authenticators.key_text(secret), "picture": picture}


def browser_name() -> str:
    """Return the browser's program and system, such as "Firefox, Linux", and no version."""
    agent = request.user_agent.string
    programs = (("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
    systems = (
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    )
    names = (next((name for mark, name in kinds if mark in agent), "") for kinds in (programs, systems))
    return ", ".join(name for name in names if name)


def waiting_user() -> User:
    """Return the user who has given the right password and not yet the second factor. Raises LinkRefused."""
    return links.look(session.get(sign_ins.WAITING, ""), LinkPurpose.SECOND_FACTOR, now=clock.now())


def _set_password(token: str, purpose: LinkPurpose, act) -> ResponseReturnValue:
    user, form = links.look(token, purpose, now=clock.now()), NewPasswordForm()
    if not form.validate_on_submit():
        return form_page("new_password", form, user=user, purpose=purpose)
    start_write(db.session)
    try:
        act(token, form.new_password.data, now=clock.now())
    except PasswordRefused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return form_page("new_password", form, user=user, purpose=purpose)
    db.session.commit()
    sign_ins.forget()
    flash(_("The password is set. Sign in with it."), "success")
    return redirect(url_for(".sign_in"), 303)
