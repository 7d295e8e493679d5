"""Every change of what public pages show raises the content version, and no other change does."""

import pytest
from sqlalchemy import delete, insert, update

from forum.columns import Text
from forum.database import start_write
from forum.events.models import Event
from forum.events.queries import content_version
from forum.extensions import db
from forum.news.models import Post, PostText, post_tags
from tests.factories.events import make_event, make_page
from tests.factories.news import make_post, make_tag
from tests.factories.registrations import confirmed

pytestmark = pytest.mark.usefixtures("frozen", "database")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def raised(change) -> int:
    """Commit the session's changes and return by how much they have raised the content version."""
    start_write(db.session)
    before = content_version()
    change()
    db.session.commit()
    return content_version() - before


def test_rows_links_and_statements_raise_the_version_once():
    event, post, tag, another = make_event(), make_post(), make_tag("#One"), make_tag("#Two")
    page = make_page(event, "practical")
    changes = {
        "a new row": lambda: db.session.add(Post(key="new", author=Text(en="A"))),
        "a column": lambda: setattr(event, "capacity", 90),
        "a page": lambda: setattr(page, "body", Text(en="B")),
        "two rows in two flushes": lambda: (
            setattr(post, "has_help_box", True), db.session.flush(), setattr(event, "hashtag", "#x")
        ),
        "a link": lambda: post.tags.append(tag),
        "a statement over rows": lambda: db.session.execute(update(PostText).values(label="C")),
        "a statement over links": lambda: db.session.execute(
            insert(post_tags).values(post_id=post.id, tag_id=another.id)
        ),
        "a deleted row": lambda: db.session.delete(page),
        "deleted rows": lambda: db.session.execute(delete(PostText)),
    }  # fmt: skip
    assert {name: raised(change) for name, change in changes.items()} == dict.fromkeys(changes, 1)


def test_a_registration_and_reading_raise_nothing():
    event = make_event()
    before = content_version()
    confirmed(event)
    db.session.expire_all()
    assert (event.taken, content_version() - before) == (1, 0)
    assert raised(lambda: setattr(event, "taken", 2)) == 0


def test_a_change_that_is_undone_raises_nothing():
    event = make_event()
    before = content_version()
    start_write(db.session)
    event.capacity += 1
    db.session.flush()
    db.session.rollback()
    assert raised(lambda: None) == content_version() - before == 0


def test_a_savepoint_that_is_undone_takes_no_other_change_with_it():
    event = make_event()

    def change():
        event.capacity += 1
        with db.session.begin_nested():
            event.hashtag = "#kept"
        undone = db.session.begin_nested()
        event.hashtag = "#undone"
        db.session.flush()
        undone.rollback()

    assert (raised(change), event.hashtag) == (1, "#kept")


def test_models_that_are_not_public_raise_nothing(monkeypatch):
    """Control: without its mark as public content, a model's changes do not raise the version."""
    event = make_event()
    monkeypatch.setattr(Event, "is_public_content", False)
    assert raised(lambda: setattr(event, "capacity", 77)) == 0
