"""Registering: choose a sector, give details, check the answers, receive the mail."""

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
from forum.registration.errors import NoSuchSector, RegistrationRefused
from forum.registration.forms import LinkForm, RegistrationForm
from forum.registration.rings import form_address, ring_of, small_ring_of
from forum.web import cache, errors, markdown
from forum.web.languages import NAMES, dates_of, in_language
from forum.web.limits import TooManyTries, client_limit, client_limit_lasts, spend
from forum.web.routes import localised
from forum.web.seo import Seo

bp = Blueprint("registration", __name__)

REFUSED = "public/registration/refused.html"
REASONS = {
    **intake.REASONS,
    TooManyTries: "tries",
    limits.DomainFull: "domain",
    limits.Braked: "brake",
}


@localised(bp, "/register")
@cache.page(seats=True)
def choose() -> ResponseReturnValue:
    """Let a stakeholder choose a sector, on the ring or in the list."""
    event, now = get_published_or_404(None), clock.now()
    ring = ring_of(event, now, form_address(now))
    return render_template(
        "public/registration/choose.html",
        event=event,
        ring_view=ring,
        invited={sector.key: in_language(sector.invited) for sector in event.sectors},
        state=events.registration_state(event, now),
        sharing=markdown.render(in_language(event.sharing)),
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
    kept_answers.forget(response, sector)
    return response


@localised(bp, "/register/<sector>/check", methods=["GET", "POST"])
def check(sector: str) -> ResponseReturnValue:
    """Redirect a form to the page that shows its answers before they are registered, or to the field to change.

    If the answers are too long for the cookie, that page is shown in the same response. A redirect needs no query of
    the database.
    """
    if request.method == "GET":
        return _show(sector, kept_answers.recall(sector))
    form = RegistrationForm()
    if not form.validate():
        return _ask(_sector_or_404(sector)[1], form, 422)
    change = request.form.get("change")
    response = redirect(
        _question(sector, change) if change in form else url_for(".check", sector=sector), 303
    )
    if kept_answers.keep(response, form, sector):
        return response
    return _ask(_sector_or_404(sector)[1], form) if change in form else _show(sector, form.data)


@localised(bp, "/register/received")
@cache.page()
def received() -> ResponseReturnValue:
    """Say what happens next; the page is the same for everybody."""
    return render_template("public/registration/received.html", event=get_published_or_404(None))


@localised(bp, "/register/link", methods=["GET", "POST"])
def resend() -> ResponseReturnValue:
    """Send a fresh personal link to a registered address; the answer is the same for any address (S24)."""
    event, form = get_published_or_404(None), LinkForm()
    if not form.validate_on_submit():
        return render_template(
            "public/registration/link.html", event=event, form=form
        ), 422 if form.errors else 200
    try:
        spend(client_limit())
        limits.refuse_full_domain(form.email.data)
    except TooManyTries:
        return render_template("public/registration/link.html", event=event, form=form, too_many=True), 429
    start_write(db.session)
    links_by_mail.send_fresh_link(event, form.email.data, may_mail=limits.may_mail, now=clock.now())
    db.session.commit()
    return redirect(url_for(".received"), 303)


@bp.errorhandler(CSRFError)
def session_lost(lost: CSRFError) -> ResponseReturnValue:
    """Keep what the visitor typed when the browser has lost its session since the form was shown."""
    return errors.ask_again(lost, _again)


def _again(notice: str) -> ResponseReturnValue:
    if request.endpoint == f"{bp.name}.{resend.__name__}":
        return render_template(
            "public/registration/link.html",
            event=get_published_or_404(None),
            form=LinkForm(),
            notice=notice,
        )
    return _ask(_sector_or_404((request.view_args or {})["sector"])[1], RegistrationForm(), notice=notice)


def _register(sector: str, form: RegistrationForm) -> None:
    """Count the try, then register. A bot gets the usual answer, but nothing is registered (S28)."""
    spend(client_limit())
    if form.looks_like_a_bot():
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
        return render_template(REFUSED, event=event, sector=chosen, form=form, reason="gone", wait="")
    if refusal := intake.find_refusal(chosen, clock.now()):
        return _refused(refusal, chosen, form)
    has_place = places.places_left(event, clock.now())[chosen.id] > 0
    return render_template(
        "public/registration/check.html", event=event, sector=chosen, form=form, has_place=has_place
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
        alternates={code: url_for(".details", sector=sector.key, lang=code) for code in NAMES},
    )
    return page, status


def _refused(
    reason: type[Exception], sector: Sector, form: RegistrationForm, status: int = 409
) -> ResponseReturnValue:
    """Show why the registration is refused, with the answers kept."""
    code = 429 if issubclass(reason, TooManyTries) else status
    wait = format_timedelta(client_limit_lasts())
    page = render_template(
        REFUSED, event=sector.event, sector=sector, form=form, reason=REASONS[reason], wait=wait
    )
    return page, code


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
