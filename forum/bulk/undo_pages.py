"""The page that undoes the cancellations of a task, where that is still possible; it starts another task (R28)."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Select

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.bulk import asking, undoing, wording
from forum.bulk.asking import get_task_or_404, to_task
from forum.bulk.forms import ReinstateManyForm
from forum.bulk.selection import Foreseen
from forum.events.enums import ListAudience
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.registration import seen_lists
from forum.tasks.enums import TaskKind
from forum.tasks.models import Task

bp = Blueprint("bulk_undoing", __name__, url_prefix="/console/<event>/tasks")


@dataclass(frozen=True)
class UndoOfMany:
    """Undoing the cancellations of a task; `slug` is that of its event, `number` the id of the task."""

    slug: str
    number: int
    undone: Task
    kind: TaskKind = TaskKind.REINSTATE

    @property
    def event(self) -> Event:
        """The event whose cancellations are undone."""
        return self.undone.event

    def anew(self) -> "UndoOfMany":
        """Return the same act, with the task whose cancellations are undone read again from the database."""
        undone = get_task_or_404(get_any_or_404(self.slug), self.number)
        return UndoOfMany(self.slug, self.number, undone)

    def foresee(self) -> Foreseen:
        """Return for how many people the cancellation can be undone now, and for how many not, by reason."""
        return undoing.foresee(self.undone, now=clock.now())

    def in_turn(self) -> Select[int, int]:
        """Select ids and versions of the registrations, in the order in which their cancellations are undone."""
        return undoing.in_turn(self.undone)

    def words(self, foreseen: Foreseen) -> dict[str, Any]:
        """Return consequences, names and the URL of the task; that the names were seen is recorded."""
        seen_lists.note_people(self.event, actor=sign_ins.current_actor())
        has_list = self.event.participant_list != ListAudience.OFF
        return {
            "consequences": wording.consequences_of_undoing(is_tried=foreseen.is_tried, has_list=has_list),
            "people": undoing.list_named(self.undone),
            "list_url": url_for("bulk.show", event=self.event.slug, task=self.undone.id),
            "hints": {},
        }


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
    return asking.answer_form(UndoOfMany(event, task, undone), foreseen, _form(undone, foreseen))


def _form(undone: Task, foreseen: Foreseen) -> ReinstateManyForm:
    languages = undoing.list_languages(undone)
    form = ReinstateManyForm(kept_words.sent_or_kept(), undoes=undone.id, languages=languages)
    asking.show_mark(form, foreseen)
    return form
