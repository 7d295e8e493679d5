"""The language of a request, and how moments and texts are shown in it."""

from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal
from babel.support import NullTranslations
from flask import Flask, g, has_request_context, request
from flask_babel import Domain, get_locale, refresh
from flask_babel import gettext as _
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from forum.columns import Text
from forum.extensions import babel
from forum.settings.project import PROJECT

DEFAULT, STRANGERS = "sv", "en"
WRITTEN = {"en": "en_GB"}  # British dates: Babel's plain English has no names for Nordic time zones
# Formats of a moment: "31 October 2027 at 23:59 (CET)", "31 oktober 2027 kl. 23.59 (CET)".
CLOCKS = {"en": "HH:mm (z)", "sv": "HH.mm (z)"}
MOMENTS = {"en": f"d MMMM y 'at' {CLOCKS['en']}", "sv": f"d MMMM y 'kl'. {CLOCKS['sv']}"}
LONGEST = 200  # how many characters of Accept-Language are read: the rest names the least preferred languages
NAMES = {"sv": "Svenska", "en": "English"}
# Danish and Norwegian browsers get Swedish pages until the forum has pages in those languages.
READ_IN = {code: code for code in NAMES} | dict.fromkeys(("da", "no", "nb", "nn"), "sv")


class Texts(Domain):
    """The texts of each language, found by the language's code.

    Flask-Babel compares locales for each text, which takes longer than the rest of a translation.
    """

    def get_translations(self) -> NullTranslations:
        """Return the texts of the present language."""
        if (locale := _present_locale()) is None:
            return UNTRANSLATED
        if (code := locale.language) not in self.cache:
            self.cache[code] = super().get_translations()
        return self.cache[code]

    def ngettext(self, singular: str, plural: str, num: int, **variables: Any) -> str:
        """Return a text with a number in the present language; `%(num)s` in it is the number by `grouped`."""
        words = self.get_translations().ungettext(singular, plural, num)
        return words % {"num": grouped(num), **variables}


TEXTS = Texts()
UNTRANSLATED = NullTranslations()


def init_app(app: Flask) -> None:
    """Let each request use the language of its URL, or in the console the organiser's preference."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(PROJECT / "translations")
    babel.init_app(app, default_locale="en", locale_selector=_select, timezone_selector=lambda: "UTC")
    babel.domain_instance = TEXTS
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # by Flask-Babel's extension
        lambda text: TEXTS.get_translations().ugettext(text),
        lambda one, many, number: TEXTS.get_translations().ungettext(one, many, number),
        newstyle=True,
    )
    app.jinja_env.globals.update(_=_in_template, ngettext=_counted_in_template)
    app.jinja_env.filters.update(text=in_language, moment=_moment_of, dates=dates_of)
    app.jinja_env.filters.update(short_moment=_short_moment_of, day=_day_of)
    app.jinja_env.filters.update(language_name=language_name, grouped=grouped)
    app.jinja_env.globals["get_locale"] = get_locale


def read_from_address(app: Flask) -> None:
    """Read the request's language from the path, and put it into the URLs of the page (a layer of the app)."""

    @app.url_value_preprocessor
    def take_language(_endpoint, values) -> None:
        g.language = (values or {}).pop("lang", None)

    @app.url_defaults
    def keep_language(endpoint, values) -> None:
        if app.url_map.is_endpoint_expecting(endpoint, "lang"):
            values.setdefault("lang", language())


def language() -> str:
    """Return the language code of the present request, or of the text being rendered for a mail."""
    # Do not use str(locale): this function runs some 150 times for a page, which would take half a millisecond.
    locale = _present_locale()
    return locale.language if locale else DEFAULT


def speak(code: str) -> None:
    """Use another language until the end of this request, for the preview of a public page in the console."""
    g.language = code
    refresh()


def preferred() -> str:
    """Return the page language for the first of the browser's languages that the table READ_IN contains.

    A browser that asks only for other languages gets English, and one that asks for none gets Swedish.
    """
    header = request.headers.get("Accept-Language", "")[:LONGEST]
    asked = [code for code, weight in parse_accept_header(header, LanguageAccept) if weight and code != "*"]
    read = (READ_IN.get(code.replace("_", "-").partition("-")[0].lower()) for code in asked)
    return next(filter(None, read), STRANGERS if asked else DEFAULT)


def _present_locale() -> Locale | None:
    """Return what `get_locale` returns; once Flask-Babel has found it for the request, in a sixth of the time."""
    try:
        # Use Flask's proxy once: a page needs the locale some 200 times, and the proxy takes longer than all else here.
        kept = g._get_current_object().get("_flask_babel")
    except RuntimeError:  # `g` exists only within an application context
        return None
    return getattr(kept, "babel_locale", None) or get_locale()


@pass_context
def _in_template(context: Context, text: str, /, **values: Any) -> str:
    """Translate a template's text into the language of the page and fill in its values, escaped where the template is.

    Jinja's own function for this looks the text up and fills it in each time, though most texts have no values.
    """
    texts, is_html = TEXTS.get_translations(), context.eval_ctx.autoescape
    return _words(texts, text, is_html) % values if values else _filled(texts, text, is_html)


@pass_context
def _counted_in_template(context: Context, one: str, many: str, number: int, /, **values: Any) -> str:
    """Translate a template's text with a number, which `%(num)s` shows by `grouped`; fill in values as `_` does."""
    words = TEXTS.get_translations().ungettext(one, many, number)
    if context.eval_ctx.autoescape:
        words = Markup(words)  # noqa: S704 - translators' words are HTML, values are escaped
    return words % {"num": grouped(number), **values}


# The texts of templates are a fixed number, so these caches need no bound.
@cache
def _words(texts: NullTranslations, text: str, is_html: bool) -> str:
    words = texts.ugettext(text)
    return Markup(words) if is_html else words  # noqa: S704 - translators' words are HTML, values are escaped


@cache
def _filled(texts: NullTranslations, text: str, is_html: bool) -> str:
    """Translate a text that has no values to fill in; "%%" in it becomes "%"."""
    return _words(texts, text, is_html) % {}


def in_language(value: Text | None) -> str:
    """Return a `Text`'s words in the present language (the template filter `text`)."""
    return value.in_language(language()) if value else ""


def dates_text(first: datetime, last: datetime, locale: Locale | str) -> str:
    """Return dates such as "16–17 November 2027"; both moments are aware and in the event's time zone."""
    if first.date() == last.date():
        return format_date(first.date(), "d MMMM y", locale=locale)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{format_date(last.date(), 'd MMMM y', locale=locale)}"
    pattern = "d MMMM" if first.year == last.year else "d MMMM y"
    start = format_date(first.date(), pattern, locale=locale)
    return f"{start} – {format_date(last.date(), 'd MMMM y', locale=locale)}"


def dates_of(event) -> str:
    """Return an event's days in the present language (the template filter `dates`)."""
    # An end at midnight belongs to the day before: an event without known hours is stored as ending at midnight.
    last = event.ends_at.astimezone(event.zone) - timedelta(seconds=1)
    return dates_text(event.starts_at.astimezone(event.zone), last, language())


def moment_text(moment: datetime, zone, locale: Locale | str | None = None) -> str:
    """Return a date and a time in the event's time zone, with the name of the zone (M17)."""
    locale = str(locale or language())
    pattern = MOMENTS.get(locale, "d MMMM y HH:mm (z)")
    return format_datetime(moment.astimezone(zone), pattern, locale=WRITTEN.get(locale, locale))


def clock_text(moment: datetime, zone) -> str:
    """Return a time of the day such as "23:59 (CET)" in the event's time zone."""
    pattern = CLOCKS.get(language(), "HH:mm (z)")
    return format_datetime(moment.astimezone(zone), pattern, locale=WRITTEN.get(language(), language()))


def hour_text(hour: int) -> str:
    """Return a full hour of the day, such as "09:00", or "09.00" in Swedish."""
    return format_time(
        time(hour), CLOCKS.get(language(), CLOCKS["en"]).removesuffix(" (z)"), locale=language()
    )


def until_text(moment: datetime, zone) -> str:
    """Return a text such as "until 31 October 2027 at 23:59 (CET)", for the end of a sentence."""
    local = moment.astimezone(zone)
    if (local.hour, local.minute) != (23, 59):
        return _("until %(moment)s", moment=moment_text(moment, zone))
    # Pass day and time apart: for 23:59 the Swedish translation is "till och med" with the day, and without the time.
    return _("until %(day)s at %(time)s", day=day_text(moment, zone), time=clock_text(moment, zone))


def day_text(moment: datetime, zone, locale: Locale | str | None = None) -> str:
    """Return a date in the event's time zone, such as "25 November 2016"."""
    return format_datetime(moment.astimezone(zone), "d MMMM y", locale=locale or language())


def near_day_text(moment: datetime, zone) -> str:
    """Return a date without its year, such as "25 November", for a day in the next few months."""
    return format_datetime(moment.astimezone(zone), "d MMMM", locale=language())


def short_moment_text(moment: datetime, zone) -> str:
    """Return a moment such as "3 May 2027 14:00" in the event's time zone, for lists that name the zone once."""
    return format_datetime(moment.astimezone(zone), "d MMM y HH:mm", locale=language())


def _short_moment_of(moment: datetime, event) -> str:
    """Return a moment such as "3 May 2027 14:00" in the event's time zone (the template filter `short_moment`)."""
    return short_moment_text(moment, event.zone)


def language_name(code: str) -> str:
    """Return a language's name in the language of the page, such as "Swedish", or its code when the name is unknown.

    This is also the template filter `language_name`.
    """
    return Locale.parse(language()).languages.get(code, code)


def grouped(number: float) -> str:
    """Return a number such as "1,320", or "1 320" in Swedish (the template filter `grouped`).

    Counts for readers are shown by it; in files for programs, form values and references numbers stay as they are.
    """
    return _grouped(number, language())


@lru_cache(maxsize=1000)
def _grouped(number: float, code: str) -> str:
    # Cached, because formatting is slow and a list shows some thirty numbers, which are much the same each time.
    return format_decimal(number, locale=code)


@lru_cache(maxsize=1000)
def short_day_text(day: date, code: str) -> str:
    """Return a date such as "3 May 2027" in the language with this code."""
    # Cached, because formatting is slow and a long list shows the same few days again and again.
    return format_date(day, "d MMM y", locale=code)


def _day_of(moment: datetime, event) -> str:
    """Return a date such as "25 November 2016" in the event's time zone (the template filter `day`)."""
    return day_text(moment, event.zone)


def _moment_of(moment: datetime, event) -> str:
    """Return a date and a time in the event's time zone, with the zone's name (the template filter `moment`)."""
    return moment_text(moment, event.zone)


def _select() -> str | None:
    if not has_request_context():
        return None
    if chosen := getattr(g, "language", None):
        return chosen
    if user_language := getattr(g, "user_language", None):
        return user_language
    return preferred()
