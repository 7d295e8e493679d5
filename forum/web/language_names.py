"""Reading the names of languages in tables that organisers bring: "sv-SE", "Swedish", "ruotsi"."""

from functools import cache

from babel import Locale

from forum.folding import fold_words
from forum.web.languages import NAMES

# The languages in which names of countries and languages are understood.
UNDERSTOOD = ("sv", "en", "nb", "nn", "da", "fi", "is")


def read_language(text: str) -> str:
    """Return the code of the forum's language that a text such as "sv-SE" or "Swedish" names; else the text."""
    named = fold_words(text)
    return _languages().get(named) or _languages().get(named.split(" ")[0] if named else "", text)


@cache
def _languages() -> dict[str, str]:
    known: dict[str, str] = {}
    for spoken in UNDERSTOOD:
        named = Locale.parse(spoken).languages
        known |= {fold_words(named[code]): code for code in NAMES if code in named}
    return known | {fold_words(name): code for code, name in NAMES.items()} | {code: code for code in NAMES}
