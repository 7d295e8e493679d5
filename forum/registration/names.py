"""Normal forms of names, organisations and addresses, for comparing, sorting and searching."""

import re
import unicodedata

import idna

from forum.events.enums import NameOrder
from forum.folding import search_fold

SPECIAL = str.maketrans(
    {
        "æ": "ä",
        "ø": "ö",
        "đ": "d",
        "ł": "l",
        "ŧ": "t",
        "ŋ": "n",
        "ı": "i",
        "ß": "ss",
        "œ": "oe",
    }
)
# What stands in a sort key for each letter that an alphabet sorts apart: as bytes, { | } come after z, and ~ comes
# after these. Icelandic sorts á after every a: in a key á is a~.
APART = {
    NameOrder.SWEDISH: str.maketrans({"å": "{", "ä": "|", "ö": "}", "ð": "d", "þ": "th"}),
    NameOrder.DANISH: str.maketrans({"ä": "{", "ö": "|", "å": "}", "ü": "y", "ð": "d", "þ": "th"}),
    NameOrder.ICELANDIC: str.maketrans(
        {"á": "a~", "ð": "d~", "é": "e~", "í": "i~", "ó": "o~", "ú": "u~", "ý": "y~"}
        | {"þ": "{", "ä": "|", "ö": "}", "å": "}}"}
    ),
}
SIGNS = {order: "{|}~ " if order == NameOrder.ICELANDIC else "{|} " for order in NameOrder}
LEGAL_FORMS = {"ab", "as", "asa", "aps", "oy", "oyj", "hf", "ehf", "ltd", "inc", "gmbh", "publ", "ry", "rf"}
WORDS = re.compile(r"\w+")
# Matches letters before dots or slashes, as in "A/S" and "E.H.F.".
SPELLED = re.compile(r"\b(\w)[./](?=\w\b)")


def sort_key(family_name: str, given_name: str, order: NameOrder = NameOrder.SWEDISH) -> str:
    """Return a key whose byte order is the order of names in an alphabet.

    Every alphabet also sorts the letters of the others: æ and ä are one letter, and so are ø and ö. Swedish and
    Finnish: … z å ä ö. Danish and Norwegian: … z æ ø å, with aa as å and ü as y. Icelandic: a á … d ð e é … þ æ ö å.
    Outside Icelandic, þ is th.
    """
    return f"{_collated(family_name, order)} {_collated(given_name, order)}".strip()[:300]


def organisation_key(name: str) -> str:
    """Return the normal form of an organisation's name, equal for its spellings: folded words without legal forms."""
    words = WORDS.findall(SPELLED.sub(r"\1", search_fold(name)))
    return " ".join(word for word in words if word not in LEGAL_FORMS)[:200] or search_fold(name)[:200]


def canonical_email(address: str) -> str:
    """Return the normal form of a mail address, equal for its spellings (S27).

    The address in NFC, trimmed; the domain as IDNA A-labels in lower case; the local part in lower case, not
    casefolded, so that "ß" and "ss" remain two people. "K" (U+212A) becomes "k" by NFC. "İ" remains "i" with a dot
    above.
    """
    local, _, domain = unicodedata.normalize("NFC", address.strip()).rpartition("@")
    try:
        domain = idna.encode(domain.lower(), uts46=True).decode()
    except idna.IDNAError:
        domain = domain.lower()
    return f"{local.lower()}@{domain.lower()}"


def _collated(name: str, order: NameOrder) -> str:
    """Return a name folded for sorting: letters that the alphabet sorts apart stay apart, others lose their marks."""
    letters = unicodedata.normalize("NFC", name.casefold().translate(SPECIAL))
    if order == NameOrder.DANISH:
        letters = letters.replace("aa", "å")
    plain, signs = unicodedata.normalize("NFKD", letters.translate(APART[order])), SIGNS[order]
    return " ".join("".join(c for c in plain if c in signs or c.isalnum()).split())
