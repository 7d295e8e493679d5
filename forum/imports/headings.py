"""Recognising the meaning of a table's headings: those of our own exports, and of other systems' exports.

Headings are compared without case, accents and punctuation. Of equal headings the first one counts: exports of pretix
have Company and Country twice, first the attendee's and then the invoice's.
"""

from collections.abc import Collection, Mapping, Sequence

from forum.folding import fold_words
from forum.web.edits import digest

# For each value the headings that it may have, the best first, because a table may have several of them: pretix has the
# buyer's "Email" beside "Attendee email", Eventbrite the buyer's names and country beside the attendee's. In an export
# of Indico that has "Position", its "Title" is a form of address, such as Dr, and no occupation.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "given_name": (
        "attendee name given name",
        "attendee first name",
        "name given name",
        "given name",
        "first name",
        "firstname",
        "förnamn",
        "fornavn",
        "etunimi",
    ),
    "family_name": (
        *("attendee name family name", "attendee last name", "attendee surname"),
        *("name family name", "family name", "last name", "lastname", "surname"),
        *("efternamn", "etternavn", "efternavn", "sukunimi"),
    ),
    "full_name": ("attendee name", "full name", "name", "namn", "navn", "nimi"),
    "email": (
        *("attendee email", "e-mail address", "email address", "e-mail", "email"),
        *("e-postadress", "e-post", "epost", "sähköposti"),
    ),
    "organisation": (
        *(
            "organisation",
            "organization",
            "affiliation",
            "company",
            "organisasjon",
            "företag",
            "organisaatio",
        ),
    ),
    "title": (
        "title or role",
        "titel eller roll",
        "job title",
        "position",
        "title",
        "titel",
        "befattning",
        "stilling",
    ),
    "country": ("country code", "country", "home country", "purchaser country", "land", "maa"),
    "language": ("language", "order locale", "språk", "sprog", "kieli", "locale"),
    "phone": (
        *("phone number", "phone", "telephone", "cell phone", "mobile phone", "mobile"),
        *("phonenumber", "telefonnummer", "telefon", "mobilnummer", "mobil", "puhelin"),
    ),
    "sector": ("sector", "sektor"),
    "reference": ("reference", "referens"),
    "status": ("attendee status", "registration state", "status"),
}
# Names of systems, which organisers see, each with headings: a table that has all of these is an export of that system.
# Several systems let people choose the columns of the export.
SYSTEMS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("Forum", ("reference", "sector", "status")),
    ("Forum", ("referens", "sektor", "status")),
    ("pretix", ("order code", "event slug")),
    ("pretix", ("order code", "position id")),
    ("Indico", ("registration date", "registration state")),
    ("Indico", ("email address", "affiliation", "registration state")),
    ("Hi.Events", ("public id", "short id", "first name")),
    ("alf.io", ("reservationid",)),
    ("alf.io", ("originalprice", "paidprice")),
    ("Eventbrite", ("attendee #", "order #")),
    ("Eventbrite", ("attendee #", "order id")),
    ("Eventbrite", ("attendee no.", "order no.")),
    ("Eventbrite", ("order id", "attendee email", "buyer email")),
)


FOLDED = {name: tuple(map(fold_words, known)) for name, known in HEADINGS.items()}


def guess(headings: Sequence[str]) -> dict[str, int]:
    """Return, by the name of a value such as "email", the index of the column that probably holds it."""
    compared = [fold_words(heading) for heading in headings]
    guessed = {}
    for name, known in FOLDED.items():
        if best := next((heading for heading in known if heading in compared), None):
            guessed[name] = compared.index(best)
    if {"given_name", "family_name"} <= guessed.keys():
        guessed.pop("full_name", None)
    return guessed


def are_headings(cells: Sequence[str]) -> bool:
    """Return whether the cells of a table's first row are headings: none of them is an e-mail address."""
    return not any(map(_is_address, cells))


def guess_by_texts(cells: Sequence[str]) -> dict[str, int]:
    """Return, as `guess` does, the column of the addresses in a table without headings; `cells` are its first row."""
    return {"email": next(place for place, cell in enumerate(cells) if _is_address(cell))}


def _is_address(cell: str) -> bool:
    """Return whether a cell is one e-mail address and nothing else but a name before it: "Kim <kim@example.org>"."""
    address = cell.rpartition("<")[2].removesuffix(">")
    local_part, _at, host = address.partition("@")
    return bool(local_part and "." in host and "@" not in host and not any(map(str.isspace, address)))


def list_doubled(headings: Sequence[str], read: Collection[int]) -> list[str]:
    """Return the headings that several columns share and of which only the first column is read.

    `read` has the indexes of the columns that are read.
    """
    places: dict[str, list[int]] = {}
    for place, heading in enumerate(headings):
        places.setdefault(fold_words(heading), []).append(place)
    places.pop("", None)
    return [
        headings[first]
        for first, *others in places.values()
        if others and first in read and not set(others).intersection(read)
    ]


def recognise(headings: Sequence[str]) -> str:
    """Return the name of the system whose export has these headings, "" for any other table."""
    compared = {fold_words(heading) for heading in headings}
    named = (name for name, known in SYSTEMS if compared.issuperset(map(fold_words, known)))
    return next(named, "")


def digest_of(headings: Sequence[str]) -> str:
    """Return a digest of the headings, by which another table with the same headings is recognised."""
    return digest({"headings": list(headings)})
