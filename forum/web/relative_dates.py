"""Words such as "today" or "nästa vecka" in a text, and the dates to write instead, which stay true."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_date
from flask_babel import force_locale
from flask_babel import gettext as _

DAY = timedelta(days=1)
# Words after which a date has no "on" or "in" of its own, as in "until 16 September".
LEADING: Mapping[str, set[str]] = {
    "en": {"after", "around", "before", "between", "by", "during", "for", "from", "in", "of", "on"}
    | {"since", "than", "through", "till", "to", "until"},
    "sv": {"av", "efter", "från", "för", "före", "i", "inför", "kring", "mellan", "om", "på", "sedan"}
    | {"till", "tills", "under", "än"},
}
# Words that cannot stand before a date with "on" or "in": "the" in "the next week" would be left over.
DETERMINERS = frozenset({"a", "its", "my", "our", "the", "their", "your"})
# Matches text after a word such as "today" that belongs to the same date: a part of the day, or the date itself.
LONGER = re.compile(
    r"\s+(?:morning|noon|afternoon|evening|night|morse|bitti|förmiddag|eftermiddag|kväll|natt)\b"
    r"|\s*(?:[,(]\s*(?:\w+,?\s+){0,2}|den\s+)?\d",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class RelativeDate:
    """A rule that turns a relative date into an absolute one; `leading` is the word to write before it, or ""."""

    leading: str
    dated: Callable[[date, str], str]

    def absolute(self, day: date, language: str, before: str) -> str:
        """Return the words to write in place of a relative date such as "today", which is counted from `day`.

        They begin with `leading` ("on", for instance), unless the text `before` them ends in a word such as "until".
        """
        said, words = self.dated(day, language), before.rsplit(None, 1)
        is_led = bool(words) and words[-1].lower() in LEADING[language]
        return f"{self.leading} {said}" if self.leading and not is_led else said


def stands_alone(before: str, after: str) -> bool:
    """Return whether an absolute date can replace a relative one that stands between these two texts of a line."""
    return not LONGER.match(after) and not DETERMINERS & {
        word.lower() for word in before.rsplit(None, 1)[-1:]
    }


def _day(days: int, pattern: str) -> Callable[[date, str], str]:
    return lambda day, language: format_date(day + days * DAY, pattern, locale=language)


def _week(weeks: int) -> Callable[[date, str], str]:
    def said(day: date, language: str) -> str:
        monday = day - day.weekday() * DAY + 7 * weeks * DAY
        # Use the language of the text, not the language that the organiser has chosen for the console.
        with force_locale(language):
            return _("the week of %(day)s", day=format_date(monday, "d MMMM y", locale=language))

    return said


def _month(months: int) -> Callable[[date, str], str]:
    def said(day: date, language: str) -> str:
        number = day.year * 12 + day.month - 1 + months
        return format_date(date(number // 12, number % 12 + 1, 1), "MMMM y", locale=language)

    return said


def _year(years: int) -> Callable[[date, str], str]:
    return lambda day, _language: str(day.year + years)


def _english() -> Mapping[str, RelativeDate]:
    dates = {}
    for step, which in ((-1, "last"), (0, "this"), (1, "next")):
        dates[f"{which} week"] = RelativeDate("in", _week(step))
        dates[f"{which} month"] = RelativeDate("in", _month(step))
        dates[f"{which} year"] = RelativeDate("in", _year(step))
    days = {"yesterday": -1, "today": 0, "tomorrow": 1}
    return dates | {word: RelativeDate("on", _day(step, "d MMMM y")) for word, step in days.items()}


def _swedish() -> Mapping[str, RelativeDate]:
    days = {"igår": -1, "i går": -1, "idag": 0, "i dag": 0, "imorgon": 1, "i morgon": 1}
    weeks = {"förra veckan": -1, "den här veckan": 0, "nästa vecka": 1}
    months = {"förra månaden": -1, "den här månaden": 0, "nästa månad": 1}
    years = {"förra året": -1, "i fjol": -1, "i år": 0, "nästa år": 1}
    return (
        {words: RelativeDate("", _day(step, "'den' d MMMM y")) for words, step in days.items()}
        | {words: RelativeDate("", _week(step)) for words, step in weeks.items()}
        | {words: RelativeDate("i", _month(step)) for words, step in months.items()}
        | {words: RelativeDate("", _year(step)) for words, step in years.items()}
    )


# For each language, its relative dates in lower case, each with the rule that turns it into an absolute date.
RELATIVE: Mapping[str, Mapping[str, RelativeDate]] = {"en": _english(), "sv": _swedish()}
