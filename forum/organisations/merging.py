"""Merging an organisation into another by hand, and undoing that. Call the two acts with the event locked.

The data of a merged organisation do not change; its row only refers to the organisation as which it counts. So undoing
a merge restores names, mail domains, country, sector and registrations exactly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.organisations.actions import Outcome, settle
from forum.organisations.errors import MergedFurther
from forum.organisations.models import Distinction, Merge
from forum.organisations.queries import Numbers, list_merges
from forum.registration import belonging
from forum.registration.organisation_models import Organisation


@dataclass(frozen=True)
class Undoing:
    """The result of undoing a merge: the numbers of both organisations, and whether the former cap comes back."""

    numbers: Numbers
    gives_cap_back: bool
    blocked_by: Organisation | None = None


def merge(
    event: Event, merged: Organisation, kept: Organisation, cap: int | None, *, actor: str, now: datetime
) -> Outcome:
    """Make everything of one organisation count for another one, which may from then on have `cap` places.

    Nobody loses a place, even where both organisations together hold more places than the cap.
    """
    caps = {"cap_before": kept.cap, "cap_after": cap}
    row = Merge(merged_id=merged.id, kept_id=kept.id, merged_at=_moment(event, kept, now), **caps)
    for one in (merged, *_within(merged, list_merges(event))):
        one.counts_as_id = kept.id
    kept.cap = cap
    db.session.add(row)
    db.session.flush()
    outcome = Outcome(kept, True, *settle(event, now))
    details = {"merged": merged.id, "caps": [row.cap_before, cap]}
    _record("organisation.merged", outcome, details, actor=actor, now=now)
    return outcome


def foresee_undoing(event: Event, row: Merge) -> Undoing:
    """Return what undoing the merge would result in now. Nothing is changed."""
    stands_as = db.session.get_one(Organisation, row.merged.counts_as_id or row.kept_id)
    by_owner = belonging.count_by_owner(event, stands_as.key)
    within = (row.merged, *_within(row.merged, list_merges(event)))
    parts = [by_owner[one.id] for one in within if one.id in by_owner]
    numbers = Numbers(sum(part[0] for part in parts), sum(part[1] for part in parts))
    blocked_by = stands_as if row.kept.counts_as_id is not None else None
    gives_cap_back = _find_next(event, row) is None and row.kept.cap == row.cap_after
    return Undoing(numbers, gives_cap_back, blocked_by)


def undo(event: Event, row: Merge, *, actor: str, now: datetime) -> Outcome:
    """Undo a merge; the kept organisation gets its former cap again, unless somebody has changed the cap since.

    Of several merges into one organisation, the latest decides the cap. Undoing an earlier one keeps the cap and passes
    its former cap on to the next merge, so that undoing all of them in any order restores the first cap. Nobody loses a
    place. Raises MergedFurther if the kept organisation was merged into another one since.
    """
    merged, kept = row.merged, row.kept
    if kept.counts_as_id is not None:
        raise MergedFurther(db.session.get_one(Organisation, kept.counts_as_id))
    for one in _within(merged, list_merges(event)):
        one.counts_as_id = merged.id
    merged.counts_as_id = None
    was, following = kept.cap, _find_next(event, row)
    if following is not None:
        if following.cap_before == row.cap_after:
            following.cap_before = row.cap_before
    elif kept.cap == row.cap_after:
        kept.cap = row.cap_before
    db.session.delete(row)
    db.session.flush()
    outcome = Outcome(kept, True, *settle(event, now))
    _record(
        "organisation.unmerged", outcome, {"merged": merged.id, "caps": [was, kept.cap]}, actor=actor, now=now
    )
    return outcome


def tell_apart(one: Organisation, other: Organisation, *, actor: str, now: datetime) -> None:
    """Mark two organisations as different, however similar their names are; a second call changes nothing."""
    older, younger = sorted((one.id, other.id))
    if db.session.get(Distinction, (older, younger)) is None:
        db.session.add(Distinction(older_id=older, younger_id=younger))
        audit.record("organisation.told_apart", one, actor=actor, at=now, other=other.id)


def propose_again(one: Organisation, other: Organisation, *, actor: str, now: datetime) -> None:
    """Delete the mark that two organisations are different, so that they are proposed as similar again."""
    row = db.session.get(Distinction, tuple(sorted((one.id, other.id))))
    if row is not None:
        db.session.delete(row)
        audit.record("organisation.proposed_again", one, actor=actor, at=now, other=other.id)


def _moment(event: Event, kept: Organisation, now: datetime) -> datetime:
    """Return the time to store for a merge into `kept`: after its earlier merges, even if the clock went back."""
    earlier = [row.merged_at for row in list_merges(event) if row.kept_id == kept.id]
    return max([now, *(moment + timedelta(microseconds=1) for moment in earlier)])


def _find_next(event: Event, row: Merge) -> Merge | None:
    """Return the merge into the same organisation that came next after this one."""
    later = [
        one for one in list_merges(event) if one.kept_id == row.kept_id and one.merged_at > row.merged_at
    ]
    return min(later, key=lambda one: one.merged_at, default=None)


def _within(organisation: Organisation, rows: Sequence[Merge]) -> Iterator[Organisation]:
    """Yield the organisations that were merged into this one, directly or by way of other organisations."""
    for row in rows:
        if row.kept_id == organisation.id:
            yield row.merged
            yield from _within(row.merged, rows)


def _record(action: str, outcome: Outcome, details: dict[str, object], *, actor: str, now: datetime) -> None:
    counts = {"registrations": outcome.settled, "offers": outcome.offered}
    audit.record(action, outcome.organisation, actor=actor, at=now, **details, **counts)
