"""Registering: choose a sector, give details, check the answers, receive the mail; or ask for a new personal link."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from forum import clock
from forum.database import start_write
from forum.events import own_links
from forum.events import queries as events
from forum.events.errors import OffSite
from forum.events.in_url import get_published_or_404, of_event
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.questions import uploads
from forum.registration import answer_cookies, form_pages, intake, limits, link_words, links_by_mail, places
from forum.registration.asking import asking_addresses
from forum.registration.errors import (
    AnswersGone,
    FormOfAnotherEvent,
    FormOfMergedSector,
    FormTooQuick,
    NoSuchSector,
    RegistrationRefused,
)
from forum.registration.forms import LinkForm, RegistrationForm
from forum.registration.rings import form_address, offered_ring, ring_of
from forum.web import cache, errors, markdown
from forum.web.forms import SWITCH, WITH_ERRORS, TidyForm
from forum.web.languages import in_language
from forum.web.limits import TooManyTries, client_limit, spend

bp = Blueprint("registration", __name__)
bp.add_app_template_filter(link_words.link_words, "link_words")


@of_event(bp, "/register", previewed=True)
@cache.page(seats=True)
def choose(event: str | None = None) -> ResponseReturnValue:
    """Let a stakeholder choose a sector, in the drawing of the places (the ring) or in the list."""
    this_event, now = get_published_or_404(event), clock.now()
    return render_template(
        "public/registration/choose.html",
        event=this_event,
        invited=form_pages.invited(this_event),
        state=events.registration_state(this_event, now),
        sharing=own_links.stay(markdown.render(in_language(this_event.sharing))),
        **offered_ring(this_event, now),
        **form_pages.about(this_event).context(),
    )


@of_event(bp, "/register/<sector>", methods=["GET", "POST"])
def details(sector: str, event: str | None = None) -> ResponseReturnValue:
    """Ask a stakeholder for the details, or register them after they have checked their answers."""
    kept = answer_cookies.recall(sector) if "change" in request.args else None
    form = form_pages.read(event, sector, kept, is_final=True)
    if request.method == "GET":
        chosen = _sector_or_404(event, sector, form)
        refusal = intake.find_refusal(chosen, clock.now())
        return form_pages.refused(refusal, chosen, form, 200) if refusal else form_pages.ask(chosen, form)
    uploads.take(form)
    if not form.validate():
        return form_pages.ask(_sector_or_404(event, sector, form), form, 422)
    try:
        _register(event, sector, form)
    except (NoSuchSector, TooManyTries, RegistrationRefused) as refused:
        return _say_why(refused, event, sector, form)
    db.session.commit()
    response = redirect(url_for(".received"), 303)  # known and new addresses get the same page (S24)
    answer_cookies.mark_sent(response, form.told_later(), sector)
    return response


@of_event(bp, "/register/<sector>/check", methods=["GET", "POST"])
def check(sector: str, event: str | None = None) -> ResponseReturnValue:
    """Redirect a form to the page that shows its answers before they are registered, or to the field to change.

    Answers that cannot be kept are shown at once. The redirect itself needs no database, except for long answers.
    """
    if request.method == "GET":
        return _show(event, sector, answer_cookies.recall(sector))
    # Language buttons of "Check your answers" send the parameter CHECKED and lead back to that page. Language buttons
    # of a form without errors do not send CHECKED: then nothing is validated, because answers may still be missing.
    form = form_pages.read(event, sector)
    uploads.take(form)
    change = None if form_pages.CHECKED in request.args else request.form.get(SWITCH)
    if change in (None, WITH_ERRORS) and not form.validate():
        return form_pages.ask(_sector_or_404(event, sector, form), form, 422)
    if change is not None:
        response = redirect(form_pages.question(sector, change if change in form else None), 303)
        is_kept = answer_cookies.keep(response, form.data, sector)
        return response if is_kept else form_pages.ask(_sector_or_404(event, sector, form), form)
    response = redirect(url_for(".check", sector=sector), 303)
    return response if answer_cookies.keep(response, form.data, sector) else _show(event, sector, form.data)


@of_event(bp, "/register/<sector>/another", methods=["GET", "POST"])
def another(sector: str, event: str | None = None) -> ResponseReturnValue:
    """Let a stakeholder whose form is partly filled in choose another sector; the answers are taken along."""
    get_published_or_404(event)
    if request.method == "GET":
        answers = answer_cookies.recall(sector)
        return _choose_anew(event, sector, answers) if answers else redirect(url_for(".choose"), 302)
    form, response = form_pages.read(event, sector), redirect(url_for(".another", sector=sector), 303)
    uploads.take(form)
    is_kept = answer_cookies.keep(response, form.data, sector)
    return response if is_kept else _choose_anew(event, sector, form.data)


@of_event(bp, "/register/received", methods=["GET", "POST"])
def received(event: str | None = None) -> ResponseReturnValue:
    """Show the page after registering; the browser that sent the form gets the address and a button to correct it."""
    if request.method == "GET":
        this_event, gone = get_published_or_404(event), "gone" in request.args
        sent, page = (
            None if gone else answer_cookies.recall_sent(event=this_event.slug),
            "public/registration/received.html",
        )
        return render_template(page, event=this_event, sent=sent, form=TidyForm(), gone=gone)
    # Another tab may have sent somebody else's form meanwhile: give back only the answers sent with this address.
    sent = answer_cookies.recall_sent(request.form.get("email", ""))
    if sent is None:
        return redirect(url_for(".received", gone=1), 303)
    response = redirect(form_pages.question(sent.sector, "email"), 303)
    answer_cookies.keep_again(response, sent)
    return response


@of_event(bp, "/register/link", methods=["GET", "POST"])
def resend(event: str | None = None) -> ResponseReturnValue:
    """Send a fresh personal link to a registered address; the answer is the same for any address (S24)."""
    this_event, form = get_published_or_404(event), LinkForm()
    if not form.validate_on_submit():
        held = request.form.get("held", "") if SWITCH in request.form else ""
        return _ask_for_link(this_event, form, held=held), 422 if form.errors else 200
    try:
        spend(client_limit())
        limits.admit_link(form.email.data)
    except TooManyTries as refused:
        held = "brake" if isinstance(refused, limits.Braked) else "tries"
        return _hold_back(refused, this_event, (_ask_for_link(this_event, form, held=held), 429))
    start_write(db.session)
    links_by_mail.send_fresh_link(this_event, form.email.data, may_mail=limits.may_mail, now=clock.now())
    db.session.commit()
    response = redirect(url_for(".link_sent"), 303)
    answer_cookies.keep_asked(response, form.email.data)
    return response


@of_event(bp, "/register/link/sent")
def link_sent(event: str | None = None) -> ResponseReturnValue:
    """Show the page after asking for a link; it is the same for registered and other addresses (S24)."""
    this_event, email = get_published_or_404(event), answer_cookies.recall_asked()
    told = {"email": email, "sent": answer_cookies.recall_sent(email, event=this_event.slug)}
    return render_template("public/registration/link_sent.html", event=this_event, form=TidyForm(), **told)


@bp.errorhandler(FormOfAnotherEvent)
def lead_to_its_event(refused: FormOfAnotherEvent) -> ResponseReturnValue:
    """Show the answers of a form with a button that takes them to the event for which they were given."""
    db.session.rollback()
    key, form = (request.view_args or {})["sector"], refused.form
    try:
        sector = _sector_or_404(form.event.data, key, form)
    except FormOfMergedSector as merged:
        sector = merged.sector
    except OffSite as hidden:
        return form_pages.off_site(hidden, key, form)
    except HTTPException as gone:
        return errors.show(gone)
    return form_pages.refused(FormOfAnotherEvent, sector, form)


@bp.errorhandler(FormOfMergedSector)
def lead_to_its_sector(refused: FormOfMergedSector) -> ResponseReturnValue:
    """Show the answers of a form with a button that takes them to the sector into which the chosen one was merged."""
    return form_pages.refused(FormOfMergedSector, refused.sector, refused.form)


@bp.errorhandler(OffSite)
def keep_answers(hidden: OffSite) -> ResponseReturnValue:
    """Say that the event is not public now; a form that was open when the event was hidden keeps its answers."""
    db.session.rollback()
    key = (request.view_args or {}).get("sector")
    if key is None:
        return form_pages.off_site(hidden)
    kept = answer_cookies.recall(key) if request.method == "GET" else None
    return form_pages.off_site(hidden, key, form_pages.read(None, key, kept))


@bp.errorhandler(CSRFError)
def session_lost(lost: CSRFError) -> ResponseReturnValue:
    """Keep the answers when the browser has lost its session since the form was shown."""
    try:
        return errors.ask_again(lost, _again)
    except (FormOfAnotherEvent, FormOfMergedSector, OffSite) as refused:
        # Call the handler here: an error that is raised while Flask handles another one reaches no error handler.
        return current_app.handle_user_exception(refused)


def _again(notice: str) -> ResponseReturnValue | None:
    if request.endpoint == f"{bp.name}.{received.__name__}":
        return None  # The lost session alone knew which form was sent, so no form can be shown again.
    named = request.view_args or {}
    if request.endpoint == f"{bp.name}.{resend.__name__}":
        return _ask_for_link(get_published_or_404(named.get("event")), LinkForm(), notice=notice)
    form = form_pages.read(named.get("event"), named["sector"])
    return form_pages.ask(_sector_or_404(named.get("event"), named["sector"], form), form, notice=notice)


def _register(slug: str | None, sector: str, form: RegistrationForm) -> None:
    """Count the client's form, then register. A bot's form is dropped; one sent too fast is shown again (S28)."""
    if form.came_back_at_once() and not form.is_from_a_bot():
        raise FormTooQuick
    spend(client_limit())
    if form.is_from_a_bot():
        return
    applicant = form.applicant()
    sender = limits.admit(applicant.submission_key, applicant.email)
    start_write(db.session)
    event, chosen = places.lock_sector(sector, slug)
    if form.is_of_another(event):
        raise FormOfAnotherEvent(form)
    intake.register(event, chosen, applicant, sender=sender, now=clock.now())


def _say_why(
    refused: Exception, slug: str | None, sector: str, form: RegistrationForm
) -> ResponseReturnValue:
    """Show why a form was refused, with its answers kept."""
    if not isinstance(refused, TooManyTries):  # a limit refuses a form before anything is written
        db.session.rollback()
    chosen = _sector_or_404(slug, sector, form)
    if isinstance(refused, NoSuchSector):
        abort(404)  # 404 even if the sector was created after `_register` looked for it
    page = form_pages.refused(type(refused), chosen, form)
    return _hold_back(refused, chosen.event, page) if isinstance(refused, TooManyTries) else page


def _show(slug: str | None, sector: str, answers: Mapping[str, Any] | None) -> ResponseReturnValue:
    """Show the answers to check; if the browser keeps none, say that they were sent already or have expired (A07)."""
    form = form_pages.read(slug, sector, answers)
    chosen = _sector_or_404(slug, sector, form)
    if answers is None:
        return form_pages.refused(AnswersGone, chosen, form, 200)
    now, page = clock.now(), "public/registration/check.html"
    left = places.places_left(chosen.event, now)
    if refusal := intake.find_refusal(chosen, now, left):
        return form_pages.refused(refusal, chosen, form)
    # Keep these answers in the page: another browser tab may have put other answers into the cookie.
    keeping = form_pages.keeping(sector, **{form_pages.CHECKED: "1"})
    return form_pages.with_form(page, chosen, form, has_place=left[chosen.id] > 0, **keeping)


def _choose_anew(slug: str | None, sector: str, answers: Mapping[str, Any]) -> ResponseReturnValue:
    form, now = form_pages.read(slug, sector, answers), clock.now()
    chosen = _sector_or_404(slug, sector, form)
    return form_pages.with_form(
        "public/registration/another.html",
        chosen,
        form,
        ring_view=ring_of(chosen.event, now, form_address(now, "registration.check")),
        invited=form_pages.invited(chosen.event),
        **form_pages.keeping(sector, ".another"),
    )


def _ask_for_link(event: Event, form: LinkForm, **told: Any) -> str:
    others = asking_addresses(clock.now(), but=event)
    return render_template("public/registration/link.html", event=event, form=form, others=others, **told)


def _hold_back(refused: TooManyTries, event: Event, page: ResponseReturnValue) -> ResponseReturnValue:
    """Answer a form that exceeds a limit with a page that can send it again; record the refusal for the console."""
    limits.note(refused, event)
    response = make_response(page)
    if isinstance(refused, limits.Braked):
        response.headers["Retry-After"] = str(limits.WAIT_SECONDS)
    return response


def _sector_or_404(slug: str | None, key: str, form: RegistrationForm) -> Sector:
    """Return the sector of the event that the address names; redirect a merged sector's address to its new sector.

    Raises FormOfAnotherEvent, FormOfMergedSector, OffSite.
    """
    event = get_published_or_404(slug)
    if form.is_of_another(event):
        raise FormOfAnotherEvent(form)
    if sector := events.find_sector(event, key):
        return sector
    into = events.find_merged(event, key) or abort(404)
    if form.has_answers():
        raise FormOfMergedSector(form, into)
    return abort(redirect(url_for(".details", sector=into.key), 303))
