"""The order of the waiting list, tested with random waiting people: it exceeds no limit and is deterministic (R02)."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from forum.events.enums import LineOrder
from forum.registration.line import Because, Round, Rules, since
from tests.factories.events import NOW

SECTORS = (1, 2, 3)


@dataclass(frozen=True)
class Waiter:
    """A registration on the waiting list."""

    id: int
    sector_id: int
    organisation_key: str
    waiting_since: object


class House:
    """Sectors with floors and ceilings, a number of places and a cap: an independent implementation of the limits."""

    def __init__(self, floors, ceilings, taken, capacity, cap, held):
        self.floors, self.ceilings, self.cap = floors, ceilings, cap
        self.taken = Counter(taken)
        self.capacity, self.held = capacity, Counter(held)

    def below(self, sector) -> int:
        return max(0, self.floors[sector] - self.taken[sector])

    def can_take(self, sector) -> bool:
        kept = sum(self.below(other) for other in SECTORS if other != sector)
        return self.taken[sector] < self.ceilings[sector] and self.taken.total() + kept < self.capacity

    def admit(self, waiter) -> bool:
        if not self.can_take(waiter.sector_id) or self.is_capped(waiter):
            return False
        self.taken[waiter.sector_id] += 1
        self.held[waiter.organisation_key] += 1
        return True

    def is_capped(self, waiter) -> bool:
        return self.cap is not None and self.held[waiter.organisation_key] >= self.cap

    def rules(self) -> Rules:
        return Rules(
            below=self.below,
            has_place=lambda key: self.held[key] > 0,
            full=lambda: [sector for sector in SECTORS if not self.can_take(sector)],
            admit=self.admit,
        )


@st.composite
def houses(draw, *, floors=True):
    """Draw the arguments of a House: its taken places exceed neither a sector's ceiling nor the capacity."""
    small = st.integers(0, 4)
    taken = {sector: draw(small) for sector in SECTORS}
    kept = {sector: draw(small) if floors else 0 for sector in SECTORS}
    ceilings = {sector: max(kept[sector], taken[sector] + draw(small)) for sector in SECTORS}
    below = sum(max(0, kept[sector] - taken[sector]) for sector in SECTORS)
    capacity = sum(taken.values()) + below + draw(small)
    held = {f"org{number}": draw(st.integers(0, 2)) for number in range(3)} if floors else {}
    return kept, ceilings, taken, capacity, draw(st.sampled_from((None, 1, 2))), held


@st.composite
def lines(draw, *, alone=False):
    """Draw waiting people; with `alone`, each has an organisation of their own."""
    people = draw(
        st.lists(st.tuples(st.sampled_from(SECTORS), st.integers(0, 2), st.integers(0, 9)), max_size=12)
    )
    return [
        Waiter(
            number, sector, f"own{number}" if alone else f"org{organisation}", NOW + timedelta(hours=hours)
        )
        for number, (sector, organisation, hours) in enumerate(people)
    ]


def turns(order, house: House, *batches):
    round_ = Round(order, house.rules())
    return [turn for batch in batches for turn in round_.give(batch)]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    given_=houses(), line=lines(), order=st.sampled_from(LineOrder), seed=st.randoms(use_true_random=False)
)
def test_no_order_passes_a_limit_and_each_is_always_the_same(given_, line, order, seed):
    house = House(*given_)
    given_turns = turns(order, house, line)
    assert house.taken.total() <= house.capacity
    assert all(house.taken[sector] <= house.ceilings[sector] for sector in SECTORS)
    mixed = [*line]
    seed.shuffle(mixed)
    assert turns(order, House(*given_), mixed) == given_turns
    left = [one for one in line if one not in [turn.waiter for turn in given_turns]]
    assert [one for one in left if house.can_take(one.sector_id) and not house.is_capped(one)] == []


@settings(max_examples=150, deadline=None, derandomize=True)
@given(given_=houses(floors=False), line=lines(alone=True))
def test_balance_is_the_order_of_time_without_floors_and_with_one_person_of_each_organisation(given_, line):
    by_time = turns(LineOrder.TIME, House(*given_), line)
    balanced = turns(LineOrder.BALANCE, House(*given_), line)
    assert [turn.waiter for turn in balanced] == [turn.waiter for turn in by_time]
    assert {turn.because for turn in balanced} <= {Because.TIME}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(given_=houses(), line=lines(), size=st.integers(1, 4))
def test_the_order_of_time_in_batches_is_that_of_the_whole_line(given_, line, size):
    ordered = sorted(line, key=since)
    batches = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    assert turns(LineOrder.TIME, House(*given_), *batches) == turns(LineOrder.TIME, House(*given_), ordered)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(given_=houses(), line=lines())
def test_each_turn_in_balance_order_is_the_one_that_the_rule_names(given_, line):
    """The test states the rule independently: of those who can take a place, the one with the smallest key is next."""
    house, oracle, waiting = House(*given_), House(*given_), [*line]
    for turn in turns(LineOrder.BALANCE, house, line):
        able = [one for one in waiting if oracle.can_take(one.sector_id) and not oracle.is_capped(one)]
        chosen = min(
            able,
            key=lambda one: (-oracle.below(one.sector_id), oracle.held[one.organisation_key] > 0, since(one)),
        )
        assert (turn.waiter, turn.below) == (chosen, oracle.below(chosen.sector_id))
        assert turn.rank == 1 + len(turn.passed)
        assert oracle.admit(chosen)
        waiting.remove(chosen)
