"""Withdrawn posts that are published again, and languages that are removed from public posts."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.extensions import db
from forum.news import actions
from forum.news.models import Withdrawal
from tests.factories.events import NOW
from tests.factories.registrations import write
from tests.news.test_desk import ENGLISH, NO_ENGLISH, compose, edit, publish, text_of

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


def test_words_that_changed_while_a_post_was_withdrawn_are_dated(sign_in_as, event, pages, withdrawn):
    later = NOW + timedelta(days=1)
    clock.freeze(later)
    organiser = sign_in_as(Role.ORGANISER, event, at=later)
    edit(organiser, withdrawn).submit({"en-body": "Wholly different facts."}, button="Save")
    publish(organiser, withdrawn)
    assert 'dateModified": "2027-05-04' in pages.get(ADDRESS).data.decode()
    assert moments(pages) == [later.isoformat(), NOW.isoformat(), later.isoformat()]
    assert "<lastmod>2027-05-04</lastmod>" in pages.get("/sitemap.xml").data.decode()


def test_post_that_is_planned_anew_was_not_changed_before_it_was_published(organiser, pages, withdrawn):
    edit(organiser, withdrawn).submit({"en-body": "Wholly different facts."}, button="Save")
    plan(organiser, withdrawn)
    due = withdrawn.published_at
    write(actions.announce_due, due)
    assert moments(pages) == [due.isoformat()] * 3
    assert "<lastmod>2027-05-04</lastmod>" in pages.get("/sitemap.xml").data.decode()


def moments(pages) -> list[str]:
    """Return three moments that the feed states: its last change, and the first post's publication and last change."""
    feed = pages.get("/en/news/feed.atom").data.decode()
    return [
        re.search(f"{part}<{name}>([^<]+)<", feed, re.DOTALL)[1]
        for part, name in (("", "updated"), ("<entry>.*?", "published"), ("<entry>.*?", "updated"))
    ]


def test_address_of_a_language_that_a_post_loses_leads_to_the_other_one(organiser, pages):
    post = compose(organiser)
    publish(organiser, post)
    edit(organiser, post).submit({**NO_ENGLISH, "en-slug": ""}, button="Save")
    lost = pages.get(ADDRESS, expect=404)
    assert [link["href"] for link in lost.soup.select("main a[lang=sv], main [lang=sv] a")] == [
        "/sv/news/2027/05/03/sa-hors-ett-barn-pa-aland"
    ]
    assert text_of(compose(organiser)).slug == "how-a-child-is-heard-2"
    edit(organiser, post).submit({**ENGLISH, "en-slug": ""}, button="Save")
    assert pages.get(ADDRESS).h1 == "How a child is heard"


def test_address_of_a_language_that_a_withdrawn_post_loses_says_so(organiser, pages, withdrawn):
    edit(organiser, withdrawn).submit({**NO_ENGLISH, "en-slug": ""}, button="Save")
    pages.get(ADDRESS, expect=410)
