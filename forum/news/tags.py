"""Hashtags: one tag, however it is spelled."""

import unicodedata

KEPT = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No"}
MARKS = {"Mn", "Mc"}  # kept on a letter, as Devanagari needs them
VARIATION_SELECTORS = range(0xFE00, 0xFE10)  # how an emoji is drawn


def fold(name: str) -> str:
    """Return how a tag is found: casefolded letters and digits only, "" when it has none.

    "#ECPAT CHALLENGE" and "#ecpatchallenge" are one tag; "#Mörka nätet" keeps its å ä ö, composed or not.
    """
    kept, follows_a_letter = "", False
    for character in unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()):
        category = unicodedata.category(character)
        is_mark = category in MARKS and ord(character) not in VARIATION_SELECTORS
        follows_a_letter = category in KEPT or (is_mark and follows_a_letter)
        if follows_a_letter:
            kept += character
    return unicodedata.normalize("NFKC", kept)
