"""Links that commands print lead to the port of the forum's server on the same machine."""

import os

import pytest

from forum.settings import own_address
from forum.settings.keys import new_data_keys
from forum.settings.loading import load_settings

HERE = "http://127.0.0.1:8123"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("FORUM_"):
            monkeypatch.delenv(name)


def test_command_takes_the_address_of_the_server_that_was_started_last(tmp_path):
    assert load_settings({"INSTANCE": tmp_path})["BASE_URL"] == "http://127.0.0.1:8000"
    own_address.note(tmp_path, HERE)
    assert load_settings({"INSTANCE": tmp_path})["BASE_URL"] == HERE
    own_address.note(tmp_path, "http://127.0.0.1:81")
    assert load_settings({"INSTANCE": tmp_path})["BASE_URL"] == "http://127.0.0.1:81"


def test_setting_comes_before_the_note(tmp_path):
    own_address.note(tmp_path, HERE)
    settings = load_settings({"INSTANCE": tmp_path, "BASE_URL": "http://localhost:9000"})
    assert settings["BASE_URL"] == "http://localhost:9000"


def test_note_is_never_read_in_production(tmp_path):
    own_address.note(tmp_path, "https://old.example")
    safe = {
        "ENV": "production",
        "INSTANCE": tmp_path,
        "SECRET_KEY": "a-secret-that-is-long-enough-0123456789",
        "DATA_KEYS": new_data_keys(),
        "BASE_URL": "https://forum.example",
        "MAIL_SERVER": "mail.forum.example",
        "MAIL_DEFAULT_SENDER": "forum@forum.example",
    }
    tmp_path.chmod(0o700)
    assert load_settings(safe)["BASE_URL"] == "https://forum.example"


def test_note_that_cannot_be_read_is_left_out(tmp_path):
    (tmp_path / own_address.NOTE).write_bytes(b"\xff\xfe")
    assert load_settings({"INSTANCE": tmp_path})["BASE_URL"] == "http://127.0.0.1:8000"


def test_note_is_for_its_owner_alone(tmp_path):
    own_address.note(tmp_path, HERE)
    assert (tmp_path / own_address.NOTE).stat().st_mode & 0o077 == 0
