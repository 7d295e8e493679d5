"""Merging a sector into another: nobody loses a place or answers, and counters of places equal the registrations."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.events.models import Event
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import actions, answers, links, places, queries
from forum.registration.enums import TokenPurpose
from forum.registration.models import Registration
from tests.factories.events import NOW, make_archive, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.registration.filling import ANSWERS, checked
from tools.pages import Pages

MERGING = {"event": "nf27", "sector": "politics", "into": "ngo"}
KEPT = (
    "reference",
    "status",
    "holds_place",
    "requested_at",
    "waiting_since",
    "held_until",
    "email",
    "given_name",
)


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: places are counted under the event's lock, which differs between them."""
    return make_app(database_url)


def fill() -> None:
    """Save an event whose sectors politics and ngo are full, each with somebody who waits."""
    sectors = [
        make_sector("politics", floor=1, ceiling=2, position=0),
        make_sector("ngo", floor=2, ceiling=2, position=1),
        make_sector("tech", floor=3, ceiling=4, position=2),
    ]
    event = make_event(capacity=8, sectors=sectors)
    confirmed(event, "politics", given_name="Alias", is_protected=True, real_name="Real Name")
    for sector in ("politics", "ngo", "ngo"):
        confirmed(event, sector)
    # The person of politics asked before the one of ngo, and so is the first on the waiting list of the merged sector.
    confirmed(event, "politics", now=NOW - timedelta(hours=1), given_name="First")
    confirmed(event, "ngo", given_name="Second")


@pytest.fixture
def merged(filled, event) -> Event:
    return event


@pytest.fixture
def pages(sign_in_as, merged) -> Pages:
    """Give a signed-in browser of an organiser of the event."""
    return sign_in_as(Role.ORGANISER, merged)


def people(event: Event) -> dict[str, dict]:
    """Return the stored values of each registration except its sector, by reference."""
    db.session.rollback()
    db.session.expire_all()
    everybody = db.session.scalars(select(Registration).where(Registration.event_id == event.id))
    return {
        one.reference: {name: getattr(one, name) for name in KEPT}
        | {"identity": one.protected_identity.answer}
        for one in everybody
    }


def numbers(event: Event) -> dict[str, list[int]]:
    """Recount places; return the capacity, and each sector's floor (kept places), ceiling (most) and taken places."""
    db.session.rollback()
    db.session.expire_all()
    assert write(places.mend, event) == {}
    shares = {sector.key: [sector.floor, sector.ceiling, sector.taken] for sector in event.sectors}
    return {"event": [event.capacity, event.taken], **shares}


def messages() -> int:
    """Return how many mails the outbox has."""
    return db.session.query(OutboxMessage).count()


def test_merging_moves_everybody_and_loses_nothing(pages, merged):
    cancelled = confirmed(merged, "tech")
    write(actions.cancel, cancelled, actor="person", now=NOW)
    before, sent = people(merged), messages()
    page = pages.get("settings.sector", event="nf27", sector="politics").follow("Merge into NGOs")
    assert page.all(".prose li") == [
        "3 registrations move to NGOs, those included that have ended. Each keeps its status, its reference and its"
        " links.",
        "2 have a place and keep it. With the 2 of NGOs that makes 4 places.",
        "1 waits, and joins the 1 who wait in NGOs, in the order in which they asked.",
        "Politics disappears from every page, together with its texts. Whoever registers belongs to NGOs.",
        "Nobody is written to. This cannot be undone.",
    ]
    assert (page.form().data["floor"], page.form().data["ceiling"]) == (["3"], ["4"])
    assert (people(merged), messages()) == (before, sent)

    page = page.submit(follow=True)
    assert page.flashes == ["Politics has been merged into NGOs, and 3 registrations have moved there."]
    assert (people(merged), messages()) == (before, sent)
    assert numbers(merged) == {"event": [8, 4], "ngo": [3, 4, 4], "tech": [3, 4, 0]}
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "sector.merged")).one()
    told = {"merged": "politics", "registrations": 3, "taken": [2, 2], "limits": [3, 4]}
    assert entry.details.payload == told
    pages.get("settings.merge_sector", **MERGING, expect=404)
    assert "Politics" not in Pages(pages.app).get("registration.choose").text


def test_a_higher_ceiling_offers_places_in_the_order_of_asking(pages, merged):
    page = pages.post("settings.merge_sector", {"ceiling": "5"}, **MERGING, follow=True, expect=200)
    assert page.flashes == [
        "Politics has been merged into NGOs, and 3 registrations have moved there. 1 place has been offered to the"
        " next in line."
    ]
    told = {one["given_name"]: one["status"] for one in people(merged).values()}
    assert (told["First"], told["Second"]) == ("offered", "waiting")
    assert numbers(merged) == {"event": [8, 5], "ngo": [3, 5, 5], "tech": [3, 4, 0]}


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"ceiling": "3"}, "ceiling", "4 have a place in NGOs: a ceiling of 3 is 1 too low"),
        ({"floor": "5", "ceiling": "4"}, "floor", "NGOs: a floor of 5 is above the ceiling of 4"),
        (
            {"floor": "6", "ceiling": "8"},
            "floor",
            "The floors add up to 9: a capacity of 8 is 1 too low",
        ),
    ],
)
def test_limits_that_would_break_are_refused_with_the_numbers(pages, merged, typed, field, said):
    before, stored = people(merged), numbers(merged)
    page = pages.post("settings.merge_sector", typed, **MERGING, expect=422)
    assert page.errors == {field: said}
    assert (people(merged), numbers(merged)) == (before, stored)


def test_an_unconfirmed_form_for_the_merged_sector_is_confirmed_in_the_other(pages, merged):
    """A form's stored answers that name the removed sector count for the sector into which it was merged."""
    page = pages.get("settings.merge_sector", **MERGING)
    person = register(merged, "tech")
    again = register(merged, "politics", email=person.email, now=NOW + timedelta(minutes=1))
    assert again.reference == person.reference
    page.submit({})
    db.session.expire_all()
    told = answers.read(person, queries.find_last_form(person))
    assert answers.sector_of(person, told).key == "ngo"
    token = write(links.issue, person, TokenPurpose.CONFIRM, now=NOW)
    Pages(pages.app).post("self_service.confirm", token=token)
    assert numbers(merged)["ngo"] == [3, 4, 4]


@pytest.mark.usefixtures("frozen")
def test_an_open_form_and_the_address_of_a_merged_sector_lead_to_where_it_went(pages, merged):
    visitor = Pages(pages.app)
    form, typed = (
        visitor.get("registration.details", sector="politics").form(),
        checked(visitor, "politics"),
    )
    for mine, into in (("politics", "ngo"), ("ngo", "tech")):
        pages.get("settings.merge_sector", event="nf27", sector=mine, into=into).submit({})
    registered = len(people(merged))
    for page in (form.submit(ANSWERS, follow=True, expect=409), typed.submit(button="Register", expect=409)):
        assert page.h1 == "Your sector has become part of another one"
        assert (
            "The sector that you chose is part of IT and telecom now. You have not been registered yet."
            in page.text
        )
        assert page.all(".summary-list dd")[0] == "Þórdís"
    page = page.submit(button="Go on", follow=True)
    assert (page.path, page.h1) == ("/en/register/tech/check", "Check your answers")
    assert len(people(merged)) == registered
    assert Pages(pages.app).get("/en/register/politics", expect=303).location == "/en/register/tech"


def test_limits_that_somebody_else_has_changed_are_compared(pages, merged):
    page = pages.get("settings.merge_sector", **MERGING)
    pages.post("settings.sectors", {"shares-1-floor": "1"}, event="nf27", button="Save")
    page = page.submit({"ceiling": "5"}, expect=409)
    assert page.all(".compared tbody tr") == ["Floor 2 3", "Ceiling 4 5"]
    assert "politics" in numbers(merged)


def test_a_sector_is_merged_into_another_of_its_own_event_alone(pages, merged):
    make_archive(sectors=[make_sector("only-there")])
    for key in ("only-there", "politics", "nowhere"):
        pages.get("settings.merge_sector", **{**MERGING, "into": key}, expect=404)
