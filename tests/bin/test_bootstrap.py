"""`bin/bootstrap` names the programs that a machine lacks, and does nothing when the environment is up to date."""

import importlib.util
import os
import shutil
import subprocess
import sys

import pytest

from forum.settings.project import PROJECT


@pytest.fixture
def checkout(tmp_path):
    """Give a folder with the files that bin/bootstrap reads, and no environment."""
    (tmp_path / "bin").mkdir()
    for name in ("bin/bootstrap", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(PROJECT / name, tmp_path / name)
    return tmp_path


def test_bootstrap_refuses_an_old_python(checkout):
    old = interpreter(checkout, "exit 1")

    assert bootstrap(checkout, PYTHON=old) == (1, f"forum: PYTHON={old} is not Python 3.11 or newer.")


def test_bootstrap_names_debians_package_when_venv_is_missing(checkout):
    bare = interpreter(checkout, f'case "$*" in *ensurepip*) exit 1 ;; esac; exec {sys.executable} "$@"')

    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    assert bootstrap(checkout, PYTHON=bare) == (1, f"forum: Debian, Ubuntu: apt-get install {package}")


def test_bootstrap_says_when_no_python_is_there(checkout):
    tools = checkout / "tools"
    tools.mkdir()
    for tool in ("sh", "dirname", "cat", "cmp"):
        (tools / tool).symlink_to(shutil.which(tool))

    status, last_line = bootstrap(checkout, PATH=str(tools))

    assert (status, "apt-get install python3 python3-venv" in last_line) == (1, True)


def test_bootstrap_is_silent_when_nothing_has_changed(checkout):
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (checkout / ".venv" / "installed").mkdir()
    lock = (checkout / "requirements.lock").read_text()
    project, _settings_of_tools = (checkout / "pyproject.toml").read_text().split("[tool.", 1)
    (checkout / ".venv" / "installed" / "requirements.lock").write_text(
        f"{checkout}\n{(checkout / 'bin' / 'bootstrap').read_text()}{lock}{project}"
    )

    assert bootstrap(checkout) == (0, "")


def test_environment_carries_no_installer_that_nobody_uses():
    """The environment keeps uv, which is in the lock, but not pip and setuptools, which were needed to install uv."""
    if "VIRTUAL_ENV" not in os.environ and not (PROJECT / ".venv" / "installed").is_dir():
        pytest.skip("these tests run in an environment that bin/bootstrap has not made")
    assert [name for name in ("pip", "setuptools", "wheel") if importlib.util.find_spec(name)] == []


def interpreter(folder, script):
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def bootstrap(folder, **environment):
    """Run bin/bootstrap; return its exit status and the last line of its output."""
    plain = {name: value for name, value in os.environ.items() if name != "PYTHON"}
    done = subprocess.run(
        ["/bin/sh", folder / "bin" / "bootstrap"],
        env={**plain, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, (done.stderr.strip().splitlines() or [""])[-1]
