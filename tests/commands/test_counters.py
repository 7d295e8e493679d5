"""`forum mend-counters`: numbers by state are corrected, and an event with more people than places is named."""

from sqlalchemy import text

from forum.cli import cli
from forum.database import start_write
from forum.registration import listing
from tests.factories.events import make_event
from tests.factories.registrations import confirmed


def test_numbers_by_sector_and_state_are_set_right(app, database):
    event = make_event()
    confirmed(event, "ngo")
    right = listing.count_by_sector_and_status(event)
    start_write(database)
    database.execute(text("DELETE FROM people_counts"))
    database.commit()
    assert listing.count_by_sector_and_status(event) == {}
    done = app.test_cli_runner().invoke(cli, ["mend-counters"])
    told = ["1 number of registrations by sector and state corrected.", "nf27: agree"]
    assert (done.exit_code, done.output.splitlines()) == (0, told)
    assert listing.count_by_sector_and_status(event) == right


def test_an_event_that_holds_more_places_than_its_capacity_is_named_and_the_others_are_mended(app, database):
    full = make_event()
    confirmed(full, "ngo")
    confirmed(full, "ngo")
    start_write(database)
    full.taken, full.is_current = 1, False
    for sector in full.sectors:
        sector.taken = min(sector.taken, 1)
        sector.floor, sector.ceiling = 0, 1
    full.capacity = 1
    database.commit()
    make_event(slug="nf28")
    done = app.test_cli_runner().invoke(cli, ["mend-counters"])
    assert (done.exit_code, sorted(done.output.splitlines())) == (
        1,
        [
            "nf27: more places are held than its capacity or a ceiling allows; raise that first.",
            "nf28: agree",
        ],
    )
