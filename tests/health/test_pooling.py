"""`forum doctor` tells when a connection pooler drops time limits or shares the server's processes (R16, R29)."""

import re

import pytest
from sqlalchemy.engine import make_url

from forum import clock, postgres
from forum.health import checks, pooling
from forum.health.checks import Finding
from forum.settings.project import PROJECT

WELL = "connections have their time limits, and each has a process of the server"
ROLE_SETTINGS = re.compile(r"^ALTER ROLE forum IN DATABASE forum (SET .+;)$", re.MULTILINE)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def connections(app) -> Finding:
    with app.app_context():
        (finding,) = checks.examine(["connections"], clock.now())
    return finding


@pytest.mark.postgresql
def test_time_limits_that_a_pooler_drops_are_told_until_the_role_has_them(
    make_app, postgres_url, postgres_server, monkeypatch
):
    """Lost time limits are reported. A connection without parameters begins like one whose pooler drops them."""
    monkeypatch.setattr(postgres, "WAITS", {**postgres.WAITS, "options": ""})
    finding = connections(make_app(postgres_url))
    assert not finding.is_well
    assert finding.words.startswith(
        "lock_timeout is 0 instead of 20s, statement_timeout is 0 instead of 1min"
    )
    database = make_url(postgres_url).database
    settings = ROLE_SETTINGS.findall((PROJECT / "docs/operations.md").read_text())
    assert len(settings) == len(postgres.ASKED)
    with postgres_server.connect(database) as owner:
        for setting in settings:
            owner.execute(f"ALTER ROLE postgres IN DATABASE {database} {setting}")
    finding = connections(make_app(postgres_url))
    assert (finding.is_well, finding.words) == (True, WELL)
    # Reset the role's settings, because later tests use the same database.
    with postgres_server.connect(database) as owner:
        owner.execute(f"ALTER ROLE postgres IN DATABASE {database} RESET ALL")


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "processes", [[7, 7], [7, 8, 9], [7, 8, 7, 8, 9]], ids=["given away", "exchanged", "exchanged later"]
)
def test_a_pooler_that_shares_processes_is_told(make_app, postgres_url, monkeypatch, processes):
    read = iter(processes)
    monkeypatch.setattr(pooling, "_read_process", lambda _connection: next(read))
    finding = connections(make_app(postgres_url))
    assert (finding.is_well, finding.words.partition(":")[0]) == (
        False,
        "connections share the server's processes",
    )


def test_connections_without_a_pooler_are_well(app):
    assert connections(app).is_well
