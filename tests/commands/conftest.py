"""Fixtures for the tests of commands."""

import pytest


@pytest.fixture
def blank_url(request, app, tmp_path):
    """Give the URL of an empty database of the same kind as the app's."""
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        (tmp_path / "elsewhere").mkdir()
        yield f"sqlite:///{tmp_path / 'elsewhere' / 'forum.sqlite3'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)
