"""Refusing national identity numbers in texts: the forum must not store them, but some people type them (P02)."""

import re
import unicodedata
from typing import Any

from flask_babel import lazy_gettext as _l
from stdnum import luhn
from stdnum.dk import cpr
from stdnum.exceptions import ValidationError as NotValid
from stdnum.fi import hetu
from stdnum.is_ import kennitala
from stdnum.no import fodselsnummer
from stdnum.se import personnummer
from wtforms.validators import ValidationError

# Matches a date of six or eight digits, perhaps a sign or a blank, and three to five more characters.
CANDIDATE = re.compile(
    r"(?<!\w)(?:[0-9]{8}|[0-9]{6})(?:[-+ ]?[0-9]{4,5}|[-+A-FU-Ya-fu-y][0-9]{3}[0-9A-Za-z])(?!\w)"
)
# Matches a date with signs between its parts, of a year of birth (1900 to 2019) or of two digits, and the rest of a
# number: 1970-12-08-1233, 08.12.70-1002, 08.12.70 10081. Days of the event and times after them are not matched.
DATED = re.compile(
    r"(?<![\w.-])(?:(?:19[0-9]{2}|20[01][0-9])([-./])[0-9]{2}\1[0-9]{2}[-+ ]?[0-9]{4}"
    r"|[0-9]{2}([-./])[0-9]{2}\2[0-9]{2}(?:[-+][0-9]{4}|[- ]?[0-9]{5}))(?!\w)"
)
DASH, MINUS = re.compile(" ?- ?"), "\N{MINUS SIGN}"
# By category of Unicode: how characters count that people, keyboards and word processors put into numbers.
SIGNS = {"Zs": " ", "Pd": "-", "Cf": ""}
COORDINATION = re.compile(r"(?:19|20)?[0-9]{2}(?:0[1-9]|1[0-2])(?:6[1-9]|[78][0-9]|9[01])[0-9]{4}")
WITH_CHECKSUM = (personnummer, fodselsnummer, hetu)


def no_identity_number(_form: Any, field: Any) -> None:
    """Refuse a text with a national identity number in a field of a form, such as that of a name."""
    if field.data and holds_identity_number(field.data):
        raise ValidationError(
            _l(
                "This looks like a national identity number. Leave it out: nobody here needs it, and we do not keep it."
            )
        )


def holds_identity_number(text: str) -> bool:
    """Return whether the text contains a Nordic identity number, judged by date and check digits."""
    plain = DASH.sub("-", text if text.isascii() else "".join(map(_plain, text)))
    dated = (re.sub("[-./+ ]", "", match.group()) for match in DATED.finditer(plain))
    return any(map(_is_one, (*(match.group() for match in CANDIDATE.finditer(plain)), *dated)))


def _plain(character: str) -> str:
    """Return the character as numbers are written with it: any digit, blank or dash in its plain form."""
    if character == MINUS:
        return "-"
    number = unicodedata.decimal(character, None)
    if number is not None:
        return str(number)
    return SIGNS.get(unicodedata.category(character), unicodedata.normalize("NFKC", character))


def _is_one(number: str) -> bool:
    others = (_is_coordination, _is_icelandic, _is_danish)
    return any(kind.is_valid(number) for kind in WITH_CHECKSUM) or any(judge(number) for judge in others)


def _is_coordination(number: str) -> bool:
    """Return whether this is a Swedish coordination number: a personal one whose day is 60 higher."""
    digits = re.sub(r"[-+ ]", "", number)
    return bool(COORDINATION.fullmatch(digits)) and luhn.is_valid(digits[-10:])


def _is_icelandic(number: str) -> bool:
    """Return whether this is an Icelandic person's number; in those of organisations the day is 40 higher."""
    return number[0] in "0123" and kennitala.is_valid(number)


def _is_danish(number: str) -> bool:
    """Return whether this is a Danish number.

    Newer numbers have no valid check digit. Without a hyphen a valid one is required all the same, or every tenth phone
    number that begins like a date would be refused.
    """
    try:
        digits = cpr.validate(number)
    except NotValid:
        return False
    return "-" in number or cpr.checksum(digits) == 0
