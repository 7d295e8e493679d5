"""Events and pages of an import, written into the database; `registration.places` alone changes capacity and shares."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from forum.accounts import autosaves
from forum.content import events, import_mail_words, import_questions, moments
from forum.content.documents import BODY
from forum.content.mail_words import MAILS
from forum.content.questions import QUESTIONS
from forum.content.shapes import LANGUAGES, Document, Where, text_of
from forum.content.site import BY_LANGUAGE, Site, event_path, page_path
from forum.counting import counted
from forum.events import page_revisions
from forum.events.enums import SectorPolicy
from forum.events.models import Event, Page, Sector
from forum.events.standing import LINKED
from forum.extensions import db
from forum.invitations import queries as invitations
from forum.mailings import actions as mailings
from forum.mailings import facts, moved_reminders
from forum.registration import places, sectors, waiting_list
from forum.registration.errors import SharesRefused


def lock_all() -> None:
    """Lock every event, and make the session read each object again at its next use."""
    for event in db.session.scalars(select(Event).order_by(Event.id)).all():
        places.lock(event)
    db.session.expire_all()


def write(slug: str, document: Document, event: Event | None, *, actor: str, now: datetime) -> Event:
    """Store the event as the document describes it; `event` is the locked one, or None for a new one. Raises BadFile.

    A change of days, hours, zone or place proposes a message to the registered people, as a change in the console does.
    """
    where = Where(event_path(slug))
    values = events.values_of(document)
    if event is None:
        event = Event(slug=slug, capacity=0, taken=0, is_current=False, **values)
        db.session.add(event)
    former = {name: getattr(event, name) for name in facts.COLUMNS} if event.id else None
    _set(event, values)
    _write_sectors(event, document["sectors"], where)
    _share_places(event, document, where)
    db.session.flush()
    import_questions.write(event, document.get(QUESTIONS, []), where, now=now)
    import_mail_words.write(event, document.get(MAILS, []), where, actor=actor, now=now)
    waiting_list.offer_free_places(event, now=now)
    if former:
        mailings.propose_change(event, former, actor=actor, now=now)
        moved_reminders.follow(event, former, actor=actor, now=now)
    return event


def choose_current(documents: Mapping[str, Document], known: Mapping[str, Event]) -> None:
    """Make the event that the documents name the current one, after the former one has stopped being current."""
    for is_current in (False, True):
        for slug, document in documents.items():
            if document["current"] is is_current and known[slug].is_current != is_current:
                known[slug].is_current = is_current
        db.session.flush()


def write_page(event: Event, slug: str, languages: BY_LANGUAGE, *, now: datetime) -> None:
    """Store the event's page as the documents describe it, with revisions of its former and new texts."""
    stored = next((page for page in event.pages if page.slug == slug), None)
    if stored:
        page_revisions.keep_first(stored, now=now)
    page = stored or Page(slug=slug)
    first = next(iter(languages.values()))
    for name in ("title", "summary", BODY):
        setattr(page, name, text_of(languages, name))
    page.position = first["order"]
    page.updated_at = moments.read(first["updated"], event.zone, Where(""))
    if stored:
        page_revisions.keep(page, user_id=None, now=now)
    else:
        event.pages.append(page)


def remove_pages(event: Event, wanted: Site) -> None:
    """Remove the pages of the event that the wanted content lacks. Raises BadFile for a page to which others link."""
    for page in list(event.pages):
        if (event.slug, page.slug) not in wanted.pages:
            if page.slug in LINKED:
                where = Where(page_path(event.slug, page.slug, LANGUAGES[0]))
                where.refuse("is missing, and other pages lead to this one")
            event.pages.remove(page)
            autosaves.forget_removed("page", page.id)


def _set(row: Event | Sector, values: Mapping[str, Any]) -> None:
    """Set only those columns of a row whose values differ, so that an unchanged column does not count as changed."""
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def _write_sectors(event: Event, documents: Iterable[Document], where: Where) -> None:
    """Add, change and remove sectors, but not their shares. Raises BadFile for a missing sector with registrations."""
    known = {sector.key: sector for sector in event.sectors}
    wanted = [document["key"] for document in documents]
    for sector in [sector for sector in event.sectors if sector.key not in wanted]:
        _refuse_people(sector, where)
        event.sectors.remove(sector)
    for position, document in enumerate(documents):
        values = {**events.sector_values_of(document), "position": position}
        if document["key"] in known:
            _set(known[document["key"]], values)
        else:
            event.sectors.append(Sector(key=document["key"], floor=0, ceiling=0, taken=0, **values))


def _refuse_people(sector: Sector, where: Where) -> None:
    if number := sectors.count_registrations(sector):
        told = counted(number, "registration is", "registrations are")
        where.at("sectors").at(sector.key).refuse(f"is missing, and {told} in this sector")
    if number := invitations.count_of(sector):
        told = counted(number, "person was", "people were")
        where.at("sectors").at(sector.key).refuse(f"is missing, and {told} invited to this sector")


def _share_places(event: Event, document: Document, where: Where) -> None:
    """Set capacity, floors (places kept) and ceilings (most places). Raises BadFile if more places are taken."""
    shares = [
        sectors.Share(sector["key"], sector["floor"], sector["ceiling"], SectorPolicy(sector["policy"]))
        for sector in document["sectors"]
    ]
    try:
        sectors.apply(event, document["registration"]["capacity"], shares)
    except SharesRefused as refusal:
        # Numbers that contradict one another were refused when the file was read, so a number that is refused here is
        # below the number of places taken.
        fault = refusal.faults[0]
        at = (
            where.at("sectors").at(fault.key).at("ceiling")
            if fault.key
            else where.at("registration.capacity")
        )
        at.refuse(f"is {fault.given}, and {fault.limit} places are taken")
