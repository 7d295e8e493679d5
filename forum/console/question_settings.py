"""An event's questions in the console: their list and order, ready-made ones, withdrawing and bringing back."""

import re
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console import question_editing
from forum.console.question_forms import KINDS, OrderForm
from forum.console.question_rows import about_answered, rows_of
from forum.console.settings_editing import get_locked_or_404, render
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.events.queries import find_sector
from forum.extensions import db
from forum.questions import layout, queries, ready_made
from forum.questions.errors import QuestionRefused
from forum.questions.fields import AsksQuestions
from forum.questions.models import Question
from forum.registration import question_changes as rules
from forum.registration import tallies
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import SentOnce, TidyForm
from forum.web.languages import in_language

bp = Blueprint("questions", __name__, url_prefix="/console/<event>/settings/questions")

STEPS = {"up": -1, "down": 1}
MOVE = re.compile(r"(up|down)-([0-9]{1,9})")


class ReadyMadeForm(SentOnce, TidyForm):
    """The button that adds a ready-made set of questions to the event."""


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the event's questions in the order of the form, and those that are withdrawn."""
    this_event, form = get_any_or_404(event), OrderForm()
    form.show(_order(this_event))
    return render(this_event, "index", form, folder="questions", **rows_of(this_event))


@bp.post("/order")
def order(event: str) -> ResponseReturnValue:
    """Move a question up or down, and lead back to the button that was pressed."""
    form, (way, number) = OrderForm(), _moved()
    this_event = get_locked_or_404(event)
    question = get_question_or_404(this_event, number)
    try:
        form.refuse_if_changed(_order(this_event))
    except ChangedMeanwhile:
        db.session.rollback()
        flash(_("Nothing was moved: the order was changed meanwhile."), "warning")
        return redirect(url_for(".index", event=event), 303)
    rules.move(this_event, question, STEPS[way], actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(_("The order is saved."), "success")
    return redirect(url_for(".index", event=event, _anchor=_button(this_event, way, question)), 303)


@bp.route("/new")
def new(event: str) -> ResponseReturnValue:
    """Show the ready-made sets of questions, and the kinds of questions that can be made."""
    this_event = get_any_or_404(event)
    keys = {question.key for question in queries.list_all(this_event.id) if not question.withdrawn_at}
    sets = [(each, any(one.key in keys for one in each.questions)) for each in ready_made.list_sets()]
    return render(this_event, "new", ReadyMadeForm(), folder="questions", sets=sets, kinds=KINDS)


@bp.post("/ready-made/<name>")
def take_over(event: str, name: str) -> ResponseReturnValue:
    """Add the questions of a ready-made set, the last in order."""
    ready = ready_made.find_set(name) or abort(404)
    this_event = get_locked_or_404(event)
    sent = f"{name}-{ReadyMadeForm().own_key()}"
    rules.take_over(this_event, ready, form_key=sent, actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    number = len(ready.questions)
    said = ngettext(
        "“%(name)s” has been added, with %(num)s question. Change it as you need.",
        "“%(name)s” has been added, with %(num)s questions. Change them as you need.",
        number,
        name=in_language(ready.name),
    )
    flash(said, "success")
    return redirect(url_for(".index", event=event), 303)


@bp.route("/<int:question>/withdrawal", methods=["GET", "POST"])
def withdraw(event: str, question: int) -> ResponseReturnValue:
    """Say what withdrawing a question does; on POST withdraw it."""
    form, this_event = TidyForm(kept_words.sent_or_kept()), get_any_or_404(event)
    mine = get_question_or_404(this_event, question)
    if not form.validate_on_submit():
        return render(this_event, "withdraw", form, folder="questions", **_about(this_event, mine))
    mine = get_question_or_404(get_locked_or_404(event), question)
    rules.withdraw(mine, actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(_("The question is withdrawn. No answer was deleted."), "success")
    return redirect(url_for(".index", event=event), 303)


@bp.post("/<int:question>/return")
def bring_back(event: str, question: int) -> ResponseReturnValue:
    """Ask a withdrawn question again."""
    locked = get_locked_or_404(event)
    mine = get_question_or_404(locked, question)
    try:
        rules.bring_back(locked, mine, actor=sign_ins.current_actor(), now=clock.now())
    except QuestionRefused:
        db.session.rollback()
        flash(question_editing.too_large(), "warning")
        return redirect(url_for(".index", event=event), 303)
    db.session.commit()
    flash(_("The question is asked again."), "success")
    return redirect(url_for(".index", event=event), 303)


@bp.route("/preview")
def preview(event: str) -> ResponseReturnValue:
    """Show the questions as the form of a sector asks them; nothing can be sent."""
    this_event = get_any_or_404(event)
    named = request.args.get("sector")
    sector = find_sector(this_event, named) if named else next(iter(this_event.sectors), None)
    form = AsksQuestions(
        formdata=None, questions=queries.list_for_form(this_event.slug), sector=(sector or abort(404)).key
    )
    page = "console/questions/preview.html"
    return render_template(page, event=this_event, sector=sector, form=form, asked=layout)


for rule, view in (("/new/<kind>", question_editing.add), ("/<int:question>", question_editing.edit)):
    bp.add_url_rule(rule, view_func=view, methods=["GET", "POST"])


def get_question_or_404(event: Event, number: int) -> Question:
    """Return the event's question with this id; the id of another event's question is a 404 (S13)."""
    return question_editing.get_question_or_404(event, number)


def _moved() -> tuple[str, int]:
    """Return the direction of the pressed button, "up" or "down", and its question's id; else abort with 400."""
    pressed = MOVE.fullmatch(request.form.get("act", "")) or abort(400)
    return pressed[1], int(pressed[2])


def _button(event: Event, way: str, question: Question) -> str:
    """Return the id of the button to focus after a move: the pressed one, or the opposite one at an end of the list."""
    listed = [one for one in queries.list_all(event.id) if not one.withdrawn_at]
    row = rules.siblings(question, listed)
    if row and question is row[0 if way == "up" else -1]:
        way = "down" if way == "up" else "up"
    return f"{way}-{question.id}"


def _order(event: Event) -> dict[str, Any]:
    return {"order": [question.id for question in queries.list_all(event.id) if not question.withdrawn_at]}


def _about(event: Event, question: Question) -> dict[str, Any]:
    """Return the context of the page for withdrawing a question: how many have answered it, and what depends on it."""
    below = [each for each in queries.list_all(event.id) if each.depends_on_id == question.id]
    return {
        "question": question,
        **about_answered(event, question, tallies.count_answered(event)),
        "below": [in_language(each.label) for each in below if not each.withdrawn_at],
    }
