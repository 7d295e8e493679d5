"""The page that asks an organiser before an act on many people, or before undoing cancellations, and starts the task.

A form starts at most one task, and only about the people that its page has shown.
"""

from typing import Any, Protocol, TypeVar

from flask import abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Select

from forum import clock
from forum.bulk import wording
from forum.bulk.forms import ManyForm
from forum.bulk.selection import Foreseen
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.registration import places
from forum.registration import wording as registration_wording
from forum.tasks import actions, queries
from forum.tasks.enums import TaskKind
from forum.tasks.models import Task
from forum.web.edits import ChangedMeanwhile

Seen = TypeVar("Seen", bound=Foreseen)


class Asked(Protocol[Seen]):
    """An act about which a page asks: on which people of an event, and what it would do with each of them."""

    @property
    def event(self) -> Event:
        """The event whose registrations the act is about."""

    @property
    def kind(self) -> TaskKind:
        """The kind of the task that the page starts."""

    def anew(self) -> "Asked[Seen]":
        """Return the same act, with its people read again from the database; abort with 404 if its task is gone."""

    def foresee(self) -> Seen:
        """Return how many people the act would change now, and how many not, by reason."""

    def in_turn(self) -> Select[int, int]:
        """Select ids and versions of the people in the order of the act."""

    def words(self, foreseen: Seen, /) -> dict[str, Any]:
        """Return what the page says of the act: `consequences`, `people` by name, and `list_url`, their full list."""


def show_mark(form: ManyForm, foreseen: Foreseen) -> None:
    """Put a digest of what the page shows into a form that was not sent and has no values kept from earlier."""
    if not form.is_submitted() and not form.seen.data:
        form.show({"mark": foreseen.mark})


def answer_form(asked: Asked[Seen], foreseen: Seen, form: ManyForm) -> ResponseReturnValue:
    """Return the page that asks; on POST start the task, commit and lead to it, also when the form is sent twice."""
    if form.is_submitted() and (task := queries.find_by_form(asked.event, form.own_key())):
        return to_task(task)
    if not foreseen.will or form.lacks or not form.validate_on_submit():
        return _page(asked, foreseen, form), _status_of(form)
    try:
        task = _start(asked, form)
    except ChangedMeanwhile:
        return _ask_anew(asked, form)
    db.session.commit()
    flash(wording.started_text(task.people), "success")
    return to_task(task)


def _start(asked: Asked[Seen], form: ManyForm) -> Task:
    """Start the task, or return the one that the same form has started.

    Raises ChangedMeanwhile when the act would now concern other people, or end differently, than the page showed.
    """
    start_write(db.session)
    asked = asked.anew()
    # Look for the form's task again under the lock: of two simultaneous presses of the button, one starts the task.
    places.lock(asked.event)
    if task := queries.find_by_form(asked.event, form.own_key()):
        return task
    foreseen = asked.foresee()
    stored = {"mark": foreseen.mark}
    form.refuse_if_changed(stored)
    task = actions.start(
        asked.event,
        asked.kind,
        asked.in_turn(),
        payload=form.payload,
        form_key=form.own_key(),
        user_id=g.user.id,
        now=clock.now(),
    )
    # Compare the number of people in the task with the number counted before: between the two statements somebody may
    # have joined or left the chosen people.
    if task.people != foreseen.people:
        raise ChangedMeanwhile(stored)
    return task


def _ask_anew(asked: Asked[Seen], form: ManyForm) -> ResponseReturnValue:
    db.session.rollback()
    asked = asked.anew()
    foreseen = asked.foresee()
    form.show({"mark": foreseen.mark})
    form.form_errors.append(
        _("The registrations have changed since you opened this page. Read what will happen now.")
    )
    return _page(asked, foreseen, form), 409


def _page(asked: Asked[Seen], foreseen: Seen, form: ManyForm) -> str:
    kind = asked.kind
    return render_template(
        "console/bulk/ask.html",
        event=asked.event,
        kind=kind,
        act=wording.kind_text(kind),
        question=wording.question(kind, foreseen.will),
        left=[wording.left_text(kind, outcome, number) for outcome, number in foreseen.left.items()],
        nobody=wording.nobody_told(kind, foreseen.left),
        foreseen=foreseen,
        form=form,
        wording=registration_wording,
        **asked.words(foreseen),
    )


def _status_of(form: ManyForm) -> int:
    """Return the HTTP status of the page before an act: 422 for faults in the form, 409 if it was refused, else 200."""
    if form.errors:
        return 422
    return 409 if form.is_submitted() else 200


def get_task_or_404(event: Event, number: int) -> Task:
    """Return the event's task with this id; abort with 404 for another event's (S13)."""
    return queries.find(event, number) or abort(404)


def to_task(task: Task) -> ResponseReturnValue:
    """Redirect to the page of the task."""
    return redirect(url_for("bulk.show", event=task.event.slug, task=task.id), 303)
