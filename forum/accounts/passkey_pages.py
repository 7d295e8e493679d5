"""Pages of an organiser's passkeys, and signing in or confirming with one in place of the authenticator's code.

A page's script asks for a challenge, lets the browser ask the device, and sends the answer as a form. Without a script,
or without a passkey, the person enters the code instead.
"""

from typing import Any

from flask import Blueprint, abort, current_app, flash, g, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError

from forum import clock
from forum.accounts import actions, ceremonies, limits, passkeys, queries, sign_ins, wording
from forum.accounts.enums import LinkPurpose
from forum.accounts.errors import LinkRefused, PasskeyRefused, SignedOut, SignInRefused
from forum.accounts.forms import CodeForm, PasskeyConfirmForm, PasskeyForm
from forum.accounts.models import Passkey, User
from forum.accounts.own_account import lead_to_sign_in, own_url, pass_ways
from forum.accounts.public import (
    browser_name,
    form_page,
    identify_organiser,
    pass_languages,
    session_lost,
    show_refused_link,
    waiting_user,
)
from forum.audit.queries import PASSKEY_REFUSED, SIGN_IN_REFUSED
from forum.audit.traces import note_refusal
from forum.database import start_write
from forum.extensions import db
from forum.web.forms import TidyForm

bp = Blueprint("passkeys", __name__, url_prefix="/account")
bp.before_request(identify_organiser)
bp.context_processor(pass_languages)
bp.context_processor(pass_ways)
bp.register_error_handler(CSRFError, session_lost)
bp.register_error_handler(LinkRefused, show_refused_link)
bp.register_error_handler(SignedOut, lead_to_sign_in)
# The name of the form field into which the page's script writes the device's answer. The field is read from the
# request, not through a form class, because form classes refuse texts as long as such an answer.
ANSWER = "answer"


@bp.route("/second-factor/challenge", methods=["POST"])
def sign_in_challenge() -> ResponseReturnValue:
    """Return what the browser needs to ask for a passkey of the user who has given the right password, as JSON."""
    user = waiting_user()
    start_write(db.session)
    return _asked(user)


@bp.route("/second-factor/passkey", methods=["POST"])
def sign_in() -> ResponseReturnValue:
    """Sign in with a passkey in place of the code; a refusal shows the page that asks for the code."""
    user = waiting_user()
    limits.count_code(user)
    start_write(db.session)
    waiting, target = session.get(sign_ins.WAITING, ""), session.get(sign_ins.NEXT)
    try:
        token = passkeys.finish_sign_in(waiting, **_sent(), browser=browser_name(), now=clock.now())
    except PasskeyRefused as refusal:
        return _refused("second_factor", CodeForm(None), user, refusal, has_passkeys=True)
    db.session.commit()
    sign_ins.begin(token)
    return redirect(sign_ins.own_page(target), 303)


@bp.route("/confirm/challenge", methods=["POST"])
def confirm_challenge() -> ResponseReturnValue:
    """Return what the browser needs to ask for a passkey of the signed-in user, as JSON."""
    sign_ins.start_own_write()
    return _asked(g.user)


@bp.route("/confirm/passkey", methods=["POST"])
def confirm() -> ResponseReturnValue:
    """Confirm with password and passkey before a sensitive change, then go back to its page (S09)."""
    form = PasskeyConfirmForm()
    if not form.validate_on_submit():
        return form_page("confirm", form, has_passkeys=True)
    limits.count_password(g.user.email)
    limits.count_code(g.user)
    try:
        actions.check_password(g.user.email, form.password.data)
        sign_ins.start_own_write()
        passkeys.confirm(g.sign_in, **_sent(), now=clock.now())
    except SignInRefused:
        note_refusal(SIGN_IN_REFUSED, g.user)
        form.form_errors.append(_("The password is wrong"))
        return form_page("confirm", form, has_passkeys=True)
    except PasskeyRefused as refusal:
        return _refused("confirm", form, g.user, refusal, has_passkeys=True)
    db.session.commit()
    return redirect(sign_ins.own_page(request.args.get("next")), 303)


@bp.route("/passkeys", methods=["GET", "POST"])
def index() -> ResponseReturnValue:
    """List the user's passkeys, and add the one that the browser has made."""
    if answer := sign_ins.require_fresh(own_url(".index")):
        return answer
    form = PasskeyForm()
    if not form.validate_on_submit():
        return form_page("passkeys", form, **_listed())
    limits.count_code(g.user)
    sign_ins.start_own_write()
    try:
        passkeys.add(g.user, form.name.data, **_sent(), now=clock.now())
    except PasskeyRefused as refusal:
        return _refused("passkeys", form, g.user, refusal, **_listed())
    db.session.commit()
    flash(_("The passkey has been added. Use it the next time that you sign in."), "success")
    return redirect(own_url(".index"), 303)


@bp.route("/passkeys/challenge", methods=["POST"])
def challenge() -> ResponseReturnValue:
    """Return what the browser needs to make a passkey, as JSON; 422 for a name that the form would refuse.

    A page that was loaded before an update of the forum sends no name.
    """
    if answer := sign_ins.require_fresh(own_url(".index")):
        return answer
    if "name" in request.form and not PasskeyForm().validate_on_submit():
        return {}, 422
    sign_ins.start_own_write()
    token = passkeys.ask(g.user, LinkPurpose.ADD_PASSKEY, now=clock.now())
    options = ceremonies.creation_options(g.user, queries.list_passkeys(g.user), token)
    db.session.commit()
    session[sign_ins.CHALLENGE] = token
    return options


@bp.route("/passkeys/<int(max=2147483647):number>", methods=["GET", "POST"])
def show(number: int) -> ResponseReturnValue:
    """Show a passkey of the user's own, and give it another name."""
    if answer := sign_ins.require_fresh(own_url(".show", number=number)):
        return answer
    passkey = _own_or_404(number)
    form = PasskeyForm(obj=passkey)
    if not form.validate_on_submit():
        return form_page("passkey", form, passkey=passkey, ago=wording.ago_text)
    sign_ins.start_own_write()
    passkeys.rename(_own_or_404(number), form.name.data, g.user, now=clock.now())
    db.session.commit()
    flash(_("The name has been changed."), "success")
    return redirect(own_url(".index"), 303)


@bp.route("/passkeys/<int(max=2147483647):number>/remove", methods=["GET", "POST"])
def remove(number: int) -> ResponseReturnValue:
    """Ask whether to remove a passkey, and remove it; every other browser is signed out."""
    if answer := sign_ins.require_fresh(own_url(".remove", number=number)):
        return answer
    passkey, form = _own_or_404(number), TidyForm()
    if not form.validate_on_submit():
        return form_page("remove_passkey", form, passkey=passkey)
    sign_ins.start_own_write()
    passkeys.remove(_own_or_404(number), g.user, but=g.sign_in, now=clock.now())
    db.session.commit()
    flash(_("The passkey has been removed. Every other browser has been signed out."), "success")
    return redirect(own_url(".index"), 303)


def _asked(user: User) -> ResponseReturnValue:
    """Store a new challenge; return what the browser needs to let a passkey sign it; 404 if the user has no passkey."""
    known = queries.list_passkeys(user)
    if not known:
        abort(404)
    token = passkeys.ask(user, LinkPurpose.USE_PASSKEY, now=clock.now())
    options = ceremonies.request_options(known, token)
    db.session.commit()
    session[sign_ins.CHALLENGE] = token
    return options


def _sent() -> dict[str, str]:
    """Return the challenge that this browser's session holds, and the device's answer from the form."""
    return {"challenge": session.pop(sign_ins.CHALLENGE, ""), "answer": request.form.get(ANSWER, "")}


def _refused(
    name: str, form: Any, user: User, refusal: PasskeyRefused, **context: Any
) -> ResponseReturnValue:
    """Show a form again, and say why a passkey was refused.

    Commits, instead of rolling back, what the refusal has changed: the challenge is used up, and a copied passkey is
    recorded.
    """
    db.session.commit()
    note_refusal(PASSKEY_REFUSED, user)
    is_new = request.endpoint == f"{bp.name}.{index.__name__}"
    form.form_errors.append(wording.passkey_refusal_text(refusal, is_new=is_new))
    return form_page(name, form, **context)


def _listed() -> dict[str, Any]:
    """Return the rows of the user's list of passkeys."""
    listed = queries.list_passkeys(g.user)
    return {
        "passkeys": listed,
        "has_room": len(listed) < passkeys.MOST,
        "are_possible": ceremonies.are_possible(),
        "address": current_app.config["BASE_URL"],
        "ago": wording.ago_text,
    }


def _own_or_404(number: int) -> Passkey:
    passkey = queries.find_passkey(g.user, number)
    return passkey or abort(404)
