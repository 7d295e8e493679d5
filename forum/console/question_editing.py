"""The pages on which a question is made and changed; forum.console.question_settings gives them their addresses."""

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.question_forms import KINDS, QuestionForm, kind_name
from forum.console.question_rows import about_answered
from forum.console.settings_editing import flash_saved, get_locked_or_404, render, show_stored
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.questions import queries
from forum.questions.enums import MOST_MEGABYTES, QuestionKind
from forum.questions.errors import Fault, QuestionRefused
from forum.questions.models import Question
from forum.registration import question_changes as rules
from forum.registration import tallies
from forum.web.edits import ChangedMeanwhile
from forum.web.languages import in_language


def add(event: str, kind: str) -> ResponseReturnValue:
    """Ask for a new question of a kind, and add it, the last in order."""
    this_event, chosen = get_any_or_404(event), _kind_or_404(kind)
    form = _form(
        this_event, Question(event_id=this_event.id, sector_keys=[], choices=[]), chosen, is_new=True
    )
    if not form.validate_on_submit():
        return _page(this_event, form, None, chosen)
    this_event = get_locked_or_404(event)
    try:
        rules.add(this_event, form.draft(), actor=sign_ins.current_actor(), now=clock.now())
    except QuestionRefused as refusal:
        return _refused(event, form, None, chosen, refusal)
    db.session.commit()
    flash(_("The question has been added, the last in order."), "success")
    return redirect(url_for("questions.index", event=event), 303)


def edit(event: str, question: int) -> ResponseReturnValue:
    """Change a question; what another organiser has saved meanwhile is shown, not overwritten (R30)."""
    this_event = get_any_or_404(event)
    mine = get_question_or_404(this_event, question)
    kind = _kind_or_404(request.args.get("kind", mine.kind))
    form = _form(this_event, mine, kind)
    if not form.validate_on_submit():
        return _page(this_event, form, mine, kind)
    this_event = get_locked_or_404(event)
    mine = get_question_or_404(this_event, question)
    try:
        form.refuse_if_changed(QuestionForm.stored(mine, kind))
        changed = rules.change(
            this_event, mine, form.draft(), actor=sign_ins.current_actor(), now=clock.now()
        )
    except (ChangedMeanwhile, QuestionRefused) as refusal:
        return _refused(event, form, question, kind, refusal)
    db.session.commit()
    flash_saved("", is_changed=bool(changed))
    return redirect(url_for("questions.index", event=event), 303)


def get_question_or_404(event: Event, number: int) -> Question:
    """Return the event's question with this id; the id of another event's question is a 404 (S13)."""
    return next((each for each in queries.list_all(event.id) if each.id == number), None) or abort(404)


def _form(event: Event, question: Question, kind: QuestionKind, *, is_new: bool = False) -> QuestionForm:
    """Return the form, filled in with sent or kept values, else with the stored question."""
    others = [each for each in queries.list_all(event.id) if each is not question]
    about: dict[str, Any] = {"event": event, "kind": kind, "question": question, "others": others}
    if is_new:
        return QuestionForm(kept_words.sent_or_kept(), **about)
    stored = QuestionForm.stored(question, kind)
    is_answered = tallies.is_answered(question)
    form = QuestionForm(kept_words.sent_or_kept(), data=stored, is_answered=is_answered, **about)
    if not form.is_submitted():
        show_stored(form, stored)
    return form


def _page(
    event: Event,
    form: QuestionForm,
    question: Question | None,
    kind: QuestionKind,
    meanwhile: ChangedMeanwhile | None = None,
) -> ResponseReturnValue:
    """Show the form of a question; `question` is None for a new one."""
    is_answered = question is not None and "sensitivity" not in form
    context: dict[str, Any] = {
        "question": question,
        "kind": kind_name(kind),
        "is_answered": is_answered,
        "other_kinds": {}
        if is_answered
        else {code: name for code, (name, _use) in KINDS.items() if code != kind},
        "withdrawn_choices": [
            in_language(choice.label)
            for choice in (question.choices if question else ())
            if choice.withdrawn_at
        ],
        **(
            about_answered(event, question, tallies.count_answered(event)) if question and is_answered else {}
        ),
    }
    page = render(event, "edit", form, meanwhile, folder="questions", **context)
    return page, 409 if meanwhile else 422 if form.errors else 200


def _refused(
    slug: str,
    form: QuestionForm,
    number: int | None,
    kind: QuestionKind,
    refusal: ChangedMeanwhile | QuestionRefused,
) -> ResponseReturnValue:
    """Undo the request's changes, and show the form again with another organiser's changes, or with the refusal."""
    db.session.rollback()
    event = get_any_or_404(slug)
    question = get_question_or_404(event, number) if number else None
    if isinstance(refusal, ChangedMeanwhile):
        return _page(event, form, question, kind, refusal)
    _note(form, refusal, {each.key: in_language(each.label) for each in queries.list_all(event.id)})
    return _page(event, form, question, kind)


def too_large() -> str:
    """Return the message for a form that would ask for more files than one request may send."""
    return _(
        "The files that a sector is asked for may have at most %(number)s MB together. Let this one or another be"
        " smaller, or ask the sector for fewer files.",
        number=MOST_MEGABYTES,
    )


def _note(form: QuestionForm, refusal: QuestionRefused, labels: dict[str, str]) -> None:
    """Show a refusal in words at the field that it is about."""
    other = labels.get(refusal.where, refusal.where)
    words = {
        Fault.KIND_IS_FIXED: _(
            "People have answered, so this stays a question of its kind. Withdraw it and ask a new one."
        ),
        Fault.SENSITIVITY_IS_FIXED: _("People have answered, so who reads the answers cannot change."),
        Fault.DELETION_IS_PROMISED: _(
            "People have answered, and the form told them that their answers are deleted, so this stays ticked."
        ),
        Fault.TOO_FEW_CHOICES: _("Enter at least two answers to choose from")
        if form.draft().kind == QuestionKind.ONE_OF
        else _("Enter at least one answer to choose from"),
        Fault.KEY_IS_TAKEN: _("The answers were changed on their way to us. Open the page again."),
        Fault.NO_SUCH_SECTOR: _("One of these sectors is gone. Choose again."),
        Fault.NO_SUCH_CONDITION: _("That question does not offer this answer any more. Choose again."),
        Fault.CIRCLE: _("“%(question)s” depends on this question already", question=other),
        **_words_of_condition(other, is_above=form.draft().depends_on == refusal.where),
        Fault.NO_FILE_TYPE: _("Choose which files people may send, and how large they may be"),
        Fault.FILES_TOO_LARGE: too_large(),
        Fault.FILE_IS_SENSITIVE: _(
            "Organisers read the files that people send, so such a question cannot be sensitive"
        ),
        Fault.OTHERS_DEPEND: _("“%(question)s” depends on an answer that you have removed", question=other),
    }
    field = _field_of(form, refusal.fault)
    if field is None:
        form.form_errors = [*form.form_errors, words[refusal.fault]]
    else:
        field.errors = [*field.errors, words[refusal.fault]]
    if "choices" in form:
        form.choices.note_errors()


def _words_of_condition(other: str, *, is_above: bool) -> dict[Fault, str]:
    """Return by fault the message that settings of a question and of the question `other` do not fit together.

    With `is_above` the question depends on `other`, else `other` depends on the question.
    """
    return {
        Fault.SHOWS_SENSITIVE: _(
            "“%(question)s” is sensitive, so this question has to be sensitive, too:"
            " whoever reads its answer would know the other one",
            question=other,
        )
        if is_above
        else _(
            "“%(question)s” depends on this question and is not sensitive. Change that one first.",
            question=other,
        ),
        Fault.SHOWS_PLACE: _(
            "The answers to “%(question)s” tell where somebody is, and so do those to this question."
            " Tick it here, too.",
            question=other,
        )
        if is_above
        else _(
            "“%(question)s” depends on this question, so its answers tell where somebody is, too."
            " Tick it there first.",
            question=other,
        ),
    }


def _field_of(form: QuestionForm, fault: Fault) -> Any:
    """Return the form's field at which this fault is shown; None if the form has no such field."""
    names = {
        Fault.TOO_FEW_CHOICES: "choices",
        Fault.OTHERS_DEPEND: "choices",
        Fault.NO_SUCH_SECTOR: "sectors",
        Fault.NO_SUCH_CONDITION: "condition",
        Fault.CIRCLE: "condition",
        Fault.SHOWS_SENSITIVE: "sensitivity",
        Fault.SENSITIVITY_IS_FIXED: "sensitivity",
        Fault.SHOWS_PLACE: "is_locating",
        Fault.DELETION_IS_PROMISED: "is_locating",
        Fault.NO_FILE_TYPE: "file_types",
        Fault.FILES_TOO_LARGE: "most_megabytes",
        Fault.FILE_IS_SENSITIVE: "sensitivity",
    }
    name = names.get(fault, "")
    if name == "choices" and name in form and form.choices.entries:
        first = form.choices.entries[0].form.label
        return next(iter(first.form))
    return form[name] if name in form else None  # noqa: SIM401 - a form has no `get`


def _kind_or_404(code: str) -> QuestionKind:
    return next((kind for kind in KINDS if kind == code), None) or abort(404)
