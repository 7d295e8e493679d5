"""Posts that were withdrawn and come back, and languages of public posts that are taken away."""

import pytest
from sqlalchemy import select

from forum.extensions import db
from forum.news import actions
from forum.news.models import Withdrawal
from tests.factories.registrations import write
from tests.news.test_desk import compose, edit, publish, text_of

ADDRESS = "/en/news/2027/05/03/how-a-child-is-heard"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def withdrawn(organiser, pages):
    """Give a post that was published and withdrawn."""
    post = compose(organiser)
    publish(organiser, post)
    organiser.get("publishing.withdraw", event="nf27", post=post.id).submit(button="Withdraw the post")
    pages.get(ADDRESS, expect=410)
    return post


def plan(organiser, post):
    publish(organiser, post, when="later", day="2027-05-04", hour="09:00")
    db.session.expire_all()


def test_withdrawn_post_that_is_planned_is_withdrawn_until_then(organiser, pages, withdrawn):
    plan(organiser, withdrawn)
    assert withdrawn.state == "scheduled"
    listed = organiser.get("posts.index", event="nf27", view="scheduled")
    assert listed.all("tbody tr td .status") == ["Scheduled"]
    assert pages.get(ADDRESS, expect=410).h1 == "This text was withdrawn"
    due = withdrawn.published_at
    assert write(actions.announce_due, due) == 1
    moved = pages.get(ADDRESS, expect=301).location
    assert pages.get(moved).h1 == "How a child is heard"
    assert db.session.scalars(select(Withdrawal)).all() == []


def test_withdrawn_post_that_is_planned_no_more_is_withdrawn(organiser, pages, withdrawn):
    plan(organiser, withdrawn)
    taken_back = organiser.get("publishing.withdraw", event="nf27", post=withdrawn.id)
    page = taken_back.submit(button="Make it a draft again", follow=True)
    assert page.flashes == ["The post is withdrawn. Its addresses say so."]
    edit(organiser, withdrawn).submit({"en-headline": "Other words"}, button="Save")
    assert (text_of(withdrawn).slug, withdrawn.state) == ("how-a-child-is-heard", "withdrawn")
    pages.get(ADDRESS, expect=410)
