"""What the editors of posts and of standing pages share: the buttons beside hints that replace words."""

from collections.abc import Callable

from flask import flash, request
from flask_babel import gettext as _
from wtforms import Form

from forum.web.languages import NAMES
from forum.web.proofreading import Care, Hint

# The name of the button beside a hint; its value is the text's language, a dash and the hint's key.
REPLACE = "replace"


def replace_if_asked(form: Form, care_of: Callable[[str], Care]) -> bool:
    """Replace the words of a hint in the typed text if its button was pressed, and say so; return whether it was.

    `care_of` returns the remarks on what is typed in a language. Nothing is saved.
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


def _replace(form: Form, asked: str, care_of: Callable[[str], Care]) -> Hint | None:
    code, _dash, key = asked.partition("-")
    hint = care_of(code).find(key) if code in NAMES else None
    if hint:
        field = form[code].form[hint.field]
        field.data = hint.replace_in(field.data)
    return hint
