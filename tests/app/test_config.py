"""Settings: what is missing or unsafe stops the start and is named, never its value (S05)."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from forum import config
from forum.config import UnsafeSettings, new_data_keys

SECRET = "a-secret-that-must-not-be-shown-0123456789"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("FORUM_"):
            monkeypatch.delenv(name)


@pytest.fixture
def safe(tmp_path) -> dict:
    """Settings that production takes."""
    return {
        "ENV": "production",
        "INSTANCE": tmp_path,
        "SECRET_KEY": SECRET,
        "DATA_KEYS": new_data_keys(),
        "BASE_URL": "https://forum.example",
        "MAIL_SERVER": "mail.forum.example",
        "MAIL_DEFAULT_SENDER": "Nordic Forum <forum@forum.example>",
    }


def problems(settings: dict) -> list[str]:
    with pytest.raises(UnsafeSettings) as refusal:
        config.load(settings)
    return refusal.value.problems


def test_safe_settings_start_production(safe):
    loaded = config.load(safe)

    assert (loaded["PRODUCTION"], loaded["DEMO"], loaded["SESSION_COOKIE_NAME"]) == (
        True,
        False,
        "__Host-forum",
    )
    assert loaded["TRUSTED_HOSTS"] == ["forum.example"]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("SECRET_KEY", "", "FORUM_SECRET_KEY is missing"),
        ("SECRET_KEY", "short", "FORUM_SECRET_KEY is too short or well known (at least 32 characters)"),
        ("SECRET_KEY", "x" * 40, "FORUM_SECRET_KEY is too short or well known (at least 32 characters)"),
        ("DATA_KEYS", "", "FORUM_DATA_KEYS is missing"),
        ("DATA_KEYS", "nonsense", "FORUM_DATA_KEYS is not the JSON that `forum new-keys` prints"),
        ("BASE_URL", "", "FORUM_BASE_URL is missing"),
        ("BASE_URL", "http://forum.example", "FORUM_BASE_URL must start with https://"),
        ("MAIL_SERVER", "", "FORUM_MAIL_SERVER is missing"),
        ("MAIL_DEFAULT_SENDER", "", "FORUM_MAIL_DEFAULT_SENDER is missing"),
        ("MAIL_DEFAULT_SENDER", "Nordic Forum", "FORUM_MAIL_DEFAULT_SENDER is not a mail address"),
        (
            "MAIL_PASSWORD",
            SECRET,
            "FORUM_MAIL_USE_TLS or FORUM_MAIL_USE_SSL must be on, for there is a FORUM_MAIL_PASSWORD",
        ),
        ("MAIL_PORT", "smtp", "FORUM_MAIL_PORT must be a number"),
        (
            "REGISTRATIONS_PER_ADDRESS",
            "sixty per hour",
            "FORUM_REGISTRATIONS_PER_ADDRESS must be a limit, such as 60 per 10 minutes",
        ),
        ("TRUSTED_PROXIES", "all", "FORUM_TRUSTED_PROXIES must be a number"),
        ("DATABASE_URL", SECRET, "FORUM_DATABASE_URL is not a database's address"),
        ("DATABASE_URL", "mysql://x:y@z/d", "FORUM_DATABASE_URL must begin with sqlite: or postgresql:"),
        ("INSTANCE", Path("/no/such/folder"), "FORUM_INSTANCE is not a folder"),
        ("DEBUG", "1", "FORUM_DEBUG must be off"),
        ("DEMO", "yes", "FORUM_DEMO must be off"),
        ("TESTING", "on", "FORUM_TESTING must be off"),
        ("LIMITS_ENABLED", "off", "FORUM_LIMITS_ENABLED must be on"),
    ],
)
def test_unsafe_setting_stops_production_and_is_named_without_its_value(safe, name, value, problem):
    found = problems({**safe, name: value})

    assert found == [problem]
    assert SECRET not in str(found)


def test_every_purpose_needs_a_key(safe):
    keys = json.loads(new_data_keys())
    del keys["care"]
    keys["audit"] = ["c2hvcnQ="]

    assert problems({**safe, "DATA_KEYS": json.dumps(keys)}) == [
        "FORUM_DATA_KEYS lacks a 32-byte key for care",
        "FORUM_DATA_KEYS lacks a 32-byte key for audit",
    ]


def test_misspelt_environment_is_not_taken_for_development(safe):
    assert problems({**safe, "ENV": "prod"}) == ["FORUM_ENV must be one of development, production"]


def test_secret_may_lie_in_a_file(safe, monkeypatch, tmp_path):
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    del safe["SECRET_KEY"]
    monkeypatch.setenv("FORUM_SECRET_KEY_FILE", str(tmp_path / "secret"))

    assert config.load(safe)["SECRET_KEY"] == SECRET


def test_secret_file_that_cannot_be_read_is_named(safe, monkeypatch):
    del safe["SECRET_KEY"]
    monkeypatch.setenv("FORUM_SECRET_KEY_FILE", "/no/such/file")

    assert problems(safe) == ["FORUM_SECRET_KEY_FILE cannot be read", "FORUM_SECRET_KEY is missing"]


def test_development_makes_its_keys_once_for_its_owner_alone(tmp_path):
    first = config.load({"INSTANCE": tmp_path / "instance"})
    second = config.load({"INSTANCE": tmp_path / "instance"})

    assert (first["SECRET_KEY"], first["DATA_KEYS"]) == (second["SECRET_KEY"], second["DATA_KEYS"])
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "instance").iterdir()}
    assert modes == {"secret_key": 0o600, "data_keys.json": 0o600}
    assert stat.S_IMODE((tmp_path / "instance").stat().st_mode) == 0o700


def test_every_setting_is_in_the_handbook():
    source = Path(config.__file__).read_text()
    read = set(re.findall(r'given(?:\.get\(|\[)"([A-Z_]+)"', source)) | set(config.MAIL_SETTINGS)
    numbers = set(re.findall(r'_number\(given, "([A-Z_]+)"', source))
    handbook = (config.PROJECT / "docs" / "operations.md").read_text()

    assert [name for name in sorted(read | numbers) if f"`FORUM_{name}`" not in handbook] == []


@pytest.mark.parametrize("command", ["serve", "worker", "run"])
def test_command_ends_with_the_names_of_all_unsafe_settings(tmp_path, command):
    environment = {
        "PATH": os.environ["PATH"],
        "FORUM_ENV": "production",
        "FORUM_INSTANCE": str(tmp_path),
        "FORUM_SECRET_KEY": "hunter2",
        "FORUM_BASE_URL": "http://plain.example",
        "FORUM_DEBUG": "1",
    }
    answer = subprocess.run(
        [sys.executable, "-c", "from forum.cli import main; main()", command],
        env=environment, capture_output=True, text=True, timeout=120, check=False, cwd=config.PROJECT,
    )  # fmt: skip

    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.splitlines() == [
        "forum: FORUM_SECRET_KEY is too short or well known (at least 32 characters)",
        "forum: FORUM_DATA_KEYS is missing",
        "forum: FORUM_BASE_URL must start with https://",
        "forum: FORUM_MAIL_SERVER is missing",
        "forum: FORUM_MAIL_DEFAULT_SENDER is missing",
        "forum: FORUM_DEBUG must be off",
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("base_url", "demo"),
    [("http://127.0.0.1:8000", True), ("http://localhost:8001", True), ("https://forum.example", False)],
)
def test_a_site_that_is_reached_from_elsewhere_has_no_demo(tmp_path, base_url, demo):
    assert config.load({"INSTANCE": tmp_path, "BASE_URL": base_url})["DEMO"] is demo
