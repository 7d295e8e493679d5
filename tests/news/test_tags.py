"""All spellings of a hashtag are one tag."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.news.tags import fold


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("#ECPATCHALLENGE", "ecpatchallenge"),
        ("#ECPAT CHALLENGE", "ecpatchallenge"),
        ("ecpat-challenge", "ecpatchallenge"),
        ("#Mörka nätet", "mörkanätet"),
        ("#MörkaNätet", "mörkanätet"),
        # Letters with separate combining marks, as some keyboards send them.
        ("#Mo\u0308rka na\u0308tet", "mörkanätet"),
        ("#Øresund", "øresund"),
        ("#Ærø", "ærø"),
        ("#Þingvellir", "þingvellir"),
        ("#Sápmi ŧ", "sápmiŧ"),
        ("#Agenda 2030", "agenda2030"),
        ("#STRASSE", "strasse"),
        ("#Straße", "strasse"),
        ("#ﬁnans", "finans"),  # the first letters are a ligature
        ("#ＮＦ１６", "nf16"),  # the letters and digits have full width
        ("#हिन्दी", "हिन्दी"),  # in Devanagari, combining vowel signs stay with their letters
        ("#👧🏽NF16", "nf16"),
        ("#❤️", ""),
        ("#1️⃣", "1"),
        ("#", ""),
        ("", ""),
        ("  \u200b#\u202eNF16 ", "nf16"),  # the text contains invisible and direction-changing characters
    ],
)
def test_fold_keeps_letters_and_digits_only(name, folded):
    assert fold(name) == folded


def test_fold_keeps_nordic_letters_apart():
    assert len({fold(letter) for letter in "aåäæoöøuüdðþ"}) == 12


@given(st.text(max_size=60))
def test_fold_of_a_folded_tag_is_itself(name):
    folded = fold(name)
    assert fold(folded) == folded
    assert not set(folded) & set("/#?&%<>\"' \x00")
