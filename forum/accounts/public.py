"""Signing in and out, and the links that set a password."""

from contextlib import suppress
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError

from forum import clock
from forum.accounts import actions, authenticators, demo, kept_words, limits, links, sign_ins
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
    """Find out who is there, and so which language they read."""
    sign_ins.load()


@bp.context_processor
def pass_languages() -> dict[str, Any]:
    """Let the frame link to the same page in each language; an address without a page has no other one."""
    rule = request.url_rule
    if rule is None or "GET" not in (rule.methods or ()):
        return {}
    known = {**(request.view_args or {}), "next": request.args.get("next")}
    return {"alternates": {code: url_for(rule.endpoint, **{**known, "lang": code}) for code in NAMES}}


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Take the first factor: address and password."""
    if sign_ins.load():
        return redirect(sign_ins.own_page(request.args.get("next")), 303)
    form = SignInForm()
    if not form.validate_on_submit():
        return form_page("sign_in", form)
    limits.count_password(form.email.data)
    try:
        user = actions.check_password(form.email.data, form.password.data)
    except SignInRefused:
        note_refusal(SIGN_IN_REFUSED, lambda: limits.account_of(form.email.data))
        form.form_errors.append(_("The address or the password is wrong"))
        return form_page("sign_in", form)
    start_write(db.session)
    session[sign_ins.WAITING] = actions.ask_second_factor(user, form.password.data, now=clock.now())
    db.session.commit()
    session[sign_ins.NEXT] = sign_ins.own_page(request.args.get("next"))
    return redirect(url_for(".second_factor" if user.totp_secret else ".set_up"), 303)


@bp.route("/second-factor", methods=["GET", "POST"])
def second_factor() -> ResponseReturnValue:
    """Take the second factor: the authenticator's code, or a recovery code."""
    user, form = _waiting(), CodeForm()
    if user.totp_secret is None:
        return redirect(url_for(".set_up"), 303)
    if not form.validate_on_submit():
        return form_page("second_factor", form)
    limits.count_code(user)
    start_write(db.session)
    try:
        token = actions.finish_sign_in(
            session[sign_ins.WAITING], form.code.data, browser=browser_name(), now=clock.now()
        )
    except CodeRefused:
        return wrong_code("second_factor", form, user)
    db.session.commit()
    target = session.get(sign_ins.NEXT)
    sign_ins.begin(token)
    return redirect(sign_ins.own_page(target), 303)


@bp.route("/set-up", methods=["GET", "POST"])
def set_up() -> ResponseReturnValue:
    """Show the first authenticator's key; its first code opens the console and shows the recovery codes."""
    user, form = _waiting(), CodeForm()
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
    return render_template("accounts/recovery_codes.html", codes=codes, onward=sign_ins.own_page(target))


@bp.route("/sign-out", methods=["POST"])
def sign_out() -> ResponseReturnValue:
    """End the sign-in on the server and everything of it in the browser."""
    if sign_ins.load():
        with suppress(SignedOut):  # it has ended already
            sign_ins.start_own_write()
            actions.sign_out(g.sign_in, now=clock.now())
            db.session.commit()
    session.clear()
    answer = redirect(url_for(".signed_out"), 303)
    answer.headers["Clear-Site-Data"] = CLEARED
    return answer


@bp.route("/signed-out")
def signed_out() -> ResponseReturnValue:
    """Say that it is over."""
    return render_template("accounts/signed_out.html")


@bp.route("/forgot", methods=["GET", "POST"])
def forgot() -> ResponseReturnValue:
    """Send a link that sets another password; the answer is the same for every address (S24)."""
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
    """Say what happens next, whoever asked."""
    return render_template("accounts/link_sent.html")


@bp.route("/reset/<token>", methods=["GET", "POST"])
def reset(token: str) -> ResponseReturnValue:
    """Set another password by the mailed link."""
    return _set_password(token, LinkPurpose.RESET, actions.reset_password)


@bp.route("/welcome/<token>", methods=["GET", "POST"])
def welcome(token: str) -> ResponseReturnValue:
    """Set the first password by the link that the command printed."""
    return _set_password(token, LinkPurpose.WELCOME, actions.accept_welcome)


@bp.route("/demo/<token>", methods=["GET", "POST"])
def open_demo(token: str) -> ResponseReturnValue:
    """Open the demo's console from this machine: the link stands for both factors, once."""
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
    """Sign out from a page of an earlier sign-in too: whoever presses that wants nobody to stay signed in (S06).

    The browser itself vouches that a page of ours sent it; no other site can sign anybody out (S10).
    """
    is_ours = request.headers.get("Sec-Fetch-Site") == "same-origin"
    if is_ours and request.endpoint == f"{bp.name}.{sign_out.__name__}":
        return sign_out()
    return kept_words.show_outdated(lost)


@bp.errorhandler(LinkRefused)
def show_refused_link(_refusal: LinkRefused) -> ResponseReturnValue:
    """A dead link explains itself; a second step without a first one leads back to it."""
    db.session.rollback()
    if "token" in (request.view_args or {}):
        return render_template("accounts/link_refused.html"), 410
    return redirect(url_for(".sign_in"), 303)


def form_page(name: str, form: TidyForm, **context: Any) -> ResponseReturnValue:
    """Show the page of a form, with what is wrong with it."""
    return render_template(f"accounts/{name}.html", form=form, **context), 422 if form.errors else 200


def wrong_code(name: str, form: Any, user: User, **context: Any) -> ResponseReturnValue:
    """Show the page again when its code was refused; nothing is written but that it was."""
    db.session.rollback()
    note_refusal(CODE_REFUSED, lambda: user)
    form.code.errors = [_("The code is wrong or used. Wait for the next one and try again.")]
    return form_page(name, form, **context)


def key_of(user: User) -> dict[str, str]:
    """Return the proposed authenticator's key, as text and as a picture."""
    secret = user.totp_proposed or b""
    picture = authenticators.picture(secret, account=user.email, issuer=request.host)
    return {"key": authenticators.key_text(secret), "picture": picture}


def browser_name() -> str:
    """Return what kind of browser it is and no more, such as "Firefox, Linux"."""
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
    found = (next((name for mark, name in kinds if mark in agent), "") for kinds in (programs, systems))
    return ", ".join(name for name in found if name)


def _waiting() -> User:
    """Return who gave the right password a moment ago. Raises LinkRefused."""
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
