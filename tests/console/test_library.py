"""The library of images in the console: adding, describing and removing them, and what visitors get of them (S29)."""

import json
from io import BytesIO

import pytest
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.console import library
from forum.extensions import db
from forum.images import making, store
from forum.images.models import Image
from tests.factories.events import make_archive
from tests.factories.images import jpeg, make_image
from tests.factories.news import make_post

SAID = {"alt-sv": "Två röda kvadrater", "alt-en": "Two red squares", "credit": "Eva Exempel"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def add(organiser, sent: bytes | None = None, data=SAID, **options):
    page = organiser.get("library.add", event="nf27")
    return page.submit(data, files={"file": jpeg() if sent is None else sent}, **options)


def stored() -> list[Image]:
    db.session.rollback()
    return list(db.session.scalars(select(Image).order_by(Image.id)))


def recorded() -> list[str]:
    query = select(AuditEntry.action).where(AuditEntry.action.startswith("image.")).order_by(AuditEntry.id)
    return list(db.session.scalars(query))


def test_image_is_added_described_and_removed(organiser, pages, app, database):
    """An image that no page shows, from its upload to its removal: in the library, for visitors, in the audit trail."""
    assert "No images yet" in organiser.get("library.index", event="nf27").text
    page = add(organiser, follow=True)
    assert page.flashes == ["The image is in the library."]
    [image] = stored()
    assert (image.alt, image.credit, image.file_name, image.widths) == (
        {"sv": "Två röda kvadrater", "en": "Two red squares"},
        "Eva Exempel",
        "a file",
        [400, 800],
    )
    assert add(organiser, follow=True).flashes == ["The library has this image already."]
    # A script that sends the image gets JSON with the URL of the next page, which has the message.
    token = organiser.get("library.add", event="nf27").form().data["csrf_token"][0]
    sent = {**SAID, "csrf_token": token, "file": (BytesIO(jpeg()), "ring.jpg")}
    wants = {"Accept": "application/json, text/html"}
    told = organiser.open("/console/nf27/images/new", method="POST", data=sent, headers=wants, expect=201)
    assert organiser.get(json.loads(told.text)["url"]).flashes == ["The library has this image already."]
    shown = page.soup.select_one("main picture")
    kinds = [(source["type"], source["srcset"].split(", ")[0]) for source in shown.select("source")]
    assert kinds == [(f"image/{kind}", f"/images/{image.key}/400.{kind} 400w") for kind in ("avif", "webp")]
    assert pages.get(f"/images/{image.key}/800.avif").headers["Content-Type"] == "image/avif"
    assert (shown.img["alt"], shown.img["width"], shown.img["height"]) == ("Two red squares", "800", "600")
    assert f"{{{{image {image.key}}}}}" in page.text

    file = pages.get(f"/images/{image.key}/400.webp")
    assert file.headers["Content-Type"] == "image/webp"
    assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert file.headers["Content-Security-Policy"].endswith("; sandbox")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    again = pages.open(file.path, expect=304, headers={"If-None-Match": file.headers["ETag"]})
    assert again.data == b""

    page.submit({"focus": "top-left", "alt-en": "Squares"}, follow=True)
    listed = organiser.get("library.index", event="nf27")
    assert listed.soup.select_one("main li img")["data-focus"] == "top-left"
    assert listed.all("main li > p") == ["800 × 600 · not used"]
    assert listed.links["Squares"] == f"/console/nf27/images/{image.key}"

    removal = organiser.get("library.remove", event="nf27", key=image.key)
    assert removal.submit(button="Remove the image", follow=True).flashes == ["The image is removed."]
    assert stored() == []
    pages.get(file.path, expect=404)
    assert not (app.config["IMAGES"] / file.path.split("/")[2]).exists()
    assert recorded() == ["image.added", "image.changed", "image.removed"]


def test_file_or_description_that_is_missing_or_wrong_is_said_in_a_sentence(organiser):
    page = organiser.get("library.add", event="nf27").submit({"alt-sv": "Kvadrater"}, expect=422)
    assert page.errors == {"file": "Choose an image file", "alt-en": "Say in English what the image shows"}
    assert page.soup.select_one("[name=alt-sv]").text.strip() == "Kvadrater"
    forgets = "Browsers forget the file"
    assert forgets not in page.text
    assert forgets in add(organiser, data={"alt-sv": "Kvadrater"}, expect=422).text
    page = organiser.get("library.add", event="nf27").submit(SAID, expect=422)
    assert page.errors == {"file": "Choose an image file"}
    for sent, words in (
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "Drawings (SVG)"),
        (jpeg(300, 300), "at least 320 pixels"),
        (jpeg(320, 2400), "long and narrow"),
        (jpeg()[:2000], "damaged"),
        (b"x" * (making.LARGEST_FILE + 1), "too large"),
    ):
        page = add(organiser, sent, expect=422)
        assert words in page.errors["file"]
    assert stored() == []


def test_visitors_get_no_original_and_nothing_outside_the_store(pages, app, event, database):
    image = make_image(event)
    with app.app_context():
        store.put(image.key, {"original.jpg": b"original", "400.jpg": b"shown"})
    assert pages.get(f"/images/{image.key}/400.jpg").data == b"shown"
    (app.config["IMAGES"] / "400.jpg").write_bytes(b"outside")
    for path in (
        f"/images/{image.key}/original.jpg",
        f"/images/{image.key}/400.svg",
        f"/images/{image.key}/400.jpg%00.html",
        f"/images/{image.key}/..%2f400.jpg",
        "/images/../400.jpg",
        "/images/..%2f/400.jpg",
        "/images/./400.jpg",
        f"/images/{image.key.upper()}x/400.jpg",
    ):
        assert pages.client.get(path).status_code in {404, 308}, path
        assert pages.client.get(path, follow_redirects=True).status_code == 404, path


def test_image_of_another_event_is_not_there(organiser, database, event):
    """An organiser neither sees nor changes an image of an event for which they have no role (S13)."""
    image = make_image(make_archive())
    assert image.alt["en"] not in organiser.get("library.index", event="nf27").text
    for endpoint in ("library.show", "library.remove"):
        organiser.get(endpoint, event="nf27", key=image.key, expect=404)


def test_second_editor_sees_both_descriptions_and_overwrites_nothing(organiser, sign_in_as, event, database):
    """Two organisers describe an image at once: the second to save is shown what is stored (R30)."""
    image = make_image(event)
    where = {"event": "nf27", "key": image.key}
    mine = organiser.get("library.show", **where)
    sign_in_as(Role.ORGANISER, event).get("library.show", **where).submit({"alt-en": "Theirs"})
    page = mine.submit({"alt-en": "Mine"}, expect=409)
    assert stored()[0].alt["en"] == "Theirs"
    assert page.all("main tbody td") == ["Theirs", "Mine"]
    page.submit(button="Save")
    assert stored()[0].alt["en"] == "Mine"


def test_only_an_organiser_may_send_a_large_body_and_few_at_once(organiser, pages, app):
    """Only the page for adding images reads bodies of megabytes, and only from browsers that have signed in."""
    address, elsewhere = "/console/nf27/images/new", "/console/nf27/news/new"

    def status(browser, path: str, size: int = 300_000) -> int:
        return browser.client.post(path, data=b"x" * size, content_type="text/plain").status_code

    # 400: the body was read whole, and refused because it has no CSRF token.
    assert status(organiser, address) == 400
    assert status(organiser, elsewhere) == 413
    assert status(organiser, address, library.LARGEST_BODY + 1) == 413
    assert status(pages, address) == 413
    lobby = app.extensions["lobby"]
    (_longest_for, line), *_of_everybody = lobby._large
    for _number in range(lobby.LARGE):
        assert line.enter(0)
    assert status(organiser, address) == 503
    line.leave()
    assert status(organiser, address) == 400
    assert add(organiser, jpeg(1200, 1000, quality=100)).status == 303


def test_image_that_texts_show_stays(organiser, sign_in_as, event, database):
    """The library lists where an image is used, also within texts; a used image cannot be removed."""
    image, other = make_image(event), make_image(event)
    archive = make_archive()
    mark = f"Before\n\n{{{{image {image.key}}}}}\n\nAfter"
    make_post(headline="Covered", event_id=event.id, cover=image)
    make_post(headline="Illustrated", event_id=event.id, body=mark)
    make_post(headline="Elsewhere", event_id=archive.id, body=mark)
    listed = organiser.get("library.index", event="nf27")
    assert [words.partition(" · ")[2] for words in listed.all("main li > p")] == [
        "not used",
        "used in 3 texts",
    ]
    page = organiser.get("library.show", event="nf27", key=image.key)
    assert page.all("main .lines li") == ["Covered", "Illustrated", "1 text of another forum"]
    assert "Remove the image" not in page.links
    removal = organiser.get("library.remove", event="nf27", key=image.key)
    assert removal.soup.select("main form") == []
    token = organiser.get("library.remove", event="nf27", key=other.key).form()
    organiser.open(removal.path, method="POST", data=token.data, expect=303)
    assert [each.key for each in stored()] == [image.key, other.key]


def test_image_that_is_sent_while_it_is_removed_keeps_its_files(organiser, monkeypatch, database):
    """An upload during a removal, or a removal during an upload: the image in the library has its files afterwards."""
    add(organiser)
    [image] = stored()
    removal = organiser.get("library.remove", event="nf27", key=image.key)
    commit, put = db.session.commit, store.put

    def commit_and_send_again():
        commit()
        monkeypatch.setattr(db.session, "commit", commit)
        add(organiser)

    def put_and_lose(key, files):
        put(key, files)
        monkeypatch.setattr(store, "put", put)
        store.remove(key)

    monkeypatch.setattr(db.session, "commit", commit_and_send_again)
    removal.submit(button="Remove the image", expect=303)
    [again] = stored()
    assert store.find_missing([again]) == []

    organiser.get("library.remove", event="nf27", key=again.key).submit(button="Remove the image")
    # A removal that ends while the image is sent deletes the files that were just stored.
    monkeypatch.setattr(store, "put", put_and_lose)
    add(organiser)
    assert store.find_missing(stored()) == []


def test_image_that_becomes_a_cover_while_it_is_removed_stays(organiser, monkeypatch, event, database):
    image = make_image(event)
    removal = organiser.get("library.remove", event="nf27", key=image.key)
    make_post(headline="Covered", event_id=event.id, cover=image)
    # Act as if the removal had asked whether a post uses the image just before this post was saved.
    monkeypatch.setattr(library, "_refuse_used", lambda image: None)
    again = removal.submit(button="Remove the image", follow=True)
    assert "Covered" in again.text
    assert [each.key for each in stored()] == [image.key]


def test_image_that_the_disk_refuses_gets_the_busy_page(organiser, app, database):
    """The folder of images is full or cannot be written: the busy page says so, and no image is in the library."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.config["IMAGES"].write_text("no folder")
    assert "busy" in add(organiser, expect=503).text
    assert stored() == []


def test_file_without_content_is_missing_and_is_made_anew(pages, app, event, database):
    """An empty file, as a damaged disk may leave, is reported missing and not served; storing the image replaces it."""
    image = make_image(event, widths=[400])
    store.put(image.key, dict.fromkeys(store.names_of(image), b"content"))
    (app.config["IMAGES"] / image.key / "400.jpg").write_bytes(b"")
    assert store.find_missing([image]) == [image.key]
    pages.get(f"/images/{image.key}/400.jpg", expect=404)
    store.put(image.key, {"400.jpg": b"content"})
    assert store.find_missing([image]) == []
    assert pages.get(f"/images/{image.key}/400.jpg").data == b"content"
