"""Documents are set as PDF in a process of its own: data never count as markup, and no other file is read (S33)."""

from pathlib import Path

import pytest

from forum.turns import Line
from forum.web import typesetting
from forum.web.typesetting import NotSet, set_pdf
from tests.factories.events import NOW
from tests.web.pdfs import read_language, read_pages, read_title

MARKUP = """
#let told = json(bytes(sys.inputs.told))
#set document(title: told.title)
#set text(lang: "sv", font: ("Libertinus Serif", "DejaVu Sans Mono"))
#for text in told.texts [#text #parbreak()]
#if told.lacks [lacking]
"""
TOLD = {"title": "Åäö (1)", "texts": ["Åsa"], "lacks": False}


@pytest.fixture
def markup(tmp_path):
    file = tmp_path / "some.typ"
    file.write_text(MARKUP)
    return file


def words_of(markup: Path, *texts: str) -> list[str]:
    (page,) = read_pages(set_pdf(markup, {**TOLD, "texts": texts}, now=NOW))
    return page.split("\n")


def test_text_that_looks_like_markup_is_set_as_text(markup):
    hostile = (
        '#read("/etc/passwd")',
        "*bold* _it_ $x$ @ref <label>",
        "= Heading",
        '\\ "quoted" // not',
        "a -- b",
    )
    assert words_of(markup, *hostile) == list(hostile)


def test_letters_of_many_languages_are_there(markup):
    names = ("Đorđe Ŧšŋŋ Ǥuovdageaidnu Ǯʒ Ǩǧ", "Þórdís Ægir Øst", "Привет", "Ωμέγα", "Çelik İstanbul Łódź Őr")
    assert words_of(markup, *names) == list(names)


def test_letters_that_no_font_has_are_marked_and_the_markup_says_so(markup):
    assert "".join(words_of(markup, "李 Åsa 😀 \U00010330 \ud7a3 \x1c")).replace(" ", "") == "▯Åsa▯▯▯▯lacking"


def test_equal_data_give_equal_bytes_with_title_and_language(markup):
    first, second = (set_pdf(markup, TOLD, now=NOW) for _each in range(2))
    assert (first == second, read_title(first), read_language(first)) == (True, "Åäö (1)", "sv")
    assert b"<pdfuaid:part>1</pdfuaid:part>" in first


@pytest.mark.parametrize(
    "reading",
    ['#read("/etc/passwd")', '#read("../../../etc/passwd")', '#import "@preview/cetz:0.4.0": *', "#no-such"],
)
def test_markup_reads_no_file_and_no_package(markup, reading):
    markup.write_text(MARKUP + reading)
    with pytest.raises(NotSet, match="TypstError"):
        set_pdf(markup, TOLD, now=NOW)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import time\ntime.sleep(60)", "took too long"),
        ("import os\nos.abort()", "ended with -6"),
        ("print('{}')", "no PDF"),
    ],
)
def test_program_that_hangs_or_dies_gives_no_pdf(markup, tmp_path, monkeypatch, program, reason):
    (tmp_path / "other.py").write_text(program)
    monkeypatch.setattr(typesetting, "PROGRAM", tmp_path / "other.py")
    monkeypatch.setattr(typesetting, "SET_SECONDS", 1)
    with pytest.raises(NotSet, match=reason):
        set_pdf(markup, TOLD, now=NOW)


def test_program_has_a_limit_on_its_memory(markup, tmp_path, monkeypatch):
    long, own = {**TOLD, "texts": ["Åsa"] * 3000}, typesetting.PROGRAM.read_text()
    (tmp_path / "other.py").write_text(own.replace("2 * 1024**3", "1024**2"))
    assert set_pdf(markup, long, now=NOW)
    monkeypatch.setattr(typesetting, "PROGRAM", tmp_path / "other.py")
    with pytest.raises(NotSet):
        set_pdf(markup, long, now=NOW)


def test_one_document_is_set_at_a_time(markup, monkeypatch):
    line = Line(1)
    monkeypatch.setattr(typesetting, "SETTERS", line)
    monkeypatch.setattr(typesetting, "WAIT_SECONDS", 0.01)
    with line.turn(1), pytest.raises(NotSet, match="too many wait"):
        set_pdf(markup, TOLD, now=NOW)
    assert set_pdf(markup, TOLD, now=NOW).startswith(b"%PDF")


def test_text_is_in_no_file_that_a_killed_program_would_leave(markup, tmp_path, monkeypatch):
    (tmp_path / "other.py").write_text(
        "import sys, pathlib\n"
        "files = [file.read_bytes() for file in pathlib.Path(sys.argv[1]).iterdir()]\n"
        "raise SystemExit(7 if files and not any(b'Hemlig' in file for file in files) else 1)"
    )
    monkeypatch.setattr(typesetting, "PROGRAM", tmp_path / "other.py")
    with pytest.raises(NotSet, match="ended with 7"):
        set_pdf(markup, {**TOLD, "texts": ["Hemlig"]}, now=NOW)
