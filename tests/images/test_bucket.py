"""Images are stored, shown and removed in S3-compatible storage, on a real S3 server; each wait is limited."""

import socket
import threading

import obstore
import pytest
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.extensions import db
from forum.images import bucket, public, store
from forum.images.errors import StorageAway
from forum.images.models import Image
from forum.settings.errors import UnsafeSettings
from forum.web.lobby import Lobby
from tests.factories.events import make_event
from tests.factories.images import jpeg, make_image
from tests.factories.organisers import sign_in_somebody
from tools import servers
from tools.pages import Pages

SAID = {"alt-sv": "Två kvadrater", "alt-en": "Two squares"}
KEYS = {"S3_ACCESS_KEY": "a key", "S3_SECRET": "a secret", "S3_REGION": "eu-north-1"}


@pytest.fixture(scope="module")
def server():
    try:
        with servers.run_s3() as url:
            yield url
    except servers.MissingProgram as missing:
        pytest.skip(str(missing))


@pytest.fixture
def app(make_app, sqlite_url, server):
    return make_app(sqlite_url, IMAGES="s3://forum/images", S3_ENDPOINT=server, **KEYS)


def test_image_is_stored_shown_and_removed(app, frozen):
    with app.app_context():
        organiser, pages = sign_in_somebody(app, Role.ORGANISER, make_event()), Pages(app)
        organiser.get("library.add", event="nf27").submit(SAID, files={"file": jpeg(900, 600)})
        image = db.session.scalars(select(Image)).one()
        key = image.key
        assert store._place().names(key) == set(store.names_of(image))
        assert store.find_missing([image]) == []
        shown = pages.get(f"/images/{key}/400.webp")
        assert shown.headers["Content-Type"] == "image/webp"
        assert shown.data == store.read(key, "400.webp")
        pages.get(f"/images/{key}/640.webp", expect=404)

        before = store.read(key, "400.jpg")
        store.put(key, {"400.jpg": b"another content"})
        assert store.read(key, "400.jpg") == before
        obstore.put(store._place()._quick, f"{key}/800.jpg", b"")
        assert store.find_missing([image]) == [key]
        pages.get(f"/images/{key}/800.jpg", expect=404)
        organiser.get("library.remove", event="nf27", key=key).submit(button="Remove the image")
        assert store._place().names(key) == set()
        pages.get(f"/images/{key}/400.webp", expect=404)


def test_storage_without_its_keys_is_refused_at_the_start(make_app, sqlite_url):
    with pytest.raises(UnsafeSettings, match="FORUM_IMAGES needs FORUM_S3_ACCESS_KEY and FORUM_S3_SECRET"):
        make_app(sqlite_url, IMAGES="s3://forum/images")


def test_upload_is_not_taken_while_the_storage_is_away(make_app, sqlite_url, frozen):
    """An upload while the storage is away gets 503, and no image without files is in the library."""
    away = f"http://127.0.0.1:{servers.free_port()}"
    app = make_app(sqlite_url, IMAGES="s3://forum/images", S3_ENDPOINT=away, **KEYS)
    with app.app_context():
        organiser = sign_in_somebody(app, Role.ORGANISER, make_event())
        page = organiser.get("library.add", event="nf27")
        app.config["PROPAGATE_EXCEPTIONS"] = False
        page.submit(SAID, files={"file": jpeg()}, expect=503)
        assert db.session.scalars(select(Image)).all() == []


def test_storage_that_says_nothing_is_given_up_soon(monkeypatch):
    """A visitor waits while an image is read, so the storage is asked once only, with a time limit."""
    quick, retries = bucket.QUICK
    assert quick["timeout"] == "5s"
    monkeypatch.setattr(bucket, "QUICK", ({**quick, "timeout": "300ms"}, retries))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(1)
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        away = bucket.Bucket("s3://forum", endpoint=endpoint, region="eu", access_key="a", secret="b")
        with pytest.raises(StorageAway):
            away.read("0123456789abcdef", "400.jpg")
        silent.accept()[0].close()
        with pytest.raises(TimeoutError):
            silent.accept()


def test_storage_that_does_not_answer_leaves_room_for_other_requests(make_app, sqlite_url, monkeypatch):
    """Few requests at once wait for the storage, and none asks the storage for an image that no library has."""
    app = make_app(sqlite_url, PROPAGATE_EXCEPTIONS=False)
    asked = []
    monkeypatch.setattr(store, "read", lambda key, name: asked.append(name) or b"content")
    with app.app_context():
        image, pages = make_image(make_event(), widths=[400]), Pages(app)
        for name in ("fedcba9876543210/400.jpg", f"{image.key}/800.jpg", f"{image.key}/original.jpg"):
            pages.get(f"/images/{name}", expect=404)
        assert asked == []
        taken = sum(public.READERS.enter(0) for _number in range(Lobby.SERVED // 2))
        monkeypatch.setattr(public, "WAIT_SECONDS", 0.05)
        pages.get(f"/images/{image.key}/400.jpg", expect=503)
        waiting = sum(public.WAITERS.enter(0) for _number in range(Lobby.SERVED // 2))
        assert taken + waiting < Lobby.SERVED
        monkeypatch.setattr(public, "WAIT_SECONDS", 60)
        # 503 at once, because enough requests wait for the storage already
        pages.get(f"/images/{image.key}/400.jpg", expect=503)
        for _number in range(waiting):
            public.WAITERS.leave()
        # A request waits while the storage is busy with others, because after a 503 the browser would not ask again.
        threading.Timer(0.2, public.READERS.leave).start()
        assert pages.get(f"/images/{image.key}/400.jpg").data == b"content"
        for _number in range(taken - 1):
            public.READERS.leave()
        assert pages.get(f"/images/{image.key}/400.jpg").data == b"content"
