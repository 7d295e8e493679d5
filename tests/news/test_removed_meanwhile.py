"""An organiser saves a text or image that another one removes meanwhile: a message says so, the text is kept."""

from collections.abc import Callable
from threading import Thread

import pytest
from sqlalchemy import select

from forum.accounts import autosaves
from forum.accounts.models import Autosave
from forum.database import read_locked, start_write
from forum.events import queries as events
from forum.events import standing
from forum.extensions import db
from forum.images import actions, queries
from forum.images.models import Image
from forum.news.models import Post
from tests.factories.events import NOW, make_page
from tests.factories.images import make_image
from tests.factories.news import make_post
from tools.pages import Page

BY = {"actor": "command", "now": NOW}
GONE = "The library does not have this image any more. Choose another one, or none."


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def sent_during(act: Callable[[], None], page: Page, path: str, /, **typed: str) -> Page:
    """Send the page's form while a transaction in which `act` was called is still open; return the answer."""
    data = {**page.form().data, **{name: [value] for name, value in typed.items()}}
    answers, browser, app = [], page._pages.client, page._pages.app

    def send() -> None:
        with app.app_context():
            answers.append(browser.post(path, data=data))

    start_write(db.session)
    act()
    db.session.flush()
    other = Thread(target=send)
    other.start()
    other.join(timeout=0.5)
    assert answers == []
    db.session.commit()
    other.join()
    db.session.expire_all()
    return Page(page._pages, path, answers[0], [])


def remove(key: str) -> None:
    """Remove an image, as its console page does."""
    db.session.execute(read_locked(events.select_event("nf27")))
    image = queries.find(key)
    queries.lock_for_removal(image)
    actions.remove(image, **BY)


@pytest.mark.parametrize("is_new", [True, False])
def test_post_is_not_saved_with_a_cover_that_is_removed_at_that_moment(organiser, event, is_new):
    key = make_image(event).key
    post = None if is_new else make_post(event_id=event.id, headline="Stored")
    page = organiser.get(
        f"posts.{'new' if is_new else 'edit'}", event="nf27", **({} if is_new else {"post": post.id})
    )
    typed = {"en-headline": "Typed", "cover": key}
    answer = sent_during(lambda: remove(key), page, page.path, **typed)
    assert (answer.status, answer.errors) == (422, {"cover": GONE})
    assert answer.form().data["en-headline"] == ["Typed"]
    assert [text.headline for stored in db.session.scalars(select(Post)) for text in stored.texts] == (
        [] if is_new else ["Stored"] * 2
    )
    button = "Save the draft" if is_new else "Save"
    assert answer.submit(button=button, expect=303).location.startswith("/console/nf27/news/")


def test_image_that_is_saved_as_a_cover_at_that_moment_is_not_removed(organiser, event):
    image, post = make_image(event), make_post(event_id=event.id, headline="Covered")
    removal = organiser.get("library.remove", event="nf27", key=image.key)

    def cover() -> None:
        post.cover = queries.keep_until_commit(image.key)

    assert sent_during(cover, removal, removal.path).status == 303
    assert db.session.scalars(select(Image)).one() is post.cover
    assert "Covered" in organiser.get(removal.path).text


def test_image_that_is_removed_at_that_moment_is_no_logo(organiser, event):
    key = make_image(event).key
    page = organiser.get("settings.look", event="nf27")
    answer = sent_during(lambda: remove(key), page, page.path, logo_key=key, act="save")
    assert (answer.status, answer.errors, event.logo_key) == (422, {"logo_key": GONE}, None)


def test_words_for_a_page_that_is_removed_at_that_moment_are_not_kept(organiser, event):
    """Autosaved text for a page that is being removed is refused: the next page may get the same id."""
    page = make_page(event, "about")
    form, number = organiser.get("pages.edit", event="nf27", slug="about"), page.id
    path = form.soup.select_one("[data-autosave]")["data-autosave"]

    def remove_page() -> None:
        db.session.execute(read_locked(events.select_event("nf27")))
        standing.remove(page, **BY)
        autosaves.forget_removed("page", number)

    assert sent_during(remove_page, form, path, autosave_version="").status == 404
    assert db.session.scalars(select(Autosave)).all() == []
