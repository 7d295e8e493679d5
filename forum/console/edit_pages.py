"""Pages with a form for something that all events share, such as a hashtag; another organiser's edit is shown (R30)."""

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from forum.events.in_url import get_any_or_404
from forum.web.edits import ChangedMeanwhile, differences
from forum.web.forms import TidyForm


def edit_page(
    template: str, event: str, form: TidyForm, meanwhile: ChangedMeanwhile | None = None, **context: Any
) -> ResponseReturnValue:
    """Return the page `console/<template>.html`, with status 409 after another person's edit, 422 for errors, else 200.

    `event` is the slug in the page's URL. If another organiser has changed the values meanwhile, the page compares the
    stored values with the typed ones, and a second press of Save replaces the stored values.
    """
    compared = []
    if meanwhile:
        compared = list(differences(form, meanwhile.stored))
        form.show(meanwhile.stored)
    page = render_template(
        f"console/{template}.html",
        event=get_any_or_404(event),
        form=form,
        meanwhile=meanwhile,
        compared=compared,
        **context,
    )
    return page, 409 if meanwhile else 422 if form.errors else 200
