"""Handlers' pages about protected identity: the list of reveals, and revealing one person (P25, S09)."""

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.accounts.access import may_open
from forum.accounts.enums import Role
from forum.accounts.errors import SignedOut
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.registration import wording
from forum.registration.models import Registration
from forum.registration.queries import find_by_reference
from forum.registration.searching import read_reference
from forum.reveals import actions, queries
from forum.reveals.errors import AlreadyShown, TooManyReveals
from forum.reveals.forms import RevealForm
from forum.web.languages import clock_text
from forum.web.pagination import Cursor, Page

# For how many seconds a page shows what a reveal has opened.
SHOWN_SECONDS = 60
# The most characters that are read of a reference that was typed.
LONGEST_TYPED = 40
bp = Blueprint("reveals", __name__, url_prefix="/console/<event>")


@bp.route("/reveals")
def index(event: str) -> ResponseReturnValue:
    """List the reveals. A handler can enter a reference here, which leads to the page that reveals that person."""
    this_event, typed = get_any_or_404(event), request.args.get("reference", "")[:LONGEST_TYPED]
    is_handler = sign_ins.holds(Role.PROTECTED_HANDLER, this_event)
    if typed and is_handler and (person := find_by_reference(this_event, read_reference(typed))):
        return redirect(url_for(".reveal", event=event, reference=person.reference), 303)
    page = queries.read_reveals(this_event, Cursor.of(request.args))
    return render_template(
        "console/reveals/index.html",
        event=this_event,
        is_handler=is_handler,
        typed=typed,
        page=page,
        pages=_pages(this_event, page),
    )


@bp.route("/registrations/<reference>/reveal", methods=["GET", "POST"])
def reveal(event: str, reference: str) -> ResponseReturnValue:
    """Ask for a reason; on POST show, once, whether the person has protected identity, and the real name."""
    if answer := sign_ins.require_fresh():
        return answer
    form = RevealForm(kept_words.sent_or_kept())
    if not form.validate_on_submit():
        return _ask(_person(event, reference), form)
    sign_ins.start_own_write()
    person = _person(event, reference)
    try:
        told = actions.reveal(
            person, reason=form.reason.data, key=form.form_key(), by=g.user, most=_most(), now=clock.now()
        )
    except AlreadyShown:
        return _ask_anew(person)
    except TooManyReveals as refusal:
        return _refuse(person, form, refusal)
    db.session.commit()
    return _show_once(person, told)


@bp.errorhandler(SignedOut)
def lead_to_sign_in(_refusal: SignedOut) -> ResponseReturnValue:
    """Redirect a handler who was signed out during the request to the sign-in page; nothing was revealed."""
    db.session.rollback()
    return redirect(url_for("accounts.sign_in"), 303)


def _most() -> int:
    return current_app.config["REVEALS_PER_HOUR"]


def _person(slug: str, reference: str) -> Registration:
    """Return the registration of the event, or abort with 404 (S13)."""
    return find_by_reference(get_any_or_404(slug), reference) or abort(404)


def _ask(person: Registration, form: RevealForm, status: int = 200) -> ResponseReturnValue:
    """Show the page that asks for the reason. The page is the same for every person (P21)."""
    note_view(audit_queries.IDENTITY_ASKED, person, actor=sign_ins.current_actor())
    page = render_template(
        "console/reveals/reveal.html",
        event=person.event,
        registration=person,
        form=form,
        most=_most(),
        back=_back(person),
        wording=wording,
    )
    return page, 422 if form.errors and status == 200 else status


def _ask_anew(person: Registration) -> ResponseReturnValue:
    """Say that a form was sent twice, for instance by reloading the page with the answer; reveal nothing."""
    again = url_for(".reveal", event=person.event.slug, reference=person.reference)
    db.session.rollback()
    flash(
        _("The answer was shown once and is not shown again. Nothing new was recorded."),
        "warning",
    )
    return redirect(again, 303)


def _refuse(person: Registration, form: RevealForm, refusal: TooManyReveals) -> ResponseReturnValue:
    """Show the form with the words that were typed, and say when the next reveal is possible."""
    until = clock_text(refusal.until, person.event.zone)
    db.session.rollback()
    form.form_errors.append(
        _(
            "You have looked up %(most)s people within an hour. The next one is possible at %(time)s.",
            most=_most(),
            time=until,
        )
    )
    return _ask(person, form, 429)


def _show_once(person: Registration, told: actions.Revealed) -> ResponseReturnValue:
    """Return the page with the answer, which the browser leaves after a minute, also without scripts."""
    onward = url_for(".index", event=person.event.slug)
    page = render_template(
        "console/reveals/shown.html",
        event=person.event,
        reference=person.reference,
        told=told,
        seconds=SHOWN_SECONDS,
        onward=onward,
    )
    answer = make_response(page)
    answer.headers["Refresh"] = f"{SHOWN_SECONDS}; url={onward}"
    return answer


def _back(person: Registration) -> str:
    """Return the URL of the link back: the person's page, or the list of reveals for handlers who may not open it."""
    if may_open("attendees.show", person.event):
        return url_for("attendees.show", event=person.event.slug, reference=person.reference)
    return url_for(".index", event=person.event.slug)


def _pages(event: Event, page: Page[queries.Reveal]) -> dict[str, str | None]:
    slug = event.slug
    return {
        "previous_url": url_for(".index", event=slug, before=page.rows[0].number)
        if page.has_previous
        else None,
        "next_url": url_for(".index", event=slug, after=page.rows[-1].number) if page.has_next else None,
        "summary": None,
    }
