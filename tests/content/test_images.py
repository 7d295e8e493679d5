"""Images in exports and imports: the bytes stay the same, and other image files are refused."""

import shutil
import tomllib

import pytest
from sqlalchemy import select

from forum.columns import Text
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.images import actions, making, store
from forum.images.actions import Description
from forum.images.enums import Focus
from forum.images.models import Image
from forum.news.models import Post
from tests.content.conftest import files_of
from tests.factories.events import NOW
from tests.factories.images import jpeg


@pytest.fixture
def key(site) -> str:
    """Give the key of an image that is the cover of a post."""
    with site.app_context():
        made = making.make(jpeg(900, 600))
        key = made.key_for("nf27")
        store.put(key, made.files)
        start_write(db.session)
        event = db.session.scalars(select(Event).where(Event.slug == "nf27")).one()
        said = Description(Text(sv="En ring", en="A ring"), "Eva Exempel", Focus.TOP)
        image, _is_new = actions.add(event.id, key, made, said, actor="command", now=NOW)
        db.session.scalars(select(Post).where(Post.key == "plain")).one().cover = image
        db.session.commit()
        db.session.remove()
    return key


def test_images_come_back_with_the_same_bytes(site, key, run, make_app, sqlite_template, tmp_path):
    """An export into another database gives the same folder, the same files for visitors and the same cover."""
    folder = tmp_path / "export"
    assert run("export", folder)[0] == 0
    described = tomllib.loads((folder / f"events/nf27/images/{key}.toml").read_text())
    assert (described["alt"], described["credit"], described["focus"]) == (
        {"sv": "En ring", "en": "A ring"},
        "Eva Exempel",
        "top",
    )
    assert run("import", folder)[1] == "0 differences imported.\n"

    shutil.copyfile(sqlite_template, tmp_path / "other.sqlite3")
    images = tmp_path / "other-images"
    other = make_app(f"sqlite:///{tmp_path / 'other.sqlite3'}", IMAGES=images)
    assert run("import", folder, "--dry-run", on=other)[0] == 0
    assert not images.exists()
    assert run("import", folder, on=other)[0] == 0
    assert run("export", tmp_path / "again", on=other)[0] == 0
    assert files_of(tmp_path / "again") == files_of(folder)
    assert files_of(images) == files_of(site.config["IMAGES"])
    with other.app_context():
        image = db.session.scalars(select(Image)).one()
        assert (image.width, image.height, image.widths) == (900, 600, [400, 800, 900])
        assert db.session.scalars(select(Post).where(Post.key == "plain")).one().cover is image


def test_other_files_in_the_place_of_an_image_are_refused(key, run, tmp_path):
    """Nothing is imported with a changed image, an image without a description, or a description without an image."""
    folder = tmp_path / "export"
    run("export", folder)
    images = folder / "events/nf27/images"
    (images / f"{key}.jpg").write_bytes(jpeg(900, 601))
    (images / "0123456789abcdef.jpg").write_bytes(b"<svg/>")
    (images / "photo.jpg").write_bytes(jpeg())
    (images / "fedcba9876543210.toml").write_bytes((images / f"{key}.toml").read_bytes())
    status, said = run("import", folder)
    assert status == 1
    for words in (
        f"{key}.jpg: is not what an export wrote under this name",
        "0123456789abcdef.jpg: is not what an export wrote under this name",
        "photo.jpg: is no file of the content",
        "fedcba9876543210.toml: its original fedcba9876543210.jpg is missing",
        "Nothing was imported.",
    ):
        assert words in said


def test_export_says_when_the_file_of_an_image_is_missing(site, key, run, tmp_path):
    with site.app_context():
        store.remove(key)
    status, said = run("export", tmp_path / "export")
    assert (status, f"the original of the image {key} is missing" in said) == (1, True)
