"""Importing a folder: in one transaction its files are compared with the database, written and recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from forum.audit import actions as audit
from forum.content import (
    completing,
    import_events,
    import_glossary,
    import_images,
    import_old_addresses,
    import_posts,
    import_taxonomy,
    reading,
    stored,
)
from forum.content.errors import BadFile, ContentRefused
from forum.content.originals import Originals, Size
from forum.content.shapes import Document
from forum.content.site import Difference, Site, compare, event_path
from forum.events.models import ContentVersion, Event
from forum.extensions import db
from forum.news import actions as news


@dataclass(frozen=True)
class Outcome:
    """What an import changes, and the files that are missing in the folder although their stored content is kept."""

    differences: Sequence[Difference]
    kept: Sequence[str]


def load_files(texts: Mapping[str, str], sizes: Mapping[tuple[str, str], Size], *, now: datetime) -> None:
    """Fill an empty database with the content of the files, without an entry in the audit trail. Raises ContentRefused.

    `sizes` has event and key of each image, whose files are stored already.
    """
    given = reading.read(texts, {}, sizes)
    try:
        before = stored.read()
        wanted = completing.complete(given, before, delete=False, now=now)
        _write(before, wanted, sizes, delete=False, actor="command", now=now)
    except BadFile as problem:
        raise ContentRefused([str(problem)]) from problem


def import_files(
    texts: Mapping[str, str],
    unread: Mapping[str, str],
    originals: Originals | None = None,
    *,
    delete: bool,
    actor: str,
    now: datetime,
) -> Outcome:
    """Store the content of the files. Call after `start_write`; the caller commits, or undoes a dry run.

    `unread` has by path why a file could not be read. Raises ContentRefused; the caller then rolls back.
    """
    sizes = originals.sizes if originals else {}
    given = reading.read(texts, {**unread, **(originals.refused if originals else {})}, sizes)
    import_events.lock_all()
    try:
        before = stored.read()
        wanted = completing.complete(given, before, delete=delete, now=now)
        differences = compare(before, wanted)
        if differences:
            events = _write(before, wanted, sizes, delete=delete, actor=actor, now=now)
            _record(differences, events, actor=actor, now=now)
    except BadFile as problem:
        raise ContentRefused([str(problem)]) from problem
    return Outcome(differences, completing.list_lacking(given, before, wanted))


def _write(
    before: Site,
    wanted: Site,
    sizes: Mapping[tuple[str, str], Size],
    *,
    delete: bool,
    actor: str,
    now: datetime,
) -> dict[str, Event]:
    """Write to the database what differs between the stored and the wanted content; return the events by slug."""
    names_changed = before.taxonomy != wanted.taxonomy
    if names_changed:
        import_taxonomy.write(wanted.terms)
    events = {event.slug: event for event in stored.list_events()}
    for slug, document in wanted.events.items():
        if _apart(before.events.get(slug)) != _apart(document):
            events[slug] = import_events.write(slug, document, events.get(slug), actor=actor, now=now)
    import_events.choose_current(wanted.events, events)
    _write_pages(before, wanted, events, now)
    import_images.write(before.images, wanted.images, events, sizes)
    keys = before.posts.keys() | wanted.posts.keys()
    changed = {key for key in keys if before.posts.get(key) != wanted.posts.get(key)}
    if changed or names_changed:
        import_posts.write(wanted, changed, names_changed=names_changed, now=now)
    if before.old != wanted.old:
        import_old_addresses.write(wanted.old_addresses or {})
    if wanted.glossary and before.glossary != wanted.glossary:
        import_glossary.write(wanted.glossary)
    if delete:
        import_taxonomy.remove(wanted.terms)
    news.announce_due(now)
    db.session.flush()
    return events


def _write_pages(before: Site, wanted: Site, events: Mapping[str, Event], now: datetime) -> None:
    for place, languages in wanted.pages.items():
        if languages != before.pages.get(place):
            import_events.write_page(events[place[0]], place[1], languages, now=now)
    for event in events.values():
        import_events.remove_pages(event, wanted)


def _apart(event: Document | None) -> Document | None:
    """Return an event's document with `current` false, because all events are written before one becomes current."""
    return event and {**event, "current": False}


def _record(
    differences: Sequence[Difference], events: Mapping[str, Event], *, actor: str, now: datetime
) -> None:
    """Record for each changed event its changed keys and the number of its changed pages and images.

    How many files that belong to no event have changed is recorded in one further entry.
    """
    files = {difference.file for difference in differences}
    for slug, event in events.items():
        own = [item for item in differences if item.file.startswith(f"events/{slug}/")]
        if own:
            keys = sorted({item.key for item in own if item.file == event_path(slug)} - {""})
            counts = {"page_files": len({item.file for item in own if "/pages/" in item.file})}
            if images := {item.file for item in own if "/images/" in item.file}:
                counts["image_files"] = len(images)
            audit.record("content.imported", event, actor=actor, at=now, keys=keys, **counts)
    others = sum(not file.startswith("events/") for file in files)
    if others:
        version = db.session.get_one(ContentVersion, 1)
        audit.record("content.imported", version, actor=actor, at=now, files=others)
