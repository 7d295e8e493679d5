"""Images in backups and in the health checks: restored with the database, reported when missing (R21, R29)."""

import tarfile

import pytest
from sqlalchemy import inspect, select

from forum import presence
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


def test_images_of_an_earlier_version_get_their_avif_files_once(app, database):
    """Pages show them then; an image whose AVIF files would not be smaller stays as it is."""
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
