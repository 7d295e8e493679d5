"""Odd input to the console's pages for posts (the desk), and two organisers who save at the same moment."""

from threading import Thread

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.database import start_write
from forum.extensions import db
from forum.news import actions
from forum.news.drafts import Draft
from forum.news.models import Post, PostText, Tag
from tests.news.test_desk import WRITTEN, compose, publish

NUMBERS = [2**31, 2**63, 10**30]


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.mark.parametrize(("day", "hour"), [("0001-01-01", "00:00"), ("9999-12-31", "23:59")])
def test_day_that_no_other_zone_has_is_refused(organiser, day, hour):
    post = compose(organiser)
    page = publish(organiser, post, when="later", day=day, hour=hour, expect=422)
    assert page.errors == {"day": "Enter a day such as 2027-09-16"}


@pytest.mark.parametrize("number", ["²", "١", "9" * 5000])
def test_odd_number_in_the_name_of_a_field_is_no_source(organiser, number):
    form = organiser.get("posts.new", event="nf27").form()
    typed = {**form.data, **WRITTEN, f"sources-{number}-url": "https://example.org/"}
    assert organiser.client.post("/console/nf27/news/new", data=typed).status_code == 303
    db.session.rollback()
    assert db.session.scalars(select(Post)).one().sources == []


@pytest.mark.parametrize("number", NUMBERS)
def test_number_beyond_every_post_is_not_found(organiser, number):
    post = compose(organiser)
    token = organiser.get("posts.new", event="nf27").form().data["csrf_token"]
    for path in (
        f"{number}",
        f"{number}/publication",
        f"{number}/revisions",
        f"{post.id}/revisions/{number}",
    ):
        organiser.open(f"/console/nf27/news/{path}", expect=404)
    for shown in (number, -number):
        preview = f"/console/nf27/news/preview?post={shown}"
        typed = {**WRITTEN, "in": "en", "csrf_token": token}
        organiser.open(preview, method="POST", data=typed, expect=404)


def test_two_new_posts_with_one_headline_and_one_new_hashtag_at_once(app, sign_in_as, event):
    """The post that is saved second waits for the first, and gets another URL and the same hashtag."""
    second = sign_in_as(Role.ORGANISER, event)
    form = second.get("posts.new", event="nf27").form()
    typed = {**form.data, **WRITTEN, "tags": "#Barnahus"}
    texts = {"sv": {"headline": "Annat"}, "en": {"headline": WRITTEN["en-headline"]}}
    statuses = []

    def save_meanwhile() -> None:
        with app.app_context():
            answer = second.client.post("/console/nf27/news/new", data=typed)
            statuses.append(answer.status_code)

    start_write(db.session)
    draft = Draft(texts=texts, event="nf27", tags=["#Barnahus"])
    actions.create(draft, form_key="other", user_id=None, actor="command", now=clock.now())
    other = Thread(target=save_meanwhile)
    other.start()
    other.join(timeout=1)
    assert statuses == []
    db.session.commit()
    other.join()
    slugs = select(PostText.slug).where(PostText.language == "en").order_by(PostText.slug)
    assert statuses == [303]
    assert db.session.scalars(slugs).all() == ["how-a-child-is-heard", "how-a-child-is-heard-2"]
    assert db.session.scalars(select(Tag.name)).all() == ["#Barnahus"]
