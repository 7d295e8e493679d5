"""The pages of revisions: their list, and one revision compared with the present content and the one before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import render_template

from forum.revisions import History
from forum.web.differences import Difference
from forum.web.edits import ShowsStored
from forum.web.forms import TidyForm
from forum.web.languages import NAMES


class RestoreForm(ShowsStored, TidyForm):
    """The button that restores a revision, with a digest of the values that were stored when the page was rendered."""


@dataclass(frozen=True)
class Kept:
    """The post or page whose revisions are shown: its name, its event, and the URLs of its editor and revisions."""

    name: str
    event: Any
    history: History
    edit_url: str
    list_url: str
    url_of: Callable[[int], str]
    compare: Callable[[Mapping[str, Any], Mapping[str, Any]], list[Difference]]


def render_list(kept: Kept, names_of: Callable[[set[int]], Mapping[int, str]]) -> str:
    """Return the page that lists the revisions; `names_of` gives the names of users by their ids."""
    listed = kept.history.list_all()
    writers = names_of({revision.user_id for revision in listed if revision.user_id})
    return render_template(
        "console/revisions/index.html", kept=kept, event=kept.event, revisions=listed, writers=writers
    )


def render_one(
    kept: Kept,
    revision: Any,
    form: RestoreForm,
    now: Mapping[str, Any],
    names_of: Callable[[set[int]], Mapping[int, str]],
) -> str:
    """Return the page that compares a revision with the present content `now` and with the revision before it."""
    form.show(now)
    before = kept.history.find_before(revision)
    writers = names_of({revision.user_id}) if revision.user_id else {}
    return render_template(
        "console/revisions/show.html",
        kept=kept,
        event=kept.event,
        revision=revision,
        form=form,
        names=NAMES,
        writer=writers.get(revision.user_id, ""),
        since=kept.compare(revision.content, now),
        then=kept.compare(before.content, revision.content) if before else None,
    )
