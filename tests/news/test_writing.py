"""What the editor's script asks for: text autosaved while somebody types, and the preview beside the form."""

import json
from contextvars import Context
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from forum import clock
from forum.accounts import actions as accounts
from forum.accounts import autosaves
from forum.accounts.enums import Role
from forum.accounts.models import Autosave, User
from forum.extensions import db
from forum.news import assisting
from forum.news.models import PostText
from forum.web import limits
from tests.factories.events import NOW, make_archive, make_page
from tests.factories.news import make_post
from tests.factories.registrations import write

TYPED = {"en-headline": "Heard once", "en-lead": "A lead.", "en-body": "## Words\n\nNot saved."}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def post(event):
    return make_post(headline="Stored", event_id=event.id)


def editor(browser, post=None):
    db.session.expire_all()
    if post is None:
        return browser.get("posts.new", event="nf27")
    return browser.get("posts.edit", event="nf27", post=post.id)


def send(browser, path, page, **typed):
    """Send the page's form to another address, as a script does; return the response, which is not HTML."""
    values = {**page.form().data, **{name: [value] for name, value in typed.items()}}
    return Context().run(browser.client.post, path, data=values)


def autosave(browser, page, *, expect=200, **typed):
    """Autosave the typed text, as the page's script does; return the JSON of the answer."""
    line = page.soup.select_one("[data-autosave]")
    version = typed.pop("version", line["data-version"])
    answer = send(browser, line["data-autosave"], page, **typed, autosave_version=version)
    assert answer.status_code == expect, answer.text
    return json.loads(answer.text)


@pytest.mark.parametrize("is_new", [True, False])
def test_typed_words_wait_for_their_writer_until_they_are_saved(organiser, sign_in_as, event, post, is_new):
    asked = None if is_new else post
    page = editor(organiser, asked)
    first = autosave(organiser, page, **{"en-headline": "Heard"})
    assert first["clock"] == "14:00 (CEST)"
    autosave(organiser, page, **TYPED, version=first["version"])
    again = editor(organiser, asked)
    assert again.form().data["en-headline"] == ["Heard once"]
    assert "you typed on 3 May 2027 at 14:00 (CEST) but did not save" in again.all(".desk-kept")[0]
    assert ("Start over" in again.all(".desk-kept")[0]) == is_new
    assert editor(sign_in_as(Role.ORGANISER, event), asked).all(".desk-kept") == []
    assert TYPED["en-body"].encode() not in db.session.scalars(select(Autosave.sealed_words)).one()
    again.submit(button="Save the draft" if is_new else "Save")
    assert "Heard once" in db.session.scalars(select(PostText.headline)).all()
    assert (editor(organiser, asked).all(".desk-kept"), db.session.scalars(select(Autosave)).all()) == (
        [],
        [],
    )


def test_two_windows_do_not_overwrite_each_others_words(organiser, post):
    first, second = editor(organiser, post), editor(organiser, post)
    autosave(organiser, first, **TYPED)
    assert autosave(organiser, second, **{"en-headline": "Else"}, expect=409) == {"refused": "elsewhere"}
    again = editor(organiser, post)
    assert again.form().data["en-headline"] == ["Heard once"]
    again.submit(button="Discard it and show what is stored")
    assert editor(organiser, post).form().data["en-headline"] == ["Stored"]


def test_first_words_of_two_windows_at_once_are_kept_once(organiser, post, monkeypatch):
    first, second = editor(organiser, post), editor(organiser, post)
    autosave(organiser, first, **TYPED)
    # Act as if the second request had looked for autosaved words before the first one committed its own.
    monkeypatch.setattr(autosaves, "_find", lambda _document: None)
    monkeypatch.setattr(autosaves, "forget", lambda _document: None)
    assert autosave(organiser, second, **{"en-headline": "Else"}, expect=409) == {"refused": "elsewhere"}
    monkeypatch.undo()
    assert editor(organiser, post).form().data["en-headline"] == ["Heard once"]


def test_kept_words_overwrite_nothing_that_another_organiser_has_saved(organiser, sign_in_as, event, post):
    autosave(organiser, editor(organiser, post), **TYPED)
    editor(sign_in_as(Role.ORGANISER, event), post).submit({"en-headline": "Theirs"}, button="Save")
    page = editor(organiser, post).submit(button="Save", expect=409)
    assert page.all(".difference del")[0] == "Theirs"
    assert "Theirs" in db.session.scalars(select(PostText.headline)).all()


def test_kept_words_are_forgotten_after_thirty_days_and_never_too_long(organiser, post):
    assert autosave(organiser, editor(organiser, post), **{"en-body": "å" * 30_000}, expect=413) == {
        "refused": "long"
    }
    autosave(organiser, editor(organiser, post), **TYPED)
    write(accounts.forget_expired, now=NOW + timedelta(days=29))
    assert len(db.session.scalars(select(Autosave)).all()) == 1
    write(accounts.forget_expired, now=NOW + timedelta(days=30))
    assert db.session.scalars(select(Autosave)).all() == []


def test_words_typed_after_the_sign_in_has_ended_are_refused_and_the_kept_ones_stay(organiser, post):
    page = editor(organiser, post)
    autosave(organiser, page, **TYPED)
    clock.freeze(NOW + timedelta(hours=1))
    line = page.soup.select_one("[data-autosave]")
    late = send(organiser, line["data-autosave"], page)
    assert (late.status_code, late.location.partition("?")[0]) == (303, "/account/sign-in")
    assert len(db.session.scalars(select(Autosave)).all()) == 1


def live(browser, page, **typed):
    frame = page.soup.select_one("[data-live-preview][data-language=en]")
    return send(browser, frame["data-live-preview"], page, **typed, **{"in": "en"})


def hints(answer) -> list[str]:
    lines = BeautifulSoup(answer.text, "html.parser").select(".hints > li")
    return [" ".join(line.get_text(" ").split()) for line in lines]


def test_preview_while_writing_is_rendered_as_the_public_page_is(organiser, event, post):
    shown = live(organiser, editor(organiser), **{"en-body": "**Bold**\n\n<script>x</script>\n\nlast week"})
    assert (shown.status_code, "<strong>Bold</strong>" in shown.text) == (200, True)
    assert "<script>" not in shown.text
    assert "Without a headline" in live(organiser, editor(organiser)).text
    assert "It will not be true for long" in shown.text
    above = live(organiser, editor(organiser), **{"en-headline": "Heard “today", "en-lead": "We met today."})
    assert [hint[:15] for hint in hints(above)] == ["Headline today ", "Headline “ – A ", "Lead today – It"]
    assert live(organiser, editor(organiser, post), **{"en-body": "å" * 31_000}).status_code == 422
    make_page(event, "practical")
    page = organiser.get("pages.edit", event="nf27", slug="practical")
    answer = live(organiser, page, **{"en-title": "Today", "en-body": "*Soon*\n\n{{hours}}"})
    assert "<em>Soon</em>" in answer.text
    assert [hint[:11] for hint in hints(answer)] == ["Title Today"]
    other = make_post(event_id=make_archive().id)
    for act in ("autosave", "preview"):
        path = f"/console/nf27/news/writing/{act}?post={other.id}"
        assert send(organiser, path, editor(organiser), **{"in": "en"}).status_code == 404


def test_previews_of_one_person_come_one_at_a_time_and_not_too_many(
    organiser, sign_in_as, event, post, monkeypatch
):
    monkeypatch.setattr(assisting, "PREVIEWS", "2 per minute")
    make_page(event, "practical")
    page, standing = editor(organiser, post), organiser.get("pages.edit", event="nf27", slug="practical")
    other = sign_in_as(Role.ORGANISER, event)
    mine, _theirs = db.session.scalars(select(User.id).order_by(User.id)).all()
    with limits.one_at_a_time(10, "preview", str(mine)):
        assert [live(organiser, each).status_code for each in (page, standing)] == [429, 429]
        assert live(other, editor(other, post)).status_code == 200
    assert [live(organiser, each).status_code for each in (page, standing, page)] == [200, 200, 429]
    assert live(other, editor(other, post)).status_code == 200
