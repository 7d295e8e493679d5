"""Every command reads the same settings file, and refuses to run when no setting names the instance."""

import os
import subprocess
import sys

import pytest
from click import Command, DateTime, Group, Parameter
from click import Path as ParamPath
from click.types import IntParamType

from forum import cli as command_line
from forum.commands import settings_file
from forum.settings import project
from forum.settings.errors import UnsafeSettings
from forum.settings.keys import new_data_keys
from forum.settings.loading import WHICH_FORUM, load_settings
from forum.settings.project import PROJECT, VERSION

MAY_GUESS = {"run", "dev", "new-keys"}
TOML = """\
env = "production"
base_url = "https://forum.example"
languages = ["sv", "en", "fi"]
limits_enabled = true

[mail]
server = "mail.example"
port = 587
"""
ENV = """\
# as systemd reads it
FORUM_ENV=production
FORUM_BASE_URL="https://forum.example"

FORUM_LANGUAGES='sv en fi'
FORUM_LIMITS_ENABLED=1
FORUM_MAIL_SERVER=mail.example
FORUM_MAIL_PORT=587
"""
READ = {
    "FORUM_ENV": "production",
    "FORUM_BASE_URL": "https://forum.example",
    "FORUM_LANGUAGES": "sv en fi",
    "FORUM_LIMITS_ENABLED": "1",
    "FORUM_MAIL_SERVER": "mail.example",
    "FORUM_MAIL_PORT": "587",
}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("FORUM_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(os, "umask", lambda mask: mask)


@pytest.mark.parametrize(("name", "text"), [("forum.toml", TOML), ("environment", ENV)])
def test_file_that_is_named_is_read_and_the_environment_is_above_it(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    environment = {"FORUM_CONFIG": str(tmp_path / name), "FORUM_MAIL_PORT": "25"}

    settings_file.read_into(environment)

    assert environment == {**READ, "FORUM_CONFIG": str(tmp_path / name), "FORUM_MAIL_PORT": "25"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("plain", "plain"),
        ("  both ends \t", "both ends"),
        ("two  blanks", "two  blanks"),
        ("", ""),
        ('{"identity": ["a+/="]}', '{"identity": ["a+/="]}'),  # keys as `forum new-keys` prints them
        ("don't", "don't"),
        ('say "x"', 'say "x"'),
        ("a # no comment", "a # no comment"),
        ("a\\ b\\\\c", "a b\\c"),
        ("end\\  ", "end "),
        ("first \\\nsecond", "first second"),
        ("'single \\ \"x\" '", 'single \\ "x" '),
        ("'two\nlines'", "two\nlines"),
        ('"double \\" \\$ \\\\ \\n \'x\' "', "double \" $ \\ \\n 'x' "),
        ("\"one\" 'two'three", "onetwothree"),
    ],
)
def test_value_is_read_as_systemd_reads_it(tmp_path, written, value):
    """In a settings file, as in systemd's EnvironmentFile= (systemd.exec(5)), quotes count only at a value's start."""
    (tmp_path / "a.env").write_text(f"FORUM_ONE={written}\n\n  ; a comment\nFORUM_TWO = 2")
    environment = {"FORUM_CONFIG": str(tmp_path / "a.env")}

    settings_file.read_into(environment)

    assert (environment["FORUM_ONE"], environment["FORUM_TWO"]) == (value, "2")


@pytest.mark.parametrize(("set_name", "written"), [("KEYS", "keys_file"), ("KEYS_FILE", "keys")])
def test_a_key_of_the_environment_is_above_the_other_way_to_give_it(tmp_path, set_name, written):
    (tmp_path / "forum.toml").write_text(f'data_{written} = "of the file"')
    environment = {
        "FORUM_CONFIG": str(tmp_path / "forum.toml"),
        f"FORUM_DATA_{set_name}": "of the environment",
    }

    settings_file.read_into(environment)

    assert f"FORUM_DATA_{written.upper()}" not in environment


@pytest.mark.parametrize(("name", "text"), [("forum.toml", TOML), ("forum.env", ENV)])
def test_file_is_found_in_the_instance_folder(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    environment = {"FORUM_INSTANCE": str(tmp_path)}

    settings_file.read_into(environment)

    assert environment == {
        **READ,
        "FORUM_INSTANCE": str(tmp_path),
        "FORUM_CONFIG": str(tmp_path / name),
    }


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("gone.toml", None, "cannot be read"),
        ("a.toml", "env = production", "is not TOML (Invalid value (at line 1, column 7))"),
        ("a.toml", "when = 2027-01-01", "when: a setting is a text, a number, true, false or a list of texts"),
        ("a.toml", "[mail]\nport = 1.5", "port: a setting is a text, a number, true, false or a list of texts"),
        ("a.toml", 'secret_key = "a\\u0000b"', "FORUM_SECRET_KEY: a setting has no NUL in it"),
        ("a.toml", 'languages = ["sv", "\\u0000"]', "FORUM_LANGUAGES: a setting has no NUL in it"),
        ("a.toml", '"x=y" = "1"', "'FORUM_X=Y': the name of a setting has neither = nor NUL in it"),
        ("a.toml", '["a=b"]\nc = 1', "'FORUM_A=B_C': the name of a setting has neither = nor NUL in it"),
        ("a.toml", '"x\\u0000" = 1', "'FORUM_X\\x00': the name of a setting has neither = nor NUL in it"),
        ("a.toml", f"[mail]\nport = {'9' * 4301}", "has a number with too many digits"),
        ("a.toml", f"[mail]\nport = 0x{'f' * 4301}", "has a number with too many digits"),
        ("a.toml", 'mail_server = "a"\n[mail]\nserver = "b"', "FORUM_MAIL_SERVER is set twice"),
        ("a.toml", 'env = "development"\nENV = "production"', "FORUM_ENV is set twice"),
        ("a.env", "FORUM_ENV=a\0b", "FORUM_ENV: a setting has no NUL in it"),
        ("a.env", "FORUM_ENV", "line 1 is not FORUM_NAME=value"),
        ("a.env", 'FORUM_ENV="production', "line 1 is not FORUM_NAME=value"),
        ("a.env", "FORUM_A=1\n\nFORUM_ENV='production\nFORUM_B=2", "line 3 is not FORUM_NAME=value"),
        ("a.env", "FORUM_ENV=production\\", "line 1 is not FORUM_NAME=value"),
        ("a.env", "PATH=/tmp", "line 1 is not FORUM_NAME=value"),
    ],
)  # fmt: skip
def test_file_that_cannot_be_read_is_named(tmp_path, name, text, problem):
    if text:
        (tmp_path / name).write_text(text)

    with pytest.raises(UnsafeSettings) as refusal:
        settings_file.read_into({"FORUM_CONFIG": str(tmp_path / name)})

    assert refusal.value.problems == [f"FORUM_CONFIG: {tmp_path / name} {problem}"]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("FORUM_MAIL_SEVER", "FORUM_MAIL_SEVER is no setting; FORUM_MAIL_SERVER is"),
        ("FORUM_BASEURL", "FORUM_BASEURL is no setting; FORUM_BASE_URL is"),
        ("FORUM_SECRET_KEYS_FILE", "FORUM_SECRET_KEYS_FILE is no setting; FORUM_SECRET_KEY_FILE is"),
        ("FORUM_XYZ", "FORUM_XYZ is no setting"),
    ],
)
def test_misspelt_name_is_refused_with_the_nearest_real_one(tmp_path, monkeypatch, written, problem):
    monkeypatch.setenv(written, "a value that is not shown")

    with pytest.raises(UnsafeSettings) as refusal:
        load_settings({"INSTANCE": tmp_path})

    assert refusal.value.problems == [problem]


def test_production_names_its_folder(tmp_path):
    with pytest.raises(UnsafeSettings) as refusal:
        load_settings({"ENV": "production", "DATA_KEYS": new_data_keys()})

    assert "FORUM_INSTANCE is missing" in refusal.value.problems


def commands(group: Group, *before: str) -> list[list[str]]:
    """Yield the arguments of every command, as typed in a shell."""
    found = []
    for name, command in sorted(group.commands.items()):
        if isinstance(command, Group):
            found += commands(command, *before, name)
        elif name not in MAY_GUESS:
            found.append([*before, name, *arguments(command)])
    return found


def arguments(command: Command) -> list[str]:
    """Return the required arguments of a command, with example values: an existing file, a day, a number or a name."""
    given = []
    for found in command.params:
        if found.required:
            option = [found.opts[0]] if found.param_type_name == "option" else []
            given += [*option, argument(found)]
    return given


def argument(asked: Parameter) -> str:
    if isinstance(asked.type, ParamPath) and asked.type.exists:
        return __file__
    if isinstance(asked.type, DateTime):
        return "2027-11-16"
    return "1" if isinstance(asked.type, IntParamType) else "a@b.example"


@pytest.mark.parametrize("typed", commands(command_line.cli), ids=" ".join)
def test_command_that_is_not_told_which_forum_is_meant_says_so(monkeypatch, capsys, tmp_path, typed):
    monkeypatch.setattr(project, "DEFAULT_INSTANCE", tmp_path / "instance")
    monkeypatch.setattr(sys, "argv", ["forum", *typed])

    with pytest.raises(SystemExit) as ended:
        command_line.main()

    shown = capsys.readouterr()
    # After exit status 75 a mail server keeps the mail and tries again later (EX_TEMPFAIL of sysexits.h).
    code = 75 if typed == ["bounces"] else 2
    assert (ended.value.code, shown.out, shown.err) == (code, "", f"forum: {WHICH_FORUM}\n")
    assert not (tmp_path / "instance").exists()


@pytest.mark.slow
def test_backup_from_an_empty_environment_is_refused_until_it_is_told(tmp_path, sqlite_template):
    """A backup in cron's empty environment is refused: it must not use a default instance silently."""
    instance = tmp_path / "instance"
    instance.mkdir(mode=0o700)
    (instance / "forum.sqlite3").write_bytes(sqlite_template.read_bytes())
    (instance / "forum.toml").write_text(f'env = "development"\ninstance = "{instance}"\n')
    (instance / "forum.toml").chmod(0o600)

    refused = by_cron("backup", str(tmp_path / "backups"))
    done = by_cron("backup", str(tmp_path / "backups"), FORUM_CONFIG=str(instance / "forum.toml"))

    assert (refused.returncode, refused.stderr) == (2, f"forum: {WHICH_FORUM}\n")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "backups").glob("forum-*.tar"))) == 1


def by_cron(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", "from forum.cli import main; main()", *arguments],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(PROJECT), **environment},
        capture_output=True, text=True, check=False, timeout=120, cwd="/",
    )  # fmt: skip


def test_version_is_told(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["forum", "--version"])

    with pytest.raises(SystemExit) as ended:
        command_line.main()

    assert (ended.value.code, capsys.readouterr().out) == (0, f"forum {VERSION}\n")
