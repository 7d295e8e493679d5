"""A status that only a newer version knows: during an update of two machines, the older one still shows every page."""

import csv
import io

import pytest

from forum.extensions import db
from forum.registration import links
from forum.registration.enums import TokenPurpose
from tests.factories.events import NOW
from tests.factories.registrations import confirmed, write
from tools.pages import Pages

DROP = "ALTER TABLE registrations DROP CONSTRAINT ck_registrations_status_known"
IGNORE = "PRAGMA ignore_check_constraints=ON"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def person(event):
    """Give a registration with a status that this version does not know."""
    person = confirmed(event, "justice")
    db.session.rollback()
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.rollback()
        raw.execute(IGNORE if connection.dialect.name == "sqlite" else DROP)
        raw.execute("UPDATE registrations SET status = 'parked', holds_place = FALSE")
        raw.commit()
    return person


def test_organiser_sees_the_person_on_every_page_and_in_the_file(organiser, person):
    assert "parked" in organiser.get("attendees.show", event="nf27", reference=person.reference).text
    assert "parked" in organiser.get("attendees.index", event="nf27").text
    form = organiser.get("attendees.export", event="nf27")
    file = form.submit({"purpose": "door", "recipient": "office", "shape": "csv"}, expect=200).data.decode(
        "utf-8-sig"
    )
    rows = csv.DictReader(io.StringIO(file, newline=""), delimiter=";")
    assert [row["Status"] for row in rows] == ["parked"]


def test_person_sees_the_registration(app, person):
    token = write(links.issue, person, TokenPurpose.MANAGE, now=NOW)
    pages = Pages(app)
    assert pages.get("self_service.enter", token=token, follow=True).h1 == "Your registration"
    for address in ("/en/r/own-data", "/en/r/forum.ics"):
        pages.get(address)
