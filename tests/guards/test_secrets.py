"""No error page and no log line has a secret of the settings; each setting that may be one is looked for (S44)."""

import logging

import pytest

from forum.logs import JsonLines
from tests.guards import secret_settings
from tests.guards.secret_settings import NAMED_LIKE_SECRETS, NO_SECRETS, READ, secrets_of, shown_in


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, TESTING=False, **secret_settings.GIVEN)


def test_each_setting_that_is_named_like_a_secret_is_looked_for(app):
    """Tests that search pages, files, logs and command output for secrets look for every setting named so (S44)."""
    assert {name for name in app.config if NAMED_LIKE_SECRETS.search(name)} == READ | NO_SECRETS
    assert {name.split()[0] for name in secrets_of(app)} == READ
    assert shown_in(app, repr(app.config)) != []


def test_an_error_that_has_every_secret_in_it_shows_none(app, database, event):
    """An error message with all secrets in it appears neither on the error page nor in the log (S43, S44)."""
    secrets, lines = secrets_of(app), []

    def fail(**_values):
        try:
            raise ValueError(" ".join(secrets.values()))
        except ValueError as cause:
            raise RuntimeError(repr(secrets)) from cause

    handler, log = logging.Handler(), logging.getLogger()
    handler.emit = lambda record: lines.append(JsonLines().format(record))
    app.view_functions["home.front"] = fail
    log.addHandler(handler)
    answer = app.test_client().get("/en/")
    log.removeHandler(handler)
    told = "\n".join(lines)
    assert (answer.status_code, "RuntimeError" in told) == (500, True)
    assert shown_in(app, answer.get_data(as_text=True) + str(answer.headers) + told) == []
