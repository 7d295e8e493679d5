"""The pages that show a registration form or its answers: to fill in, to correct, or with the reason for a refusal."""

from collections.abc import Mapping
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_timedelta
from flask_babel import gettext as _

from forum import clock
from forum.events import queries as events
from forum.events.errors import OffSite
from forum.events.models import Event, Sector
from forum.questions import layout, queries, uploads
from forum.registration import belonging, intake, limits
from forum.registration.errors import AnswersGone, FormOfAnotherEvent, FormOfMergedSector, FormTooQuick
from forum.registration.forms import RegistrationForm
from forum.registration.rings import small_ring_of
from forum.web.languages import NAMES, dates_of, in_language
from forum.web.limits import TooManyTries, client_limit_lasts
from forum.web.seo import Seo

REFUSED = "public/registration/refused.html"
# Links to another language on "Check your answers" have this parameter: they lead back to that page, not to the form.
CHECKED = "checked"
FORM_ID = "registration"  # The HTML id of the form that holds the answers, in each template that has one.
REASONS = {
    **intake.REASONS,
    FormTooQuick: "quick",
    AnswersGone: "gone",
    FormOfAnotherEvent: "moved",
    FormOfMergedSector: "merged",
    TooManyTries: "tries",
    limits.DomainFull: "domain",
    limits.Braked: "brake",
}


def read(
    slug: str | None, sector: str, answers: Mapping[str, Any] | None = None, *, is_final: bool = False
) -> RegistrationForm:
    """Return the form as it was sent, or from the kept answers, with the questions of the event that it names.

    Without such a name the questions are those of the URL's event. If the form's page had no questions, the database is
    not read for them. Only the last step, which registers (`is_final`), reads whether the event has questions by now.
    """
    is_sent = request.method == "POST"
    told: Mapping[str, Any] = request.form if is_sent else answers or {}
    has_questions = not is_sent or is_final or bool(told.get("asks"))
    asked = queries.list_kept(told.get("event") or slug) if has_questions else ()
    return RegistrationForm(data=answers, questions=asked, sector=sector)


def ask(
    sector: Sector, form: RegistrationForm, status: int = 200, *, notice: str = ""
) -> ResponseReturnValue:
    """Show the registration form of one sector."""
    ring = small_ring_of(sector.event, clock.now())
    page = with_form(
        "public/registration/details.html",
        sector,
        form,
        ring_view=ring,
        arc=next(arc for arc in ring.shares if arc.key == sector.key),
        notice=notice,
        suggested=belonging.list_suggested(sector),
        **keeping(sector.key),
    )
    return page, status


def refused(
    reason: type[Exception], sector: Sector, form: RegistrationForm, status: int = 409
) -> ResponseReturnValue:
    """Show why the registration is refused, with the answers kept."""
    code = 429 if issubclass(reason, TooManyTries) else status
    wait = format_timedelta(client_limit_lasts())
    page = with_form(
        REFUSED,
        sector,
        form,
        reason=REASONS[reason],
        state=events.registration_state(sector.event, clock.now()),
        wait=wait,
        lost=uploads.to_choose_again(form),
        **(keeping(sector.key) if form.has_answers() else {}),
    )
    return page, code


def off_site(hidden: OffSite, sector: str = "", form: RegistrationForm | None = None) -> ResponseReturnValue:
    """Say that the event was taken off the site, with the answers kept if the form has any."""
    kept = keeping(sector) if form and form.has_answers() else {}
    lost = uploads.to_choose_again(form) if form else ""
    told = {"name": hidden.name, "contact": hidden.contact, "lost": lost, **kept}
    page = render_template("public/registration/off_site.html", sector=sector, form=form, **told)
    return page, 409 if kept else 404


def with_form(page: str, sector: Sector, form: RegistrationForm, **context: Any) -> str:
    """Show a page with the form, which names its event: its answers never become a registration for another event."""
    form.event.data = sector.event.slug
    return render_template(page, event=sector.event, sector=sector, form=form, asked=layout, **context)


def invited(event: Event) -> dict[str, str]:
    """Return, by sector key, the text that tells visitors who belongs to the sector."""
    return {sector.key: in_language(sector.invited) for sector in event.sectors}


def keeping(sector: str, view: str = ".check", **query: Any) -> dict[str, Any]:
    """Return a template's values that turn links to other languages into buttons that send the answers to `view`."""
    addresses = {code: url_for(view, sector=sector, lang=code, **query) for code in NAMES}
    return {"alternates": addresses, "language_form": FORM_ID}


def question(sector: str, name: str | None) -> str:
    """Return the URL of the form, at one of its fields; the answers kept in the browser's cookie fill in the form."""
    return url_for(".details", sector=sector, change=1, _anchor=name)


def about(event: Event) -> Seo:
    """Return the registration page's metadata for search engines, the same in each of its states."""
    description = _(
        "Registration for %(event)s, %(dates)s, %(place)s: the sectors, their places and how the places are shared.",
        event=in_language(event.name),
        dates=dates_of(event),
        place=in_language(event.place),
    )
    return Seo(_("Registration"), description, picture=url_for("home.picture"))
