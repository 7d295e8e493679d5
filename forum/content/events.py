"""An event as event.toml: everything that organisers decide, without counters of registrations."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from forum.columns import is_web_link
from forum.content import mail_words, moments, questions, registration_rules
from forum.content.shapes import (
    LANGUAGES,
    Document,
    Where,
    clock_time,
    country,
    flag,
    key,
    line,
    link,
    listing,
    mail_address,
    matching,
    member,
    moment,
    number,
    prose,
    said,
    table,
    texts,
    unique,
    unix,
)
from forum.events.enums import SectorPolicy
from forum.events.look import THEMES, find_fault
from forum.events.models import Event, Sector
from forum.outbox.mail_text_models import MailText
from forum.questions.models import Question
from forum.web.colours import is_colour

NOWHERE = Where("")
TEXTS = ("name", "short_name", "lead", "place", "sharing")
# A path below the folder of static files; it has no ".." and so cannot lead out of the folder.
STATIC_NAME = re.compile(r"\w[\w-]*(/\w[\w-]*)*\.\w+")


def _is_static_name(name: str) -> bool:
    return STATIC_NAME.fullmatch(name) is not None


NAMED, SHORT, LONG = texts(line(empty=True), said=True), texts(line(empty=True)), texts(prose())
HELP_LINE = table(
    {"country": country},
    {
        **{name: line(40) for name in ("emergency", "police", "children")},
        "report": table({"name": NAMED, "url": link(300)}),
    },
)
SECTOR = table(
    {
        "key": key(40),
        "floor": number(0),
        "ceiling": number(0),
        "policy": member(SectorPolicy),
        "name": NAMED,
        "invited": LONG,
    }
)
ADDRESS = table({}, {**{name: line(200) for name in ("street", "postal_code", "town")}, "country": country})
ORGANISER = table(
    {},
    {
        "phone": line(30),
        "url": link(300),
        "logo": matching(_is_static_name, 'the name of a static file, such as "img/ring.svg"', 200),
        "name": NAMED,
        "address": ADDRESS,
    },
)
COLOUR = matching(is_colour, 'a colour such as "#14463f"', 7)
LOOK = {"light": "accent_light", "dark": "accent_dark", "logo": "logo_key", "share": "share_key"}
CONTACT = table({"name": line(100)}, {"role": SHORT, "email": mail_address(254), "phone": line(30)})
SHAPE = table(
    {
        "published": flag,
        "current": flag,
        "hashtag": line(60, empty=True),
        "contact_email": mail_address(254),
        "timezone": line(60),
        "starts": moment,
        "ends": moment,
        **dict.fromkeys(("name", "short_name"), NAMED),
        "place": SHORT,
        **dict.fromkeys(("lead", "sharing"), LONG),
        "registration": registration_rules.SHAPE,
        "sectors": listing(SECTOR),
    },
    {
        # The file has no `languages` when the event is in every language of the site.
        "languages": listing(
            matching(LANGUAGES.__contains__, f"one of {', '.join(LANGUAGES)}"), len(LANGUAGES)
        ),
        "look": table({}, {"light": COLOUR, "dark": COLOUR, "logo": key(16), "share": key(16)}),
        "nights": listing(table({}, {"ends": clock_time, "starts": clock_time})),
        "organiser": ORGANISER,
        "map": matching(is_web_link, "the address of a web page", 500),
        "directions": LONG,
        "contacts": listing(CONTACT),
        "help_lines": listing(HELP_LINE),
        "programme_points": listing(
            table({"title": NAMED, "text": LONG}, {"day": number(1, 400), "starts": clock_time})
        ),
        "facts": listing(table({"label": NAMED, "value": LONG})),
        questions.QUESTIONS: questions.SHAPE,
        mail_words.MAILS: mail_words.SHAPE,
    },
)
LISTS = ("nights", "contacts", "help_lines", "programme_points", "facts")


def tell(event: Event, asked: Sequence[Question], changed: Sequence[MailText]) -> Document:
    """Return the document of event.toml for an event with its questions in order and the changed words of its mails."""
    zone = event.zone
    organiser = {
        "name": _told(event.organiser_name) if any(event.organiser_name.values()) else None,
        **{name: getattr(event, f"organiser_{name}") for name in ("phone", "url", "logo")},
        "address": {name: value for name, value in event.organiser_address.items() if value},
    }
    return SHAPE(
        _known(
            {
                "published": event.is_published,
                "current": event.is_current,
                **{name: getattr(event, name) for name in ("hashtag", "contact_email", "timezone")},
                "languages": None if event.languages == list(LANGUAGES) else event.languages,
                "starts": moments.tell(event.starts_at, zone),
                "ends": moments.tell(event.ends_at, zone),
                **{name: _told(getattr(event, name)) for name in TEXTS},
                "registration": _known(registration_rules.tell(event, zone)),
                "sectors": [_tell_sector(sector) for sector in event.sectors],
                "map": event.map_url,
                "directions": _told(event.directions) if any(event.directions.values()) else None,
                "organiser": _known(organiser),
                "look": _known({name: getattr(event, column) for name, column in LOOK.items()}),
                **{name: _tell_list(getattr(event, name)) for name in LISTS},
                questions.QUESTIONS: questions.tell(asked),
                mail_words.MAILS: mail_words.tell(changed),
            },
            kept=("sectors",),
        ),
        Where(f"events/{event.slug}/event.toml"),
    )


def read(raw: Document, where: Where) -> Document:
    """Return the content of event.toml as a document. Raises BadFile."""
    document = _known(SHAPE(raw, where), kept=("sectors", "hashtag", "contact_email"))
    zone = zone_of(document, where)
    _read_moments(document, ("starts", "ends"), zone, where)
    registration, at = document["registration"], where.at("registration")
    _read_moments(registration, ("opens", "closes", "release", "freeze"), zone, at)
    for table_of, first, last, place in (
        (document, "starts", "ends", where),
        (registration, "opens", "closes", at),
    ):
        if moments.read(table_of[last], zone, place) <= moments.read(table_of[first], zone, place):
            place.at(last).refuse(f"has to be later than {first}")
    _refuse_wrong_shares(document, where)
    if told := questions.read(document.get(questions.QUESTIONS, []), where.at(questions.QUESTIONS)):
        document[questions.QUESTIONS] = told
    if told := mail_words.read(document.pop(mail_words.MAILS, []), where.at(mail_words.MAILS)):
        document[mail_words.MAILS] = told
    _refuse_faint_colours(document.get("look", {}), where.at("look"))
    return document


def zone_of(document: Document, where: Where = NOWHERE) -> ZoneInfo:
    """Return the event's time zone. Raises BadFile for a name that is none."""
    try:
        return ZoneInfo(document["timezone"])
    except (ValueError, OSError, KeyError):
        where.at("timezone").refuse('has to be the name of a time zone, such as "Europe/Stockholm"')


def values_of(document: Document) -> dict[str, Any]:
    """Return the columns of the event, without its capacity and sectors."""
    zone = zone_of(document)
    registration, organiser = document["registration"], document.get("organiser", {})

    def at(table_of: Document, name: str):
        return moments.read(table_of[name], zone, NOWHERE) if name in table_of else None

    return {
        "is_published": document["published"],
        **{name: document[name] for name in ("hashtag", "contact_email", "timezone")},
        **{name: said(document[name]) for name in TEXTS},
        "languages": document.get("languages") or list(LANGUAGES),
        "map_url": document.get("map"),
        "directions": said(document.get("directions", {})),
        "starts_at": at(document, "starts"),
        "ends_at": at(document, "ends"),
        **registration_rules.values_of(registration, at),
        "organiser_name": said(organiser.get("name", {})),
        "organiser_address": organiser.get("address", {}),
        **{f"organiser_{name}": organiser.get(name) for name in ("phone", "url", "logo")},
        **{column: document.get("look", {}).get(name) for name, column in LOOK.items()},
        **{name: [_stored(entry) for entry in document.get(name, [])] for name in LISTS},
    }


def sector_values_of(document: Document) -> dict[str, Any]:
    """Return the columns of a sector, without its floor (places kept) and ceiling (most places)."""
    return {
        "name": said(document["name"]),
        "invited": said(document["invited"]),
        "policy": SectorPolicy(document["policy"]),
    }


def _tell_sector(sector: Sector) -> Document:
    return {
        **{name: getattr(sector, name) for name in ("key", "floor", "ceiling")},
        "policy": str(sector.policy),
        "name": _told(sector.name),
        "invited": _told(sector.invited),
    }


def _told(text: Mapping[str, str]) -> Document:
    return {language: unix(text.get(language) or "") for language in LANGUAGES}


def _tell_list(entries: Iterable[Mapping[str, Any]]) -> list[Document]:
    return [{name: _tell_part(name, part) for name, part in entry.items() if part} for entry in entries]


def _tell_part(name: str, part: Any) -> Any:
    """Return one value of an entry, such as a label, as content files hold it; texts by language become a mapping."""
    if name == "report":
        return {"name": _told(part["name"]), "url": part["url"]}
    return _told(part) if isinstance(part, Mapping) else part


def _stored(entry: Any) -> Any:
    """Return an entry, such as a label, as the database column has it: without languages whose text is empty."""
    if not isinstance(entry, Mapping):
        return entry
    return {name: _stored(part) for name, part in entry.items() if part != "" or name not in LANGUAGES}


def _known(values: Document, kept: Iterable[str] = ()) -> Document:
    return {name: value for name, value in values.items() if name in kept or value not in (None, [], {})}


def _read_moments(table_of: Document, names: Iterable[str], zone: ZoneInfo, where: Where) -> None:
    for name in names:
        if name in table_of:
            table_of[name] = moments.tell(moments.read(table_of[name], zone, where.at(name)), zone)


def _refuse_faint_colours(look: Document, where: Where) -> None:
    for theme in THEMES & look.keys():
        if fault := find_fault(look[theme], theme):
            at = where.at(theme)
            at.refuse(
                f"has a contrast of {fault.ratio:.1f}:1, and 4.5:1 is the least; {fault.nearest} has enough"
            )


def _refuse_wrong_shares(document: Document, where: Where) -> None:
    """Refuse two sectors with one key, and floors (places kept) above the ceiling (most places) or the capacity."""
    sectors, capacity = document["sectors"], document["registration"]["capacity"]
    unique(sectors, "key", where.at("sectors"))
    for sector in sectors:
        if sector["floor"] > sector["ceiling"]:
            at = where.at("sectors").at(sector["key"]).at("floor")
            at.refuse(f"is {sector['floor']}, and the ceiling is {sector['ceiling']}")
    floors = sum(sector["floor"] for sector in sectors)
    if floors > capacity:
        where.at("sectors").refuse(f"the floors add up to {floors}, and the capacity is {capacity}")
