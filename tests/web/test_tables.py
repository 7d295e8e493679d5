"""CSV files open correctly in Excel and contain no formula that runs (S31)."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forum.web.tables import csv_chunks, harmless, printable, restored

TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
FORMULA = tuple("=+-@＝＋－＠")
SIGNS = (*FORMULA, "\t", "\r", "\n")
BLANKS = ' \r\n\xa0\u2003\u3000\u200b\u2060\ufeff"'
NASTY = st.text(st.sampled_from("=+@－,;'\"\t\n\x00\u200b\u3000 a"), max_size=12) | TEXTS


def written(*rows):
    return b"".join(csv_chunks(["Name", "Phone"], rows))


def read(content, **how):
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return list(csv.reader(text, **{"delimiter": ";", **how}))


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
    assert (cell, restored(cell)) == ("'+46 8 123 45 67", "+46 8 123 45 67")


def test_apostrophe_of_a_name_is_left_alone():
    assert (harmless("'t Hooft"), restored("'t Hooft")) == ("'t Hooft", "'t Hooft")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("Bris,=1+1", "Bris,'=1+1"),
        ("Bris, +46 8 1, -1", "Bris, '+46 8 1, '-1"),
        ('Bris,"=1+1"', 'Bris,"\'=1+1"'),
        ('"=1+1"', '\'"=1+1"'),
        ("Bris;\u200b@SUM(1)", "Bris;\u200b'@SUM(1)"),
        ("Bris,\x00=1", "Bris,'=1"),
        ("Bris,＝1", "Bris,'＝1"),
        ("=1,=1", "'=1,'=1"),
    ],
)
def test_formula_where_another_reader_begins_a_cell_gets_an_apostrophe(text, cell):
    assert (harmless(text), restored(cell)) == (cell, printable(text))


@pytest.mark.parametrize(
    "text", ["Berg, Anna", "a-b,c+d", "anna@example.org", "1 + 1 = 2", "Bris,,", "Bris\t=1"]
)
def test_sign_inside_a_cell_is_left_alone(text):
    assert harmless(text) == printable(text)


def test_control_characters_are_removed_and_line_breaks_become_spaces():
    assert harmless("Åsa\x00\x1b[31m\nBerg\x85") == "Åsa[31m Berg"


@given(st.lists(TEXTS, min_size=2, max_size=2))
@example(["'=1", "''+1"])
@example(['=HYPERLINK("https://evil.example")', "@SUM(1+1)*cmd|' /C calc'!A0"])
def test_any_text_comes_back_and_none_can_run(texts):
    cells = read(written(texts))[1]
    assert [restored(cell) for cell in cells] == [printable(text) for text in texts]
    assert not [cell for cell in cells if cell.startswith(SIGNS)]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize(
    "quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_NONE], ids=["quotes known", "quotes unknown"]
)
@given(st.lists(NASTY, min_size=2, max_size=2))
def test_no_reader_finds_a_formula_however_it_splits_the_file(delimiter, quoting, texts):
    """No cell begins with a formula's sign, also when a reader splits cells at commas or drops the first characters."""
    rows = read(written(texts), delimiter=delimiter, quoting=quoting)
    cells = [cell.lstrip(BLANKS) for row in rows for cell in row]
    assert [cell for cell in cells if cell.startswith(FORMULA)] == []
