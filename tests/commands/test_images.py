"""Images in backups and in the health checks: restored with the database, and missed when a file is gone (R21, R29)."""

import pytest
from sqlalchemy import select

from forum.extensions import db
from forum.health import files
from forum.images import store
from forum.images.models import Image
from tests.commands.archives import made, run
from tests.factories.events import NOW, make_event
from tests.factories.images import make_image


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
        assert files.check(NOW) == (True, "every file of 1 image is there")
        store.remove(image)
        is_well, words = files.check(NOW)
        assert (is_well, words.startswith(f"1 of 1 image lacks files ({image})")) == (False, True)
