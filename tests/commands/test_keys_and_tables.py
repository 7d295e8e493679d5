"""The commands that create keys, files and tables, run as from a shell."""

import json
import os
import stat

import pytest
from flask.cli import ScriptInfo

from forum import cli as command_line
from forum.cli import cli
from forum.extensions import db
from forum.settings.errors import UnsafeSettings
from forum.settings.keys import KEY_PURPOSES
from forum.web.static import load_manifest


@pytest.fixture
def run(tmp_path):
    """Run a command as `forum …` does, with an app of its own."""

    def run(make_app, url: str, *arguments: str):
        app = make_app(url, STATIC=tmp_path / "static")
        return app, app.test_cli_runner().invoke(cli, arguments, obj=ScriptInfo(create_app=lambda: app))

    return run


def test_new_keys_are_one_for_each_purpose_and_others_each_time(make_app, sqlite_url, run):
    made = [json.loads(run(make_app, sqlite_url, "new-keys")[1].output) for _ in range(2)]
    assert made[0].keys() == set(KEY_PURPOSES)
    assert len({key for keys in made for (key,) in keys.values()}) == 2 * len(KEY_PURPOSES)


def test_new_keys_go_into_a_file_of_their_owner_alone(make_app, sqlite_url, run, tmp_path):
    path = tmp_path / "data-keys.json"
    before = os.umask(0o022)  # a shell's usual umask: everybody may read new files
    try:
        first, again = (run(make_app, sqlite_url, "new-keys", "--to", str(path))[1] for _ in range(2))
    finally:
        os.umask(before)
    assert (first.exit_code, again.exit_code) == (0, 1)
    assert again.output == f"Error: {path} exists; nothing was written.\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()).keys() == set(KEY_PURPOSES)
    assert "identity" not in first.output


def test_static_files_and_catalogues_are_built(make_app, sqlite_url, run):
    app, answer = run(make_app, sqlite_url, "static")
    assert (answer.exit_code, "static files, " in answer.output) == (0, True), answer.output
    assert "css/app.css" in load_manifest(app.config["STATIC"]).names


def test_tables_are_made_and_again_changes_nothing(make_app, blank_database_url, run):
    for _ in range(2):
        app, answer = run(make_app, blank_database_url, "db", "upgrade")
        assert answer.exit_code == 0, answer.output
        with app.app_context():
            assert "registrations" in db.inspect(db.engine).get_table_names()
            db.engine.dispose()


def test_an_unsafe_setting_ends_any_command_with_its_name(monkeypatch, capsys):
    """A command that meets unsafe settings ends; its message names each setting and prints no value (S05)."""

    def refuse(**_options):
        raise UnsafeSettings(["FORUM_SECRET_KEY is missing", "FORUM_DEBUG must be off"])

    monkeypatch.setattr(command_line.cli, "main", refuse)
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    shown = capsys.readouterr().err.splitlines()
    assert (ended.value.code, shown) == (
        2,
        ["forum: FORUM_SECRET_KEY is missing", "forum: FORUM_DEBUG must be off"],
    )
