"""The pages on which a person names somebody to come instead, and on which the newcomer confirms (S18–S22)."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError

from forum import clock
from forum.columns import digest
from forum.database import start_write
from forum.delegations import delegation_words, substituting, told, unanswered
from forum.delegations import queries as substitutions
from forum.delegations.errors import AskedAlready, StandsStill, TakenOver
from forum.delegations.forms import SubstituteForm, SuccessorForm
from forum.delegations.models import Substitution
from forum.events.freezing import AnswersFrozen
from forum.events.in_url import show_event
from forum.extensions import db
from forum.questions import layout, uploads
from forum.questions import queries as questions
from forum.registration import deadlines, limits, links, own_sign_in, self_service, waiting_list
from forum.registration.asking import asking_addresses
from forum.registration.consents_form import ConsentsForm
from forum.registration.enums import TokenPurpose
from forum.registration.errors import (
    AddressTaken,
    LinkRefused,
    NothingOffered,
    NotLive,
    OrganisationFull,
    SameAddress,
    SignInEnded,
)
from forum.registration.models import Registration
from forum.registration.own_forms import mine, mine_live
from forum.web import errors
from forum.web.forms import TidyForm
from forum.web.limits import TooManyTries, client_limit, spend
from forum.web.routes import localised

bp = Blueprint("substitutions", __name__)
# The name of each refusal in templates/public/delegations/take_over.html, which explains it to the newcomer.
REFUSALS: dict[type, str] = {AddressTaken: "taken", NothingOffered: "lapsed", OrganisationFull: "capped"}
bp.record_once(told.install)
bp.register_error_handler(NotLive, self_service.has_ended)
bp.register_error_handler(SignInEnded, self_service.sign_in_ended)
bp.register_error_handler(LinkRefused, self_service.link_refused)


@localised(bp, "/r/substitute", methods=["GET", "POST"])
def ask() -> ResponseReturnValue:
    """Explain what a substitution means; on POST mail the link. The answer is the same for every address (S24)."""
    substituting.refuse_if_too_late(mine_live(), clock.now())
    form = SubstituteForm()
    if not form.validate_on_submit():
        return _ask_for_address(form), 422 if form.errors else 200
    try:
        spend(client_limit())
        limits.refuse_full_domain(form.email.data or "")
        _send_link(form.email.data or "")
    except TooManyTries:
        return _ask_for_address(form, too_many=True), 429
    except SameAddress:
        db.session.rollback()
        form.email.errors = [_("This is your own address")]
        return _ask_for_address(form), 422
    except AskedAlready as refusal:
        db.session.rollback()
        flash(delegation_words.asked_already(refusal, mine().event), "info")
    return redirect(url_for(".ask"), 303)


@localised(bp, "/r/substitute/taking-back", methods=["POST"])
def take_back() -> ResponseReturnValue:
    """Cancel the open substitution."""
    start_write(db.session)
    done = unanswered.take_back(mine_live(), actor=substituting.PERSON, now=clock.now())
    db.session.commit()
    flash(_("Taken back. You come yourself.") if done else _("Nobody was asked to come instead."), "success")
    return redirect(url_for("self_service.show"), 303)


@localised(bp, "/r/instead/<token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Ask the newcomer for their own answers; only the button takes over, because mail scanners open links, too."""
    now = clock.now()
    asked = substituting.follow(token, now=now)
    form, consents_form = _forms(asked)
    uploads.take(form)
    if not (form.validate_on_submit() and consents_form.validate()):
        return _ask_newcomer(asked, form, consents_form), 422 if form.errors or consents_form.errors else 200
    start_write(db.session)
    try:
        applicant = form.applicant(asked.registration, asked.email)
        wanted, listed = consents_form.wanted(), consents_form.listed()
        successor = substituting.confirm(token, applicant, purposes=wanted, listed=listed, now=now)
    except (AddressTaken, NothingOffered, OrganisationFull) as refusal:
        db.session.rollback()
        return _ask_newcomer(asked, form, consents_form, refusal=refusal), 409
    manage = links.issue(successor, TokenPurpose.MANAGE, now=now)
    db.session.commit()
    own_sign_in.begin(digest(manage), now=now)
    return redirect(url_for("self_service.show", welcome="1"), 303)


@bp.errorhandler(AnswersFrozen)
def is_frozen(refusal: AnswersFrozen) -> ResponseReturnValue:
    """Say to a newcomer that the link ended with the freeze date; send the registered person to their own page."""
    if "token" not in (request.view_args or {}):
        return self_service.has_ended(refusal)
    return _link_ended(why="frozen")


@bp.errorhandler(NothingOffered)
def offer_is_over(_refusal: NothingOffered) -> ResponseReturnValue:
    """Show the page for naming a substitute, which says that the time to accept the offered place is over."""
    db.session.rollback()
    return _ask_for_address(SubstituteForm()), 409


@bp.errorhandler(StandsStill)
def stands_still(_refusal: StandsStill) -> ResponseReturnValue:
    """Show the page saying that a substitute's link does not work while the event is cancelled."""
    return _link_ended(why="cancelled")


@bp.errorhandler(TakenOver)
def has_taken_over(refusal: TakenOver) -> ResponseReturnValue:
    """Redirect a newcomer who sent the form twice to their own page, or in another browser say where its link is."""
    try:
        is_signed_in = own_sign_in.follow(now=clock.now()) is refusal.successor
    except LinkRefused:
        is_signed_in = False
    if is_signed_in:
        return redirect(url_for("self_service.show"), 303)
    return _link_ended(why="taken_over")


def _link_ended(why: str) -> ResponseReturnValue:
    db.session.rollback()
    asking = asking_addresses(clock.now())
    return render_template("public/self_service/link_refused.html", asking=asking, why=why), 404


@bp.errorhandler(CSRFError)
def session_lost(lost: CSRFError) -> ResponseReturnValue:
    """Keep what the newcomer typed when the browser has lost its session since the form was shown."""
    return errors.ask_again(lost, _ask_again)


def _ask_again(notice: str) -> str | None:
    token = (request.view_args or {}).get("token")
    if token is None:
        return None
    try:
        asked = substituting.follow(token, now=clock.now())
    except (LinkRefused, AnswersFrozen):
        return None
    if deadlines.is_past_offer(asked.registration, clock.now()):
        return _ask_newcomer(asked, *_forms(asked), refusal=NothingOffered())
    return _ask_newcomer(asked, *_forms(asked), notice=notice)


def _forms(asked: Substitution) -> tuple[SuccessorForm, ConsentsForm]:
    """Return the forms for the newcomer's answers and consents; nothing of the person who is replaced is in them."""
    event, sector = asked.registration.event, asked.registration.sector.key
    form = SuccessorForm(questions=questions.list_for_form(event.slug), sector=sector, asks=event.slug)
    return form, ConsentsForm(Registration(event=event))


def _ask_newcomer(
    asked: Substitution,
    form: SuccessorForm,
    consents_form: ConsentsForm,
    *,
    refusal: Exception | None = None,
    notice: str = "",
) -> str:
    replaced = asked.registration
    show_event(replaced.event)
    return render_template(
        "public/delegations/take_over.html",
        event=replaced.event,
        registration=replaced,
        email=asked.email,
        form=form,
        consents_form=consents_form,
        asked=layout,
        refused=REFUSALS.get(type(refusal), ""),
        until=asked.expires_at,
        position=waiting_list.position(replaced),
        notice=notice,
    )


def _ask_for_address(form: SubstituteForm, *, too_many: bool = False) -> str:
    registration = mine()
    return render_template(
        "public/delegations/substitute.html",
        registration=registration,
        form=form,
        taking_back=TidyForm(),
        asked=substitutions.find_asked(registration, clock.now()),
        too_many=too_many,
    )


def _send_link(email: str) -> None:
    """Mail the link to the named address, and say so. Raises SameAddress, NothingOffered."""
    start_write(db.session)
    substituting.ask(mine(), email, may_mail=limits.may_mail, now=clock.now())
    db.session.commit()
    flash(_("A link is on its way to %(email)s. Nothing changes until it is used.", email=email), "success")
