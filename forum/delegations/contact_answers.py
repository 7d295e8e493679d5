"""The pages on which a contact answers the event's questions for a person who has no address of their own.

Ordinary answers are shown and can be changed; required questions have to be answered. Answers about food and access are
never shown, only replaced or deleted: the page is the same whatever is stored (S14, S23).
"""

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from wtforms import HiddenField

from forum import clock
from forum.database import start_write
from forum.delegations import contact_acts, contact_pages
from forum.delegations.contact_opening import delegate, not_done, person_page
from forum.delegations.errors import NotTheirs, SomebodyElse
from forum.delegations.models import Delegate
from forum.events.freezing import AnswersFrozen, refuse_if_frozen
from forum.extensions import db
from forum.questions import layout
from forum.questions.enums import QuestionKind
from forum.questions.fields import AsksQuestions, shown_answers
from forum.registration import given, places
from forum.registration.errors import LinkRefused, NotLive, OrganisationFull
from forum.registration.models import Registration
from forum.registration.own_forms import OwnCareForm
from forum.web import errors
from forum.web.edits import ChangedMeanwhile, ShowsStored, differences
from forum.web.forms import TidyForm
from forum.web.limits import keyed
from forum.web.routes import localised

bp = Blueprint("own_delegation_answers", __name__)
for refusal in (NotTheirs, SomebodyElse, NotLive, AnswersFrozen, OrganisationFull):
    bp.register_error_handler(refusal, not_done)
bp.register_error_handler(LinkRefused, contact_pages.link_refused)
DELETE = "delete"  # the name of the button that deletes all answers about food and access


class AboutPerson(ShowsStored, TidyForm):
    """Turns a form into one about the person whom its page showed, who may be replaced by somebody else (R30).

    What the contact typed about one person is never shown or stored for another.
    """

    about = HiddenField()

    def refuse_if_about_another(self, registration: Registration) -> None:
        """Raise SomebodyElse if the form was sent from a page about another registration."""
        if self.about.data != _number_of(registration):
            raise SomebodyElse


class AnswersForm(AboutPerson, AsksQuestions):
    """A person's ordinary answers, which the contact and organisers change."""

    @staticmethod
    def stored(registration: Registration) -> dict[str, Any]:
        """Return the answers that the form shows."""
        asking = _asking(registration)
        return shown_answers(asking["questions"], asking["stored"])


class ContactCareForm(AboutPerson, OwnCareForm):
    """A person's answers about food and access, which the contact replaces without reading them."""


@localised(bp, "/r/delegation/<int:number>/answers", methods=["GET", "POST"])
def answers(number: int) -> ResponseReturnValue:
    """Ask the event's ordinary questions about a person whose registration the contact manages."""
    one, registration = _answered_for(number)
    refuse_if_frozen(registration.event, clock.now())
    form = AnswersForm(**_asking(registration))
    _begin(form, registration)
    if not form.validate_on_submit():
        return _page("answers", one, form), 422 if form.errors else 200
    start_write(db.session)
    try:
        answered = given.Answered(form.questions, form.given())
        contact_acts.answer(_still_as_shown(number, form), answered, now=clock.now())
    except ChangedMeanwhile as refusal:
        return _changed_page("answers", number, form, refusal), 409
    db.session.commit()
    return _saved(_("Saved."))


@localised(bp, "/r/delegation/<int:number>/care", methods=["GET", "POST"])
def care(number: int) -> ResponseReturnValue:
    """Replace or delete what is stored about the person's food and access, without showing it."""
    one, registration = _answered_for(number)
    form = ContactCareForm(**given.asking_care(registration))
    is_deleted = DELETE in request.form
    _begin(form, registration)
    if not form.validate_on_submit() and not (form.is_submitted() and is_deleted):
        return _page("care", one, form), 422 if form.errors else 200
    start_write(db.session)
    try:
        one = _still_about(number, form)[0] if is_deleted else _still_as_shown(number, form)
    except ChangedMeanwhile as refusal:
        return _changed_page("care", number, form, refusal), 409
    contact_acts.replace_care(one, {} if is_deleted else form.given(), now=clock.now())
    db.session.commit()
    return _saved(_("Deleted.") if is_deleted else _("Saved."))


@bp.errorhandler(CSRFError)
def session_lost(lost: CSRFError) -> ResponseReturnValue:
    """Keep what the contact typed when the browser has lost its session since the form was shown."""
    return errors.ask_again(lost, _again)


def _again(notice: str) -> ResponseReturnValue | None:
    is_care = str(request.endpoint).endswith(".care")
    try:
        one, registration = _answered_for((request.view_args or {})["number"])
        asking = given.asking_care(registration) if is_care else _asking(registration)
        form = ContactCareForm(**asking) if is_care else AnswersForm(**asking)
        form.refuse_if_about_another(registration)
    except (LinkRefused, NotTheirs, SomebodyElse):
        return None
    return _page("care" if is_care else "answers", one, form, notice=notice)


def _begin(form: AnswersForm | ContactCareForm, registration: Registration) -> None:
    """Note in a form that is not sent yet whom it is about; raise SomebodyElse if a sent one was about another."""
    if form.is_submitted():
        form.refuse_if_about_another(registration)
    else:
        form.about.data = _number_of(registration)
        form.show(form.stored(registration))


def _still_about(number: int, form: AboutPerson) -> tuple[Delegate, Registration]:
    """Return the person at this position and their registration, locked. Call after `start_write`.

    Raises SomebodyElse if the page was about another person; NotTheirs, NotLive.
    """
    one, registration = _answered_for(number)
    form.refuse_if_about_another(registration)
    places.lock_live(registration)
    return one, registration


def _still_as_shown(number: int, form: AnswersForm | ContactCareForm) -> Delegate:
    """Return the person at this position, whose answers are locked; raise ChangedMeanwhile if the page showed others.

    Call after `start_write`. Raises SomebodyElse, NotTheirs, NotLive.
    """
    one, registration = _still_about(number, form)
    form.refuse_if_changed(form.stored(registration))
    return one


def _changed_page(
    act: str, number: int, form: AnswersForm | ContactCareForm, refusal: ChangedMeanwhile
) -> str:
    """Return the page again, with what was typed and, for answers that may be shown, what is stored now."""
    db.session.rollback()
    form.show(refusal.stored)
    one, registration = _answered_for(number)
    form.refuse_if_about_another(registration)
    return _page(act, one, form, refused="changed", compared=list(differences(form, refusal.stored)))


def _answered_for(number: int) -> tuple[Delegate, Registration]:
    """Return a person and their registration, which the contact has to manage. Raises NotTheirs, LinkRefused."""
    one = delegate(number)
    if one.registration is None or not contact_acts.can_change(one, clock.now()):
        raise NotTheirs
    return one, one.registration


def _number_of(registration: Registration) -> str:
    """Return a keyed digest by which a page names the registration; from it nobody can find out any other digest."""
    return keyed(f"answers {registration.id}")


def _asking(registration: Registration) -> dict[str, Any]:
    """Return the questions that the form asks: all but those for files, because people send files themselves."""
    asking = given.asking(registration)
    return {**asking, "questions": [one for one in asking["questions"] if one.kind != QuestionKind.FILE]}


def _page(act: str, one: Delegate, form: AsksQuestions, **more: Any) -> str:
    return person_page(act, one, form, asked=layout, by_contact=True, **more)


def _saved(message: str) -> ResponseReturnValue:
    flash(message, "success")
    return redirect(url_for("own_delegation.show"), 303)
