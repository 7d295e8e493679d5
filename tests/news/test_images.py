"""Images of posts: the cover on the page and in lists, images within texts, and choosing both in the console."""

import json

import pytest
from sqlalchemy import select

from forum.columns import Text
from forum.database import start_write
from forum.extensions import db
from forum.images.bodies import keys_in
from forum.news.models import Post, PostText
from tests.factories.events import make_archive, make_page
from tests.factories.images import make_image
from tests.factories.news import make_post
from tools.pages import Page


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def image(event):
    return make_image(event, credit="Eva Exempel", alt=Text(sv="En ring", en="A ring"))


def url_of(post: Post, language: str = "en") -> str:
    slug = next(text.slug for text in post.texts if text.language == language)
    return f"/{language}/news/2016/11/25/{slug}"


def covers(page: Page) -> list[tuple[str, str | None]]:
    """Return for each image in the page's content its alternative text and its attribute `loading`, or None."""
    return [(img["alt"], img.get("loading")) for img in page.soup.select("main picture img")]


def desk(organiser, post: Post) -> Page:
    return organiser.get("posts.edit", event="nf27", post=post.id)


def test_cover_is_chosen_at_the_desk_and_seen_at_once(organiser, pages, event, image):
    post = make_post(event_id=event.id)
    other = make_image(make_archive())
    assert covers(pages.get(url_of(post))) == []
    form = desk(organiser, post)
    assert form.soup.select(f"input[name=cover][value='{other.key}']") == []
    form.submit({"cover": image.key}, button="Save")
    page = pages.get(url_of(post))
    assert covers(page) == [("A ring", None)]
    assert page.all("main figcaption") == ["Image: Eva Exempel"]
    assert covers(pages.get(url_of(post, "sv"))) == [("En ring", None)]
    image_of_page = page.soup.select_one("main picture img")
    assert (image_of_page["width"], image_of_page["height"]) == ("800", "600")
    assert image_of_page["srcset"] == f"/images/{image.key}/400.jpg 400w, /images/{image.key}/800.jpg 800w"
    newest = organiser.get("revisions.index", event="nf27", post=post.id).soup.select_one("main tbody a")
    assert "Cover image" in organiser.get(newest["href"]).text
    desk(organiser, post).submit({"cover": ""}, button="Save")
    assert covers(pages.get(url_of(post))) == []


def test_image_of_another_library_is_no_cover(organiser, event, image):
    post, other = make_post(event_id=event.id), make_image(make_archive())
    desk(organiser, post).submit({"cover": None}, forged={"cover": other.key}, button="Save", expect=422)
    db.session.rollback()
    assert db.session.scalars(select(Post)).one().cover is None


def test_lists_show_covers_below_the_fold_late_and_none_of_a_post_with_a_note(pages, event, image):
    make_post(headline="Noted", cover=image, content_note="About abuse")
    half = make_post(headline="Noted in Swedish", cover=image)
    start_write(db.session)
    db.session.get_one(PostText, (half.id, "sv")).content_note = "Om övergrepp"
    db.session.commit()
    for headline in ("Second", "Newest"):
        make_post(headline=headline, cover=image)
    assert covers(pages.get("news.index")) == [("A ring", None), ("A ring", "lazy")]
    assert covers(pages.get("news.year", year=2016)) == [("A ring", "lazy")] * 2
    assert covers(pages.get("home.front")) == [("A ring", "lazy")] * 2


def test_cover_stays_when_the_post_is_withdrawn(organiser, pages, event, image):
    post = make_post(event_id=event.id, cover=image)
    organiser.get("publishing.withdraw", event="nf27", post=post.id).submit(button="Withdraw the post")
    pages.get(url_of(post), expect=410)
    assert desk(organiser, post).soup.select_one("input[name=cover][checked]")["value"] == image.key
    organiser.get("publishing.publish", event="nf27", post=post.id).submit({"when": "now"}, button="Publish")
    assert covers(pages.get(url_of(post))) == [("A ring", None)]


def test_image_stands_in_the_text_where_its_mark_was(pages, event, image):
    """A mark {{image KEY}} shows an image of a library; search and feeds leave marks out."""
    marked = (
        f"Before.\n\n{{{{image {image.key}}}}}\n\n{{{{image 0123456789abcdef}}}}\n\nAfter {{{{image x}}}}."
    )
    post = make_post(body=marked)
    make_page(event, "practical", body=Text(sv=marked, en=f"{{{{image {image.key}}}}}\n\n{{{{hours}}}}"))
    page = pages.get(url_of(post))
    assert page.all(".prose > *") == [
        "Before.",
        "Image: Eva Exempel",
        "After {{image x}}.",
    ]
    assert covers(page) == [("A ring", "lazy")]
    assert covers(pages.get("events.page", slug="practical")) == [("A ring", "lazy")]
    assert image.key not in pages.get("feeds.whole").text
    assert image.key not in pages.get("/en/news/search?q=before").text


def test_mark_that_shows_no_image_is_pointed_out_and_is_no_use_of_it(organiser, event, image):
    mark = f"{{{{image {image.key}}}}}"
    body = f"## Heard\n{mark}\n\nHere {mark} inline.\n\n{{{{image none}}}}\n\n> {mark}\n\nOver it\n{mark}"
    post = make_post(event_id=event.id, body=body)
    said = [words.partition(" – ") for words in desk(organiser, post).all("[data-care=en] li")]
    itself = "Readers would see the mark itself. It has to be alone on its line, between two empty lines."
    assert [(words, advice) for words, _dash, advice in said] == [
        (f"Line 4 {mark}", itself),
        (
            "Line 6 {{image none}}",
            "No library has this image. Copy the line below one of the images that are offered.",
        ),
        (f"Line 11 {mark}", itself),
    ]
    assert keys_in(f"Here {mark} inline.") == set()
    assert keys_in(f"Words.\n\n{mark}") == {image.key}


def test_every_image_can_be_chosen_searched_and_put_into_a_text(organiser, event, database):
    """The oldest of 32 images can be used, too: searched for, put into a text by its mark, chosen as cover and logo."""
    oldest = make_image(event, alt=Text(sv="Ett fönster", en="A window"), file_name="Öppet-hus.jpg")
    for _number in range(31):
        make_image(event, credit="Eva Exempel")
    make_image(make_archive(), alt=Text(sv="Ett fönster", en="A window"))
    make_page(event, "practical")
    for form in (
        organiser.get("posts.new", event="nf27"),
        organiser.get("pages.edit", event="nf27", slug="practical"),
    ):
        assert form.links["Images of the forum (new tab)"] == "/console/nf27/images/choose"
    mark = f"{{{{image {oldest.key}}}}}"
    first = organiser.get("image_choice.index", event="nf27")
    assert (len(first.all("main code")), mark in first.all("main code")) == (24, False)
    assert mark in organiser.get(first.links["Next"]).all("main code")
    for words, number in (("oppet", 1), ("WINDOW hus", 1), ("fonster eva", 0), ("exempel", 24)):
        assert len(organiser.get("image_choice.index", event="nf27", q=words).all("main code")) == number, (
            words
        )
    organiser.get("image_choice.index", event="nf27", page=3, expect=404)

    post = make_post(event_id=event.id)
    form, cover = desk(organiser, post), f"input[name=cover][value='{oldest.key}']"
    assert form.soup.select(cover) == []
    more = form.submit({"en-headline": "Not saved"}, button="Show more images", expect=200)
    assert (len(more.soup.select(cover)), more.form().data["en-headline"]) == (1, ["Not saved"])
    more.submit({"cover": oldest.key}, button="Save", expect=303)
    look = organiser.get("settings.look", event="nf27")
    look.submit({"logo_key": None}, forged={"logo_key": oldest.key}, button="Save", expect=303)
    db.session.expire_all()
    assert (post.cover.key, post.texts[0].headline, event.logo_key) == (oldest.key, "Not saved", oldest.key)


def test_cover_is_what_search_engines_and_other_sites_show(pages, event, image):
    """For a post with a content note, other sites show a drawn picture instead of the cover, and lists none."""
    shown, noted = make_post(cover=image), make_post(cover=image, content_note="About abuse")

    def shared(post: Post) -> dict[str, str]:
        metas = pages.get(url_of(post)).soup.select("meta[property^='og:image']")
        return {meta["property"]: meta["content"] for meta in metas}

    address = f"http://127.0.0.1:8000/images/{image.key}/800.jpg"
    assert shared(shown) == {
        "og:image": address,
        "og:image:type": "image/jpeg",
        "og:image:width": "800",
        "og:image:height": "600",
        "og:image:alt": "A ring",
    }
    assert shared(noted)["og:image"].endswith("/share.png")
    data = pages.get(url_of(shown)).soup.select_one("script[type='application/ld+json']").text
    assert json.loads(data)["image"] == [address]
    sitemap = pages.get("crawlers.sitemap").text
    # The sitemap names the image once for each language.
    assert sitemap.count(f"<image:loc>{address}</image:loc>") == 2
