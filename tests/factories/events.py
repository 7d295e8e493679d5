"""Events for tests: published, current and open around one fixed moment.

event = make_event(capacity=10, sectors=[make_sector("tech", floor=2, ceiling=5)])
room()                                               an event with one place
archive = make_archive()
"""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from forum.columns import Text
from forum.events.enums import SectorPolicy
from forum.events.models import Event, Page, Sector
from tests.factories.saving import save

NOW = datetime(2027, 5, 3, 12, 0, tzinfo=UTC)  # NOW is a Monday, 14:00 in Stockholm (summer time)
# For each sector: key, name in Swedish and in English, floor (places kept for it), ceiling (most places).
SECTORS = (
    ("politics", "Politik", "Politics", 45, 70),
    ("justice", "Rättsväsende", "Justice", 50, 75),
    ("tech", "IT och telekom", "IT and telecom", 45, 70),
    ("ngo", "Civilsamhälle", "NGOs", 40, 45),
    ("other", "Övriga", "Other", 15, 30),
)
ORGANISER: dict[str, Any] = {  # values of an event's organiser, for make_event(**ORGANISER)
    "organiser_name": Text(sv="Kansliet", en="The secretariat"),
    "organiser_address": {
        "street": "Exempelgatan 12",
        "postal_code": "111 22",
        "town": "Stockholm",
        "country": "SE",
    },
    "organiser_phone": "+46 8 465 004 40",
    "organiser_url": "https://office.example/",
}
HELP_LINES: list[dict[str, Any]] = [  # telephone numbers for help, for make_event(help_lines=HELP_LINES)
    {
        "country": "SE",
        "emergency": "112",
        "police": "114 14",
        "report": {"name": {"sv": "Tipslinjen", "en": "The hotline"}, "url": "https://hotline.example/"},
    },
    {"country": "IS", "emergency": "112", "children": "1717"},
]
NAMES = {key: Text(sv=swedish, en=english) for key, swedish, english, _floor, _ceiling in SECTORS}
_numbers = count(1)


def make_event(**differing: Any) -> Event:
    """Save an event; by default published, current, open since a month before NOW, with five sectors and 250 places."""
    event = new_event(**differing)
    return save(event)


def room(**differing: Any) -> Event:
    """Save an event with one place, in the sector justice."""
    return make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)], **differing)


def make_archive(**differing: Any) -> Event:
    """Save an earlier event: published, not current, over since 2016."""
    earlier = {
        "slug": "nf16",
        "is_current": False,
        "name": Text(sv="Forumet 2016", en="The forum of 2016"),
        "short_name": Text(sv="Nordiskt forum 2016", en="Nordic Forum 2016"),
        "hashtag": "#NF16",
        "starts_at": datetime(2016, 11, 16, 8, 0, tzinfo=UTC),
        "ends_at": datetime(2016, 11, 17, 15, 30, tzinfo=UTC),
        "opens_at": datetime(2016, 5, 1, tzinfo=UTC),
        "closes_at": datetime(2016, 11, 1, tzinfo=UTC),
        "release_at": None,
    }
    return make_event(**{**earlier, **differing})


def new_event(**differing: Any) -> Event:
    """Return an event that is not saved."""
    values: dict[str, Any] = {
        "slug": "nf27",
        "is_current": True,
        "is_published": True,
        "name": Text(sv="Nordiskt forum för provning", en="Nordic Forum for testing"),
        "short_name": Text(sv="Nordiskt forum 2027", en="Nordic Forum 2027"),
        "lead": Text(sv="Alla runt ett bord.", en="Everybody around one table."),
        "place": Text(sv="Stockholm", en="Stockholm"),
        "sharing": Text(sv="Så delas platserna.", en="How places are shared."),
        "hashtag": "#NF27",
        "contact_email": "forum@example.org",
        "hotline_url": None,
        "timezone": "Europe/Stockholm",
        "starts_at": datetime(2027, 11, 16, 8, 0, tzinfo=UTC),
        "ends_at": datetime(2027, 11, 17, 15, 30, tzinfo=UTC),
        "opens_at": NOW - timedelta(days=30),
        "closes_at": datetime(2027, 10, 31, 22, 59, tzinfo=UTC),
        "release_at": datetime(2027, 9, 30, 22, 0, tzinfo=UTC),
        "capacity": 250,
        **differing,
    }
    values.setdefault("sectors", default_sectors(values["capacity"]))
    return Event(**values)


def default_sectors(capacity: int = 250) -> list[Sector]:
    """Return the five sectors; unless the capacity is 250, none has places kept for it and each may take all."""
    return [
        make_sector(key, position=position, floor=floor, ceiling=ceiling)
        if capacity == 250
        else make_sector(key, position=position, floor=0, ceiling=capacity)
        for position, (key, _swedish, _english, floor, ceiling) in enumerate(SECTORS)
    ]


def make_sector(key: str | None = None, **differing: Any) -> Sector:
    """Return a sector for `make_event(sectors=[…])`; not saved by itself."""
    number = next(_numbers)
    key = key or f"sector-{number}"
    name = NAMES.get(key, Text(sv=f"Sektor {number}", en=f"Sector {number}"))
    values = {
        "key": key,
        "position": number,
        "name": name,
        "invited": Text(sv=f"Du som arbetar med {name['sv']}.", en=f"You who work with {name['en']}."),
        "floor": 0,
        "ceiling": 50,
        "policy": SectorPolicy.OPEN,
    }
    return Sector(**{**values, **differing})


def make_page(event: Event, slug: str = "practical", **differing: Any) -> Page:
    """Save a standing page of the event."""
    values = {
        "event_id": event.id,
        "slug": slug,
        "position": next(_numbers),
        "title": Text(sv=f"Sidan {slug}", en=f"Page {slug}"),
        "summary": Text(sv="Vad sidan handlar om.", en="What the page is about."),
        "body": Text(sv="## Rubrik\n\nEn text.", en="## Heading\n\nA text."),
        "updated_at": NOW - timedelta(days=10),
    }
    return save(Page(**{**values, **differing}))
