"""Creating events, pages and posts from the demo's files."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from forum.columns import Text
from forum.demo import files
from forum.demo.files import Document
from forum.events.models import Event, Page, Sector
from forum.extensions import db
from forum.news import searching, tags
from forum.news.models import Category, Correction, Post, PostText, Source, Tag, TagAlias

CURRENT, ARCHIVE = "nf27", "nf16"


def add_events(*, year: int, now: datetime) -> tuple[Event, Event]:
    """Add the current and the archived event, with sectors and pages; return them in this order."""
    current, archive = (_event(name, year, now) for name in (CURRENT, ARCHIVE))
    current.is_current = True
    db.session.add_all([current, archive])
    db.session.flush()
    return current, archive


def add_posts(*, year: int, now: datetime, current: Event, archive: Event) -> list[Post]:
    """Add categories, tags and every post; return the posts."""
    taxonomy = files.read_toml("taxonomy.toml", year)
    shelf = _Shelf(taxonomy)
    by_key = defaultdict(list)
    for document in files.read_documents("posts", year):
        by_key[document.fields["key"]].append(document)
    events = {"current": current, ARCHIVE: archive}
    posts = [_post(texts, events, shelf, now) for texts in by_key.values()]
    db.session.add_all(posts)
    db.session.flush()
    return posts


def _event(name: str, year: int, now: datetime) -> Event:
    source = files.read_toml(f"events/{name}.toml", year)
    return Event(
        **{field: source[field] for field in ("slug", "hashtag", "contact_email", "timezone", "capacity")},
        **{field: Text(source[field]) for field in ("name", "short_name", "lead", "place", "sharing")},
        **_moments(source["dates"], ZoneInfo(source["timezone"]), year, now),
        nights=source["dates"].get("nights", []),
        **_organiser(source["organiser"]),
        help_lines=source.get("help_lines", []),
        is_published=True,
        programme_points=source["programme_points"],
        facts=source["facts"],
        sectors=[_sector(position, sector) for position, sector in enumerate(source["sectors"])],
        pages=_pages(name, year, now),
    )


def _organiser(source: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "organiser_name": Text(source["name"]),
        "organiser_address": source.get("address", {}),
        "organiser_phone": source.get("phone"),
        "organiser_url": source.get("url"),
    }


def _moments(
    dates: Mapping[str, Any], zone: ZoneInfo, year: int, now: datetime
) -> dict[str, datetime | None]:
    """Return the event's dates and times in UTC, from the month, day and `HH:MM` in its file."""
    year = dates.get("year", year)

    def at(day: str, clock: str) -> datetime:
        moment = datetime.combine(date.fromisoformat(f"{year}-{day}"), time.fromisoformat(clock), zone)
        return moment.astimezone(UTC)

    opened = dates.get("registration_opened_days_ago")
    return {
        "starts_at": at(dates["first_day"], dates["starts"]),
        "ends_at": at(dates["last_day"], dates["ends"]),
        "opens_at": days_ago(opened, "09:00", zone, now)
        if opened
        else at(dates["registration_opens_on"], "09:00"),
        "closes_at": at(dates["registration_closes_on"], "23:59"),
        "release_at": at(dates["release_on"], "00:00") if "release_on" in dates else None,
    }


def days_ago(days: int, clock: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Return the moment `days` before `now` at a time of day (`HH:MM` in `zone`), in UTC."""
    day = now.astimezone(zone).date() - timedelta(days=days)
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


def _sector(position: int, source: Mapping[str, Any]) -> Sector:
    return Sector(
        **{field: source[field] for field in ("key", "floor", "ceiling", "policy")},
        position=position,
        name=Text(source["name"]),
        invited=Text(source["invited"]),
    )


def _pages(event_name: str, year: int, now: datetime) -> list[Page]:
    by_slug: dict[str, list[Document]] = defaultdict(list)
    for document in files.read_documents(f"pages/{event_name}", year):
        by_slug[document.name].append(document)
    return [
        Page(
            slug=slug,
            position=texts[0].fields["order"],
            title=_per_language(texts, "title"),
            summary=_per_language(texts, "summary"),
            body=Text({document.language: document.text for document in texts}),
            updated_at=now,
        )
        for slug, texts in by_slug.items()
    ]


def _post(texts: list[Document], events: Mapping[str, Event], shelf: "_Shelf", now: datetime) -> Post:
    fields = texts[0].fields
    event = events[fields["event"]]
    published = _published(fields, event, now)
    post = Post(
        key=fields["key"],
        event_id=event.id,
        author=_per_language(texts, "author"),
        published_at=published,
        updated_at=datetime.fromisoformat(fields["updated"]) if "updated" in fields else None,
        has_help_box=fields["help_box"],
        categories=[shelf.categories[key] for key in fields["categories"]],
        tags=shelf.find_tags(fields["tags"]),
        texts=[_text(document) for document in texts],
        sources=[
            Source(
                position=place,
                published_on=entry["date"],
                url=entry.get("url"),
                title=_entry(texts, "sources", place, "title"),
            )
            for place, entry in enumerate(fields["sources"])
        ],
        corrections=[
            Correction(made_on=entry["date"], text=_entry(texts, "corrections", place, "text"))
            for place, entry in enumerate(fields["corrections"])
        ],
    )
    searching.make_findable(post)
    return post


def _published(fields: Mapping[str, Any], event: Event, now: datetime) -> datetime:
    """Return when a post was published: a date for the archive, days before `now` for the current event."""
    if "published" in fields:
        return datetime.fromisoformat(fields["published"])
    return days_ago(fields["published_days_ago"], fields["published_at"], event.zone, now)


def _text(document: Document) -> PostText:
    fields = document.fields
    return PostText(
        language=document.language,
        body=document.text,
        content_note=fields.get("content_note_text"),
        **{name: fields[name] for name in ("slug", "label", "headline", "lead")},
    )


def _per_language(texts: Iterable[Document], field: str) -> Text:
    return Text({document.language: document.fields[field] for document in texts})


def _entry(texts: Iterable[Document], field: str, place: int, name: str) -> Text:
    return Text({document.language: document.fields[field][place][name] for document in texts})


class _Shelf:
    """Looks up categories by key and tags by name, in any spelling."""

    def __init__(self, taxonomy: Mapping[str, Any]):
        self.categories = {
            entry["key"]: Category(
                key=entry["key"], position=position, name=Text(entry["name"]), slug=Text(entry["slug"])
            )
            for position, entry in enumerate(taxonomy["categories"])
        }
        self._tags: dict[str, Tag] = {}
        for entry in taxonomy["tags"]:
            tag = self._find_tag(entry["canonical"])
            tag.names = Text(entry["name"])
            spellings = {*entry.get("aliases", []), *tag.names.values()}
            folded = {tags.fold(spelling) for spelling in spellings} - {tag.folded}
            tag.aliases = [TagAlias(folded=spelling) for spelling in sorted(folded)]

    def find_tags(self, names: Iterable[str]) -> list[Tag]:
        """Return the tags with these names, without duplicates."""
        return list({id(tag): tag for tag in map(self._find_tag, names)}.values())

    def _find_tag(self, name: str) -> Tag:
        folded = tags.fold(name)
        return self._tags.setdefault(folded, Tag(name=name, folded=folded))
