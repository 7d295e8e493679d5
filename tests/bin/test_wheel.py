"""The wheel contains everything that the forum needs to run without a checkout."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from urllib.request import urlopen

import pytest

from forum.settings.project import PROJECT
from tools.running import SECONDS, prepare, wait_for
from tools.servers import free_port

VISIT = """
import sys
from pathlib import Path
from forum import create_app
from forum.settings.project import PROJECT
assert PROJECT == Path(sys.argv[1], "forum", "project")
app = create_app({"DEMO": False, "BASE_URL": "http://localhost"})
visitor = app.test_client()
page = visitor.get("/account/sign-in?lang=sv")
print(page.status_code, "Logga in" in page.text, visitor.get("/readyz").status_code, app.config["INSTANCE"])
"""

# Run the installed command `forum`, and fail if it imports the checkout in place of the wheel.
RUN = """
import sys
from pathlib import Path
from forum.cli import main
from forum.settings.project import PROJECT
assert PROJECT == Path(sys.argv.pop(1), "forum", "project")
main()
"""


# Run by an installed forum's Python: print the version and extras in its metadata, and which packages are there.
INSTALLED = """
from importlib.metadata import metadata
from importlib.util import find_spec
told = metadata("forum")
print(told["Version"], *told.get_all("Provides-Extra"))
print(*(name for name in ("redis", "obstore", "pytest") if find_spec(name)))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel as `make wheel` does."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--no-build-isolation", "--out-dir", folder],
        cwd=PROJECT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("forum-*.whl")
    return path


@pytest.fixture(scope="module")
def unpacked(wheel):
    """Unpack the wheel into a folder, as pip does."""
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(wheel.parent / "site")
    return wheel.parent / "site"


@pytest.fixture(scope="module")
def installed(wheel):
    """Install the wheel with its extra for Redis into a fresh environment, and return the environment's `bin`.

    The lock names the versions of the packages that the wheel needs. uv takes them from its cache, which
    `bin/bootstrap` has filled, and downloads only those that the cache has lost.
    """
    uv, folder = [sys.executable, "-m", "uv"], wheel.parent / "environment"
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, folder], check=True, timeout=120)
    install = [*uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python"]
    needs = ["--constraints", PROJECT / "requirements.lock", f"forum[redis] @ {wheel.as_uri()}"]
    for where in (["--offline"], []):
        done = subprocess.run(
            [*install, *where, *needs], capture_output=True, text=True, check=False, timeout=300
        )
        if done.returncode == 0:
            break
    assert done.returncode == 0, done.stderr
    return folder / "bin"


@pytest.mark.slow
def test_installed_wheel_has_the_command_and_all_that_it_needs(installed, tmp_path):
    """The command runs in an empty folder, makes the tables there, and counts limits in Redis if a setting says so."""
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]

    def output(program, *words, **variables):
        done = subprocess.run(
            [installed / program, *words],
            env={"PATH": "", "FORUM_ENV": "development", **variables}, cwd=tmp_path,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert output("python", "-c", INSTALLED).splitlines() == [f"{version} redis s3", "redis"]
    assert output("forum", "--version") == f"forum {version}\n"
    output("forum", "db", "upgrade")
    newest = max(path.name for path in (PROJECT / "migrations" / "versions").glob("[0-9]*.py"))
    redis = {"FORUM_LIMITER_STORAGE": "redis://127.0.0.1:1"}
    assert output("forum", "db", "current", **redis) == f"{newest[:4]} (head)\n"
    assert (tmp_path / "instance" / "forum.sqlite3").exists()


def test_wheel_serves_in_a_folder_of_its_own(unpacked, tmp_path, static_folder, sqlite_template):
    prepare(tmp_path / "instance", static_folder, sqlite_template)

    done = subprocess.run(
        [sys.executable, "-c", VISIT, str(unpacked)],
        env={"PATH": "", "PYTHONPATH": str(unpacked)}, cwd=tmp_path,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert done.stdout.split() == ["200", "True", "200", f"{tmp_path}/instance"], done.stderr


@pytest.mark.slow
def test_wheel_runs_from_nothing(unpacked, tmp_path):
    """`forum run` in an empty folder makes tables, static files and the demo from what the wheel holds, and serves."""
    port = free_port()
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(unpacked), "run", "--port", str(port)],
            env={"PATH": "", "PYTHONPATH": str(unpacked)}, cwd=tmp_path, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
    try:
        page = wait_for(lambda: process.poll() is None and fetch(f"http://127.0.0.1:{port}/en/"))
        sheet = re.search(r'href="(/static/css/app[^"]+)"', page)[1]
        assert "Nordic" in page
        assert fetch(f"http://127.0.0.1:{port}{sheet}")
        assert (tmp_path / "instance" / "forum.sqlite3").exists()
    finally:
        process.terminate()
        assert process.wait(SECONDS) == 0, (tmp_path / "output").read_text()


def fetch(url: str) -> str:
    """Return the body of the answer, or "" as long as no server answers."""
    try:
        with urlopen(url, timeout=SECONDS) as answer:
            return answer.read().decode()
    except OSError:
        return ""


def test_wheel_holds_what_lies_beside_the_package_and_nothing_to_be_compiled(unpacked):
    """Translations are compiled in the wheel: the user who runs the server may be unable to write into the package."""
    for name in ("templates", "static", "migrations"):
        assert files(unpacked / "forum" / "project" / name) == files(PROJECT / name) != set()
    assert {Path(name).suffix for name in files(unpacked / "forum" / "project" / "translations")} == {".mo"}


def files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
