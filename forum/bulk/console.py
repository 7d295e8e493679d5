"""Acts on many people of the attendee list: the page that asks, and the pages of the tasks that do them."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Select

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.bulk import asking, moved, selection, undoing, wording
from forum.bulk.asking import get_task_or_404, to_task
from forum.bulk.forms import FORMS, ManyForm, MoveManyForm, UntagManyForm
from forum.bulk.moved import Unanswered
from forum.bulk.selection import Foreseen, Selection
from forum.database import start_write
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.registration import deadlines, listing, moving_words, places, seen_lists
from forum.registration import wording as registration_wording
from forum.registration.narrowing import UnknownFilter
from forum.tasks import actions, queries
from forum.tasks.enums import Outcome, TaskKind, TaskStatus
from forum.tasks.models import Task, TaskPerson
from forum.web.forms import TidyForm
from forum.web.pagination import Cursor, Page

bp = Blueprint("bulk", __name__, url_prefix="/console/<event>")
# Acts whose form asks the organiser for a message to the people, in each of their languages.
WRITING = (TaskKind.APPROVE, TaskKind.CANCEL)
# Acts that send people a mail or take something away from them: both factors are asked for again (S09).
WEIGHTY = (TaskKind.MOVE, TaskKind.APPROVE, TaskKind.OFFER, TaskKind.RESEND, TaskKind.CANCEL)
# Acts that may give people places or links: nobody gets one while the event is cancelled.
TO_COME = (TaskKind.MOVE, TaskKind.APPROVE, TaskKind.OFFER, TaskKind.RESEND)


@dataclass(frozen=True)
class ActOnMany:
    """An act of this kind on people whom the organiser has chosen in the list of the event with this slug."""

    slug: str
    kind: TaskKind
    chosen: Selection

    @property
    def event(self) -> Event:
        """The event whose registrations the act is about."""
        return self.chosen.event

    def anew(self) -> "ActOnMany":
        """Return the act with the chosen people read again from the URL and the database."""
        return ActOnMany(self.slug, self.kind, _chosen(self.slug))

    def foresee(self) -> Foreseen:
        """Return how many people the act would change now, and how many not, by reason."""
        if self.kind == TaskKind.OFFER:
            return selection.foresee_offers(self.chosen, user_id=g.user.id, now=clock.now())
        return selection.foresee(self.chosen, self.kind, user_id=g.user.id)

    def in_turn(self) -> Select[int, int]:
        """Select ids and versions of the people in the order of the act."""
        return selection.in_turn(self.chosen, self.kind)

    def words(self, foreseen: Foreseen) -> dict[str, Any]:
        """Return consequences, names, the URL of the list, and by sector what people have not answered.

        That the names were seen is recorded.
        """
        people = selection.list_named(self.chosen)
        seen_lists.note_list(self.event, self.chosen.filters, people, actor=sign_ins.current_actor())
        return {
            "consequences": _consequences(self.kind, self.chosen, foreseen),
            "people": people,
            "list_url": _list_url(self.chosen),
            "hints": _hints(self.kind, self.chosen),
        }


@bp.route("/attendees/many/<act>", methods=["GET", "POST"])
def ask(event: str, act: str) -> ResponseReturnValue:
    """Show what an act will do, for how many people, and whom it will leave alone; on POST start the task."""
    kind = next((known for known in FORMS if known == act), None) or abort(404)
    if kind in WEIGHTY and (answer := sign_ins.require_fresh()):
        return answer
    chosen = _chosen(event)
    if refusal := _why_not(chosen, kind):
        flash(refusal, "warning")
        return redirect(_list_url(chosen), 303)
    asked = ActOnMany(event, kind, chosen)
    foreseen = asked.foresee()
    return asking.answer_form(asked, foreseen, _form(kind, chosen, foreseen))


@bp.route("/tasks")
def index(event: str) -> ResponseReturnValue:
    """Show the event's latest tasks, and how far they are."""
    this_event = get_any_or_404(event)
    tasks = queries.list_latest(this_event)
    counts = queries.count_by_outcome(tasks)
    rows = [{**_described(task, counts[task.id]), "task": task} for task in tasks]
    is_over = events.is_over(this_event, clock.now())
    return render_template("console/bulk/index.html", event=this_event, rows=rows, is_over=is_over)


@bp.route("/tasks/<int:task>")
def show(event: str, task: int) -> ResponseReturnValue:
    """Show how far a task is, and the people whom it has left unchanged, with the reasons."""
    shown = get_task_or_404(get_any_or_404(event), task)
    counts = queries.count_by_outcome([shown])[shown.id]
    page = queries.read_untouched(shown, Cursor.of(request.args))
    unanswered = moved.read_unanswered(shown, request.args.get("unanswered", 1, type=int))
    if page.rows or unanswered.rows:
        seen_lists.note_people(shown.event, actor=sign_ins.current_actor())
    return render_template(
        "console/bulk/show.html",
        event=shown.event,
        task=shown,
        form=TidyForm(),
        page=page,
        pages=_pages(shown, page, unanswered),
        unanswered=unanswered,
        unanswered_pages=_pages_of_unanswered(shown, unanswered),
        reason=partial(wording.reason, shown.kind, is_off=events.is_off(shown.event, clock.now())),
        wording=registration_wording,
        undo_url=_undo_url(shown, counts),
        **_described(shown, counts),
    )


@bp.route("/tasks/<int:task>/stop", methods=["POST"])
def stop(event: str, task: int) -> ResponseReturnValue:
    """Stop a task; people whom the task has not reached yet stay as they are."""
    start_write(db.session)
    shown = get_task_or_404(get_any_or_404(event), task)
    # Wait for the event's lock, which the worker holds while it acts on a person: nobody is acted on once the task is
    # stopped.
    places.lock(shown.event)
    db.session.refresh(shown)
    is_stopped = actions.stop(shown, actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(_("Stopped. What was done stays done.") if is_stopped else _("It had already ended."), "success")
    return to_task(shown)


def _chosen(slug: str) -> Selection:
    event = get_any_or_404(slug)
    try:
        return Selection.of(request.args, event, g.user.id)
    except UnknownFilter:
        abort(404)


def _why_not(chosen: Selection, kind: TaskKind) -> str:
    """Return why an act of this kind is not possible at all with the chosen people now, or ""."""
    if events.is_over(chosen.event, clock.now()):
        return _("The forum is over, so nothing was changed.")
    if chosen.event.cancelled_at and kind in TO_COME:
        return _("The forum is cancelled, so nothing was changed.")
    if kind == TaskKind.OFFER and clock.now() >= deadlines.offers_end_at(chosen.event):
        return _("The event is so near that no place is offered any more.")
    if chosen.is_too_many:
        return _("Choose at most %(number)s people, or all who match.", number=listing.PAGE_SIZE)
    is_nobody = db.session.scalars(selection.in_turn(chosen).limit(1)).first() is None
    return _("Choose at least one person.") if is_nobody else ""


def _form(kind: TaskKind, chosen: Selection, foreseen: Foreseen) -> ManyForm:
    more: dict[str, Any] = {}
    if kind in WRITING:
        more = {"languages": selection.list_languages(chosen)}
    if kind == TaskKind.CANCEL:
        more["will"] = foreseen.will
    form = FORMS[kind](kept_words.sent_or_kept(), **more)
    if isinstance(form, MoveManyForm):
        form.offer(chosen.event.sectors, by_person=False)
    if isinstance(form, UntagManyForm):
        form.offer(selection.list_tags(chosen))
    asking.show_mark(form, foreseen)
    return form


def _consequences(kind: TaskKind, chosen: Selection, foreseen: Foreseen) -> list[str]:
    told = wording.consequences(kind)
    if kind == TaskKind.CANCEL:
        numbers = selection.count_cancelled(chosen, user_id=g.user.id)
        told = wording.consequences_of_cancelling(
            *numbers, is_cancelled=chosen.event.cancelled_at is not None
        )
    if not foreseen.is_tried:
        told = [wording.untried(), *told]
    if kind == TaskKind.APPROVE:
        places_there = selection.foresee_places(chosen, user_id=g.user.id, now=clock.now())
        told = [*wording.places_told(*places_there), *told] if places_there else told
        told += wording.proposals_told(selection.count_proposals(chosen, user_id=g.user.id))
    return told


def _hints(kind: TaskKind, chosen: Selection) -> dict[str, str]:
    """Return by sector key what people who move there have not answered, in words."""
    if kind != TaskKind.MOVE:
        return {}
    missing = selection.count_missing(chosen, user_id=g.user.id)
    return {key: moving_words.missing_of_many(of_sector) for key, of_sector in missing.items()}


def _described(task: Task, counts: dict[Outcome, int]) -> dict[str, Any]:
    label, sign = wording.state_text(task.status)
    waiting, done = counts.get(Outcome.WAITING, 0), counts.get(Outcome.DONE, 0)
    return {
        "act": wording.task_text(task),
        "label": label,
        "sign": sign,
        "is_running": task.status == TaskStatus.RUNNING,
        "waiting": waiting,
        "done": done,
        "left": sum(counts.values()) - waiting - done,
        "erased": task.people - sum(counts.values()),
    }


def _undo_url(task: Task, counts: dict[Outcome, int]) -> str | None:
    """Return the URL of the page that undoes the task's cancellations; None when no cancellation can be undone."""
    if not counts.get(Outcome.DONE) or not undoing.is_possible(task, clock.now()):
        return None
    return url_for("bulk_undoing.ask", event=task.event.slug, task=task.id)


def _pages(task: Task, page: Page[TaskPerson], unanswered: Unanswered) -> dict[str, str | None]:
    """Return the pager's URLs for the people whom the task has left unchanged; the other list keeps its position."""
    kept = {"unanswered": unanswered.number} if unanswered.number > 1 else {}

    def url(beside: str, row: TaskPerson) -> str:
        values: dict[str, Any] = {"event": task.event.slug, "task": task.id, **kept, beside: row.id}
        return url_for(".show", **values)

    return {
        "previous_url": url("before", page.rows[0]) if page.has_previous else None,
        "next_url": url("after", page.rows[-1]) if page.has_next else None,
        "summary": None,
    }


def _pages_of_unanswered(task: Task, unanswered: Unanswered) -> dict[str, str | None]:
    """Return the pager's URLs for the people with unanswered questions; the other list keeps its position."""
    cursor = Cursor.of(request.args)
    kept = cursor.args() if cursor else {}

    def url(number: int) -> str:
        values: dict[str, Any] = {"event": task.event.slug, "task": task.id, **kept, "unanswered": number}
        return url_for(".show", **values)

    return {
        "previous_url": url(unanswered.number - 1) if unanswered.number > 1 else None,
        "next_url": url(unanswered.number + 1) if unanswered.has_next else None,
        "summary": None,
    }


def _list_url(chosen: Selection) -> str:
    return url_for("attendees.index", event=chosen.event.slug, **chosen.filters.query())
