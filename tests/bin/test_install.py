"""`make install` builds the environment and the texts in a checkout, and serves nothing."""

import os
import shutil
import subprocess
import sys
import tomllib

import pytest

from forum.settings.project import PROJECT

PARTS = ("bin", "forum", "migrations", "templates", "translations")
FILES = ("Makefile", "README.md", "pyproject.toml", "requirements.lock")


@pytest.fixture
def checkout(tmp_path):
    """Give a copy of the checkout, without environment, compiled texts, static files and instance folder."""
    for name in PARTS:
        made = shutil.ignore_patterns("__pycache__", "*.mo", "project")
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=made)
    for name in FILES:
        shutil.copy(PROJECT / name, tmp_path / name)
    return tmp_path


@pytest.mark.slow
def test_an_installed_checkout_has_the_command_and_the_texts_and_serves_nothing(checkout):
    """`make install` ends, makes no instance folder, leaves out what only developers need, and may be run again."""
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(("FORUM_", "MAKE", "COV"))
    }

    def output(*words):
        done = subprocess.run(
            words, env={**variables, "PYTHON": sys.executable}, cwd=checkout, capture_output=True, text=True,
            check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    before = {path.name for path in checkout.iterdir()}
    output("make", "install")
    # setuptools writes the folder `forum.egg-info` when it installs the checkout.
    made = {path.name for path in checkout.iterdir()} - before - {"forum.egg-info"}
    assert made == {".venv"}
    texts = {path.parent.parent.name for path in (checkout / "translations").glob("*/LC_MESSAGES/*.mo")}
    assert texts == {
        path.parent.parent.name for path in (PROJECT / "translations").glob("*/LC_MESSAGES/*.po")
    }
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert output(".venv/bin/forum", "--version") == f"forum {version}\n"
    assert not (checkout / ".venv" / "bin" / "pytest").exists()
    assert "Building" not in output("make", "install")
