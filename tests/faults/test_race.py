"""When many register at once, no more people get a place than there are places, and each is counted once (R01–R04).

The threads of four real processes, each with an app of its own on one database, start at the same moment. Each
scenario of tests/faults/races.py runs once, and in the slow part twenty times.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import import_races, invitation_races, organisation_races, races

STORIES = {
    "two hundred people for ten places": races.many_people_for_ten_places,
    "one form sent twenty times": races.one_form_sent_twenty_times,
    "one address in twenty forms": races.one_address_in_twenty_forms,
    "many move to the last places": races.many_move_to_the_last_places,
    "workers that expire and offer": races.workers_expire_and_offer,
    "one registration cancelled by many": races.one_registration_cancelled_by_many,
    "merges and cancellations": races.merges_and_cancellations,
    "one confirming link pressed by many": races.one_confirming_link_pressed_by_many,
    "every end at once": races.every_end_at_once,
    "reviewers and cancellations": races.reviewers_and_cancellations,
    "everything in two events": races.everything_in_two_events,
    "every way to offer at once": races.every_way_to_offer_at_once,
    "colleagues for the last places": organisation_races.colleagues_for_the_last_places,
    "delegations for the last places": races.delegations_for_the_last_places,
    "yes while forwarded": invitation_races.yes_while_forwarded,
    "tables for the last places": invitation_races.tables_for_the_last_places,
    "imports for the last places": import_races.imports_for_the_last_places,
}
# R01 asks for fifty races for the last places: twenty of the first scenario, thirty of one in which nobody confirms.
FORMS = {"two hundred forms for ten places": races.many_forms_for_ten_places}
AGAIN = [
    pytest.param(story, id=f"{name}-{number}")
    for stories, numbers in ((STORIES, range(2, 21)), (FORMS, range(1, 31)))
    for name, story in stories.items()
    for number in numbers
]


@pytest.fixture(scope="module")
def raced_database(spare_databases) -> Iterator[str]:
    """Give the PostgreSQL database of all races, to which the racing processes keep their connections."""
    name = spare_databases.lend()
    yield name
    spare_databases.take_back(name)


@pytest.fixture(scope="module")
def raced_folder(tmp_path_factory) -> Path:
    """Give the folder of the races' SQLite database and instance; the racing processes keep an app for its paths."""
    return tmp_path_factory.mktemp("races")


@pytest.fixture
def instance(raced_folder) -> Path:
    """Give the instance folder of a race, empty for each test."""
    folder = raced_folder / "instance"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


@pytest.fixture
def sqlite_url(raced_folder, sqlite_template) -> str:
    """Give the URL of a migrated SQLite database, empty for each test."""
    for file in raced_folder.glob("forum.sqlite3*"):
        file.unlink()
    shutil.copyfile(sqlite_template, raced_folder / "forum.sqlite3")
    return f"sqlite:///{raced_folder / 'forum.sqlite3'}"


@pytest.fixture
def postgres_url(postgres_server, spare_databases, raced_database) -> Iterator[str]:
    """Give the URL of a migrated PostgreSQL database, empty for each test."""
    yield postgres_server.url(raced_database)
    spare_databases.empty(raced_database)


@pytest.fixture
def app(make_app, database_url, instance):
    return make_app(database_url, INSTANCE=instance)


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_all_at_once(race, story):
    story(race)


@pytest.mark.slow
@pytest.mark.parametrize("story", AGAIN)
def test_all_at_once_again_and_again(race, story):
    story(race)


@pytest.mark.slow
def test_imports_beside_every_other_change(race):
    import_races.imports_beside_every_other_change(race)


@pytest.mark.slow
def test_imports_beside_every_other_change_end_badly_without_the_lock(race):
    """Control: without the forum's locks, imports beside every other change break the limits that are checked."""
    with pytest.raises(AssertionError):
        import_races.imports_beside_every_other_change(race.without_lock())


def test_more_people_than_places_without_the_lock(race, database_url):
    """Control: without the forum's transactions and locks, a race for ten places gives more than ten people a place."""
    races.shared_event()
    race.without_lock()("register", races.people(80))
    if database_url.startswith("sqlite") and races.holders() <= races.PLACES:
        pytest.skip("the stock SQLite driver refused instead of overselling this time")
    assert races.holders() > races.PLACES


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "one form sent twenty times",
        "one address in twenty forms",
        "workers that expire and offer",
        "every end at once",
        "every way to offer at once",
        "colleagues for the last places",
        "delegations for the last places",
        "yes while forwarded",
        "imports for the last places",
    ],
)
def test_stories_end_badly_without_the_lock(race, name):
    """Control: without the forum's locks these scenarios of tests/faults/races.py fail."""
    with pytest.raises(AssertionError):
        STORIES[name](race.without_lock())
