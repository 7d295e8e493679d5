"""Reading the values of cells: countries, sectors, names, telephone numbers, other systems' statuses."""

from collections.abc import Mapping
from functools import cache

from babel import Locale
from babel.core import get_global

from forum.events.models import Event, Sector
from forum.folding import fold_words
from forum.web.countries import country_names
from forum.web.language_names import UNDERSTOOD

# Codes and names by which people call a country, and which Unicode's names of countries lack.
ALSO_CALLED = {"uk": "GB", "u k": "GB", "great britain": "GB"}
TEL = "tel:"  # our own CSV files put this scheme before telephone numbers
# Statuses of people who do not come: our own in both languages, and those of other systems.
NOT_COMING = frozenset(
    map(
        fold_words,
        (
            *("cancelled", "canceled", "declined", "expired", "withdrawn", "rejected", "refunded", "deleted"),
            *(
                "not attending",
                "transferred",
                "invalidated",
                "released",
                "back to category",
                "free",
                "pre reserved",
                "canceled paid fee",
            ),
            *(
                "avbokad",
                "avböjd",
                "avslagen",
                "nekad",
                "förfallen",
                "utgången",
                "återkallad",
                "avbruten",
                "struken",
            ),
        ),
    )
)

# Statuses of people who have no place elsewhere yet: they wait, are reviewed, or have not paid or confirmed. Our own in
# both languages, also as they are called after the event, and those of other systems. alf.io's "TO_BE_PAID" is not one
# of them: such people pay at the door and have a ticket.
UNDECIDED = frozenset(
    map(
        fold_words,
        (
            *(
                "address not confirmed",
                "in review",
                "waiting",
                "offered a place",
                "not confirmed",
                "unconfirmed",
            ),
            *("address was never confirmed", "was in review", "was waiting", "was offered a place"),
            *("adressen inte bekräftad", "granskas", "väntar", "i kö", "erbjuden plats", "inte bekräftad"),
            *("adressen bekräftades aldrig", "granskades", "stod i kö", "erbjöds plats"),
            *("obekräftad", "på väntelistan", "väntelista", "obetald", "under granskning"),
            *(
                "pending",
                "pending activated",
                "pending approval",
                "awaiting approval",
                "awaiting confirmation",
            ),
            *("awaiting payment", "awaiting offline payment", "unpaid", "not paid", "payment pending"),
            *("waiting list", "waitlist", "waitlisted", "on waiting list", "on the waiting list"),
            *("offered", "approval pending", "pending overdue"),
        ),
    )
)


def country(text: str) -> str:
    """Return the code of the country that a text names, by code or in English or a Nordic language; else the text."""
    return _countries().get(fold_words(text), text)


def find_sector(event: Event, text: str) -> Sector | None:
    """Return the sector that a cell names by its key or its name in any language."""
    named = fold_words(text)
    return next(
        (one for one in event.sectors if named in {fold_words(one.key), *map(fold_words, one.name.values())}),
        None,
    )


def names(told: Mapping[str, str]) -> tuple[str, str]:
    """Return given and family name from a row; a whole name is split before its last word, "Ek, Kim" at the comma."""
    given, family = told.get("given_name", ""), told.get("family_name", "")
    whole = told.get("full_name", "")
    if given or not whole:
        return given, family
    if family:
        return whole.removesuffix(family).strip() or whole, family
    last, comma, first = whole.partition(",")
    if comma and first.strip():
        return first.strip(), last.strip()
    first, _blank, last = whole.strip().rpartition(" ")
    return (first, last) if first else (last, "")


def phone(text: str) -> str:
    """Return a telephone number without the scheme that our own CSV files put before it."""
    return text[len(TEL) :].strip() if text[: len(TEL)].lower() == TEL else text


def reference(text: str) -> str:
    """Return the text in the form of a registration's reference: in capitals, with a hyphen after four characters."""
    signs = "".join(sign for sign in text.upper() if sign.isalnum())
    return f"{signs[:4]}-{signs[4:]}"


def is_coming(status: str) -> bool:
    """Return whether a person with this status comes; the status is in our words or in another system's."""
    return fold_words(status) not in NOT_COMING


def is_undecided(status: str) -> bool:
    """Return whether a person with this status has no place elsewhere yet: the person waits, or has not paid."""
    return fold_words(status) in UNDECIDED


@cache
def _countries() -> dict[str, str]:
    codes = {code for code in country_names("en") if code}
    known: dict[str, str] = {}
    for spoken in UNDERSTOOD:
        named = Locale.parse(spoken).territories
        known |= {fold_words(named[code]): code for code in codes if code in named}
    long = {alias.lower(): to[0] for alias, to in get_global("territory_aliases").items() if len(alias) == 3}
    known |= {alias: code for alias, code in long.items() if alias.isalpha() and code in codes}
    return known | ALSO_CALLED | {code.lower(): code for code in codes}
