"""What organisers know of an organisation, as evidence beside a person who waits for a decision."""

from flask_babel import force_locale

from forum.organisations import actions as organisations
from forum.organisations.actions import Written
from forum.registration import places
from forum.review import evidence, wording
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write


def test_known_domains_other_names_and_the_organisations_cap_stand_beside_a_person(make_app, sqlite_url):
    with make_app(sqlite_url).app_context(), force_locale("en"):
        event = make_event(capacity=5, sectors=[make_sector("justice", ceiling=5, policy="review")])
        people = [
            confirmed(event, organisation=name, email=address, is_protected=is_protected)
            for name, address, is_protected in (
                ("Polisen", "a@police.example", False),
                ("Police", "b@mail.police.example", True),
                ("Polisen", "c@elsewhere.example", False),
                ("North district", "d@police.example", True),
            )
        ]
        written = Written("Polisen", ("Police",), ("police.example",), cap=1)
        write(
            lambda: [places.lock(event), organisations.store(event, None, written, actor="command", now=NOW)]
        )
        told = evidence.gather(event, people, (), NOW)
        said = [
            [point.text for point in wording.points(person, told[person.id], {})][:2] for person in people
        ]
    first = "This is its 1st place of at most 1"
    assert said == [
        ["@police.example is a mail domain of the organisation", first],
        ["@mail.police.example is a mail domain of the organisation", f"Counts for Polisen. {first}"],
        ["@elsewhere.example, but the organisation’s mail is at @police.example", first],
        ["@police.example is a mail domain of the organisation", f"Counts for Polisen. {first}"],
    ]
