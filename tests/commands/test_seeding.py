"""`forum seed` fills the demo with invented people who obey every rule and cause no mail; a real forum is refused."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from forum.audit import actions as audit
from forum.commands.seeding import seed
from forum.demo import crowd
from forum.events import queries as events
from forum.events.enums import SectorPolicy
from forum.events.models import Event
from forum.extensions import db
from forum.health import counters
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.outbox.models import OutboxMessage
from forum.people.models import RegistrationTag
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer
from forum.registration import listing, names
from forum.registration.enums import ENDED, Status
from forum.registration.filtering import Filters
from forum.registration.models import CareAnswer, Consent, ProtectedIdentity, Registration
from forum.registration.offer_models import Offer
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write

pytestmark = pytest.mark.usefixtures("frozen", "database")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def run(app):
    """Return a function that runs the command."""

    def invoke(*arguments: str):
        return app.test_cli_runner().invoke(seed, arguments)

    return invoke


def fill():
    sectors = [
        make_sector("justice", ceiling=5), make_sector("ngo", floor=3, ceiling=9),
        make_sector("other", ceiling=9, policy=SectorPolicy.REVIEW),
    ]  # fmt: skip
    event = make_event(capacity=9, sectors=sectors)
    make_question(event, "challenge", choices=("removal", "cases", "support"))
    make_question(event, "access", QuestionKind.SEVERAL_OF, choices=("quiet-room", "step-free"), care=True)


def number_of(model, *conditions) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions))


def test_people_of_every_state_come_with_all_that_belongs_to_them(filled, run, monkeypatch):
    monkeypatch.setattr("forum.commands.seeding.AT_ONCE", 100)
    answer = run("--people", "250", "--events", "3")
    assert (answer.exit_code, answer.output.count("people")) == (0, 3), answer.output
    current = events.find_current()
    counted = select(Registration.event_id, func.count()).group_by(Registration.event_id)
    by_event = dict(db.session.execute(counted).all())
    assert (by_event.pop(current.id), sorted(by_event.values())) == (250, [2, 2])
    statuses = Counter(db.session.scalars(select(Registration.status)))
    assert set(statuses) == set(Status)
    assert statuses[Status.CONFIRMED] > 125
    assert number_of(ProtectedIdentity) == number_of(CareAnswer) == 254
    assert min(number_of(Answer), number_of(Consent), number_of(RegistrationTag)) > 10
    assert number_of(Offer) == statuses[Status.OFFERED] > 0
    addresses = db.session.scalars(select(Registration.email)).all()
    assert (len(set(addresses)), all(one.endswith(".example") for one in addresses)) == (254, True)
    stored = dict(db.session.execute(select(Registration.email_canonical, Registration.email)).all())
    assert {names.canonical_email(email): email for email in stored.values()} == stored
    assert (counters.check(NOW), audit.verify()) == ((True, "agree"), None)
    others = [event.short_name["en"] for event in events.list_events() if event is not current]
    assert sorted(others) == ["Regional forum in Gothenburg", "Regional forum in Oslo"]


def test_nobody_is_invented_in_production_even_in_an_empty_database(app, run):
    app.config["PRODUCTION"] = True
    answer = run("--people", "3", "--events", "1")
    assert (answer.exit_code, "FORUM_ENV is production" in answer.output) == (1, True)
    assert (number_of(Event), number_of(Registration)) == (0, 0)


def test_nobody_is_written_to_and_nobody_gets_a_place_by_it(filled, run):
    run("--people", "60", "--events", "1")
    before = Counter(db.session.scalars(select(Registration.status)))
    for job in JOBS:
        run_job(job)
    assert Counter(db.session.scalars(select(Registration.status))) == before
    assert number_of(OutboxMessage) == 0


def test_people_are_found_at_once_and_more_come_beside_them(filled, run):
    run("--people", "30", "--events", "1")
    run("--people", "30", "--events", "1")
    event = events.find_current()
    people = db.session.scalars(select(Registration)).all()
    found = db.session.scalars(listing.matching(event, Filters(q=people[40].family_name))).all()
    assert (len(people), people[40] in found) == (60, True)
    ended = sum(one.status in ENDED for one in people)
    assert listing.total(listing.count_by_sector_and_status(event)) == 60 > ended


@pytest.mark.parametrize("real", ["a person's address", "an event's address", "no current event"])
def test_a_forum_that_may_be_real_is_refused(filled, run, real):
    event = events.find_current()
    if real == "a person's address":
        confirmed(event, email="anna@stadt.se")
    elif real == "an event's address":
        write(setattr, event, "contact_email", "forum@stadt.se")
    else:
        write(setattr, event, "is_published", False)
    before = number_of(Registration)
    answer = run("--people", "3")
    assert (answer.exit_code, number_of(Registration), number_of(Event)) == (1, before, 1)
    assert answer.output.startswith("Error: This forum has events or people that the demo does not have")


def test_two_numbers_are_two_people_and_one_number_is_one():
    def drawn(number: int) -> list[int]:
        draw = crowd.Draw(number)
        return [draw.below(1000) for _each in range(15)]

    assert drawn(7) == drawn(7) != drawn(8)
