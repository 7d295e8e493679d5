"""After a change of an event's order of names the worker gives everybody new keys, part by part, on both databases."""

import pytest
from sqlalchemy import select

from forum.events.enums import NameOrder
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.registration import listing, sorting
from forum.registration.models import Registration
from tests.console.test_settings import reread
from tests.factories.events import make_event
from tests.factories.registrations import confirmed

JOB = next(job for job in JOBS if job.name == "sort people anew")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def fill() -> None:
    event = make_event()
    for name in ("Aagaard", "Berg", "Ærlig", "Zahl"):
        confirmed(event, family_name=name, organisation=name)


def listed(*order) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Registration.family_name).order_by(*order)))


def test_everybody_is_sorted_by_the_new_order_part_by_part(organiser, event, filled, monkeypatch):
    monkeypatch.setattr(sorting, "BATCH", 3)
    assert listed(*listing.BY_NAME) == ["Aagaard", "Berg", "Zahl", "Ærlig"]
    page = organiser.post("settings.facts", {"name_order": "danish"}, event="nf27", follow=True, expect=200)
    assert page.flashes == ["Saved. The lists are being sorted anew."]
    assert reread(event).sorted_to == 0
    versions = listed(Registration.id), db.session.scalars(select(Registration.version)).all()
    assert run_job(JOB) == 4
    assert listed(*listing.BY_NAME) == ["Berg", "Zahl", "Ærlig", "Aagaard"]
    assert listed(*listing.BY_ORGANISATION) == ["Berg", "Zahl", "Ærlig", "Aagaard"]
    assert (reread(event).sorted_to, event.name_order) == (None, NameOrder.DANISH)
    assert versions == (listed(Registration.id), db.session.scalars(select(Registration.version)).all())
    assert run_job(JOB) == 0


def test_whoever_registers_after_the_change_has_keys_of_the_new_order_at_once(organiser, event, filled):
    organiser.post("settings.facts", {"name_order": "icelandic"}, event="nf27", expect=303)
    assert confirmed(reread(event), family_name="Þóra", given_name="Á").sort_key == "{o~ra a~"


def test_a_second_change_sorts_those_anew_who_were_reached_by_the_first(
    organiser, event, filled, monkeypatch
):
    monkeypatch.setattr(sorting, "BATCH", 3)
    monkeypatch.setattr(sorting, "PARTS_AT_ONCE", 1)
    for order in ("danish", "swedish"):
        organiser.post("settings.facts", {"name_order": order}, event="nf27", expect=303)
        run_job(JOB)
    while run_job(JOB):
        pass
    assert listed(*listing.BY_NAME) == ["Aagaard", "Berg", "Zahl", "Ærlig"]
    assert reread(event).sorted_to is None
