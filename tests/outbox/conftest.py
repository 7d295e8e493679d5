"""What the outbox's tests share."""

import pytest

from tests.factories.events import NOW


@pytest.fixture(autouse=True)
def _now(frozen):
    """Mails are made and sent at NOW."""
    assert frozen == NOW


@pytest.fixture
def to_server(app):
    """Point the app at a mail server on this machine: `to_server(port, MAIL_USE_TLS=True)`."""

    def point(port: int, **differing) -> None:
        state = app.extensions["mail"]
        app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, **differing)
        state.server, state.port = "127.0.0.1", port
        state.use_tls = app.config["MAIL_USE_TLS"]
        state.use_ssl = app.config["MAIL_USE_SSL"]
        state.username, state.password = app.config["MAIL_USERNAME"], app.config["MAIL_PASSWORD"]

    return point
