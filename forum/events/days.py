"""The days of an event and their hours, in the event's zone; a day's hours may be unknown."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from babel.dates import format_date, get_timezone_location, get_timezone_name

from forum.events.models import Event
from forum.web.languages import language

LONGEST_DAY = timedelta(hours=12)
DAY = timedelta(days=1)
BETWEEN = {"sv": "."}  # The sign between hours and minutes: Swedish writes 9.00, English 9:00.
# Start and end of a day of the event as moments, or as dates for a whole day; the end is exclusive.
Span = tuple[datetime, datetime] | tuple[date, date]


@dataclass(frozen=True)
class Day:
    """A day of an event; `starts` and `ends` are None where its hours are not known."""

    date: date
    starts: datetime | None = None
    ends: datetime | None = None

    @property
    def text(self) -> str:
        """The weekday and date, such as "Tuesday 16 November 2027"; the first letter is a capital in Swedish, too."""
        return capital(format_date(self.date, "EEEE d MMMM y", locale=language()))

    @property
    def without_year(self) -> str:
        """The weekday and date, such as "Tuesday 16 November", for use beside a text with the year."""
        return capital(format_date(self.date, "EEEE d MMMM", locale=language()))

    @property
    def weekday(self) -> str:
        """The weekday, such as "Tuesday"."""
        return format_date(self.date, "EEEE", locale=language())

    @property
    def hours(self) -> str:
        """The day's hours, such as "9:00–17:00", or "" when they are not known."""
        return f"{clock_text(self.starts)}–{clock_text(self.ends)}" if self.starts and self.ends else ""


def list_days(event: Event) -> list[Day]:
    """Return the event's days in order."""
    return [
        Day(starts.date(), starts, ends)
        if isinstance(starts, datetime) and isinstance(ends, datetime)
        else Day(starts)
        for starts, ends in list_spans(event)
    ]


def end_of_day(event: Event, now: datetime) -> datetime:
    """Return the moment at which the current day ends by the clock at the venue."""
    tomorrow = now.astimezone(event.zone).date() + DAY
    return datetime.combine(tomorrow, time(), event.zone)


def capital(words: str) -> str:
    """Return the words with a capital first letter, as Swedish needs for a weekday that begins a sentence."""
    return words[:1].upper() + words[1:]


def clock_text(moment: datetime | time) -> str:
    """Return the time of day, such as "9:00" in English and "9.00" in Swedish."""
    return f"{moment.hour}{BETWEEN.get(language(), ':')}{moment:%M}"


def zone_text(timezone: str) -> str:
    """Return a time zone's name and city, such as "Central European Time (Stockholm)" (the filter `zone_name`)."""
    name = get_timezone_name(timezone, width="long", locale=language())
    return f"{name} ({get_timezone_location(timezone, locale=language(), return_city=True)})"


def list_spans(event: Event) -> list[Span]:
    """Return start and end of each day of the event, in its time zone; whole days where the hours are not known.

    An event stored as from midnight to midnight has no known hours yet.
    """
    starts, ends = event.starts_at.astimezone(event.zone), event.ends_at.astimezone(event.zone)
    last = (ends - timedelta(seconds=1)).date()  # an event that ends at midnight ends on the day before
    dates = [starts.date() + number * DAY for number in range((last - starts.date()).days + 1)]
    if not has_hours(event):
        return [(day, day + DAY) for day in dates]
    if len(dates) == 1 or (not event.nights and event.ends_at - event.starts_at <= LONGEST_DAY):
        return [(starts, ends)]
    nights = event.nights if len(event.nights) == len(dates) - 1 else [{}] * (len(dates) - 1)
    mornings = [
        starts,
        *(_at(day, night.get("starts"), event) for day, night in zip(dates[1:], nights, strict=True)),
    ]
    evenings = [
        *(_at(day, night.get("ends"), event) for day, night in zip(dates, nights, strict=False)),
        ends,
    ]
    return [
        (morning, evening if evening > morning else evening + DAY)
        if morning and evening
        else (day, day + DAY)
        for day, morning, evening in zip(dates, mornings, evenings, strict=True)
    ]


def has_hours(event: Event) -> bool:
    """Return whether the hours at which the event begins and ends are known."""
    bounds = (event.starts_at.astimezone(event.zone), event.ends_at.astimezone(event.zone))
    return any(moment.time() != time() for moment in bounds)


def bounds_of(event: Event) -> tuple[date, date]:
    """Return the moments when the event begins and ends, in its zone; its first and last day if hours are unknown."""
    starts, ends = event.starts_at.astimezone(event.zone), event.ends_at.astimezone(event.zone)
    return (starts, ends) if has_hours(event) else (starts.date(), (ends - timedelta(seconds=1)).date())


def _at(day: date, hour: str | None, event: Event) -> datetime | None:
    return datetime.combine(day, time.fromisoformat(hour), event.zone) if hour else None
