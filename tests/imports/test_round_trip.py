"""Whoever exports the list of an event and imports it into another one gets the same people, byte for byte.

The tests take hundreds of people with Nordic, Sámi and hostile names, on both databases; `test_reading` reads a few
on SQLite.
"""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.extensions import db
from forum.registration import new_address
from forum.registration.applicant import CHANGEABLE
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tests.imports.test_imports import CHOSEN, LOOK, ON
from tests.imports.test_reading import HOSTILE, NAMES, PEOPLE, written
from tests.registration.reading import newest_mail

pytestmark = pytest.mark.slow
PLACES = 1_000
COUNTRIES = ("SE", "NO", "DK", "FI", "IS", "FO", "GL", "AX", "EE")
TOLD = st.tuples(PEOPLE, NAMES, st.sampled_from(COUNTRIES), st.sampled_from(["sv", "en"]))
NAMED = (
    (("Máhtte Ánte", "Ŋižžaŧ", "'Sámediggi; -ráđđi", None), "Ŧuođđi", "NO", "sv"),
    ((*HOSTILE[:3], HOSTILE[3]), "@SUM(1;2)", "FO", "en"),
    (("Þóra", "Æðelsdóttir", "Ríkið", "112 11"), "=1", "IS", "sv"),
)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def people_of(event):
    return db.session.scalars(select(Registration).where(Registration.event_id == event.id)).all()


def rows(event, *more):
    """Return everything that an export says of each person of an event, except values of the registration itself.

    `more` are names of such values that are wanted, too, such as the address.
    """
    return sorted(
        (*(getattr(one, name) or "" for name in (*CHANGEABLE, *more)), one.sector.key, str(one.status))
        for one in people_of(event)
    )


# What stands before the @: what a spreadsheet would take for a formula, and signs that are allowed but seldom seen.
MAILBOXES = ("=1+1", "+kim", "-kim", "o'brien", "Kim.Ek+nf27", "asa_oberg", "#kim", "{kim}|ek")


def test_addresses_come_back_once_their_links_are_used(app, database, sign_in_as):
    """An import takes no address for granted: it is somebody's once its owner has confirmed it."""
    clock.freeze(NOW)
    here, *others = (
        make_event(
            slug=f"a{at}",
            is_current=False,
            capacity=PLACES,
            organisation_cap=None,
            sectors=[make_sector("ngo", ceiling=PLACES)],
        )
        for at in range(3)
    )
    for at, mailbox in enumerate(MAILBOXES):
        (given_name, family_name, organisation, phone), title, country, language = NAMED[at % len(NAMED)]
        names = {"given_name": f"{given_name} {at}", "family_name": family_name, "organisation": organisation}
        more = {"phone": f"{phone} {at:02}" if phone else None, "title": title, "country": country}
        confirmed(here, "ngo", **names, **more, language=language, email=f"{mailbox}@räksmörgås.example")
    for shape, event in zip(("csv", "xlsx"), others, strict=True):
        with app.test_request_context():
            file = written(here, shape)
        page = sign_in_as(Role.REGISTRAR, event).get("imports.new", event=event.slug)
        table = page.submit(files={"file": file}, button=ON, expect=200)
        shown = table.submit({**CHOSEN, "which": "all", "links": "send"}, button=LOOK, expect=200)
        shown.submit(button=f"Import {len(MAILBOXES)} people", follow=True)
        assert (rows(event), {one.email for one in people_of(event)}) == (rows(here), {""})
        for one in people_of(event):
            write(new_address.confirm, newest_mail(one, "new-address").token, now=NOW)
        assert (shape, rows(event, "email")) == (shape, rows(here, "email"))


@settings(max_examples=2, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(TOLD, min_size=20, max_size=40))
def test_people_who_are_exported_and_imported_elsewhere_are_the_same(app, database, sign_in_as, told):
    clock.freeze(NOW)
    number = db.session.query(Registration).count()
    here, *others = (
        make_event(
            slug=f"e{number}-{at}",
            is_current=False,
            capacity=PLACES,
            organisation_cap=None,
            sectors=[make_sector("ngo", ceiling=PLACES)],
        )
        for at in range(3)
    )
    for at, (person, title, country, language) in enumerate((*NAMED, *told)):
        given_name, family_name, organisation, phone = person
        # A number in the name keeps people apart whose names or telephones are equal: an import would ask about those.
        names = {"given_name": f"{given_name} {at}", "family_name": family_name, "organisation": organisation}
        more = {
            "phone": f"{phone} {at:02}" if phone else None,
            "title": title,
            "country": country,
            "language": language,
        }
        confirmed(here, "ngo", **names, **more)
    for shape, event in zip(("csv", "xlsx"), others, strict=True):
        with app.test_request_context():
            file = written(here, shape)
        page = sign_in_as(Role.REGISTRAR, event).get("imports.new", event=event.slug)
        table = page.submit(files={"file": file}, button=ON, expect=200)
        shown = table.submit({**CHOSEN, "which": "all", "links": "silent"}, button=LOOK, expect=200)
        shown.submit(button=f"Import {len(told) + len(NAMED)} people", follow=True)
        assert (shape, rows(event)) == (shape, rows(here))
