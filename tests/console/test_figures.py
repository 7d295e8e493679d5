"""An event's figures: what they count, as a page and as files, in a bounded number of SQL statements."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from forum.console import figure_numbers
from forum.events.models import Event
from forum.events.queries import find_sector
from forum.invitations.enums import InvitationState
from forum.registration import actions, by_hand
from forum.registration.applicant import Details
from forum.registration.enums import RestrictionKind, RestrictionState
from forum.registration.models import Registration
from forum.registration.organisation_models import Organisation
from forum.registration.restriction_models import RestrictionRequest
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.invitations import new_invitation
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save

HERE = {"event": "nf27"}


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: each counts days by an SQL statement of its own."""
    return make_app(database_url)


@pytest.fixture
def event(database) -> Event:
    return make_event(capacity=9, sectors=[make_sector("justice", floor=1, ceiling=9)])


def table(page, name):
    """Return the rows of a figure's table, as text."""
    part = page.soup.select_one(f"section[aria-labelledby={name}]")
    rows = part.select("tbody tr")
    return [[cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])] for row in rows]


def file(organiser, name):
    """Return the rows of a figure's CSV file, without the headings."""
    answer = organiser.get("figures.file", figure=name, **HERE)
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))[1:]


def add_by_hand(event) -> Registration:
    typed = {
        "given_name": "Eva",
        "family_name": "Berg",
        "organisation": "Customs",
        "title": "",
        "country": "FI",
    }
    details = Details(**typed, language="sv", phone=None)
    return write(
        *(by_hand.add, event, find_sector(event, "justice"), details),
        reason="By phone",
        may_wait=False,
        actor="user:1",
        now=NOW,
    )


def restrict(registration) -> None:
    mine = {"event_id": registration.event_id, "registration_id": registration.id, "words": "Please"}
    granted = {"kind": RestrictionKind.RESTRICTION, "state": RestrictionState.GRANTED}
    save(RestrictionRequest(**mine, **granted, asked_at=NOW, due_at=NOW + timedelta(days=31)))


def test_days_are_those_of_the_events_time_zone_and_count_what_came_and_ended(organiser, event):
    after_midnight = datetime(2027, 4, 28, 22, 30, tzinfo=UTC)  # in Stockholm it is 00:30 on the next day
    gone = confirmed(event, now=after_midnight - timedelta(hours=1))
    confirmed(event, now=after_midnight)
    write(actions.cancel, gone, actor="person", now=after_midnight + timedelta(hours=1))
    confirmed(event, now=NOW)
    counted = [["1", "0", "1", "1"], ["1", "1", "2", "1"], ["1", "0", "3", "2"]]
    page = organiser.get("figures.index", **HERE)
    shown = table(page, "days")
    assert [row[1:] for row in shown] == counted
    assert [row[0] for row in shown] == ["28 Apr 2027", "29 Apr 2027", "3 May 2027"]
    assert "the files hide such numbers, so pass a file on and not this page." in page.text
    said = "3 received, 1 of them ended, 2 remain. 1 since Monday, 2 the week before."
    assert said in page.text
    drawing = page.soup.select_one("svg[role=img].chart-curves")
    assert drawing["aria-label"].startswith("Registrations over time: 28 Apr 2027 – 3 May 2027. 3 received")
    assert "3 received, 1 of them ended, 2 remain." in organiser.get("console.overview", **HERE).text


def test_groups_are_counted_without_restricted_people_and_small_ones_together(organiser, event, monkeypatch):
    monkeypatch.setattr(figure_numbers, "MOST_ORGANISATIONS", 1)
    save(Organisation(event_id=event.id, name="Tullverket", key="customs"))
    confirmed(event, organisation="customs", country="SE")
    register(event, organisation="CUSTOMS", country="SE", is_protected=True, real_name="Real Name")
    confirmed(event, organisation="=1+1", country="NO")
    restrict(confirmed(event, organisation="Police", country="DK"))
    page = organiser.get("figures.index", **HERE)
    assert table(page, "countries") == [["Sweden", "2", "2"], ["Norway", "1", "1"]]
    assert table(page, "organisations") == [["Tullverket", "2", "2"], ["1 more organisation", "1", "1"]]
    for name in ("days", "countries", "sectors", "organisations", "ways"):
        assert file(organiser, name) == [["All", "fewer than 5"]]
    assert "Real Name" not in page.text
    assert "By country and organisation 1 person is left out, whose data may not be used." in page.text


def test_ways_and_invitations_say_how_people_came_and_how_far(organiser, event):
    confirmed(event)
    invited = confirmed(event, email="yes@example.org")
    add_by_hand(event)
    save(
        new_invitation(
            event,
            "justice",
            "yes@example.org",
            token="a",
            state=InvitationState.YES,
            registration_id=invited.id,
        ),
        new_invitation(event, "justice", "no@example.org", token="b", state=InvitationState.NO),
        new_invitation(event, "justice", "silent@example.org", token="c"),
        new_invitation(event, "justice", "unsent@example.org"),
    )
    page = organiser.get("figures.index", **HERE)
    ways = [
        ["The form", "1", "1"],
        ["An invitation", "1", "1"],
        ["A delegation", "0", "0"],
        ["Instead of somebody else", "0", "0"],
        ["Added by an organiser", "1", "1"],
    ]
    assert table(page, "ways") == ways
    assert file(organiser, "ways") == file(organiser, "invitations") == [["All", "fewer than 5"]]
    steps = {label: (number, share) for label, number, share in table(page, "invitations")}
    assert steps == {
        "People invited": ("4", "100"),
        "Message sent": ("3", "75"),
        "Answer begun or given": ("2", "50"),
        "Yes": ("1", "25"),
        "No": ("1", "25"),
        "Passed on": ("0", "0"),
        "Expired": ("0", "0"),
        "Withdrawn": ("0", "0"),
    }


def test_figures_ask_as_many_questions_of_the_database_for_three_people_as_for_nobody(organiser, event):
    nobody = organiser.get("figures.index", **HERE)
    assert nobody.text.count("There is nothing to count.") == 5
    for number in range(3):
        confirmed(event, organisation=f"Office {number}", country=("SE", "NO", "IS")[number])
    three = organiser.get("figures.index", **HERE)
    assert len(three.statements) == len(nobody.statements)
    organiser.get("figures.file", figure="people", **HERE, expect=404)
