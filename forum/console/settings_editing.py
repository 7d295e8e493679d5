"""The steps of every settings page: show a form, lock the event, refuse to overwrite a colleague's change, and save."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console import question_rows
from forum.console.settings_fields import want_languages
from forum.console.text_checks import lacks_language
from forum.database import start_write
from forum.events import changes
from forum.events.drafts import known_of
from forum.events.filling import fill_drafts
from forum.events.in_url import get_any_or_404
from forum.events.models import Event, Page
from forum.extensions import db
from forum.registration import places
from forum.web.edits import ChangedMeanwhile, differences
from forum.web.languages import NAMES, in_language

Context = Mapping[str, Any]
Former = Mapping[str, Any]  # the former values of the event's changed columns, by column name


def _nothing(_event: Event) -> Context:
    return {}


def _told_nothing(_event: Event, _changed: Former, _now: datetime) -> str:
    return ""


@dataclass(frozen=True)
class Part:
    """A page of the settings whose form edits columns of the event.

    `name` is the name of its endpoint and template; `context` returns further values for the template; `after` is
    called with the former values of the changed columns, before the commit, and returns the words after "Saved".
    """

    name: str
    form: Any
    context: Callable[[Event], Context] = field(default=_nothing)
    after: Callable[[Event, Former, datetime], str] = field(default=_told_nothing)


def edit(slug: str, part: Part) -> ResponseReturnValue:
    """Show a part of the settings; on POST save what has changed."""
    event = get_any_or_404(slug)
    form = part.form(kept_words.sent_or_kept(), data=part.form.stored(event), event=event)
    if not form.is_submitted():
        show_stored(form, part.form.stored(event))
    if not form.validate_on_submit():
        return _page(event, part, form)
    event, now = get_locked_or_404(slug), clock.now()
    try:
        form.refuse_if_changed(part.form.stored(event))
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return _page(event, part, form, meanwhile)
    actor, known = sign_ins.current_actor(), known_of(event)
    changed = changes.change(event, form.values(event), actor=actor, now=now)
    filled = fill_drafts(event, known, actor=actor, now=now)
    told = " ".join(filter(None, (_filled_words(filled), part.after(event, changed, now))))
    db.session.commit()
    flash_saved(told, is_changed=bool(changed))
    return redirect(url_for(f"settings.{part.name}", event=slug), 303)


def _filled_words(pages: Sequence[Page]) -> str:
    """Return a sentence on which drafts of pages a change has filled in; "" for none."""
    if not pages:
        return ""
    titles = ", ".join(in_language(page.title) for page in pages)
    return _("Filled into drafts that nobody has edited: %(titles)s.", titles=titles)


def show_stored(form, stored: Mapping[str, Any]) -> None:
    """Note in the form which stored values the page shows; a form kept over a new sign-in keeps its earlier note."""
    if not form.seen.data:
        form.show(stored)


def get_locked_or_404(slug: str) -> Event:
    """Begin to write; return the event, locked, with everything read again after waiting for the lock."""
    start_write(db.session)
    places.lock(get_any_or_404(slug))
    db.session.expire_all()
    return get_any_or_404(slug)


def flash_saved(told: str, *, is_changed: bool) -> None:
    """Show on the next page the message that the change is saved, or that nothing was different."""
    if is_changed:
        flash(" ".join(filter(None, (_("Saved."), told))), "success")
    else:
        flash(_("Nothing was different, so nothing was changed."), "info")


def render(
    event: Event,
    name: str,
    form: Any,
    meanwhile: ChangedMeanwhile | None = None,
    *,
    folder: str = "settings",
    **context: Any,
) -> str:
    """Return a page of the settings, from a folder of templates/console/.

    After another organiser's change the page compares the typed values with the stored ones.
    """
    compared = []
    want_languages(form, event.offered_languages)
    if meanwhile:
        compared = list(differences(form, meanwhile.stored))
        form.show(meanwhile.stored)
    return render_template(
        f"console/{folder}/{name}.html",
        event=event,
        form=form,
        meanwhile=meanwhile,
        compared=compared,
        missing=count_missing(event),
        language_names=NAMES,
        **context,
    )


def count_missing(event: Event) -> dict[str, int]:
    """Return for each page of the settings how many of its texts lack a language."""
    lines = [line["report"]["name"] for line in event.help_lines if "report" in line]
    facts = [fact[name] for fact in event.facts for name in ("label", "value")]
    points = [point[name] for point in event.programme_points for name in ("title", "text")]
    texts = {
        "facts": [event.name, event.short_name, event.place, event.directions],
        "sectors": [text for sector in event.sectors for text in (sector.name, sector.invited)],
        "organiser": [event.organiser_name, *lines, *(contact.get("role", {}) for contact in event.contacts)],
        "texts": [event.lead, event.sharing, *facts, *points],
    }
    codes = event.offered_languages
    counts = {part: sum(lacks_language(text, codes) for text in mine) for part, mine in texts.items()}
    return {**counts, "questions": question_rows.count_missing(event)}


def _page(
    event: Event, part: Part, form: Any, meanwhile: ChangedMeanwhile | None = None
) -> ResponseReturnValue:
    status = 409 if meanwhile else 422 if form.errors else 200
    return render(event, part.name, form, meanwhile, **part.context(event)), status
