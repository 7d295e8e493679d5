"""A scenario of race tests: people of one organisation, in several spellings, for its last places (R01)."""

from forum import clock
from forum.extensions import db
from forum.organisations import actions
from forum.organisations.actions import Written
from tests.factories.events import make_sector
from tests.factories.registrations import confirmed, write
from tests.faults.races import assert_counted_once, current_event, open_event, registrations

NAMES = ("Polisen", "Police Authority", "polisen AB", "North district")


def colleagues_for_the_last_places(race):
    """Colleagues register at once: one place is left in a sector with a separate cap, two in another sector."""
    race.begin(organisation_with_few_places_left)
    jobs = [
        {
            "sector": ("tech", "ngo")[number % 2],
            "organisation": NAMES[number % 4],
            "email": f"racer{number}@north.police.example",
            "submission_key": f"racer-{number}",
        }
        for number in range(24)
    ]
    outcomes = race("register", jobs)
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    db.session.expire_all()
    sectors = {sector.key: sector.taken for sector in current_event().sectors}
    assert sectors == {"tech": 3, "ngo": 2}
    assert {one.organisation_key for one in registrations()} == {"polisen"}
    assert_counted_once()


def organisation_with_few_places_left() -> None:
    """Save an organisation with an alias, a mail domain and two caps, and two of its people."""
    sectors = [make_sector(key, ceiling=40) for key in ("tech", "ngo")]
    event = open_event(capacity=80, sectors=sectors)
    written = Written("Polisen", NAMES[1:2], ("police.example",), cap=2, sector_caps=(("tech", 3),))
    write(actions.store, event, None, written, actor="command", now=clock.now())
    for _ in range(2):
        confirmed(event, "tech", organisation="Polisen", now=clock.now())
