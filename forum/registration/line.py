"""Whose turn it is on the waiting list: the order of asking, or the one that keeps the balance of the sectors.

In balance order the sector that is furthest below its floor comes first. Of its people, and of those in sectors that
are equally far below, come first those whose organisation has no place yet, and then whoever has waited longest. The
order is computed again after each place that is given. Source: docs/architecture.md, "Places"; R02.

This module uses neither the database nor the rules of places. Each place that is given leaves fewer for other people.
So a person who cannot take a place at their turn cannot take one later in the same round either.
"""

from bisect import insort
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from forum.events.enums import LineOrder

MOST_NAMED = 20  # the most people whom an offer names as having been passed over
# The value of `rank_by` in the data of an offer: the rank counts in the order of asking. An earlier version of the
# forum has not stored it, and ranked an offer by hand in the order of the line.
ASKING = "asking"


class Waiter(Protocol):
    """The attributes of a waiting registration by which the waiting list is ordered."""

    id: int
    sector_id: int
    organisation_key: str
    waiting_since: Any


class Because(StrEnum):
    """The reason why a person on the waiting list was offered or given a place."""

    TIME = "time"  # nobody who can take the place has waited longer than this person
    FLOOR = "floor"  # this person's sector is further below its floor than others
    # The person's organisation has no place yet, and the organisations of people who have waited longer have one.
    ORGANISATION = "organisation"
    HAND = "hand"  # an organiser chose the person


class PassedOver(StrEnum):
    """Why a person of the same sector who had waited longer was passed over."""

    CAP = "cap"  # passed over: the person's organisation has reached its cap
    ORGANISATION = "organisation"  # passed over: the person's organisation has a place already
    WITHDRAWN = "withdrawn"  # passed over: an organiser has just withdrawn this place from the person
    ADDRESS = (
        "address"  # passed over: the person has no address yet, but a link to confirm one that still works
    )


@dataclass(frozen=True)
class Rules:
    """Functions by which the order of the waiting list knows the state of the event after each given place.

    `below` returns how many places a sector is below its floor; `full` returns the ids of the sectors that can take
    nobody; `admit` gives a place and returns whether that was possible. `passes` returns why a person gets no turn in
    this round, None for everybody else.
    """

    below: Callable[[int], int]
    has_place: Callable[[str], bool]
    full: Callable[[], Collection[int]]
    admit: Callable[[Any], bool]
    passes: Callable[[Any], PassedOver | None] = lambda _waiter: None


@dataclass(frozen=True)
class Turn:
    """A person's turn: the reason, the rank in the sector's line, and the people ahead who were passed over.

    `rank` counts in the order of asking, whatever the order of the line is: 1 for whoever has waited longest.
    """

    waiter: Any
    order: LineOrder
    because: Because
    rank: int
    below: int
    full: Collection[int] = ()
    passed: tuple[tuple[int, str], ...] = ()

    def as_data(self) -> dict[str, Any]:
        """Return why it was the person's turn, as codes and numbers, for the row of the offer."""
        return {
            "order": str(self.order),
            "because": str(self.because),
            "rank": self.rank,
            "rank_by": ASKING,
            "below": self.below,
            "full": sorted(self.full),
            "passed": [[number, str(why)] for number, why in self.passed[:MOST_NAMED]],
            "passed_in_all": len(self.passed),
        }


@dataclass
class _Lane:
    """A sector's line: people whose organisation has no place (`fresh`), `others`, and those who were `passed` over."""

    fresh: list[Any] = field(default_factory=list)
    others: list[Any] = field(default_factory=list)
    passed: list[tuple[Any, str]] = field(default_factory=list)

    @property
    def head(self) -> Any:
        """The next person of this sector; somebody must be waiting."""
        return self.fresh[0] if self.fresh else self.others[0]

    def longest(self) -> Any:
        """Return the person of this sector who has waited longest."""
        return min((part[0] for part in (self.fresh, self.others) if part), key=since)

    def take(self) -> Any:
        """Remove and return the next person of this sector."""
        return (self.fresh or self.others).pop(0)

    def set_behind(self, organisation_key: str) -> None:
        """Move people of an organisation that has got a place behind those of organisations without one."""
        moved = [waiter for waiter in self.fresh if waiter.organisation_key == organisation_key]
        if moved:
            self.fresh = [waiter for waiter in self.fresh if waiter.organisation_key != organisation_key]
            for waiter in moved:
                insort(self.others, waiter, key=since)

    def passed_for(self, waiter: Any) -> tuple[tuple[int, str], ...]:
        """Return the ids of people of this sector who had waited longer than `waiter`, and why each was passed over."""
        waits = [(other, str(PassedOver.ORGANISATION)) for other in (*self.fresh, *self.others)]
        ahead = [(other, why) for other, why in (*self.passed, *waits) if since(other) < since(waiter)]
        return tuple((other.id, why) for other, why in sorted(ahead, key=lambda pair: since(pair[0])))


def rank_by_asking(why: Mapping[str, Any]) -> int | None:
    """Return the rank in the order of asking from the data of an offer (`Turn.as_data`), or None if it is unknown."""
    is_unknown = why.get("because") == Because.HAND and why.get("order") == LineOrder.BALANCE
    return None if is_unknown and why.get("rank_by") != ASKING else why.get("rank")


def since(waiter: Waiter) -> tuple[datetime, int]:
    """Return the sort key for the order in which people began to wait; at equal times the lower id comes first."""
    return waiter.waiting_since, waiter.id


class Round:
    """A round of giving places to waiting people.

    `give` is called with all waiting people or, in the order of asking, with one batch after the other.
    """

    def __init__(self, order: LineOrder, rules: Rules) -> None:
        self._order, self._rules = order, rules
        self._lanes: dict[int, _Lane] = {}

    def give(self, waiting: Iterable[Any]) -> Iterator[Turn]:
        """Give a place to each person whose turn comes and who can take one, and yield these turns."""
        self._add(waiting)
        while lanes := self._open_lanes():
            lane, because = self._next(lanes)
            yield from self._try(lane, because)

    def _add(self, waiting: Iterable[Any]) -> None:
        for waiter in sorted(waiting, key=since):
            lane = self._lanes.setdefault(waiter.sector_id, _Lane())
            if why := self._rules.passes(waiter):
                lane.passed.append((waiter, why))
            elif self._order == LineOrder.BALANCE and not self._rules.has_place(waiter.organisation_key):
                lane.fresh.append(waiter)
            else:
                lane.others.append(waiter)

    def _open_lanes(self) -> dict[int, _Lane]:
        """Return, by sector id, the lines in which somebody waits; empty the lines of sectors that can take nobody."""
        full = self._rules.full()
        for number, lane in self._lanes.items():
            if number in full:
                lane.fresh, lane.others = [], []
        return {number: lane for number, lane in self._lanes.items() if lane.fresh or lane.others}

    def _next(self, lanes: dict[int, _Lane]) -> tuple[_Lane, Because]:
        """Return the line whose next person gets the turn, and the reason."""
        if self._order != LineOrder.BALANCE:
            return min(lanes.values(), key=lambda lane: since(lane.head)), Because.TIME
        below = {number: self._rules.below(number) for number in lanes}
        furthest = [lane for number, lane in lanes.items() if below[number] == max(below.values())]
        chosen = min(furthest, key=lambda lane: (not lane.fresh, since(lane.head)))
        if max(below.values()) > min(below.values()):
            return chosen, Because.FLOOR
        longest = min((lane.longest() for lane in lanes.values()), key=since)
        return chosen, Because.TIME if longest is chosen.head else Because.ORGANISATION

    def _try(self, lane: _Lane, because: Because) -> Iterator[Turn]:
        full, waiter = self._rules.full(), lane.take()
        below, passed = self._rules.below(waiter.sector_id), lane.passed_for(waiter)
        if not self._rules.admit(waiter):
            lane.passed.append((waiter, PassedOver.CAP))
            return
        for other in self._lanes.values():
            other.set_behind(waiter.organisation_key)
        yield Turn(waiter, self._order, because, len(passed) + 1, below, full, passed)
