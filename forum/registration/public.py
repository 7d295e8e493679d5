"""Registering: choose a sector, give details, check the answers, receive the mail; or ask for a new personal link."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_timedelta
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError

from forum import clock
from forum.database import start_write
from forum.events import queries as events
from forum.events.in_url import get_published_or_404
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.registration import intake, kept_answers, limits, links_by_mail, places
from forum.registration.errors import AnswersGone, FormTooQuick, NoSuchSector, RegistrationRefused
from forum.registration.forms import LinkForm, RegistrationForm
from forum.registration.rings import form_address, offered_ring, ring_of, small_ring_of
from forum.web import cache, errors, markdown
from forum.web.forms import SWITCH, WITH_ERRORS, TidyForm
from forum.web.languages import NAMES, dates_of, in_language
from forum.web.limits import TooManyTries, client_limit, client_limit_lasts, spend
from forum.web.routes import localised
from forum.web.seo import Seo

bp = Blueprint("registration", __name__)

REFUSED = "public/registration/refused.html"
CHECKED = "checked"  # In the query of a link to another language: the link's page shows answers to check.
FORM_ID = "registration"  # The form that holds the answers, in each template here that has one.
REASONS = {
    **intake.REASONS,
    FormTooQuick: "quick",
    AnswersGone: "gone",
    TooManyTries: "tries",
    limits.DomainFull: "domain",
    limits.Braked: "brake",
}


@localised(bp, "/register")
@cache.page(seats=True)
def choose() -> ResponseReturnValue:
    """Let a stakeholder choose a sector, on the ring or in the list."""
    event, now = get_published_or_404(None), clock.now()
    return render_template(
        "public/registration/choose.html",
        event=event,
        invited=_invited(event),
        state=events.registration_state(event, now),
        sharing=markdown.render(in_language(event.sharing)),
        **offered_ring(event, now),
        **_about(event).context(),
    )


@localised(bp, "/register/<sector>", methods=["GET", "POST"])
def details(sector: str) -> ResponseReturnValue:
    """Ask a stakeholder for the details, or register them after they have checked their answers."""
    form = RegistrationForm(data=kept_answers.recall(sector) if "change" in request.args else None)
    if request.method == "GET":
        _event, chosen = _sector_or_404(sector)
        refusal = intake.find_refusal(chosen, clock.now())
        return _refused(refusal, chosen, form, 200) if refusal else _ask(chosen, form)
    if not form.validate():
        return _ask(_sector_or_404(sector)[1], form, 422)
    try:
        _register(sector, form)
    except NoSuchSector:
        # Answer 404 even if the sector was created after `_register` looked for it.
        return abort(404)
    except TooManyTries as refused:
        return _hold_back(refused, _sector_or_404(sector)[1], form)
    except RegistrationRefused as refused:
        db.session.rollback()
        return _refused(type(refused), _sector_or_404(sector)[1], form)
    db.session.commit()
    response = redirect(url_for(".received"), 303)  # the same page for a new and a known address (S24)
    kept_answers.mark_sent(response, form.data, sector)
    return response


@localised(bp, "/register/<sector>/check", methods=["GET", "POST"])
def check(sector: str) -> ResponseReturnValue:
    """Redirect a form to the page that shows its answers before they are registered, or to the field to change.

    Where they are too long for the browser to keep, the page is shown at once. Asks the database nothing else.
    """
    if request.method == "GET":
        return _show(sector, kept_answers.recall(sector))
    # On a switch of language, checked answers are shown again; a form that is still being typed may lack answers.
    form, change = RegistrationForm(), None if CHECKED in request.args else request.form.get(SWITCH)
    if change in (None, WITH_ERRORS) and not form.validate():
        return _ask(_sector_or_404(sector)[1], form, 422)
    if change is not None:
        response = redirect(_question(sector, change if change in form else None), 303)
        is_kept = kept_answers.keep(response, form.data, sector)
        return response if is_kept else _ask(_sector_or_404(sector)[1], form)
    response = redirect(url_for(".check", sector=sector), 303)
    return response if kept_answers.keep(response, form.data, sector) else _show(sector, form.data)


@localised(bp, "/register/<sector>/another", methods=["GET", "POST"])
def another(sector: str) -> ResponseReturnValue:
    """Let a stakeholder whose form is partly filled in choose another sector; the answers go along."""
    if request.method == "GET":
        answers = kept_answers.recall(sector)
        return _choose_anew(sector, answers) if answers else redirect(url_for(".choose"), 302)
    form, response = RegistrationForm(), redirect(url_for(".another", sector=sector), 303)
    is_kept = kept_answers.keep(response, form.data, sector)
    return response if is_kept else _choose_anew(sector, form.data)


@localised(bp, "/register/received", methods=["GET", "POST"])
def received() -> ResponseReturnValue:
    """Show the page after registering; the browser that sent the form gets the address and a button to correct it."""
    if request.method == "GET":
        event, gone = get_published_or_404(None), "gone" in request.args
        sent, page = None if gone else kept_answers.recall_sent(), "public/registration/received.html"
        return render_template(page, event=event, sent=sent, form=TidyForm(), gone=gone)
    # Another tab may have sent somebody else's form since.
    sent = kept_answers.recall_sent(request.form.get("email", ""))
    if sent is None:
        return redirect(url_for(".received", gone=1), 303)
    response = redirect(_question(sent.sector, "email"), 303)
    kept_answers.keep(response, sent.answers, sent.sector)
    return response


@localised(bp, "/register/link", methods=["GET", "POST"])
def resend() -> ResponseReturnValue:
    """Send a fresh personal link to a registered address; the answer is the same for any address (S24)."""
    event, form = get_published_or_404(None), LinkForm()
    if not form.validate_on_submit():
        had_note = SWITCH in request.form and "too_many" in request.form
        return _ask_for_link(event, form, too_many=had_note), 422 if form.errors else 200
    try:
        spend(client_limit())
        limits.refuse_full_domain(form.email.data)
    except TooManyTries:
        return _ask_for_link(event, form, too_many=True), 429
    start_write(db.session)
    links_by_mail.send_fresh_link(event, form.email.data, may_mail=limits.may_mail, now=clock.now())
    db.session.commit()
    response = redirect(url_for(".link_sent"), 303)
    kept_answers.keep_asked(response, form.email.data)
    return response


@localised(bp, "/register/link/sent")
def link_sent() -> ResponseReturnValue:
    """Show the page after asking for a link; it is the same for registered and other addresses (S24)."""
    event, email = get_published_or_404(None), kept_answers.recall_asked()
    page, sent = "public/registration/link_sent.html", kept_answers.recall_sent(email)
    return render_template(page, event=event, email=email, sent=sent, form=TidyForm())


@bp.errorhandler(CSRFError)
def session_lost(lost: CSRFError) -> ResponseReturnValue:
    """Keep what the visitor typed when the browser has lost its session since the form was shown."""
    return errors.ask_again(lost, _again)


def _again(notice: str) -> ResponseReturnValue | None:
    if request.endpoint == f"{bp.name}.{received.__name__}":
        return None  # What was sent is known to the lost session alone.
    if request.endpoint == f"{bp.name}.{resend.__name__}":
        return _ask_for_link(get_published_or_404(None), LinkForm(), notice=notice)
    return _ask(_sector_or_404((request.view_args or {})["sector"])[1], RegistrationForm(), notice=notice)


def _register(sector: str, form: RegistrationForm) -> None:
    """Count the form, then register. A bot's form only seems accepted; a form sent too fast has to come again (S28)."""
    if form.came_back_at_once() and not form.is_from_a_bot():
        raise FormTooQuick
    spend(client_limit())
    if form.is_from_a_bot():
        return
    applicant = form.applicant()
    sender = limits.admit(applicant.submission_key, applicant.email)
    start_write(db.session)
    event, chosen = places.lock_sector(sector)
    intake.register(event, chosen, applicant, sender=sender, now=clock.now())


def _show(sector: str, answers: Mapping[str, Any] | None) -> ResponseReturnValue:
    """Show the answers to check; if the browser keeps none, say that they were sent already or have expired (A07)."""
    event, chosen = _sector_or_404(sector)
    form = RegistrationForm(data=answers)
    if answers is None:
        return _refused(AnswersGone, chosen, form, 200)
    if refusal := intake.find_refusal(chosen, clock.now()):
        return _refused(refusal, chosen, form)
    page, has_place = "public/registration/check.html", places.places_left(event, clock.now())[chosen.id] > 0
    keeping = _keeping(sector, **{CHECKED: "1"})  # another tab may have put other answers into the cookie
    return render_template(page, event=event, sector=chosen, form=form, has_place=has_place, **keeping)


def _choose_anew(sector: str, answers: Mapping[str, Any]) -> ResponseReturnValue:
    event, chosen = _sector_or_404(sector)
    now = clock.now()
    return render_template(
        "public/registration/another.html",
        event=event,
        sector=chosen,
        form=RegistrationForm(data=answers),
        ring_view=ring_of(event, now, form_address(now, "registration.check")),
        invited=_invited(event),
        **_keeping(sector, ".another"),
    )


def _question(sector: str, name: str | None) -> str:
    """Return the URL of the form at a field; the browser's cookie brings the answers along."""
    return url_for(".details", sector=sector, change=1, _anchor=name)


def _ask(
    sector: Sector, form: RegistrationForm, status: int = 200, *, notice: str = ""
) -> ResponseReturnValue:
    ring = small_ring_of(sector.event, clock.now())
    page = render_template(
        "public/registration/details.html",
        event=sector.event,
        sector=sector,
        form=form,
        ring_view=ring,
        arc=next(arc for arc in ring.shares if arc.key == sector.key),
        notice=notice,
        **_keeping(sector.key),
    )
    return page, status


def _ask_for_link(event: Event, form: LinkForm, **told: Any) -> str:
    return render_template("public/registration/link.html", event=event, form=form, **told)


def _refused(
    reason: type[Exception], sector: Sector, form: RegistrationForm, status: int = 409
) -> ResponseReturnValue:
    """Show why the registration is refused, with the answers kept."""
    code = 429 if issubclass(reason, TooManyTries) else status
    wait = format_timedelta(client_limit_lasts())
    page = render_template(
        REFUSED,
        event=sector.event,
        sector=sector,
        form=form,
        reason=REASONS[reason],
        state=events.registration_state(sector.event, clock.now()),
        wait=wait,
        **(_keeping(sector.key) if form.has_answers() else {}),
    )
    return page, code


def _invited(event: Event) -> dict[str, str]:
    return {sector.key: in_language(sector.invited) for sector in event.sectors}


def _keeping(sector: str, view: str = ".check", **query: Any) -> dict[str, Any]:
    """Return the context that turns links to other languages into buttons that send the form's answers to this view."""
    addresses = {code: url_for(view, sector=sector, lang=code, **query) for code in NAMES}
    return {"alternates": addresses, "language_form": FORM_ID}


def _hold_back(refused: TooManyTries, sector: Sector, form: RegistrationForm) -> ResponseReturnValue:
    """Answer a form that exceeds a limit with a page that can send it again; note the refusal for the console."""
    limits.note(refused, sector.event)
    response = make_response(_refused(type(refused), sector, form))
    if isinstance(refused, limits.Braked):
        response.headers["Retry-After"] = str(limits.WAIT_SECONDS)
    return response


def _sector_or_404(key: str) -> tuple[Event, Sector]:
    event = get_published_or_404(None)
    sector = events.find_sector(event, key)
    return (event, sector) if sector else abort(404)


def _about(event: Event) -> Seo:
    """Return the registration page's metadata for search engines, the same in each of its states."""
    description = _(
        "Registration for %(event)s, %(dates)s, %(place)s: the sectors, their places and how the places are shared.",
        event=in_language(event.name),
        dates=dates_of(event),
        place=in_language(event.place),
    )
    return Seo(_("Registration"), description)
