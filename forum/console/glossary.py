"""The glossary in the console: words that texts in a language avoid, what they say instead, and why."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.edit_pages import edit_page
from forum.console.settings_editing import flash_saved, show_stored
from forum.console.settings_fields import SettingsForm, at_most, too_long
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.extensions import db
from forum.news import glossary as rules
from forum.news.glossary import LONGEST_AVOIDED, TermExists
from forum.news.models import GlossaryTerm
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm, required
from forum.web.languages import NAMES
from forum.web.proofreading import has_word

bp = Blueprint("glossary", __name__, url_prefix="/console/<event>/news/glossary")


class GlossaryForm(SettingsForm):
    """The form for an entry of the glossary."""

    language = SelectField(_l("Language"), choices=[SelectChoice(code, name) for code, name in NAMES.items()])
    avoid = StringField(
        _l("Word to avoid"), [required(_l("Enter the word to avoid")), at_most(LONGEST_AVOIDED)]
    )
    better = StringField(_l("Write instead"), [required(_l("Enter what to write instead")), at_most(200)])
    reason = StringField(_l("Why"), [at_most(300)])

    def validate_avoid(self, field: StringField) -> None:
        """Refuse a word that is too long when written in lower case, and one that has neither a letter nor a digit."""
        word = field.data or ""
        if len(word) <= LONGEST_AVOIDED < len(rules.as_stored(word)):
            raise ValidationError(too_long(LONGEST_AVOIDED))
        if not has_word(word):
            raise ValidationError(_l("Write a word, with a letter or digit in it"))

    def values(self) -> dict[str, str]:
        """Return the typed entry by field: language, word to avoid, better word and reason."""
        return {name: self[name].data or "" for name in ("language", "avoid", "better", "reason")}


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the entries of each language."""
    this_event = get_any_or_404(event)
    return render_template(
        "console/glossary/index.html", event=this_event, terms=rules.list_all(), names=NAMES
    )


@bp.route("/new", methods=["GET", "POST"])
def new(event: str) -> ResponseReturnValue:
    """Show the form for a new glossary word; on POST add the word."""
    get_any_or_404(event)
    form = GlossaryForm(kept_words.sent_or_kept())
    if not form.validate_on_submit():
        return edit_page("glossary/edit", event, form, term=None)
    start_write(db.session)
    try:
        rules.store(GlossaryTerm(), form.values(), actor=sign_ins.current_actor(), now=clock.now())
    except TermExists:
        return _refuse_second(event, form, None)
    db.session.commit()
    flash(_("The entry is added. Editors see it as a hint from now on."), "success")
    return redirect(url_for(".index", event=event), 303)


@bp.route("/<int:number>", methods=["GET", "POST"])
def edit(event: str, number: int) -> ResponseReturnValue:
    """Change an entry (R30)."""
    get_any_or_404(event)
    term = get_term_or_404(number)
    form = GlossaryForm(kept_words.sent_or_kept(), data=rules.values_of(term))
    if not form.is_submitted():
        show_stored(form, rules.values_of(term))
    if not form.validate_on_submit():
        return edit_page("glossary/edit", event, form, term=term)
    start_write(db.session)
    by: dict[str, Any] = {"actor": sign_ins.current_actor(), "now": clock.now()}
    try:
        form.refuse_if_changed(rules.values_of(term := get_term_or_404(number)))
        is_changed = rules.store(term, form.values(), **by)
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return edit_page("glossary/edit", event, form, meanwhile, term=get_term_or_404(number))
    except TermExists:
        return _refuse_second(event, form, number)
    db.session.commit()
    flash_saved("", is_changed=is_changed)
    return redirect(url_for(".index", event=event), 303)


@bp.route("/<int:number>/removal", methods=["GET", "POST"])
def remove(event: str, number: int) -> ResponseReturnValue:
    """Ask whether to remove an entry of the glossary; on POST remove it."""
    get_any_or_404(event)
    form, term = TidyForm(), get_term_or_404(number)
    if not form.validate_on_submit():
        return edit_page("glossary/removal", event, form, term=term)
    start_write(db.session)
    rules.remove(get_term_or_404(number), actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(_("The entry is removed."), "success")
    return redirect(url_for(".index", event=event), 303)


def get_term_or_404(number: int) -> GlossaryTerm:
    """Return the entry with this id, or abort with 404."""
    return rules.find(number) or abort(404)


def _refuse_second(event: str, form: GlossaryForm, number: int | None) -> ResponseReturnValue:
    """Show the form with an error, because the language already has an entry for this word."""
    db.session.rollback()
    form.avoid.errors = [_("The glossary has an entry for this word already")]
    return edit_page("glossary/edit", event, form, term=get_term_or_404(number) if number else None)
