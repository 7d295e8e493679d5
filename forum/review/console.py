"""The queue of registrations that wait for a decision, and the pages on which an organiser decides about one."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.registration import dossier
from forum.registration import wording as registration_wording
from forum.registration.enums import Status
from forum.registration.errors import NotInReview, NotLive, SectorFull
from forum.registration.models import Registration
from forum.review import actions, outcomes, panel, queries, recipients, wording
from forum.review.errors import DecisionRefused
from forum.review.forms import ApproveForm, DeclineForm
from forum.web.forms import TidyForm
from forum.web.languages import grouped
from forum.web.pagination import Cursor, Page

bp = Blueprint("review", __name__, url_prefix="/console/<event>/review")
bp.record_once(panel.install)
Form = TypeVar("Form", ApproveForm, DeclineForm)
REFUSALS = (DecisionRefused, NotInReview, NotLive, SectorFull)


@bp.route("/")
def index(event: str) -> ResponseReturnValue:
    """Show who waits for a decision, the longest first, with the evidence beside each person."""
    shown, now = get_any_or_404(event), clock.now()
    sectors = sign_ins.reviewed_sectors(shown)
    page, before = queries.read_undecided(shown, sectors, Cursor.of(request.args))
    total = queries.count_undecided(shown, sectors)
    if page.rows:
        note_view(audit_queries.WAITING_LIST_VIEWED, shown, actor=sign_ins.current_actor())
    return render_template(
        "console/review/index.html",
        event=shown,
        people=panel.describe(shown, page.rows, user_id=g.user.id, now=now),
        pages=_pages(shown, page, before, total),
        late=queries.count_late(shown, sectors, now),
        sectors=None if sectors is None else [one for one in shown.sectors if one.id in sectors],
        is_over=events.is_off(shown, now),
        wording=registration_wording,
    )


def _pages(event: Event, page: Page[Registration], before: int, total: int) -> dict[str, str | None]:
    """Return the links to the queue's previous and next page, and which people of how many the page shows."""

    def url(beside: str, row: Registration) -> str:
        values: dict[str, Any] = {"event": event.slug, beside: row.reference}
        return url_for(".index", **values)

    numbers = {"first": before + 1, "last": before + len(page.rows), "total": total}
    rows = {name: grouped(number) for name, number in numbers.items()}
    return {
        "previous_url": url("before", page.rows[0]) if page.has_previous else None,
        "next_url": url("after", page.rows[-1]) if page.has_next else None,
        "summary": _("%(first)s–%(last)s of %(total)s", **rows),
    }


@bp.route("/<reference>")
def show(event: str, reference: str) -> ResponseReturnValue:
    """Show a person to those who decide: what they have answered, the evidence and the forms of a decision."""
    return _page("show", _person_or_404(event, reference), TidyForm())


@bp.route("/<reference>/approval", methods=["GET", "POST"])
def approve(event: str, reference: str) -> ResponseReturnValue:
    """Approve a registration in review, or a change that is reviewed."""
    person = _person_or_404(event, reference)
    form = _form(ApproveForm, person)
    if not form.validate_on_submit():
        return _page("approval", person, form)

    def decide(registration: Registration) -> str:
        seen, words = form.seen.data or "", form.words_for(registration)
        is_change = registration.status != Status.IN_REVIEW
        actions.approve(registration, seen=seen, words=words, user_id=g.user.id, now=clock.now())
        return wording.outcome_text(registration, recipients.of(registration), is_change=is_change)

    return _decide(event, reference, decide)


@bp.route("/<reference>/refusal", methods=["GET", "POST"])
def decline(event: str, reference: str) -> ResponseReturnValue:
    """Decline a registration with a reason, or propose that to a second organiser."""
    person = _person_or_404(event, reference)
    form = _form(DeclineForm, person)
    if not form.validate_on_submit():
        return _page("refusal", person, form)

    def decide(registration: Registration) -> str:
        refusal, told = form.refusal_of(registration), {"seen": form.seen.data or "", "user_id": g.user.id}
        if actions.decline(registration, refusal, now=clock.now(), **told):
            return wording.declined_text(recipients.of(registration))
        return _("The refusal is proposed. Another organiser confirms it before anything is sent.")

    return _decide(event, reference, decide)


@bp.route("/<reference>/refusal/confirmation", methods=["GET", "POST"])
def confirm_refusal(event: str, reference: str) -> ResponseReturnValue:
    """Decline a registration as another organiser has proposed."""
    person, form = _person_or_404(event, reference), panel.ConfirmForm()
    if not form.validate_on_submit():
        return _page("second", person, form)

    def decide(registration: Registration) -> str:
        actions.confirm_refusal(registration, seen=form.seen.data or "", user_id=g.user.id, now=clock.now())
        return wording.declined_text(recipients.of(registration))

    return _decide(event, reference, decide)


@bp.route("/<reference>/refusal/withdrawal", methods=["POST"])
def withdraw_refusal(event: str, reference: str) -> ResponseReturnValue:
    """Drop a proposed refusal."""

    def decide(registration: Registration) -> str:
        actions.withdraw_refusal(registration, user_id=g.user.id, now=clock.now())
        return _("The proposed refusal is withdrawn. The registration stays in review.")

    return _decide(event, reference, decide)


@bp.route("/<reference>/recusal", methods=["GET", "POST"])
def recuse(event: str, reference: str) -> ResponseReturnValue:
    """Leave the decision to others, because the organiser knows the person."""
    person, form = _person_or_404(event, reference), TidyForm()
    if not form.validate_on_submit():
        return _page("recusal", person, form)

    def decide(registration: Registration) -> str:
        actions.recuse(registration, user_id=g.user.id, now=clock.now())
        return _("You have left this decision to others. It is noted in the record.")

    return _decide(event, reference, decide)


def _decide(slug: str, reference: str, decide: Callable[[Registration], str]) -> ResponseReturnValue:
    """Call `decide` with the registration, flash its message or the refusal, and redirect to the person's page."""
    start_write(db.session)
    registration = _person_or_404(slug, reference)
    try:
        told = decide(registration)
    except REFUSALS as refusal:
        db.session.rollback()
        flash(wording.refusal_text(refusal, _person_or_404(slug, reference)), "warning")
    else:
        db.session.commit()
        flash(told, "success")
    return redirect(wording.person_url(_person_or_404(slug, reference)), 303)


def _person_or_404(slug: str, reference: str) -> Registration:
    """Return the registration, or abort with 404 for another event's reference (S13) or if a reviewer may not see it.

    A reviewer whose page is outdated because somebody else has decided is redirected to the queue with a message.
    """
    event, now = get_any_or_404(slug), clock.now()
    sectors = sign_ins.reviewed_sectors(event)
    person = queries.find_person(event, reference, sectors, outcomes.decided_by(g.user.id, now))
    if person is None and request.method == "POST":
        opened = outcomes.opened_by(g.user.id, now)
        if queries.find_person(event, reference, sectors, opened):
            db.session.rollback()
            flash(panel.nothing_to_decide(), "warning")
            abort(redirect(url_for(".index", event=slug), 303))
    return person or abort(404)


def _form(kind: type[Form], person: Registration) -> Form:
    """Return the form filled in with the sent or kept values, else with what the page shows of the person."""
    entered = kept_words.sent_or_kept()
    form = kind(entered, languages=kind.languages_of([recipients.of(person)]))
    if entered is None:
        form.show(actions.shown_of(person))
    return form


def _page(name: str, person: Registration, form: Any) -> ResponseReturnValue:
    """Show a page about one decision, or say that the registration needs no decision any more."""
    note_view(audit_queries.REGISTRATION_VIEWED, person, actor=sign_ins.current_actor())
    page = render_template(
        f"console/review/{name}.html",
        event=person.event,
        registration=person,
        form=form,
        review=panel.review_of(person),
        facts=dossier.review_facts(person) if name == "show" else (),
        wording=registration_wording,
        lead=dossier.lead(person),
    )
    return page, 422 if form.errors else 200
