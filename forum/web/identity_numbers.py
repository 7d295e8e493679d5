"""Refusing national identity numbers in texts: the forum must not store them, but some people type them (P02)."""

import re
import unicodedata
from datetime import UTC, datetime
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

from forum import clock

# Matches a date and what follows it in an identity number: 701208-1233, 19701208 1233, 08.12.1970/1002,
# 08 12 70 100 81, 081205A1233. Not matched: a part of a longer number, a number behind a plus (a telephone number), and
# a number that a hyphen, dot or slash joins to more digits (a reference).
CANDIDATE = re.compile(
    r"(?<![^\W_])(?<!\+)(?<![0-9][-./])"
    r"(?:(?P<date>[0-9]{8}|[0-9]{6})"
    r"|(?P<year_first>(?:19|20)[0-9]{2}(?P<a>[-./ ])[0-9]{2}(?P=a)[0-9]{2})"
    r"|(?P<year_last>[0-9]{2}(?P<b>[-./ ])[0-9]{2}(?P=b)(?:19|20)[0-9]{2})"
    r"|(?P<short>[0-9]{2}(?P<c>[-./ ])[0-9]{2}(?P=c)[0-9]{2}))"
    r"(?:(?P<sign>[-+./_ ]?)(?P<number>[0-9]{4,5}|[0-9]{3} [0-9]{2})"
    r"|(?P<century>[-+./_ A-FU-Y])(?P<finnish>[0-9]{3}[0-9A-Z]))(?![^\W_]|[-./][0-9])",
    re.IGNORECASE,
)
# Matches words before a telephone number or a reference, such as "tel.", in English and the Nordic languages.
LABEL = re.compile(
    r"(?<![^\W_])(?:tel|tfn|tlf|telefon[^\W_]*|telephone|phone|mobil[^\W_]*|mob|cell|gsm|fax|puh|puhelin|sími"
    r"|ref|reference|referens[^\W_]*|dnr|diarie[^\W_]*|ärende[^\W_]*|case|saksnr|sagsnr|order|faktur[^\W_]*|invoice)"
    r"\.?(?: ?(?:no|nr|number|nummer)\.?)? ?[:#]? ?$",
    re.IGNORECASE,
)
# In these years, counted from the present one, digits such as 171127-0900 count as the day and hour of an event.
YEARS_AROUND = range(-2, 4)
DASH, MINUS = re.compile(" ?- ?"), "\N{MINUS SIGN}"
# By Unicode category, the character that replaces a blank or a dash, and "" for an invisible character.
SIGNS = {"Zs": " ", "Pd": "-", "Cf": ""}
COORDINATION = re.compile(r"(?:19|20)?[0-9]{2}(?:0[1-9]|1[0-2])(?:6[1-9]|[78][0-9]|9[01])[0-9]{4}")


def no_identity_number(_form: Any, field: Any) -> None:
    """Refuse a text with a national identity number in a field of a form, such as that of a name."""
    if field.data and holds_identity_number(field.data):
        raise ValidationError(
            _l(
                "This looks like a national identity number. Leave it out of “%(field)s”: nobody here needs it, and we"
                " do not keep it.",
                field=field.label.text,
            )
        )


def holds_identity_number(text: str) -> bool:
    """Return whether the text contains a Nordic identity number, judged by date and check digits.

    Left out are telephone numbers and references after a word such as "tel.", and an event's day with its hour.
    """
    plain = DASH.sub("-", text if text.isascii() else "".join(map(_plain, text)))
    return any(
        _is_one(match) for match in CANDIDATE.finditer(plain) if not LABEL.search(plain[: match.start()])
    )


def _plain(character: str) -> str:
    """Return a character in plain ASCII if it is a digit, blank or dash, "" if it is invisible, else in NFKC."""
    if character == MINUS:
        return "-"
    number = unicodedata.decimal(character, None)
    if number is not None:
        return str(number)
    return SIGNS.get(unicodedata.category(character), unicodedata.normalize("NFKC", character))


def _is_one(match: re.Match[str]) -> bool:
    """Return whether a match of CANDIDATE is an identity number of any Nordic country."""
    whole = match["date"] or match["year_first"] or match["year_last"] or match["short"]
    date = re.sub("[-./ ]", "", whole)
    number = (match["number"] or match["finnish"]).replace(" ", "")
    sign = match["sign"] if match["number"] else match["century"]
    if _is_day_and_hour(date, number):
        return False
    if not match["year_last"] and _is_swedish(date, number):
        return True
    if match["year_last"]:
        date = date[:4] + date[-2:]
    judges = (_is_dane, _is_finn, _is_other)
    return len(date) == 6 and any(judge(date, number, sign) for judge in judges)


def _is_day_and_hour(date: str, number: str) -> bool:
    """Return whether the digits are a day near the present year, with the year first or last, and a time of day."""
    if not re.fullmatch("(?:[01][0-9]|2[0-3])[0-5][0-9]", number):
        return False
    this_year = clock.now().year
    years = {this_year + more for more in YEARS_AROUND}
    forms = ("%Y%m%d", "%d%m%Y") if len(date) == 8 else ("%y%m%d", "%d%m%y")
    return any(day is not None and day.year in years for day in (_read(date, form) for form in forms))


def _read(date: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(date, form).replace(tzinfo=UTC)
    except ValueError:
        return None


def _is_swedish(date: str, number: str) -> bool:
    """Return whether the digits are a Swedish personal number, or a coordination number, whose day is 60 higher."""
    digits = date + number
    if personnummer.is_valid(f"{date}-{number}"):
        return True
    return bool(COORDINATION.fullmatch(digits)) and luhn.is_valid(digits[-10:])


def _is_dane(date: str, number: str, sign: str) -> bool:
    """Return whether the digits are a Danish number.

    Only for 1 January of a few years did Denmark give out more numbers than have a valid check digit. Without one, only
    digits for a 1 January, with a hyphen, count as a number: else many telephone numbers would be refused.
    """
    try:
        digits = cpr.validate(date + number)
    except NotValid:
        return False
    return cpr.checksum(digits) == 0 or (sign == "-" and date.startswith("0101"))


def _is_finn(date: str, number: str, sign: str) -> bool:
    """Return whether these are the parts of a Finnish number; its sign or letter says the century."""
    return bool(sign) and hetu.is_valid(f"{date}{'-' if sign in './_ ' else sign}{number}")


def _is_other(date: str, number: str, _sign: str) -> bool:
    """Return whether the digits are a Norwegian number, or an Icelandic person's (organisations have days above 40)."""
    digits = date + number
    return fodselsnummer.is_valid(digits) or (digits[0] in "0123" and kennitala.is_valid(digits))
