"""Comparing hashtags independently of their spelling."""

import unicodedata

KEPT = {"Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Nl", "No"}
MARKS = {"Mn", "Mc"}  # combining marks, which are part of words, for instance in Devanagari
VARIATION_SELECTORS = range(0xFE00, 0xFE10)  # characters that only say how an emoji is drawn


def fold(name: str) -> str:
    """Return the form in which hashtags are compared: casefolded letters and digits only, "" for a name without any.

    "#ECPAT CHALLENGE" and "#ecpatchallenge" are one tag. Letters such as å ä ö stay different from a and o.
    """
    kept, follows_a_letter = "", False
    for character in unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()):
        category = unicodedata.category(character)
        is_mark = category in MARKS and ord(character) not in VARIATION_SELECTORS
        follows_a_letter = category in KEPT or (is_mark and follows_a_letter)
        if follows_a_letter:
            kept += character
    return unicodedata.normalize("NFKC", kept)
