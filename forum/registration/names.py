"""Normal forms of names, organisations and addresses, for comparing, sorting and searching."""

import re
import unicodedata

import idna

from forum.folding import search_fold

SPECIAL = str.maketrans(
    {
        "æ": "ä",
        "ø": "ö",
        "ð": "d",
        "đ": "d",
        "þ": "th",
        "ł": "l",
        "ŧ": "t",
        "ŋ": "n",
        "ı": "i",
        "ß": "ss",
        "œ": "oe",
    }
)
AFTER_Z = str.maketrans({"å": "{", "ä": "|", "ö": "}"})
LEGAL_FORMS = {"ab", "as", "asa", "aps", "oy", "oyj", "hf", "ehf", "ltd", "inc", "gmbh", "publ", "ry", "rf"}
WORDS = re.compile(r"\w+")
# Matches letters before dots or slashes, as in "A/S" and "E.H.F.".
SPELLED = re.compile(r"\b(\w)[./](?=\w\b)")


def sort_key(family_name: str, given_name: str) -> str:
    """Return a key whose byte order is the Nordic order of names: … z å ä ö, with æ as ä, ø as ö and þ as th."""
    return f"{_collated(family_name)} {_collated(given_name)}".strip()[:300]


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


def _collated(name: str) -> str:
    """Return a name folded for sorting: å ä ö stay letters of their own, all other letters lose their marks."""
    letters = unicodedata.normalize("NFC", name.casefold().translate(SPECIAL)).translate(AFTER_Z)
    plain = unicodedata.normalize("NFKD", letters)
    return " ".join("".join(c for c in plain if c in "{|} " or c.isalnum()).split())
