"""A missing or unsafe setting stops the start; the message names it without its value (S05)."""

import json
import os
import re
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from forum import presence
from forum.settings.errors import UnsafeSettings
from forum.settings.keys import new_data_keys, read_or_make
from forum.settings.loading import load_settings, run_as
from forum.settings.project import PROJECT
from tools.forking import FORUM, Forked, run

SECRET = "a-secret-that-must-not-be-shown-0123456789"
NO_CERTIFICATES = "FORUM_MAIL_CA_FILE must be a file of certificates (PEM) that can be read"
WRONG_HOSTS = "FORUM_TRUSTED_HOSTS must be host names, such as www.example.org, without https:// before them"
NO_SITE = "FORUM_BASE_URL must be a site's address without path or blanks, such as https://forum.example.org"
IN_MEMORY = "FORUM_DATABASE_URL must name a file: a database in memory ends with its process"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("FORUM_"):
            monkeypatch.delenv(name)


@pytest.fixture
def safe(tmp_path) -> dict:
    """Give settings that are safe in production."""
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
        load_settings(settings)
    return refusal.value.problems


def test_safe_settings_start_production(safe):
    loaded = load_settings(safe)

    assert (loaded["PRODUCTION"], loaded["DEMO"], loaded["SESSION_COOKIE_NAME"]) == (
        True,
        False,
        "__Host-forum",
    )
    assert loaded["TRUSTED_HOSTS"] == ["forum.example"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "https://forum.example:8443/"),
        ("TRUSTED_HOSTS", "www.forum.example .forum.example 127.0.0.1 [::1] localhost:8000"),
        ("LANGUAGES", "sv, en"),
        ("DATABASE_URL", "sqlite:////srv/forum/forum.sqlite3"),
        ("MAIL_PORT", "65535"),
    ],
)
def test_sensible_setting_starts_production(safe, name, value):
    assert load_settings({**safe, name: value})["PRODUCTION"]


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
            "MAIL_DEFAULT_SENDER",
            "f" * 65 + "@x.se",
            "FORUM_MAIL_DEFAULT_SENDER has more than 64 characters before the @",
        ),
        (
            "MAIL_DEFAULT_SENDER",
            "=?utf-8?q?f?=@x.se",
            "FORUM_MAIL_DEFAULT_SENDER holds an encoded word (=? … ?=)",
        ),
        (
            "MAIL_DEFAULT_SENDER",
            "Forum <åsa@x.se>",
            "FORUM_MAIL_DEFAULT_SENDER must have only letters from a to z before the @",
        ),
        ("MAIL_BOUNCE_ADDRESS", "bounces", "FORUM_MAIL_BOUNCE_ADDRESS is not a mail address"),
        (
            "MAIL_BOUNCE_ADDRESS",
            "b" * 24 + "@x.se",
            "FORUM_MAIL_BOUNCE_ADDRESS must have at most 23 letters from a to z before the @",
        ),
        ("MAIL_PORT", "99999", "FORUM_MAIL_PORT must be 65535 or less"),
        ("MAIL_CA_FILE", "/no/such/file", NO_CERTIFICATES),
        ("MAIL_CA_FILE", __file__, NO_CERTIFICATES),
        ("LANGUAGES", "xx", "FORUM_LANGUAGES must be one or more of en, sv"),
        ("LANGUAGES", "", "FORUM_LANGUAGES must be one or more of en, sv"),
        ("TRUSTED_HOSTS", "https://www.forum.example", WRONG_HOSTS),
        ("TRUSTED_HOSTS", "www.forum.example, old.forum.example", WRONG_HOSTS),
        ("BASE_URL", "https://forum.example/forum", NO_SITE),
        ("BASE_URL", "https://forum.example ", NO_SITE),
        ("BASE_URL", "https://user@forum.example", NO_SITE),
        ("BASE_URL", "https://forum.example/?a=1", NO_SITE),
        ("BASE_URL", "https://forum.example:99999", NO_SITE),
        ("DATABASE_URL", "sqlite://", IN_MEMORY),
        ("DATABASE_URL", "sqlite:///:memory:", IN_MEMORY),
        ("DATABASE_URL", "sqlite:///file:x?mode=memory&uri=true", IN_MEMORY),
        (
            "MAIL_PASSWORD",
            SECRET,
            "FORUM_MAIL_USE_TLS or FORUM_MAIL_USE_SSL must be on, for there is a FORUM_MAIL_PASSWORD",
        ),
        ("MAIL_PORT", "smtp", "FORUM_MAIL_PORT must be a number"),
        ("MAIL_PORT", "9" * 4301, "FORUM_MAIL_PORT must be a number"),
        (
            "REGISTRATIONS_PER_ADDRESS",
            "sixty per hour",
            "FORUM_REGISTRATIONS_PER_ADDRESS must be a limit, such as 60 per 10 minutes",
        ),
        (
            "REGISTRATIONS_IN_ALL",
            "lots",
            "FORUM_REGISTRATIONS_IN_ALL must be a limit, such as 1500 per 10 minutes",
        ),
        ("PLACES_HELD_PER_ADDRESS", "-1", "FORUM_PLACES_HELD_PER_ADDRESS must be 0 or more"),
        ("BULK_MAILS_PER_MINUTE", "-1", "FORUM_BULK_MAILS_PER_MINUTE must be 0 or more"),
        ("MAILS_PER_DOMAIN", "many", "FORUM_MAILS_PER_DOMAIN must be a limit, such as 500 per hour"),
        (
            "LIMITER_STORAGE",
            f"mongodb://{SECRET}",
            "FORUM_LIMITER_STORAGE must begin with sqlite:///, redis://, rediss://, memory://",
        ),
        ("TRUSTED_PROXIES", "all", "FORUM_TRUSTED_PROXIES must be a number"),
        ("TRUSTED_PROXIES", "-1", "FORUM_TRUSTED_PROXIES must be 0 or more"),
        ("MAIL_TIMEOUT", "0", "FORUM_MAIL_TIMEOUT must be 1 or more"),
        ("MAIL_USE_TLS", "ja", "FORUM_MAIL_USE_TLS must be 1 or 0"),
        ("HSTS_SUBDOMAINS", "2", "FORUM_HSTS_SUBDOMAINS must be 1 or 0"),
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
    """No message about a wrong setting repeats the setting's value (S44)."""
    found = problems({**safe, name: value})

    assert found == [problem]
    assert SECRET not in str(found)


def test_production_refuses_two_ways_of_encrypting_mail_at_once(safe):
    """Within TLS no mail server offers STARTTLS, so no mail would leave."""
    assert problems({**safe, "MAIL_USE_TLS": "1", "MAIL_USE_SSL": "1"}) == [
        "FORUM_MAIL_USE_TLS and FORUM_MAIL_USE_SSL are both on: SSL is for port 465, TLS for 587 and 25"
    ]


def test_production_refuses_a_folder_that_others_may_enter(safe, tmp_path):
    tmp_path.chmod(0o755)
    assert problems(safe) == [
        f"FORUM_INSTANCE may be entered by every user of this machine: chmod o-rwx {tmp_path}"
    ]
    tmp_path.chmod(0o750)
    assert load_settings(safe)["INSTANCE"] == tmp_path


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
    """A secret is read from the file that a variable names (S44)."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    del safe["SECRET_KEY"]
    monkeypatch.setenv("FORUM_SECRET_KEY_FILE", str(tmp_path / "secret"))

    assert load_settings(safe)["SECRET_KEY"] == SECRET


def test_every_file_that_holds_a_secret_is_among_those_that_doctor_looks_at(safe, monkeypatch, tmp_path):
    files = {name: tmp_path / name for name in ("CONFIG", "SECRET_KEY_FILE", "DATA_KEYS_FILE")}
    for name, path in files.items():
        path.write_text({"SECRET_KEY_FILE": SECRET, "DATA_KEYS_FILE": safe["DATA_KEYS"]}.get(name, ""))
        monkeypatch.setenv(f"FORUM_{name}", str(path))
    del safe["SECRET_KEY"], safe["DATA_KEYS"]

    assert load_settings(safe)["SECRET_FILES"] == list(files.values())


def test_secret_file_that_cannot_be_read_is_named(safe, monkeypatch):
    del safe["SECRET_KEY"]
    monkeypatch.setenv("FORUM_SECRET_KEY_FILE", "/no/such/file")

    assert problems(safe) == ["FORUM_SECRET_KEY_FILE cannot be read"]


def test_development_makes_its_keys_once_for_its_owner_alone(tmp_path):
    first = load_settings({"INSTANCE": tmp_path / "instance"})
    second = load_settings({"INSTANCE": tmp_path / "instance"})

    assert (first["SECRET_KEY"], first["DATA_KEYS"]) == (second["SECRET_KEY"], second["DATA_KEYS"])
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "instance").iterdir()}
    assert modes == {"secret_key": 0o600, "data_keys.json": 0o600}
    assert stat.S_IMODE((tmp_path / "instance").stat().st_mode) == 0o700


def test_every_setting_is_in_the_handbook():
    source = "".join(path.read_text() for path in (PROJECT / "forum" / "settings").glob("*.py"))
    read = set(re.findall(r'given(?:\.(?:get|flag|number|limit)\(|\[)"([A-Z_]+)"', source))
    handbook = (PROJECT / "docs" / "operations.md").read_text()

    assert {"ENV", "MAIL_PORT", "MAIL_USE_TLS", "MAILS_PER_DOMAIN"} <= read
    assert [name for name in sorted(read) if f"`FORUM_{name}`" not in handbook] == []


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
    answer = run(FORUM, command, env=environment)

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
    assert load_settings({"INSTANCE": tmp_path, "BASE_URL": base_url})["DEMO"] is demo


def test_two_first_starts_at_once_agree_on_one_whole_key(tmp_path):
    """Two processes that create the first key at the same time end with one key, and neither reads an empty file."""
    path, found = tmp_path / "key", []
    first_makes, second_has_read = threading.Event(), threading.Event()

    def make_slowly() -> str:
        first_makes.set()
        second_has_read.wait(60)
        return "made by the first"

    first = threading.Thread(target=lambda: found.append(read_or_make(path, make_slowly)))
    first.start()
    assert first_makes.wait(60)
    found.append(read_or_make(path, lambda: "made by the second"))
    second_has_read.set()
    first.join(60)
    assert found == ["made by the second"] * 2
    assert ([entry.name for entry in tmp_path.iterdir()], stat.S_IMODE(path.stat().st_mode)) == (
        ["key"],
        0o600,
    )


def test_many_first_starts_at_once_have_one_key(tmp_path):
    """Six processes that start at the same moment in a new folder all use one key."""
    load = "print(flush=True); sys.stdin.read(); print(load_settings()['SECRET_KEY'])"
    start = f"import sys; from forum.settings.loading import load_settings; {load}"
    environment = {"PATH": "", "FORUM_INSTANCE": str(tmp_path / "instance")}
    processes = [
        Forked(start, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(6)
    ]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.stdin.close()
    keys = {process.stdout.read() for process in processes}
    assert [process.wait(60) for process in processes] == [0] * 6
    assert [len(key) > 60 for key in keys] == [True]


@pytest.mark.parametrize(
    ("differing", "hsts"),
    [
        ({}, "max-age=31536000"),
        ({"HSTS_SECONDS": "300", "HSTS_SUBDOMAINS": "1"}, "max-age=300; includeSubDomains"),
        ({"HSTS_SECONDS": "0"}, "max-age=0"),  # a max-age of zero makes browsers forget an earlier value
    ],
)
def test_https_is_asked_for_as_the_settings_say(safe, differing, hsts):
    assert load_settings({**safe, **differing})["HSTS"] == hsts


def test_a_site_without_https_asks_for_none(tmp_path):
    assert load_settings({"INSTANCE": tmp_path})["HSTS"] == ""


def test_root_writes_nothing_into_the_folder_of_somebody_else(safe, tmp_path, monkeypatch):
    """Root is refused in another user's folder: the forum could not read a database and lock that belong to root."""
    before = sorted(tmp_path.iterdir())
    owned_by(tmp_path, 54321, monkeypatch)

    assert problems(safe) == [run_as(presence.owner(tmp_path))]
    assert problems({"ENV": "development", "INSTANCE": tmp_path}) == problems(safe)
    assert sorted(tmp_path.iterdir()) == before


def test_root_works_in_a_folder_of_its_own(safe, tmp_path, monkeypatch):
    """Root may run the forum in an instance folder that belongs to root, as in a container."""
    owned_by(tmp_path, 0, monkeypatch)

    assert load_settings(safe)["INSTANCE"] == tmp_path


def owned_by(folder: Path, user: int, monkeypatch) -> None:
    """Make the process appear to run as root, and the folder to belong to this user."""
    if os.geteuid() == 0:
        os.chown(folder, user, -1)
        return
    monkeypatch.setattr(os, "geteuid", lambda: 0 if user else os.getuid())
