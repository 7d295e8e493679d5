"""The public table of sectors and countries: made public by organisers, counted then, without small numbers (P10)."""

import pytest
from sqlalchemy import delete, insert, inspect

from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.extensions import db
from forum.participants import balance
from forum.participants.errors import TooFewChanges
from forum.participants.models import PublicBalance
from forum.privacy import restricting
from forum.registration import actions
from forum.registration.enums import RestrictionKind
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write

pytestmark = pytest.mark.usefixtures("frozen")
PATH, CONSOLE = "/en/balance", "/console/nf27/figures/public"
FORM = "section form:not([action])"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    """Return an event with 12 people of the first sector, 2 of them from Norway, and 16 of the other."""
    sectors = [make_sector("justice", ceiling=40, position=1), make_sector("ngo", ceiling=40, position=2)]
    event = make_event(capacity=80, sectors=sectors)
    for sector, countries in (("justice", {"SE": 5, "NO": 2, "DK": 5}), ("ngo", {"SE": 6, "NO": 5, "DK": 5})):
        for country, number in countries.items():
            copy(confirmed(event, sector, country=country), number - 1)
    return event


def copy(registration: Registration, times: int) -> None:
    """Store further registrations like this one in a single statement, because registering each would take longer."""
    names = {column.key for column in inspect(Registration).column_attrs} - {"id"}
    answers = {name: getattr(registration, name) for name in names}
    mine = registration.id
    start_write(db.session)
    rows = [
        {**answers, "reference": f"{mine:04d}-{each:04d}", "email_canonical": f"{each}-{mine}@example.org"}
        for each in range(times)
    ]
    db.session.execute(insert(Registration), rows)
    db.session.commit()


@pytest.fixture
def organiser(database, sign_in_as):
    return sign_in_as(Role.ORGANISER)


def table(page) -> list[list[str]]:
    """Return the texts of the table's cells, row by row; a dash for a number that is not shown."""
    return [
        [cell.get_text("", strip=True).replace("not shown", "") for cell in row.find_all(["th", "td"])]
        for row in page.soup.select("main table tr")
    ]


def publish(organiser):
    return organiser.get(CONSOLE).form(FORM).submit(follow=True)


def test_the_public_sees_what_an_organiser_made_public_and_nothing_from_which_two_people_show(
    pages, organiser, event
):
    assert pages.get(PATH, expect=404)
    assert "Sectors and countries in numbers" not in pages.get("/en/").links
    alias = confirmed(event, "ngo", country="SE", is_protected=True, real_name="Hemliga Namnet")
    assert "The numbers are public." in publish(organiser).flashes
    shown = [
        ["Sector", "All", "Sweden", "Denmark", "Norway"],
        ["Justice", "12", "5", "–", "–"],
        ["NGOs", "17", "7", "–", "–"],
        ["All", "29", "12", "10", "7"],
    ]
    assert table(pages.get(PATH)) == shown
    assert pages.get("/en/").links["Sectors and countries in numbers"] == PATH
    write(actions.cancel, alias, actor="person", now=NOW)
    register(event, "ngo", country="SE")
    assert table(pages.get(PATH)) == shown  # the public table keeps the numbers from the time of publishing
    entry = db.session.query(AuditEntry).filter_by(action="balance.published").one()
    assert (entry.details.payload, entry.actor[:5]) == ({"people": 29}, "user:")
    assert organiser.get(CONSOLE).form('form[action$="/end"]').submit(follow=True).flashes
    pages.get(PATH, expect=404)
    assert "Sectors and countries in numbers" not in pages.get("/en/").links


def test_people_whose_data_are_restricted_are_left_out_and_a_purge_changes_nothing(pages, organiser, event):
    request = write(restricting.ask, confirmed(event, country="SE"), RestrictionKind.RESTRICTION, "", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)
    publish(organiser)
    before = table(pages.get(PATH))
    assert before[-1][1] == "28"
    write(purge)
    assert table(pages.get(PATH)) == before


def purge() -> None:
    db.session.execute(delete(Registration))


def test_numbers_made_public_again_must_differ_by_enough_people(pages, organiser, event, time):
    publish(organiser)
    write(balance.take_back, event, actor="user:1", now=NOW)
    time.forward(minutes=5)
    for _ in range(4):
        confirmed(event, "ngo", country="SE", now=time.now)
    assert "the difference would point at them" in organiser.get(CONSOLE).text
    with pytest.raises(TooFewChanges):
        write(balance.publish, event, actor="user:1", now=time.now)
    confirmed(event, "ngo", country="SE", now=time.now)
    publish(organiser)
    assert table(pages.get(PATH))[-1][1] == "33"


def test_what_a_table_has_hidden_stays_hidden_and_each_earlier_one_counts(organiser, event, time):
    publish(organiser)
    hidden = balance.table_of(balance.find_last(event)).hidden
    time.forward(minutes=5)
    newcomers = [confirmed(event, "justice", country="NO", now=time.now) for _ in range(6)]
    publish(organiser)
    second = balance.table_of(balance.find_last(event))
    # Eight people from Norway would be enough to be shown, but a cell that was hidden stays hidden.
    assert (second.total, second.hidden) == (34, hidden)
    for one in newcomers:
        write(actions.cancel, one, actor="person", now=time.now)
    confirmed(event, "ngo", country="SE", now=time.now)
    # The total of 29 differs enough from the second table (34), but only by one from the first table (28).
    assert balance.count(event).total == 29
    with pytest.raises(TooFewChanges):
        write(balance.publish, event, actor="user:1", now=time.now)


def test_numbers_that_the_organiser_has_not_seen_are_not_made_public(pages, organiser, event):
    form = organiser.get(CONSOLE).form(FORM)
    confirmed(event, "ngo", country="SE")
    assert "meanwhile" in " ".join(form.submit(follow=True).flashes)
    assert db.session.query(PublicBalance).count() == 0


def test_too_few_people_have_no_numbers(organiser, event):
    write(purge)
    page = organiser.get(CONSOLE)
    assert "Fewer than 5 people" in page.text
    assert not page.soup.select("main form")
