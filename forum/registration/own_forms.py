"""The registration to which a browser is signed in, and its forms shown again after the session was lost."""

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from wtforms import HiddenField

from forum import clock
from forum.events import queries as events
from forum.events.in_url import show_event
from forum.questions import layout, queries
from forum.questions.fields import AsksQuestions, shown_answers
from forum.registration import actions, given, limits, links, own_sign_in, page_of, places, sign_in_end
from forum.registration.applicant import CHANGEABLE
from forum.registration.confirming import ask_to_confirm
from forum.registration.consents_form import ConsentsForm
from forum.registration.enums import TokenPurpose
from forum.registration.errors import LinkRefused, NotLive, OrganisationFull
from forum.registration.forms import CareForm, DetailsForm, ProtectedIdentityForm
from forum.registration.models import Registration
from forum.web import sent_files
from forum.web.differences import Difference
from forum.web.edits import ChangedMeanwhile, ShowsStored, ShowsStoredUnseen, differences
from forum.web.forms import TidyForm


class OwnDetailsForm(ShowsStored, DetailsForm):
    """The person's details and answers; organisers, and another window of the person, may change them meanwhile (R30).

    `is_compared` says that the page compares what is typed with what is stored, so that it still does so in another
    language.
    """

    is_compared = HiddenField()

    def compare(self, refusal: ChangedMeanwhile) -> None:
        """Let the page show how typed and stored values differ; sending the form again replaces the stored ones."""
        self.show(refusal.stored)
        self.is_compared.data = "1"

    def compared(self, registration: Registration | None) -> list[Difference]:
        """Return what is typed and differs from what is stored, if the page compares them."""
        if not self.is_compared.data or registration is None:
            return []
        return list(differences(self, stored_details(registration)))


class OwnCareForm(ShowsStoredUnseen, CareForm):
    """The answers about food and access that a person enters in place of stored ones, which the page does not show."""

    @staticmethod
    def stored(registration: Registration) -> dict[str, str]:
        """Return a value that changes with the answers about food and access, and hides if there are any (S23)."""
        return {"sealed": given.digest_care(registration)}


# Views whose form holds a person's answers, with the template and class that show the form again.
ASKED_AGAIN: dict[str, tuple[str, type[TidyForm]]] = {
    "change": ("public/self_service/change.html", OwnDetailsForm),
    "care": ("public/self_service/care.html", OwnCareForm),
    "protected_identity": ("public/self_service/protected_identity.html", ProtectedIdentityForm),
}


def mine() -> Registration:
    """Return the registration to which this browser is signed in, and use its event's layout.

    Raises LinkRefused; SignInEnded also for a form from a page about another registration.
    """
    page_of.keep_sent()
    registration = own_sign_in.follow(now=clock.now())
    page_of.refuse_another(f"registration {registration.id}")
    show_event(registration.event)
    sign_in_end.announce()
    return registration


def mine_live() -> Registration:
    """Return the registration of this browser's link if it has not ended. Raises LinkRefused, NotLive."""
    registration = mine()
    if not registration.is_live:
        raise NotLive
    return registration


def stored_details(registration: Registration) -> dict[str, Any]:
    """Return the details and ordinary answers that are stored, as the form shows them."""
    asking = given.asking(registration)
    details = {name: getattr(registration, name) or "" for name in CHANGEABLE}
    return {**details, **shown_answers(asking["questions"], asking["stored"])}


def details_form(registration: Registration) -> OwnDetailsForm:
    """Return the form filled in with the stored details and answers, or with those that were sent."""
    form = OwnDetailsForm(obj=registration, **given.asking(registration))
    if not form.is_submitted():
        form.show(stored_details(registration))
    return form


def change_details(registration: Registration, form: OwnDetailsForm) -> None:
    """Change the details. Call after `start_write`.

    Raises what `actions.change` raises, OrganisationFull after too many refused tries, and ChangedMeanwhile.
    """
    places.lock_live(registration)
    form.refuse_if_changed(stored_details(registration))
    if form.organisation.data != registration.organisation:
        limits.refuse_guesses(registration)
    try:
        actions.change(
            registration, form.details(), answered=form.answered(), actor="person", now=clock.now()
        )
    except OrganisationFull:
        limits.note_guess(registration)
        raise


def slug_afterwards(registration: Registration | None) -> str | None:
    """Return the slug for the URL of the page shown once a sign-in has ended; None if it is about the current event."""
    is_public = registration is not None and registration.event.is_published
    return events.slug_in_url(registration.event) if registration and is_public else None


def ask_again(notice: str) -> str | None:
    """Return the page of the sent form, filled in; None if the page needs a link that this browser has not opened."""
    endpoint, known = str(request.endpoint).removeprefix(f"{request.blueprint}."), request.view_args or {}
    if endpoint == "leave":
        return _left()
    try:
        registration = mine()
    except LinkRefused:
        registration = None
    if endpoint in ASKED_AGAIN:
        page, form = ASKED_AGAIN[endpoint]
        if registration is None:
            notice = f"{_why_not_taken()} {sent_files.to_choose_again(sent_files.names())}".strip()
        shown = form(**_asking(registration)) if issubclass(form, AsksQuestions) else form()
        return render_template(page, registration=registration, form=shown, asked=layout, notice=notice)
    try:
        if endpoint == "confirm":
            asked = ConsentsForm(links.follow(known["token"], TokenPurpose.CONFIRM, now=clock.now()))
            return ask_to_confirm(known["token"], asked, notice=notice)
    except LinkRefused:
        pass
    return None


def _left() -> str | None:
    """Return the page after leaving if this browser is signed in to no registration, whichever page the form was on."""
    try:
        own_sign_in.follow(now=clock.now())
    except LinkRefused:
        return render_template("public/self_service/left.html")
    return None


def _why_not_taken() -> str:
    """Return the message that a form was not saved, because this browser is not signed in to its registration."""
    if page_of.FIELD not in request.form:
        return _(
            "Nothing has been saved. The site was updated while this form was open, so it cannot be sent any more. "
            "What you entered is still here: open your page anew and enter it there."
        )
    return _(
        "Nothing has been saved yet. Your page closed while the form was open, another person’s link was opened in "
        "this browser, or the browser keeps no cookies from this site. What you entered is still here. Open your "
        "personal link in another tab, then come back and press the button. If this happens again, allow cookies for "
        "this site, or open your page anew and enter it there."
    )


def _asking(registration: Registration | None) -> dict[str, Any]:
    """Return the questions of the event that the sent form names: the browser may no longer be signed in."""
    slug = request.form.get("asks")
    sector = registration.sector.key if registration else ""
    return {"questions": queries.list_for_form(slug), "sector": sector, "asks": slug} if slug else {}
