"""Copying the organisations of an event into an event that was copied from it."""

from sqlalchemy import inspect, select

from forum.events.models import Event
from forum.extensions import db
from forum.organisations.models import Distinction, Merge
from forum.organisations.queries import list_distinctions, list_merges
from forum.registration.organisation_models import Organisation, OrganisationCap, OrganisationMark

# Columns of an organisation that are not copied: in these, the copy gets values that belong to its own event.
OWN = {"id", "event_id", "sector_id", "counts_as_id"}


def copy_organisations(event: Event, made: Event) -> None:
    """Copy the event's organisations to another event that has none: names, domains, caps and merges.

    An organisation of a sector belongs to the other event's sector with the same key. Nothing of registrations is
    copied; merges can be undone in the copy as in the other event.
    """
    db.session.flush()
    copies = {row.id: _copy(row, event, made) for row in _list(event)}
    db.session.add_all(copies.values())
    db.session.flush()
    for number, copy in copies.items():
        counts_as = db.session.get_one(Organisation, number).counts_as_id
        copy.counts_as_id = copies[counts_as].id if counts_as else None
    for row in list_merges(event):
        ids = {"merged_id": copies[row.merged_id].id, "kept_id": copies[row.kept_id].id}
        caps = {"cap_before": row.cap_before, "cap_after": row.cap_after}
        db.session.add(Merge(**ids, merged_at=row.merged_at, **caps))
    for older, younger in list_distinctions(event):
        db.session.add(Distinction(older_id=copies[older].id, younger_id=copies[younger].id))
    db.session.flush()


def _list(event: Event) -> list[Organisation]:
    query = select(Organisation).where(Organisation.event_id == event.id)
    return list(db.session.scalars(query.order_by(Organisation.id)))


def _copy(organisation: Organisation, event: Event, made: Event) -> Organisation:
    columns = set(inspect(Organisation).column_attrs.keys()) - OWN
    copy = Organisation(event_id=made.id, **{name: getattr(organisation, name) for name in columns})
    keys = {sector.id: sector.key for sector in event.sectors}
    ids = {sector.key: sector.id for sector in made.sectors}
    copy.sector_id = ids.get(keys.get(organisation.sector_id or 0, ""))
    places = ((keys.get(row.sector_id, ""), row.cap) for row in organisation.sector_caps)
    copy.sector_caps = [OrganisationCap(sector_id=ids[key], cap=cap) for key, cap in places if key in ids]
    copy.marks = [
        OrganisationMark(event_id=made.id, kind=mark.kind, value=mark.value, written=mark.written)
        for mark in organisation.marks
    ]
    return copy
