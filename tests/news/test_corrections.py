"""The public list of corrections, and the button that an editor may add after a post's text."""

from datetime import date

import pytest

from forum.columns import Text
from forum.news.models import Correction
from tests.factories.news import make_post
from tests.factories.saving import save

pytestmark = pytest.mark.usefixtures("frozen", "database")


def note(post, day, en):
    save(Correction(post_id=post.id, made_on=day, text=Text(en=en, sv=f"{en} på svenska")))


def test_corrections_of_public_posts_stand_in_a_list(pages):
    assert pages.get("/en/news/corrections").all(".empty-title") == ["No corrections so far"]
    shown = make_post(headline="Shown", slug="shown")
    hidden = make_post(headline="Hidden", published_at=None, announced_at=None)
    swedish = make_post(("sv",), headline="Swedish only")
    for post, day, words in (
        (shown, date(2017, 1, 1), "First."),
        (hidden, date(2017, 1, 2), "Of a draft."),
        (swedish, date(2017, 1, 3), "Of the other."),
        (shown, date(2017, 1, 4), "Second."),
    ):
        note(post, day, words)
    page = pages.get("/en/news/corrections")
    assert page.all(".prose p") == ["4 January 2017 Second.", "1 January 2017 First."]
    assert page.links["Shown"] == "/en/news/2016/11/25/shown-en#corrections"
    assert pages.get("/sv/news/corrections").all(".prose h2") == ["Shown", "Swedish only", "Shown"]
    assert pages.get("/en/news/2016/11/25/shown-en").links["All corrections"] == "/en/news/corrections"


def test_post_ends_with_its_button(organiser, pages, event):
    post = make_post(slug="heard", event_id=event.id)
    edit = organiser.get("posts.edit", event="nf27", post=post.id)
    for typed, errors in (
        (
            {"en-action_label": "Register"},
            {"en-action_url": "Enter where the button leads, or empty its words"},
        ),
        (
            {"en-action_url": "/en/register"},
            {"en-action_label": "Write what the button says, or empty its address"},
        ),
        (
            {"en-action_label": "Register", "en-action_url": "ftp://example.org/"},
            {"en-action_url": "Enter a path such as /en/register, or an address with https://"},
        ),
        (
            {"en-action_label": "Register", "en-action_url": "//evil.example/"},
            {"en-action_url": "Enter a path such as /en/register, or an address with https://"},
        ),
    ):
        assert edit.submit(typed, button="Save", expect=422).errors == errors
    assert pages.get("/en/news/2016/11/25/heard-en").all(".article-action") == []
    edit.submit({"en-action_label": "Register", "en-action_url": "/en/register"}, button="Save")
    page = pages.get("/en/news/2016/11/25/heard-en")
    assert (page.all(".article-action"), page.links["Register"]) == (["Register"], "/en/register")
    assert pages.get("/sv/news/2016/11/25/heard-sv").all(".article-action") == []
