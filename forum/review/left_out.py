"""The message that names the people whom a round of decisions left out, and says why.

The reasons are those of `rounds`. A message is kept in the browser's cookie until the next page, and a browser drops a
cookie of more than 4096 bytes: so a message names only some people, and long names are cut.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_babel.speaklater import LazyString

from forum.events.models import Event
from forum.registration import wording
from forum.review import queries, rounds

NAMED = 20  # the most people whom one message names, for all reasons together
LONGEST_NAME = 40
# The most bytes of all names and references in one message. JSON in the cookie makes them a third longer.
MOST_BYTES = 1200
REASONS: Mapping[str, LazyString] = {
    rounds.FULL: _l("In review as before, because no place is free: %(names)s."),
    rounds.TOO_LATE: _l("Decided or ended meanwhile: %(names)s."),
    rounds.WITHDRAWN: _l("The proposal was withdrawn meanwhile: %(names)s."),
    rounds.CHANGED: _l("Changed since your page showed it. Look again: %(names)s."),
    rounds.PROPOSED_BEFORE: _l(
        "Proposed already; another organiser confirms it on the person’s page: %(names)s."
    ),
    rounds.ALONE: _l("Not proposed, because no other organiser could confirm it: %(names)s."),
    rounds.OWN: _l("Somebody else has to confirm what you proposed: %(names)s."),
    rounds.PASSED: _l("You have left these decisions to others: %(names)s."),
}


def sentences(event: Event, came: Mapping[str, str], sectors: queries.Sectors) -> Iterator[str]:
    """Yield a sentence for each reason for which people were left out; `came` has each person's outcome by reference.

    `sectors` are the ids of the sectors that the organiser sees, None for every sector. A forged form may name anybody:
    the sentences tell nothing of people of other sectors, not even whether a person exists.
    """
    people = {reason: [one for one, how in came.items() if how == reason] for reason in REASONS}
    left = {reason: references for reason, references in people.items() if references}
    for reason, references in left.items():
        yield REASONS[reason] % {"names": _names(references, len(left), partial(_named, event, sectors))}


def _names(references: Sequence[str], parts: int, name_of: Callable[[str], str]) -> str:
    """Return people's names and references in one text, which takes at most one of `parts` equal shares of a message.

    A person who was erased, or whom the organiser may not see, is named by reference alone. The first person is always
    named.
    """
    named: list[str] = []
    for reference in references[: NAMED // parts]:
        named.append(name_of(reference))
        if len(named) > 1 and len(json.dumps(named)) > MOST_BYTES // parts:
            named.pop()
            break
    shown, more = ", ".join(named), len(references) - len(named)
    if not more:
        return shown
    return ngettext("%(names)s and %(num)s more", "%(names)s and %(num)s more", more, names=shown)


def _named(event: Event, sectors: queries.Sectors, reference: str) -> str:
    registration = queries.find_person(event, reference, sectors)
    if registration is None or not (name := wording.full_name(registration)):
        return reference
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    return f"{short} ({reference})"
