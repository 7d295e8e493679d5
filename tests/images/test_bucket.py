"""Images in S3-compatible storage, on a real S3 server: the same life as in a folder, and never a wait for good."""

import pytest
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.extensions import db
from forum.images import store
from forum.images.models import Image
from forum.settings.errors import UnsafeSettings
from tests.factories.events import make_event
from tests.factories.images import jpeg
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
        organiser.get("library.remove", event="nf27", key=key).submit(button="Remove the image")
        assert store._place().names(key) == set()
        pages.get(f"/images/{key}/400.webp", expect=404)


def test_storage_without_its_keys_is_refused_at_the_start(make_app, sqlite_url):
    with pytest.raises(UnsafeSettings, match="FORUM_IMAGES needs FORUM_S3_ACCESS_KEY and FORUM_S3_SECRET"):
        make_app(sqlite_url, IMAGES="s3://forum/images")


def test_upload_is_not_taken_while_the_storage_is_away(make_app, sqlite_url, frozen):
    """The organiser is told, and no image is in the library without its files."""
    away = f"http://127.0.0.1:{servers.free_port()}"
    app = make_app(sqlite_url, IMAGES="s3://forum/images", S3_ENDPOINT=away, **KEYS)
    with app.app_context():
        organiser = sign_in_somebody(app, Role.ORGANISER, make_event())
        page = organiser.get("library.add", event="nf27")
        app.config["PROPAGATE_EXCEPTIONS"] = False
        page.submit(SAID, files={"file": jpeg()}, expect=503)
        assert db.session.scalars(select(Image)).all() == []
