"""Facts of an event that become known later are filled into drafts that nobody has edited."""

from datetime import date, timedelta

import pytest

from forum.columns import Text
from forum.events import drafts, filling, making, queries
from forum.events.drafts import list_blanks
from forum.events.enums import SectorTemplate
from forum.events.making import Plan
from forum.events.models import Event
from forum.extensions import db
from tests.factories.events import NOW
from tests.factories.registrations import write

LATER = NOW + timedelta(days=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def made(database) -> Event:
    """Make an event whose organiser, contact and directions are not known yet."""
    days = {"first_day": date(2027, 11, 16), "last_day": date(2027, 11, 17), "timezone": "Europe/Stockholm"}
    told = {"name": "Forum", "language": "sv", "place": "Stockholm", "capacity": 10}
    plan = Plan(**days, **told, template=SectorTemplate.OPEN)
    return write(making.make_event, plan, actor="command", now=NOW)


def bodies(event: Event) -> dict[str, dict[str, str]]:
    """Return the stored text of each page by language."""
    db.session.rollback()
    db.session.expire_all()
    return {page.slug: page.body for page in queries.list_page_texts(event)}


def say(event: Event, **values) -> list[str]:
    """Set columns of the event and fill its drafts; return the slugs of the changed pages."""
    known = drafts.known_of(event)
    for name, value in values.items():
        setattr(event, name, value)
    return sorted(page.slug for page in filling.fill_drafts(event, known, actor="user:1", now=LATER))


def test_what_becomes_known_is_filled_into_untouched_drafts_alone(made):
    page = next(page for page in queries.list_page_texts(made) if page.slug == "privacy")
    edited = page.body["sv"] + " Tillagt."
    write(setattr, page, "body", Text({**page.body, "sv": edited}))
    before = bodies(made)
    name = Text(sv="Kansliet", en="The [office]")

    assert write(say, made, organiser_name=name, contact_email="ask@example.org") == sorted(before)
    after = bodies(made)
    assert after["privacy"]["sv"] == edited
    assert "The \\[office\\]" in after["privacy"]["en"]
    assert "[ask@example.org](mailto:ask@example.org)" in after["practical"]["en"]
    assert "the organiser’s e-mail address" not in list_blanks(after["practical"]["en"])

    # A fact in a draft is replaced when the fact changes, and becomes a blank again when the fact is deleted.
    write(say, made, contact_email="new@example.org")
    assert "[new@example.org](mailto:new@example.org)" in bodies(made)["practical"]["en"]
    assert write(say, made, directions=Text(en="By train.")) == ["practical"]
    assert "{{directions}}" in bodies(made)["practical"]["en"]
    write(say, made, directions=Text(), contact_email="", organiser_name=Text())
    assert bodies(made) == before


def test_nothing_new_changes_no_page(made):
    assert write(say, made, capacity=12) == []
