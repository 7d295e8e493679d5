"""The evidence about a person in review, in the words that a reviewer reads."""

import pytest
from flask_babel import force_locale

from forum.registration.enums import Status
from forum.registration.wording import status_name
from forum.review import wording
from forum.review.evidence import Evidence
from tests.factories.events import make_archive, make_event, make_sector
from tests.factories.registrations import confirmed, register_elsewhere


@pytest.fixture
def event(database):
    return make_event(sectors=[make_sector("justice", policy="review"), make_sector("ngo")])


@pytest.fixture
def person(event):
    return confirmed(event, organisation="Byrån", email="kim@byran.example")


def told(person, events=(), **known) -> list[tuple[str, str, str]]:
    """Return each piece of evidence: its sign, label and text."""
    facts = {"domain": "byran.example", "is_public_domain": False, "finds_place": True, "places_free": 3}
    evidence = Evidence(**{**facts, **known})
    with force_locale("en"):
        found = wording.points(person, evidence, {event.id: event for event in events})
    return [(point.sign, point.label, point.text) for point in found]


@pytest.fixture(autouse=True)
def request_of_reviewer(app):
    with app.test_request_context():
        yield


DOMAINS = [
    (
        {"is_public_domain": True, "domain": "mail.example"},
        "neither",
        "@mail.example is a public mail provider",
    ),
    ({}, "neither", "@byran.example; no mail domain of the organisation is known so far"),
    (
        {"known_domains": {"byran.example"}},
        "for",
        "@byran.example is a domain of people of the organisation whom organisers approved, invited or added",
    ),
    (
        {"known_domains": {"b.example", "a.example"}},
        "against",
        "@byran.example, but people of the organisation whom organisers approved, invited or added have @a.example,"
        " @b.example",
    ),
    (
        {"domains": ("byran.example",), "has_own_domain": True},
        "for",
        "@byran.example is a mail domain of the organisation",
    ),
    (
        {"domains": ("a.example",)},
        "against",
        "@byran.example, but the organisation’s mail is at @a.example",
    ),
]


def test_the_mail_domain_speaks_for_or_against_the_person(person):
    for known, sign, text in DOMAINS:
        assert (sign, "E-mail", text) in told(person, **known)


PLACES = [
    ({}, "neither", "Has no other place"),
    ({"places_held": 2}, "neither", "Has 2 other places"),
    ({"places_held": 1, "cap": 3}, "for", "This is its 2nd place of at most 3"),
    (
        {"places_held": 3, "cap": 3, "is_cap_reached": True},
        "against",
        "Has all the places that it can have, 3",
    ),
    # A reviewer of some sectors is not told how many places the organisation has.
    ({"places_held": None}, "neither", "Has no upper limit of places"),
    ({"places_held": None, "cap": 3}, "for", "Can have another place, of at most 3"),
    (
        {"places_held": None, "cap": 3, "is_cap_reached": True},
        "against",
        "Has all the places that it can have, 3",
    ),
    ({"counts_for": "Staden"}, "neither", "Counts for Staden. Has no other place"),
]


def test_the_places_of_the_organisation_are_told(person):
    for known, sign, text in PLACES:
        assert (sign, "Organisation", text) in told(person, **known)


def test_earlier_registrations_colleagues_and_a_namesake_are_told(person, event):
    archive = make_archive(sectors=[make_sector("ngo", ceiling=9)])
    past = register_elsewhere(archive, "ngo", email="kim@byran.example")
    other = confirmed(event, "ngo", organisation="Annan byrå")
    name = event.short_name["en"]
    said = told(
        person,
        [archive],
        earlier=[past, other],
        colleagues={archive.id: 2},
        same_name=other,
        finds_place=False,
    )
    with force_locale("en"):
        past_status, other_status = (str(status_name(one.status)) for one in (past, other))
    sectors = [one.sector.name["en"] for one in (past, other)]
    assert ("for" if past.status == Status.CONFIRMED else "neither", "Same address") in [
        one[:2] for one in said
    ]
    assert ("for", "Same address", f"{name}, {sectors[1]}: {other_status}") in said
    assert any(one[2] == f"{archive.short_name['en']}, {sectors[0]}: {past_status}" for one in said)
    assert ("for", "Colleagues", f"2 people of the organisation at {archive.short_name['en']}") in said
    assert ("against", "Same name", f"Annan byrå: {other_status}") in said
    assert said[-1][:2] == ("against", "Place")
    assert ("neither", "Same address", "Not registered before") in told(person)


def test_each_answer_that_a_change_has_replaced_is_told(person):
    before = {"organisation": "Staden", "title": "", "given_name": person.given_name}
    said = [one[1:] for one in told(person, before=before) if one[0] == "against"]
    assert said == [
        ("Organisation", "“Staden” became “Byrån”"),
        ("Title or role", f"“{person.title}” was added"),
    ]
