"""The project's own checks of `make check` fail when they should."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from sqlalchemy import Column, Integer, Table

from forum.database import Base
from forum.settings.project import PROJECT

SIZES = runpy.run_path(str(PROJECT / "bin" / "check-sizes"))
LONG = "\n".join(f"    x{number} = {number}" for number in range(40))


def run(monkeypatch, tmp_path, source: str, capsys) -> tuple[int, str]:
    (tmp_path / "forum").mkdir()
    (tmp_path / "forum" / "a.py").write_text(source)
    monkeypatch.setitem(SIZES["main"].__globals__, "PROJECT", tmp_path)
    return int(SIZES["main"]()), capsys.readouterr().out


def test_sizes_leave_the_docstring_out(monkeypatch, tmp_path, capsys):
    told = '    """One.\n\n    Two.\n    """\n'
    status, report = run(monkeypatch, tmp_path, f"def long():\n{told}{LONG[: LONG.index('x39') - 5]}", capsys)
    assert (status, "  40 forum/a.py:1 long" in report, "too long" in report) == (0, True, False)


def test_sizes_name_a_function_that_is_too_long(monkeypatch, tmp_path, capsys):
    status, report = run(monkeypatch, tmp_path, f"def long():\n{LONG}", capsys)
    assert (status, report.splitlines()[-1]) == (1, "too long: forum/a.py:1 long")


@pytest.mark.parametrize(
    "decorator",
    ['bp.route("/a")', 'bp.get("/a")', 'bp.post("/a")', 'localised(bp, "/a")', 'of_event(bp, "/a")'],
)
def test_sizes_hold_a_view_to_fewer_lines(monkeypatch, tmp_path, capsys, decorator):
    """A view has at most 22 lines, its `def` included, however it gets its address."""
    view = f"@{decorator}\ndef view():\n" + LONG[: LONG.index("x21") - 5]
    assert run(monkeypatch, tmp_path, view, capsys)[0] == 0
    (tmp_path / "forum" / "a.py").write_text(f"{view}\n    x21 = 21")
    status = int(SIZES["main"]())
    assert (status, capsys.readouterr().out.splitlines()[-1]) == (1, "too long: forum/a.py:2 view")


@pytest.mark.parametrize(("long", "status"), [(1, 0), (2, 1)])
def test_sizes_hold_nine_in_ten_functions_to_fifteen_lines(monkeypatch, tmp_path, capsys, long, status):
    bodies = [LONG[: LONG.index("x15") - 5]] * long + ["    pass"] * (10 - long)
    source = "\n".join(f"def f{number}():\n{body}" for number, body in enumerate(bodies))
    told = f"{long} functions of more than 15 lines; allowed are 1, one in ten"
    answer, report = run(monkeypatch, tmp_path, source, capsys)
    assert (answer, report.splitlines()[-1]) == (status, told)


def test_sizes_name_a_module_that_is_too_long(monkeypatch, tmp_path, capsys):
    status, report = run(monkeypatch, tmp_path, "x = 1\n" * 301, capsys)
    assert (status, report.splitlines()[-1]) == (1, "too long: forum/a.py")


TRANSLATIONS = runpy.run_path(str(PROJECT / "bin" / "check-translations"))
CATALOGUE = Catalog(locale="sv")


@pytest.mark.parametrize(
    ("message", "problems"),
    [
        (Message("A day", "En dag"), []),
        (Message("A day", ""), ["missing"]),
        (None, ["missing"]),
        (Message(("%(number)s day", "%(number)s days"), ("%(number)s dag", "")), ["missing"]),
        (Message("A day", "En natt", flags=["fuzzy"]), ["fuzzy"]),
    ],
)
def test_translations_name_what_is_missing_or_fuzzy(message, problems):
    assert TRANSLATIONS["find_problems"](CATALOGUE, message) == problems


def test_translations_name_a_placeholder_that_the_text_does_not_have():
    (problem,) = TRANSLATIONS["find_problems"](
        CATALOGUE, Message("%(day)s left", "%(dag)s kvar", flags=["python-format"])
    )
    assert "placeholder" in problem


def test_translations_name_a_context_that_makes_no_difference():
    """A context is needed where the translations differ: "Place" as a seat is "Plats" in Swedish, as a town "Ort"."""
    catalogue = Catalog(locale="sv")
    catalogue["Place"] = Message("Place", "Ort")
    found = [
        TRANSLATIONS["find_problems"](catalogue, Message("Place", said, context="seat"))
        for said in ("Plats", "Ort")
    ]
    assert found == [[], ['says the same as without its context "seat"']]


def test_translations_name_a_text_within_an_f_string():
    source = 'plain = _("A day")\nhidden = f"{name}: {_(\'A night\')}"\n'
    assert list(TRANSLATIONS["find_hidden"](source)) == [2]


def test_migrations_name_a_table_that_none_of_them_makes(sqlite_url, tmp_path, capsys):
    agrees = runpy.run_path(str(PROJECT / "bin" / "check-migrations"))["agrees"]
    assert agrees("SQLite", sqlite_url, tmp_path)
    table = Table("forgotten", Base.metadata, Column("id", Integer, primary_key=True))
    try:
        assert not agrees("SQLite", sqlite_url, tmp_path)
    finally:
        Base.metadata.remove(table)
    assert "the migrations and the models differ" in capsys.readouterr().out


REQUIREMENTS = runpy.run_path(str(PROJECT / "bin" / "check-requirements"))
NAMED = {"S24": {"forum/a.py", "tests/a/test_a.py"}, "R16": {"forum/a.py"}}
TRUE = ["| S24 | Alike. | `a/test_a` |", "| R16 | Nothing is lost. |  |"]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (TRUE, ""),
        (TRUE[:1], "R16 is not there; named in forum/a.py"),
        ([*TRUE, "| A01 | Seen. |  |"], "A01 is named nowhere else"),
        ([TRUE[0].replace("a/test_a", "b"), TRUE[1]], "S24: its proofs are '`a/test_a`'"),
    ],
    ids=["all there", "one missing", "one too many", "another proof"],
)
def test_requirements_are_those_that_are_named(rows, problem, tmp_path, monkeypatch, capsys):
    names = REQUIREMENTS["main"].__globals__
    monkeypatch.setitem(names, "PAGE", tmp_path / "requirements.md")
    monkeypatch.setitem(names, "find_named", lambda: NAMED)
    monkeypatch.setattr("sys.argv", ["check-requirements"])
    names["PAGE"].write_text("\n".join(rows))
    assert (REQUIREMENTS["main"](), problem in capsys.readouterr().out) == (bool(problem), True)


def test_requirements_are_read_from_comments_and_docstrings_alone():
    source = '"""A room (R15–R17)."""\nX = "S24"  # for S11 and F4\n'
    found = {key for text in REQUIREMENTS["read_python"](source) for key in REQUIREMENTS["find_ids"](text)}
    assert found == {"R15", "R16", "R17", "S11", "F4"}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a.js", "// An icon (S24)\nf('S11'); /* of\n R16 */"),
        ("a.html", "{# A field (S24)\n and R16 -#}S11"),
        ("a.txt", "{#- A mail (S24). R16 #}S11"),
        ("a.xml", "{# A feed (S24, R16) #}S11"),
    ],
)
def test_requirements_are_read_from_the_comments_of_scripts_and_templates(tmp_path, name, source):
    (tmp_path / name).write_text(source)
    texts = REQUIREMENTS["read_prose"](tmp_path / name)
    assert {key for text in texts for key in REQUIREMENTS["find_ids"](text)} == {"S24", "R16"}


def test_requirements_are_found_in_an_unpacked_archive(tmp_path, monkeypatch):
    """Without git bin/check-requirements walks the folders, and leaves out generated ones."""
    for name in ("forum/a.py", "forum/__pycache__/b.py", ".venv/lib/c.py", "instance/d.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("# S24")
    monkeypatch.setitem(REQUIREMENTS["main"].__globals__, "PROJECT", tmp_path)
    assert REQUIREMENTS["find_named"]() == {"S24": {"forum/a.py"}}


def test_every_python_script_is_linted():
    """Ruff finds files by their extension; scripts have none, so bin/ruff finds them by their first line."""
    shown = subprocess.run(
        [PROJECT / "bin" / "ruff", "check", "--show-files"], capture_output=True, text=True, check=True
    )
    scripts = {
        str(path)
        for path in (PROJECT / "bin").iterdir()
        if path.is_file() and "python" in path.read_text().partition("\n")[0]
    }
    assert str(PROJECT / "bin" / "check-sizes") in scripts
    assert scripts - set(shown.stdout.splitlines()) == set()


COMMITS = PROJECT / "bin" / "check-commits"
FIRST_OF_THE_RULE = runpy.run_path(str(COMMITS))["BASE"]
TOO_LONG = "x" * 73
NOT_LOOKED_AT = f"not looked at: the history here does not reach back to {FIRST_OF_THE_RULE!r}\n"


def git(folder: Path, *words: str) -> None:
    """Run git in a folder, without the user's configuration."""
    nobody = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "Nobody")
    address = dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "nobody@example.org")
    own = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    subprocess.run(
        ["git", *words], cwd=folder, env={**own, **nobody, **address}, check=True, capture_output=True
    )


def make_history(folder: Path, *subjects: str) -> Path:
    """Create a git repository with bin/check-commits and a commit for each subject."""
    (folder / "bin").mkdir(parents=True)
    shutil.copy(COMMITS, folder / "bin")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "bin")
    for subject in subjects:
        git(folder, "commit", "--quiet", "--allow-empty", "-m", subject)
    return folder


def check_commits(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, folder / "bin" / "check-commits"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("subjects", "answer"),
    [
        ([TOO_LONG, FIRST_OF_THE_RULE, "x" * 72], (0, "")),
        ([FIRST_OF_THE_RULE, TOO_LONG, "x"], (1, f"73 characters, 72 at the most: {TOO_LONG}\n")),
        ([TOO_LONG], (0, NOT_LOOKED_AT)),
    ],
    ids=["older", "since", "another history"],
)
def test_commits_are_named_whose_subject_is_too_long(tmp_path, subjects, answer):
    assert check_commits(make_history(tmp_path, *subjects)) == answer


def test_commits_of_a_branch_that_is_not_merged_do_not_count(tmp_path):
    history = make_history(tmp_path / "whole", FIRST_OF_THE_RULE, "Second")
    git(history, "checkout", "--quiet", "-b", "other")
    git(history, "commit", "--quiet", "--allow-empty", "-m", TOO_LONG)
    assert check_commits(history)[0] == 1
    git(tmp_path, "clone", "--quiet", "--single-branch", "--branch=main", str(history), "one-branch")
    assert check_commits(tmp_path / "one-branch") == (0, "")


def test_commits_are_not_looked_at_where_the_history_is_cut(tmp_path):
    history = make_history(tmp_path / "whole", FIRST_OF_THE_RULE, TOO_LONG)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{history}", "shallow")
    assert check_commits(tmp_path / "shallow") == (0, NOT_LOOKED_AT)


@pytest.mark.parametrize("within_another", [False, True])
def test_commits_are_not_looked_at_in_an_unpacked_archive(tmp_path, within_another):
    """bin/check-commits ignores a git repository around an unpacked archive: it belongs to another project."""
    if within_another:
        make_history(tmp_path, FIRST_OF_THE_RULE, TOO_LONG)
    (tmp_path / "unpacked" / "bin").mkdir(parents=True)
    shutil.copy(COMMITS, tmp_path / "unpacked" / "bin")
    assert check_commits(tmp_path / "unpacked") == (0, NOT_LOOKED_AT)


def test_the_newest_version_of_the_changelog_is_the_one_that_runs():
    """The changelog's newest heading has a date and the same version as pyproject.toml."""
    numbers = re.findall(
        r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", (PROJECT / "CHANGELOG.md").read_text(), re.M
    )
    stated = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert (numbers[0], len(set(numbers))) == (stated, len(numbers))
