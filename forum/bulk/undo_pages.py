"""The page that undoes the cancellations of a task, where that is still possible; it starts another task (R28)."""

from flask import Blueprint, flash, g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.bulk import undoing, wording
from forum.bulk.console import get_task_or_404, status_of, to_task
from forum.bulk.forms import ReinstateManyForm
from forum.bulk.undoing import Undoing
from forum.database import start_write
from forum.events.enums import ListAudience
from forum.events.in_url import get_any_or_404
from forum.extensions import db
from forum.registration import places
from forum.registration import wording as registration_wording
from forum.tasks import actions, queries
from forum.tasks.enums import TaskKind
from forum.tasks.models import Task
from forum.web.edits import ChangedMeanwhile

bp = Blueprint("bulk_undoing", __name__, url_prefix="/console/<event>/tasks")


@bp.route("/<int:task>/undo", methods=["GET", "POST"])
def ask(event: str, task: int) -> ResponseReturnValue:
    """Show how many cancellations of a task can be undone, and why others cannot; on POST start a task that does it."""
    if answer := sign_ins.require_fresh():
        return answer
    undone = get_task_or_404(get_any_or_404(event), task)
    if not undoing.is_possible(undone, clock.now()):
        flash(_("These cancellations can no longer be undone. Nothing was changed."), "warning")
        return to_task(undone)
    foreseen = undoing.foresee(undone, now=clock.now())
    form = _form(undone, foreseen)
    if form.is_submitted() and (begun := queries.find_by_form(undone.event, form.own_key())):
        return to_task(begun)
    if not foreseen.will or not form.validate_on_submit():
        return _page(undone, foreseen, form), status_of(form)
    try:
        begun = _start(event, task, form)
    except ChangedMeanwhile:
        return _ask_anew(event, task, form)
    db.session.commit()
    flash(wording.started_text(begun.people), "success")
    return to_task(begun)


def _form(undone: Task, foreseen: Undoing) -> ReinstateManyForm:
    languages = undoing.list_languages(undone)
    form = ReinstateManyForm(kept_words.sent_or_kept(), undoes=undone.id, languages=languages)
    if not form.is_submitted() and not form.seen.data:
        form.show({"mark": foreseen.mark})
    return form


def _start(slug: str, number: int, form: ReinstateManyForm) -> Task:
    """Start the task, or return the one that the same form has started.

    Raises ChangedMeanwhile when the cancellations that can be undone are no longer those that the page showed.
    """
    start_write(db.session)
    undone = get_task_or_404(get_any_or_404(slug), number)
    # Look for the form's task again under the lock: of two simultaneous presses of the button, one starts the task.
    places.lock(undone.event)
    if task := queries.find_by_form(undone.event, form.own_key()):
        return task
    foreseen = undoing.foresee(undone, now=clock.now())
    form.refuse_if_changed({"mark": foreseen.mark})
    return actions.start(
        undone.event,
        TaskKind.REINSTATE,
        undoing.in_turn(undone),
        payload=form.payload,
        form_key=form.own_key(),
        user_id=g.user.id,
        now=clock.now(),
    )


def _ask_anew(slug: str, number: int, form: ReinstateManyForm) -> ResponseReturnValue:
    db.session.rollback()
    undone = get_task_or_404(get_any_or_404(slug), number)
    foreseen = undoing.foresee(undone, now=clock.now())
    form.show({"mark": foreseen.mark})
    form.form_errors.append(
        _("The registrations have changed since you opened this page. Read what will happen now.")
    )
    return _page(undone, foreseen, form), 409


def _page(undone: Task, foreseen: Undoing, form: ReinstateManyForm) -> str:
    kind, has_list = TaskKind.REINSTATE, undone.event.participant_list != ListAudience.OFF
    return render_template(
        "console/bulk/ask.html",
        event=undone.event,
        kind=kind,
        act=wording.kind_text(kind),
        question=wording.question(kind, foreseen.will),
        consequences=wording.consequences_of_undoing(is_tried=foreseen.is_tried, has_list=has_list),
        left=[wording.left_text(kind, outcome, number) for outcome, number in foreseen.left.items()],
        foreseen=foreseen,
        people=undoing.list_named(undone),
        form=form,
        list_url=url_for("bulk.show", event=undone.event.slug, task=undone.id),
        wording=registration_wording,
    )
