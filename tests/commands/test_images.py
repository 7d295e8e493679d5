"""Images in backups and in the health checks: restored with the database, reported when missing (R21, R29)."""

import tarfile

import pytest
from sqlalchemy import inspect, select

from forum import presence
from forum.commands.backup_images import Images
from forum.database import start_write
from forum.extensions import db
from forum.health import files
from forum.images import making, queries, store
from forum.images.errors import StorageAway
from forum.images.models import Image
from tests.commands.archives import made, run
from tests.factories.events import NOW, make_event
from tests.factories.images import jpeg, make_image


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def image(app) -> str:
    """Give the key of an image whose files are in the store."""
    with app.app_context():
        image = make_image(make_event(), widths=[400])
        store.put(image.key, {name: name.encode() for name in store.names_of(image)})
        key = image.key
        db.session.remove()
    return key


def test_backup_and_restore_bring_the_images_back(app, image, make_app, blank_url, tmp_path):
    assert run(app, "backup", str(tmp_path / "backups")).exit_code == 0
    other = make_app(blank_url, INSTANCE=tmp_path / "elsewhere")
    restored = run(other, "restore", str(made(tmp_path / "backups")))
    assert restored.exit_code == 0, restored.output
    with other.app_context():
        row = db.session.scalars(select(Image)).one()
        assert row.key == image
        assert {name: store.read(image, name) for name in store.names_of(row)} == {
            name: name.encode() for name in store.names_of(row)
        }
        assert files.check(NOW) == (True, "all files of 1 image are there")
        store.remove(image)
        is_well, words = files.check(NOW)
        assert (is_well, words.startswith(f"1 of 1 image lacks files ({image})")) == (False, True)


def test_backup_has_the_avif_files_that_an_image_gets_while_it_is_made(app, image, tmp_path):
    """A backup adds images before the database's dump and after it, for the dump may list AVIF files made between."""
    with app.app_context():
        images = Images(tmp_path / "images.tar")
        images.add()
        store.put(image, {"400.avif": b"400.avif"})
        start_write(db.session)
        queries.find(image).has_avif = True
        db.session.commit()
        images.add()
        with tarfile.open(tmp_path / "images.tar") as tar:
            assert tar.getnames() == [
                f"{image}/{name}" for name in (making.ORIGINAL, "400.jpg", "400.webp", "400.avif")
            ]
        assert images.lacking == []


def test_images_of_an_earlier_version_get_their_avif_files_once(app, database):
    """`forum make-avif` makes AVIF files for images without, unless an image's AVIF files would not be smaller."""
    event = make_event()
    for image in map(making.make, (jpeg(900, 600), jpeg(400, 400))):
        key = image.key_for(event.slug)
        store.put(key, {name: content for name, content in image.files.items() if not name.endswith(".avif")})
        make_image(event, key=key, widths=image.widths)
    for number in (1, 0):
        ended = run(app, "make-avif")
        assert f"{number} image{'s' * (not number)} ha" in ended.output
    db.session.expire_all()
    images = queries.list_all()
    assert [image.has_avif for image in images] == [True, False]
    assert store.find_missing(images) == []
    assert "900.avif" in store.names_of(images[0])
    db.session.rollback()


def test_avif_files_that_the_storage_has_lost_are_made_again(app, database):
    """A backup of an earlier version may lack the AVIF files that an image got while the backup was made."""
    event, files = make_event(), making.make(jpeg(900, 600)).files
    image = make_image(event, widths=[400, 800, 900], has_avif=True)
    store.put(image.key, {name: content for name, content in files.items() if not name.endswith(".avif")})
    assert store.find_missing([image]) == [image.key]
    for number in (1, 0):
        assert f"{number} image{'s' * (not number)} ha" in run(app, "make-avif").output
        assert store.find_missing(queries.list_all()) == []
    assert store.read(image.key, "900.avif") == files["900.avif"]
    db.session.rollback()


def test_restore_begins_only_when_the_storage_of_images_answers(app, image, make_app, blank_url, tmp_path):
    run(app, "backup", str(tmp_path / "backups"))
    other = make_app(blank_url, INSTANCE=tmp_path / "elsewhere")
    other.config["IMAGES"].parent.mkdir(exist_ok=True)
    other.config["IMAGES"].write_text("no folder")
    ended = run(other, "restore", str(made(tmp_path / "backups")))
    assert (ended.exit_code, ended.output) == (
        1,
        "Error: The storage of images does not answer; nothing is restored.\n",
    )
    with other.app_context():
        assert inspect(db.engine).get_table_names() == []


def test_backup_has_the_database_while_the_storage_of_images_is_away(app, image, monkeypatch, tmp_path):
    """The backup names the missing images, and older backups are kept; an export of content fails with a sentence."""

    def away(key: str, name: str) -> bytes:
        raise StorageAway

    monkeypatch.setattr(store, "read", away)
    folder = tmp_path / "backups"
    folder.mkdir()
    older = folder / "forum-20200101T000000Z.tar"
    older.touch()
    ended = run(app, "backup", str(folder), "--keep", "1", "--keys", str(tmp_path / "keys"))
    assert (ended.exit_code, type(ended.exception)) == (1, SystemExit)
    assert f"has the database, but not the files of 1 image ({image})" in ended.output
    assert older.exists()
    assert (tmp_path / "keys").exists()
    assert presence.last_backup(app.config["INSTANCE"]) is None
    older.unlink()
    with tarfile.open(made(folder)) as tar:
        assert len(tar.getnames()) == 3

    ended = run(app, "content", "export", str(tmp_path / "content"))
    assert (ended.exit_code, ended.output) == (
        1,
        "Error: the storage of images does not answer; try again later.\n",
    )
