"""The pages of an invitation's link: reading it, saying yes by a registration form, declining, passing it on (S21).

Opening a page changes nothing, because mail scanners open links, too. `opened_at` is stored when a button is pressed.
"""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError

from forum import clock
from forum.columns import digest
from forum.database import start_write
from forum.events import queries as events
from forum.events.in_url import show_event
from forum.extensions import db
from forum.invitations import actions, answering, forwarding, queries
from forum.invitations.enums import InvitationState
from forum.invitations.errors import AlreadyRegistered, NotForwardable, NotOpen, OwnAddress
from forum.invitations.forms import AcceptForm, ForwardForm, RefuseForm
from forum.invitations.models import Invitation
from forum.questions import layout, uploads
from forum.questions.queries import list_for_form
from forum.registration import links, own_sign_in, places
from forum.registration.asking import asking_addresses
from forum.registration.enums import TokenPurpose
from forum.registration.errors import LinkRefused, SectorFull, SignInEnded
from forum.registration.models import Registration
from forum.web import errors
from forum.web.forms import TidyForm
from forum.web.routes import localised

bp = Blueprint("own_invitation", __name__)
# The page on which the person finishes an answer, by the value of the button that was pressed for it.
ANSWERS = {"yes": ".accept", "no": ".decline", "colleague": ".forward"}
# The invitation's values with which the registration form is filled in at first.
FILLED_IN = ("given_name", "family_name", "organisation", "language")


@localised(bp, "/r/invitation/<token>", methods=["GET", "POST"])
def show(token: str) -> ResponseReturnValue:
    """Show the invitation with buttons for yes and no; pressing a button leads to the page for that answer."""
    invitation, form = _open(token), TidyForm()
    if form.validate_on_submit():
        start_write(db.session)
        answering.begin(_open(token), now=clock.now())
        db.session.commit()
        answer = request.form.get("answer")
        return redirect(url_for(ANSWERS.get(answer or "", ".accept"), token=token), 303)
    return _show_page(invitation, form)


@localised(bp, "/r/invitation/<token>/yes", methods=["GET", "POST"])
def accept(token: str) -> ResponseReturnValue:
    """Show a registration form, filled in from the invitation; on POST register, and redirect to the own page."""
    invitation = _open(token)
    form = _accept_form(invitation)
    uploads.take(form)
    if not form.validate_on_submit():
        return _accept_page(invitation, form), 422 if form.errors else 200
    start_write(db.session)
    now = clock.now()
    try:
        registration = answering.accept(_open(token), form.applicant(invitation), now=now)
    except SectorFull:
        db.session.rollback()
        return _accept_page(_open(token), form, is_full=True), 409
    manage = links.issue(registration, TokenPurpose.MANAGE, now=now)
    db.session.commit()
    own_sign_in.begin(digest(manage), now=now)
    return redirect(url_for("self_service.show", welcome="1"), 303)


@localised(bp, "/r/invitation/<token>/no", methods=["GET", "POST"])
def decline(token: str) -> ResponseReturnValue:
    """Ask for a reason, which may be left out; on POST store that the person declines."""
    invitation, form = _open(token), RefuseForm()
    if not form.validate_on_submit():
        page = _decline_page(invitation, form)
        return page, 422 if form.errors else 200
    start_write(db.session)
    answering.decline(_open(token), form.reason.data or "", now=clock.now())
    db.session.commit()
    return redirect(url_for(".show", token=token), 303)


@localised(bp, "/r/invitation/<token>/colleague", methods=["GET", "POST"])
def forward(token: str) -> ResponseReturnValue:
    """Ask for a colleague's name and address, if organisers allow forwarding; on POST invite the colleague."""
    invitation = _open(token)
    form = _forward_form(invitation)
    if not form.validate_on_submit():
        return _forward_page(invitation, form), 422 if form.errors else 200
    start_write(db.session)
    try:
        forwarding.forward(_open(token), form.colleague(), now=clock.now())
    except OwnAddress:
        db.session.rollback()
        form.email.errors = [_("This is the address to which your invitation went")]
        return _forward_page(_open(token), form), 422
    db.session.commit()
    return redirect(url_for(".show", token=token), 303)


@bp.errorhandler(NotForwardable)
def cannot_be_forwarded(_refusal: NotForwardable) -> ResponseReturnValue:
    """Show the invitation, and say that forwarding it is not allowed, or no longer allowed."""
    db.session.rollback()
    if request.method == "GET":
        return redirect(url_for(".show", token=_token()), 303)
    notice = _("The organisers do not let a colleague come instead. Nothing was changed.")
    return _show_page(_open(_token()), TidyForm(), notice=notice), 409


@bp.errorhandler(NotOpen)
def has_ended(_refusal: NotOpen) -> ResponseReturnValue:
    """Say how the invitation has ended; a second press of "Register" leads to the person's own page."""
    db.session.rollback()
    invitation = queries.find_by_token(_token())
    if invitation is None:
        return link_refused(LinkRefused())
    show_event(invitation.event)
    event, person, now = invitation.event, invitation.registration, clock.now()
    if request.method == "POST" and person is not None and _is_signed_in_as(person):
        return redirect(url_for("self_service.show"), 303)
    page = render_template(
        "public/invitations/ended.html",
        invitation=invitation,
        is_registered=person is not None and person.is_live,
        is_off=events.is_off(event, now),
        may_return=actions.may_return(invitation, now),
        kept_until=event.ends_at + actions.KEPT_AFTER_EVENT,
        can_ask=invitation.state == InvitationState.YES and event.is_published,
    )
    return page, 200 if request.method == "GET" else 409


@bp.errorhandler(AlreadyRegistered)
def is_registered(_refusal: AlreadyRegistered) -> ResponseReturnValue:
    """Say that the address is registered, and how to get a new personal link: only its owner has this link."""
    db.session.rollback()
    invitation = _open(_token())
    can_ask = invitation.event.is_published
    return render_template("public/invitations/registered.html", invitation=invitation, can_ask=can_ask), 409


@bp.errorhandler(LinkRefused)
def link_refused(_refusal: LinkRefused) -> ResponseReturnValue:
    """Say that a link is not valid (S24)."""
    db.session.rollback()
    return render_template("public/self_service/link_refused.html", asking=asking_addresses(clock.now())), 404


@bp.errorhandler(CSRFError)
def session_lost(lost: CSRFError) -> ResponseReturnValue:
    """Keep what the person typed when the browser has lost its session since the form was shown."""
    return errors.ask_again(lost, _again)


def _is_signed_in_as(person: Registration) -> bool:
    try:
        return own_sign_in.follow(now=clock.now()) is person
    except (LinkRefused, SignInEnded):
        return False


def _again(notice: str) -> ResponseReturnValue | None:
    try:
        invitation = _open(_token())
    except (LinkRefused, NotOpen):
        return None
    if request.endpoint == f"{bp.name}.{accept.__name__}":
        return _accept_page(invitation, _accept_form(invitation), notice=notice)
    if request.endpoint == f"{bp.name}.{decline.__name__}":
        return _decline_page(invitation, RefuseForm(), notice=notice)
    if request.endpoint == f"{bp.name}.{forward.__name__}" and invitation.may_forward:
        return _forward_page(invitation, _forward_form(invitation), notice=notice)
    return _show_page(invitation, TidyForm(), notice=notice)


def _token() -> str:
    return (request.view_args or {}).get("token", "")


def _open(token: str) -> Invitation:
    """Return the open invitation of a link, and show the page in its event's layout. Raises LinkRefused, NotOpen."""
    invitation, now = queries.find_by_token(token), clock.now()
    if invitation is None:
        raise LinkRefused
    show_event(invitation.event)
    is_late = invitation.expires_at <= now or events.is_off(invitation.event, now)
    if invitation.state != InvitationState.OPEN or is_late:
        raise NotOpen
    return invitation


def _show_page(invitation: Invitation, form: TidyForm, *, notice: str = "") -> str:
    page, told = "public/invitations/show.html", _about_places(invitation)
    return render_template(page, invitation=invitation, form=form, notice=notice, **told)


def _accept_form(invitation: Invitation) -> AcceptForm:
    slug = invitation.event.slug
    known = {name: getattr(invitation, name) for name in FILLED_IN}
    return AcceptForm(data=known, questions=list_for_form(slug), sector=invitation.sector.key, asks=slug)


def _accept_page(invitation: Invitation, form: AcceptForm, *, is_full: bool = False, notice: str = "") -> str:
    return render_template(
        "public/invitations/accept.html",
        event=invitation.event,
        invitation=invitation,
        token=_token(),
        form=form,
        asked=layout,
        is_full=is_full,
        notice=notice,
        **_about_places(invitation),
    )


def _decline_page(invitation: Invitation, form: RefuseForm, *, notice: str = "") -> str:
    page = "public/invitations/decline.html"
    return render_template(page, invitation=invitation, token=_token(), form=form, notice=notice)


def _forward_form(invitation: Invitation) -> ForwardForm:
    """Return the form for the colleague's name and address. Raises NotForwardable."""
    if not invitation.may_forward:
        raise NotForwardable
    form = ForwardForm(data={"organisation": invitation.organisation, "language": invitation.language})
    form.offer(invitation)
    return form


def _forward_page(invitation: Invitation, form: ForwardForm, *, notice: str = "") -> str:
    page = "public/invitations/forward.html"
    return render_template(page, invitation=invitation, token=_token(), form=form, notice=notice)


def _about_places(invitation: Invitation) -> dict[str, bool]:
    """Return whether the sector has a free place now, and whether there is a waiting list."""
    event, now = invitation.event, clock.now()
    return {
        "has_place": places.places_left(event, now)[invitation.sector_id] > 0,
        "can_wait": places.takes_waiters(event, now),
    }
