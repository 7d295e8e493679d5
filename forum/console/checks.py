"""The shape of a checklist: groups of checks, each done, needed before publishing, or able to wait."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _


class State(StrEnum):
    """The state of a check; the style sheet and the template use the values of the members."""

    DONE = "done"
    NEEDED = "needed"
    LATER = "later"


@dataclass(frozen=True)
class Check:
    """A check of an event: its title and state, what is missing, and the URL where that is filled in."""

    title: str
    state: State = State.DONE
    detail: str = ""
    url: str = ""
    act: str = ""  # the text of the link to the page where the missing part is filled in
    # Whether the check is about a text with blanks to fill in, such as "[name]"; the page before publishing lists each
    # blank.
    is_text: bool = False

    @property
    def state_text(self) -> str:
        """The state in words, for people who do not see its icon."""
        words = {State.DONE: _("Done"), State.NEEDED: _("Needed"), State.LATER: _("Can wait")}
        return words[self.state]


@dataclass(frozen=True)
class Group:
    """The checks under one heading of the checklist."""

    title: str
    checks: tuple[Check, ...]

    @property
    def done(self) -> int:
        """The number of checks in the group that are done."""
        return sum(check.state == State.DONE for check in self.checks)


@dataclass(frozen=True)
class Checklist:
    """All checks of an event."""

    groups: tuple[Group, ...]

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks of all groups, in order."""
        return tuple(check for group in self.groups for check in group.checks)

    @property
    def needed(self) -> tuple[Check, ...]:
        """The checks without which an event should not be published."""
        return tuple(check for check in self.checks if check.state == State.NEEDED)

    def count(self, state: str) -> int:
        """Return how many of the checks are in this state."""
        return sum(check.state == state for check in self.checks)


def link(endpoint: str, **values: Any) -> str:
    """Return the URL of a page of the console, or "" when no view has this endpoint."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else ""
