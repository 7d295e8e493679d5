"""CSV that Excel opens rightly and that runs nothing (S31)."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forum.web.tables import csv_chunks, harmless, original, printable

TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
SIGNS = tuple("=+-@＝＋－＠\t\r\n")


def written(*rows):
    return b"".join(csv_chunks(["Name", "Phone"], rows))


def read(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_file_has_byte_order_mark_semicolons_quotes_and_windows_line_ends():
    assert written(["Åsa", None]) == '\ufeff"Name";"Phone"\r\n"Åsa";""\r\n'.encode()


def test_file_without_rows_has_its_headings():
    assert read(written()) == [["Name", "Phone"]]


def test_quotes_and_semicolons_stay_inside_their_cell():
    assert read(written(['Åsa "Bergis"; Berg', "1;2"]))[1] == ['Åsa "Bergis"; Berg', "1;2"]


def test_rows_beyond_one_chunk_arrive_whole():
    rows = [[str(number), "x"] for number in range(450)]
    assert read(written(*rows))[1:] == rows


@pytest.mark.parametrize("sign", SIGNS)
def test_cell_that_could_be_a_formula_gets_an_apostrophe(sign):
    assert harmless(f"{sign}1+1").startswith("'")


@pytest.mark.parametrize("hidden", ["\ufeff=1+1", "\u200b=1+1", "\x00=1+1", "\xa0=1+1", " =1+1"])
def test_formula_behind_what_cannot_be_seen_gets_an_apostrophe(hidden):
    assert harmless(hidden).startswith("'")


def test_phone_number_comes_back_as_it_was():
    cell = read(written(["x", "+46 8 123 45 67"]))[1][1]
    assert (cell, original(cell)) == ("'+46 8 123 45 67", "+46 8 123 45 67")


def test_apostrophe_of_a_name_is_left_alone():
    assert (harmless("'t Hooft"), original("'t Hooft")) == ("'t Hooft", "'t Hooft")


def test_control_characters_are_removed_and_line_breaks_become_spaces():
    assert harmless("Åsa\x00\x1b[31m\nBerg\x85") == "Åsa[31m Berg"


@given(st.lists(TEXTS, min_size=2, max_size=2))
@example(["'=1", "''+1"])
@example(['=HYPERLINK("https://evil.example")', "@SUM(1+1)*cmd|' /C calc'!A0"])
def test_any_text_comes_back_and_none_can_run(texts):
    cells = read(written(texts))[1]
    assert [original(cell) for cell in cells] == [printable(text) for text in texts]
    assert not [cell for cell in cells if cell.startswith(SIGNS)]
