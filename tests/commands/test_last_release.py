"""The last release works with today's tables, beside this version and after a downgrade, and loses nothing (R23)."""

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from forum.audit import actions as audit
from forum.extensions import db
from forum.registration.models import Registration
from forum.settings.project import PROJECT, VERSION
from tests.faults.races import open_event
from tests.faults.visitor import RECEIVED, Visitor
from tools.running import wait_for
from tools.servers import free_port, run_web

PARTS = ("forum", "templates", "static", "migrations", "translations", "pyproject.toml")
# Runs the unpacked release, and fails if Python imports the checkout instead.
RUN = """
from pathlib import Path
import forum.cli
assert Path(forum.cli.__file__).resolve().parent.parent == Path.cwd()
forum.cli.main()
"""


def git(*arguments: str) -> bytes:
    """Return git's output; nothing if this is no clone or has no history."""
    return subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, check=False).stdout


@pytest.fixture
def released(tmp_path) -> Path:
    """Unpack the commit that gave the project the number of its last release."""
    searched = ("log", "--format=%H", f'-Sversion = "{VERSION}"', "--", "pyproject.toml")
    commits = git(*searched).decode().split()
    if not commits or git("rev-parse", "--is-shallow-repository").strip() != b"false":
        pytest.skip("the history of this clone does not reach back to the last release")
    with tarfile.open(fileobj=io.BytesIO(git("archive", commits[-1], *PARTS))) as packed:
        packed.extractall(tmp_path / "released", filter="data")
    return tmp_path / "released"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0, BASE_URL="http://127.0.0.1:8000")


@pytest.fixture
def earlier(app, database_url, settings, released, tmp_path) -> Iterator[str]:
    """Run the last release on the database of this version, and give its address."""
    port, folder = free_port(), tmp_path / "earlier"
    folder.mkdir(mode=0o700)
    given = {"ENV": "development", "INSTANCE": folder, "DATABASE_URL": database_url, "FORM_MIN_SECONDS": 0}
    given |= {"DEMO": 0, **{name: settings[name] for name in ("SECRET_KEY", "DATA_KEYS")}}
    plain = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
    environment = {**plain, **{f"FORUM_{name}": str(value) for name, value in given.items()}}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, "run", "--port", str(port)],
            env=environment, cwd=released, stdout=output, stderr=output,
        )  # fmt: skip
    visitor = Visitor(f"http://127.0.0.1:{port}")

    def answers() -> bool:
        assert process.poll() is None, (folder / "output").read_text()
        try:
            return visitor.get("/healthz").status == 200
        except OSError:
            return False

    try:
        wait_for(answers)
        yield visitor.url
    finally:
        process.terminate()
        assert process.wait(60) == 0, (folder / "output").read_text()


@pytest.mark.slow
def test_the_last_release_and_this_version_serve_one_database(app, request):
    with app.app_context():
        open_event()
    with run_web(app) as here:
        assert Visitor(here).register("ngo", "before@example.org").outcome == RECEIVED
        there = request.getfixturevalue("earlier")
        for number, url in enumerate((there, here, there)):
            assert Visitor(url).register("ngo", f"a{number}@example.org").outcome == RECEIVED
    with app.app_context():
        addresses = {person.email for person in db.session.query(Registration)}
        assert addresses == {"before@example.org", *(f"a{number}@example.org" for number in range(3))}
        assert audit.verify() is None
