"""`forum create-event` makes an event."""

from datetime import date

import pytest

from forum.commands.events import create_event
from forum.events.models import Event
from forum.extensions import db

pytestmark = pytest.mark.usefixtures("time", "database")
GIVEN = [
    "Nordic Forum",
    "--first-day",
    "2027-11-16",
    "--place",
    "Oslo",
    "--places",
    "100",
    "--language",
    "en",
]


@pytest.fixture
def run(app):
    def run(*arguments: str):
        return app.test_cli_runner().invoke(create_event, [*GIVEN, *arguments])

    return run


def test_event_is_made_with_what_is_given(run):
    result = run(
        *("--last-day", "2027-11-17", "--zone", "Europe/Oslo", "--sectors", "open"),
        *("--organiser", "A house", "--contact", "ask@example.org", "--slug", "nf27", "--languages", "en"),
    )
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "http://127.0.0.1:8000/console/nf27/")
    event = db.session.query(Event).one()
    assert (event.name, event.contact_email, event.is_published) == (
        {"en": "Nordic Forum"},
        "ask@example.org",
        False,
    )
    assert (event.languages, event.lead.keys()) == (["en"], {"en"})
    assert event.starts_at.astimezone(event.zone).date() == date(2027, 11, 16)
    assert [(sector.key, sector.ceiling) for sector in event.sectors] == [("participants", 100)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--last-day", "2027-11-15"], "is before --first-day"),
        (["--zone", "Norden"], "is no time zone"),
        (["--contact", "nobody"], "--contact"),
        (["--organiser", "\u200b"], "--organiser"),
        (["--languages", "en,xx"], "has one or more of sv, en"),
        (["--slug", "New Event"], "is taken, or"),
        (["--first-day", "16 November"], "--first-day"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(run, wrong, said):
    result = run(*wrong)
    assert result.exit_code != 0
    assert said in result.output
    assert db.session.query(Event).count() == 0


def test_same_event_is_made_once(run):
    run()
    result = run()
    assert (result.exit_code, "already" in result.output) == (1, True)
    assert db.session.query(Event).count() == 1
