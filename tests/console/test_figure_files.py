"""Files of figures, which are handed on: no number below five can be read or worked out, in all or by state (P10)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from forum.extensions import db
from forum.invitations.enums import InvitationState
from forum.participants import balance
from forum.registration import actions
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.console.test_figures import HERE, file, restrict
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.invitations import new_invitation
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.participants.test_balance import copy

# The files that count people, by the name in their URL.
FILES = ("days", "sectors", "countries", "organisations", "ways")


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database."""
    return make_app(database_url)


@pytest.fixture
def event(database):
    """Return an event with 28 confirmed people by sector and country, and nobody in another state."""
    sectors = [
        make_sector(key, ceiling=60, position=at)
        for at, key in enumerate(("justice", "ngo", "tech"), start=1)
    ]
    event = make_event(capacity=180, sectors=sectors)
    for sector, countries in (
        ("justice", {"SE": 6, "NO": 5}),
        ("ngo", {"SE": 5, "DK": 10}),
        ("tech", {"IS": 2}),
    ):
        for country, number in countries.items():
            add(event, sector, country, number)
    return event


def add(event, sector: str, country: str, number: int, status: Status = Status.CONFIRMED, now=NOW) -> None:
    """Store people of a sector and country in this state."""
    first = confirmed(event, sector, country=country, organisation=f"Office of {country}", now=now)
    if status != Status.CONFIRMED:
        values = {"status": status, "holds_place": False, "waiting_since": NOW}
        write(
            lambda: db.session.execute(
                update(Registration).where(Registration.id == first.id).values(**values)
            )
        )
        db.session.expire_all()
    if number > 1:
        copy(first, number - 1)


def test_small_countries_are_counted_together_in_each_state(organiser, event):
    """A country with few confirmed people is counted with the smallest other one; a country with none has no row."""
    add(event, "ngo", "SE", 6, Status.WAITING)
    add(event, "ngo", "NO", 1, Status.WAITING)
    assert file(organiser, "countries") == [
        ["Sweden", "11", "with others"],
        ["Denmark", "10", "with others"],
        ["Other countries", "7", "7"],
        ["All", "28", "7"],
    ]
    headings = (
        organiser.get("figures.file", figure="countries", **HERE).data.decode("utf-8-sig").splitlines()[0]
    )
    assert headings == '"Country";"Confirmed";"Not confirmed"'


def test_states_with_few_people_are_counted_together_or_left_out(organiser, event):
    """Four people who wait and one in review are counted together; if together they are fewer than five, not at all."""
    add(event, "justice", "SE", 4, Status.WAITING)
    assert [len(row) for row in file(organiser, "sectors")] == [2] * 5
    add(event, "justice", "SE", 1, Status.IN_REVIEW)
    assert file(organiser, "sectors") == [
        ["Justice", "with others", "with others"],
        ["NGOs", "15", "with others"],
        ["IT and telecom", "with others", "with others"],
        ["Other sectors", "13", "5"],
        ["All", "28", "5"],
    ]


def test_a_file_beside_the_public_numbers_tells_no_more_than_these(organiser, event):
    """Confirmed people are grouped as the public numbers group them, also where two groups are equally small."""
    add(event, "ngo", "FI", 5)
    write(balance.publish, event, actor="user:1", now=NOW)
    told = balance.table_of(balance.find_public(event))
    shown = {row[0]: row[1] for row in file(organiser, "sectors")}
    assert (told.rows, told.row_totals) == (("ngo", "*"), (20, 13))
    assert (shown["NGOs"], shown["Other sectors"]) == ("20", "13")
    shown = {row[0]: row[1] for row in file(organiser, "countries")}
    assert dict(zip(told.columns, told.column_totals, strict=True)) == {"SE": 11, "DK": 10, "*": 12}
    assert shown == {"Sweden": "11", "Denmark": "10", "Other countries": "12", "All": "33"}


def test_every_file_counts_the_same_people(organiser, event):
    """No file counts people who cancelled or are restricted, so comparing two files' sums reveals none of them."""
    restrict(confirmed(event, "ngo", country="SE"))
    write(actions.cancel, confirmed(event, "ngo", country="SE"), actor="person", now=NOW)
    add(event, "ngo", "SE", 2, Status.WAITING)
    assert sums(organiser) == {name: ["All", "28"] for name in FILES}
    add(event, "ngo", "SE", 4, Status.WAITING)
    assert sums(organiser) == {name: ["All", "28", "6"] for name in FILES}
    assert file(organiser, "organisations")[0] == ["Office of SE", "11", "with others"]
    assert [row[0] for row in file(organiser, "ways")][-3:] == ["Added by an organiser", "Other ways", "All"]


def sums(organiser) -> dict[str, list[str]]:
    """Return the last row of each file that counts people."""
    return {name: file(organiser, name)[-1] for name in FILES}


def test_people_are_counted_by_the_week_in_which_they_registered(organiser, event):
    """A week begins on Monday in the event's time zone; one with few people is counted with the smallest other week."""
    monday = datetime(2027, 4, 18, 22, 30, tzinfo=UTC)  # in Stockholm it is Monday, 00:30
    for days, number in ((0, 9), (6, 1), (-1, 2), (7, 6)):
        add(event, "justice", "SE", number, now=monday + timedelta(days=days))
    assert file(organiser, "days") == [
        ["2027-04-19", "10"],
        ["2027-05-03", "28"],
        ["Other weeks", "8"],
        ["All", "46"],
    ]


def test_invitations_hide_few_answers_with_others(organiser, event):
    """Nobody is counted in two rows of the file; accepted invitations and people with restricted data are left out."""
    restrict(confirmed(event, "ngo", email="0@example.org"))
    states = [InvitationState.OPEN] * 8 + [InvitationState.NO] * 2 + [InvitationState.FORWARDED] * 6
    for number, state in enumerate([*states, *[InvitationState.YES] * 7]):
        save(new_invitation(event, "justice", f"{number}@example.org", token=f"t{number}", state=state))
    assert file(organiser, "invitations") == [
        ["No", "with others"],
        ["Passed on", "with others"],
        ["Expired", "with others"],
        ["Withdrawn", "with others"],
        ["No answer yet", "7"],
        ["Other answers", "8"],
        ["All", "15"],
    ]
