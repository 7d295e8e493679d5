"""The program that sets a document as PDF, called as a function: data in, PDF out, letters without a font marked.

tests/web/test_typesetting.py runs the program in its own process, with its limits.
"""

import io
import json
from types import SimpleNamespace

import pytest
import typst

from forum.web import typeset
from tests.web.pdfs import read_pages

MARKUP = """
#let told = json(bytes(sys.inputs.told))
#set document(title: told.title)
#set text(lang: "sv", font: ("Libertinus Serif", "DejaVu Sans Mono"))
#for text in told.texts [#text #parbreak()]
#if told.lacks [lacking]
"""


@pytest.fixture
def set_texts(tmp_path, monkeypatch):
    """Return a function that sets texts with this markup, and returns the lines of the only page."""

    def call(*texts: str, markup: str = MARKUP) -> list[str]:
        (tmp_path / "main.typ").write_text(markup)
        told = json.dumps({"title": "List", "texts": texts, "lacks": False}).encode()
        monkeypatch.setattr(typeset.sys, "stdin", SimpleNamespace(buffer=io.BytesIO(told)))
        (page,) = read_pages(typeset.main(tmp_path, 0))
        return page.split("\n")

    return call


def test_texts_are_set_as_they_are(set_texts):
    assert set_texts("Åsa Þórdís", '#read("/etc/passwd")') == ["Åsa Þórdís", '#read("/etc/passwd")']


def test_letters_that_no_font_has_are_replaced_wherever_they_stand(set_texts):
    lines = set_texts("李 Åsa", "😀 Ek")
    assert "".join(lines).replace(" ", "") == "▯Åsa▯Eklacking"


def test_markup_with_a_mistake_of_its_own_is_an_error(set_texts):
    with pytest.raises(typst.TypstError):
        set_texts("Åsa", markup="#let")


def test_a_pdf_that_is_too_large_is_refused(set_texts, monkeypatch):
    monkeypatch.setattr(typeset, "LARGEST_OUTPUT", 10)
    with pytest.raises(ValueError, match="too large"):
        set_texts("Åsa")


def test_letters_are_not_replaced_for_ever(set_texts, monkeypatch):
    monkeypatch.setattr(typeset, "_without", lambda told, lacking: told)
    with pytest.raises(ValueError, match="letters that no font has"):
        set_texts("李")


@pytest.mark.parametrize(("literal", "text"), [(r"\u{674e}\n", "李\n"), (r"\"\\", '"\\'), ("a", "a")])
def test_a_literal_of_typst_is_read(literal, text):
    assert typeset._read(literal) == text
