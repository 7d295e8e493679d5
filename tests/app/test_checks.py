"""The checks of `make check` that are our own can fail."""

import runpy

import pytest
from babel.messages.catalog import Catalog, Message
from sqlalchemy import Column, Integer, Table

from forum.config import PROJECT
from forum.database import Base

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


def test_sizes_name_a_module_that_is_too_long(monkeypatch, tmp_path, capsys):
    status, report = run(monkeypatch, tmp_path, "x = 1\n" * 401, capsys)
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


def test_migrations_name_a_table_that_none_of_them_makes(sqlite_url, tmp_path, capsys):
    agrees = runpy.run_path(str(PROJECT / "bin" / "check-migrations"))["agrees"]
    assert agrees("SQLite", sqlite_url, tmp_path)
    table = Table("forgotten", Base.metadata, Column("id", Integer, primary_key=True))
    try:
        assert not agrees("SQLite", sqlite_url, tmp_path)
    finally:
        Base.metadata.remove(table)
    assert "the migrations and the models differ" in capsys.readouterr().out
