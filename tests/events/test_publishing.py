"""Publishing an event, and which event the site shows on its front page."""

from datetime import timedelta

import pytest

from forum import clock
from forum.audit import actions as audit
from forum.events import publishing, queries
from forum.extensions import db
from tests.factories.events import NOW, make_archive, make_event
from tests.factories.registrations import write

pytestmark = pytest.mark.usefixtures("frozen", "database")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def publish(event, **how) -> None:
    write(publishing.publish, event, actor="command", now=clock.now(), **how)


def current() -> str | None:
    db.session.expire_all()
    event = queries.find_current()
    return event.slug if event else None


def test_published_event_that_lies_ahead_is_the_front_page():
    event = make_event(is_published=False)
    publish(event)
    assert (current(), event.is_published, audit.verify()) == ("nf27", True, None)


@pytest.mark.parametrize(
    ("before", "to_front", "front"),
    [
        ({}, False, "nf27"),
        ({}, True, "nf28"),
        ({"ends_at": NOW, "closes_at": NOW, "starts_at": NOW - timedelta(days=1)}, False, "nf28"),
        ({"is_published": False}, False, "nf28"),
    ],
    ids=["one that lies ahead stays", "it gives way where that is asked", "one that is over", "a hidden one"],
)
def test_event_takes_the_front_page_from_one_before_only_where_it_may(before, to_front, front):
    former = make_event(**before)
    event = make_event(slug="nf28", is_current=False, is_published=False)
    assert publishing.displaced_by(event, NOW) is (former if former.is_published else None)
    publish(event, to_front=to_front)
    assert (current(), event.is_published, former.is_published) == (front, True, former.is_published)
    for one in (former, event):
        assert queries.slug_in_url(one) == (None if one.slug == front else one.slug)


def test_event_that_is_over_is_published_beside_the_present_one():
    present = make_event()
    archive = make_archive(is_published=False)
    assert publishing.displaced_by(archive, NOW) is None
    publish(archive)
    assert (archive.is_published, present.is_current, current()) == (True, True, "nf27")


def test_published_event_is_moved_to_the_front_and_back():
    first, second = make_event(), make_archive()
    for event in (second, first):
        write(publishing.make_front_page, event, actor="command", now=NOW)
        assert current() == event.slug


def test_hidden_event_is_not_moved_to_the_front():
    make_event()
    hidden = make_archive(is_published=False)
    write(publishing.make_front_page, hidden, actor="command", now=NOW)
    assert current() == "nf27"


def test_publishing_reaches_a_kept_page_at_once(pages):
    event = make_event(is_published=False, ends_at=NOW + timedelta(days=300))
    assert pages.get("home.front").h1 == "A forum is being prepared"
    publish(event)
    assert pages.get("home.front").h1 == "Nordic Forum for testing"
