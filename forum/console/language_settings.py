"""The page on which an event's languages are chosen; forum.console.settings gives it its address."""

from typing import Any

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console import question_checks
from forum.console.new_event_form import LanguagesField
from forum.console.settings_editing import flash_saved, get_locked_or_404, render, show_stored
from forum.console.settings_fields import SettingsForm
from forum.console.text_checks import list_untranslated
from forum.events import translating
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.events.translating import NewLanguages
from forum.extensions import db
from forum.web.edits import ChangedMeanwhile
from forum.web.languages import NAMES, in_language, language_name


class LanguagesForm(SettingsForm):
    """The form for choosing the languages of an event."""

    languages = LanguagesField(
        _l("Languages of the event"),
        [InputRequired(_l("Choose at least one language"))],
        choices=[SelectChoice(code, name) for code, name in NAMES.items()],
    )

    @staticmethod
    def stored(event: Event) -> dict[str, Any]:
        """Return the values that the form's fields show for the event."""
        return {"languages": event.offered_languages}


def languages(event: str) -> ResponseReturnValue:
    """Show the event's languages and what is not translated; on POST change the languages."""
    this_event = get_any_or_404(event)
    form = LanguagesForm(kept_words.sent_or_kept(), data=LanguagesForm.stored(this_event))
    if not form.is_submitted():
        show_stored(form, LanguagesForm.stored(this_event))
    if not form.validate_on_submit():
        return _page(this_event, form)
    this_event, codes = get_locked_or_404(event), form.languages.data or ()
    try:
        form.refuse_if_changed(LanguagesForm.stored(this_event))
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return _page(this_event, form, meanwhile)
    new = translating.set_languages(this_event, codes, actor=sign_ins.current_actor(), now=clock.now())
    told = " ".join(_told(new))
    db.session.commit()
    flash_saved(told, is_changed=bool(new.added or new.removed))
    return redirect(url_for("settings.languages", event=event), 303)


def _told(new: NewLanguages) -> list[str]:
    """Return sentences about the effects of changing the languages."""
    told = []
    if new.removed:
        names = ", ".join(map(language_name, new.removed))
        told.append(_("Pages in %(languages)s are hidden; their texts are kept.", languages=names))
    if new.drafted:
        titles = ", ".join(in_language(page.title) for page in new.drafted)
        told.append(_("Drafted: %(titles)s.", titles=titles))
    return told


def _page(
    event: Event, form: LanguagesForm, meanwhile: ChangedMeanwhile | None = None
) -> ResponseReturnValue:
    status = 409 if meanwhile else 422 if form.errors else 200
    untranslated = [*list_untranslated(event), *question_checks.list_untranslated(event)]
    return render(event, "languages", form, meanwhile, untranslated=untranslated), status
