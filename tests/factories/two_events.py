"""Two events with open registration, each with texts, numbers and people of its own.

front, beside = make_front(), make_beside()     front has the address /en/, beside /en/events/osl28/
"""

from datetime import UTC, datetime

from forum.columns import Text
from tests.factories.events import make_event, make_page, make_sector
from tests.factories.news import make_post
from tests.factories.registrations import confirmed

# Texts of the two events; each text belongs to one of them only.
SAID = {
    "nf27": {"capacity": 61, "hashtag": "#Granit", "contact_email": "granit@example.org"},
    "osl28": {"capacity": 83, "hashtag": "#Basalt", "contact_email": "basalt@example.org"},
}
PHONES = {"nf27": "+46 8 111 11 11", "osl28": "+47 22 22 22 22"}
HELP = {"nf27": "116 111", "osl28": "116 222"}


def make_front():
    """Save the event that is the front page of the site."""
    return _make("nf27", "granite", starts_at=datetime(2027, 11, 16, 8, tzinfo=UTC))


def make_beside():
    """Save an event that takes registrations, too, and is not the front page of the site."""
    return _make(
        "osl28",
        "basalt",
        is_current=False,
        starts_at=datetime(2028, 3, 7, 8, tzinfo=UTC),
        ends_at=datetime(2028, 3, 8, 15, tzinfo=UTC),
        closes_at=datetime(2028, 2, 1, tzinfo=UTC),
        release_at=None,
    )


def _make(slug: str, word: str, **differing):
    """Save an event whose texts all contain `word`, with two pages, a post and a registered person."""
    said = {name: Text(sv=f"{name} {word}", en=f"{name} {word}") for name in ("lead", "place", "sharing")}
    event = make_event(
        slug=slug,
        name=Text(sv=f"Forum {word}", en=f"Forum {word}"),
        short_name=Text(sv=slug.upper(), en=slug.upper()),
        sectors=[
            make_sector("justice", ceiling=SAID[slug]["capacity"], invited=Text(sv=word, en=f"For {word}"))
        ],
        organiser_name=Text(sv=f"Kansli {word}", en=f"Office {word}"),
        organiser_phone=PHONES[slug],
        help_lines=[{"country": "SE", "emergency": "112", "children": HELP[slug]}],
        facts=[{"label": {"sv": word, "en": word}, "value": {"sv": word, "en": word}}],
        **said,
        **SAID[slug],
        **differing,
    )
    for page in ("practical", "privacy"):
        make_page(event, page, title=Text(sv=f"{page} {word}", en=f"{page} {word}"))
    make_post(headline=f"Headline {word}", event_id=event.id)
    confirmed(event, "justice", given_name=word.title(), email=f"{word}@example.net")
    return event
