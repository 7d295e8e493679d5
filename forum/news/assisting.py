"""What the editors of posts and of standing pages share: buttons that replace words, and the preview while writing."""

from collections.abc import Callable

from flask import abort, flash, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import Form

from forum.web import limits
from forum.web.languages import NAMES, speak
from forum.web.proofreading import Care, Hint

# The name of the button "Replace" beside a hint; its value is the text's language, a dash and the hint's key.
REPLACE = "replace"
# How many previews all windows of a person may request; the editor's script requests fewer: it awaits each answer.
PREVIEWS = "90 per minute"
LONGEST_PREVIEW_SECONDS = 10


def replace_if_asked(form: Form, care_of: Callable[[str], Care]) -> bool:
    """Replace a hint's words in the typed text if its button "Replace" was pressed; return whether it was.

    `care_of` is a function that returns the proofreader's remarks on the text typed in a language. Nothing is saved.
    """
    asked = request.form.get(REPLACE) if request.method == "POST" else None
    if asked is None:
        return False
    if hint := _replace(form, asked, care_of):
        parts = {"words": hint.words, "better": hint.better}
        flash(_("Replaced: %(words)s → %(better)s. Nothing is saved yet.", **parts), "success")
    else:
        flash(_("That place reads differently now, so nothing was replaced. The hints are new."), "warning")
    return True


def preview(
    form: Form, care_of: Callable[[str], Care], editor_url: str, shown: Callable[[str], str]
) -> ResponseReturnValue:
    """Return the hints on the text typed in the requested language, followed by its HTML, which `shown` makes.

    Answers 422 for wrong values; 429 while another preview of the same person is being made, or beyond PREVIEWS (S25).
    """
    code, person = request.form.get("in", ""), str(g.user.id)
    if code not in NAMES:
        abort(400)
    with limits.one_at_a_time(LONGEST_PREVIEW_SECONDS, "preview", person):
        if not limits.takes(PREVIEWS, "preview", person):
            raise limits.TooManyTries
        if not form[code].form.validate():
            return "", 422
        context = {"care": care_of(code), "code": code, "editor_url": editor_url}
        hints = render_template("console/posts/_hints.html", **context)
        speak(code)
        return hints + shown(code)


def _replace(form: Form, asked: str, care_of: Callable[[str], Care]) -> Hint | None:
    code, _dash, key = asked.partition("-")
    hint = care_of(code).find(key) if code in NAMES else None
    if hint:
        field = form[code].form[hint.field]
        field.data = hint.replace_in(field.data)
    return hint
