"""Pages that decide about many people, invite many or let somebody come instead, killed at a commit (R05, R06, R17).

A round of decisions may end early, and is then begun again: each person is decided about completely or not at all.
Everything else is done completely or not at all.
"""

from collections import Counter
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, select, text

from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.delegations import substituting
from forum.events.enums import SectorPolicy
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.imports.models import ImportedPerson
from forum.invitations.models import Invitation
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.outbox.models import OutboxMessage
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.review import queries as reviews
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.invitations import new_invitation
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.registration.reading import newest_mail

pytestmark = pytest.mark.slow  # this module is slow, because each act runs in processes that are killed
MOMENTS = ("before", "after")
HERE = {"event": "nf27"}
TYPED = {"given_name": "Kim", "family_name": "Lind", "title": "Jurist", "country": "NO", "language": "en"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def event(frozen, database):
    sectors = [make_sector("other", ceiling=90, policy=SectorPolicy.REVIEW), make_sector("ngo", ceiling=90)]
    return make_event(capacity=90, sectors=sectors, organisation_cap=90)


def test_a_round_of_approvals_decides_about_each_person_completely_or_not_at_all(organiser, event, press):
    came = []
    for number in count(1):
        for moment in MOMENTS:
            people = [confirmed(event, "other", family_name=name) for name in ("Ek", "Berg", "Dal")]
            who = [one.reference for one in people]
            page = organiser.get("review_many.approve", **HERE, who=who)
            died = press(page, None, moment, number, whom="all")
            came.append(decided(people))
            everything_agrees()
            if not died:
                # A crash before the first decision leaves all three undecided, one after the last leaves none.
                assert (min(came), max(came)) == (0, 3)
                assert came == sorted(came)
                return
            rest = [one.reference for one in people if one.status == Status.IN_REVIEW]
            if rest:
                organiser.get("review_many.approve", **HERE, who=rest).submit({"whom": "all"})
            assert decided(people) == 3
            everything_agrees()


def test_a_round_of_confirmed_refusals_declines_each_person_completely_or_not_at_all(
    organiser, sign_in_as, event, press
):
    write(setattr, event, "has_second_reviewer", True)
    second, came = sign_in_as(event=event), []
    for number in count(1):
        for moment in MOMENTS:
            people = [confirmed(event, "other", family_name=name) for name in ("Ek", "Berg", "Dal")]
            who = [one.reference for one in people]
            organiser.get("review_many.decline", **HERE, who=who).submit({"reason": "off_subject"})
            page = second.get("review_proposed.confirm", **HERE, who=who)
            died = press(page, "Confirm 3 refusals", moment, number)
            came.append(decided(people, Status.DECLINED))
            waits = {one.id for one in people if one.status == Status.IN_REVIEW}
            assert set(reviews.find_proposals(people)) == waits
            everything_agrees()
            if not died:
                assert (min(came), max(came), came) == (0, 3, sorted(came))
                return
            if waits:
                # Open the page for the same people again: it lists only those about whom nothing was decided.
                again = second.get("review_proposed.confirm", **HERE, who=who)
                again.submit(button=again.h1.removesuffix("?"))
            assert decided(people, Status.DECLINED) == 3
            everything_agrees()


def decided(people, status=Status.CONFIRMED) -> int:
    """Return how many people are decided about; check that each has one mail and one entry, and a place if approved."""
    db.session.rollback()
    done = {one.id for one in people if one.status == status}
    assert {one.id for one in people if one.holds_place} == (done if status == Status.CONFIRMED else set())
    ids, act = [one.id for one in people], "declined" if status == Status.DECLINED else "approved"
    mine = OutboxMessage.registration_id.in_(ids), OutboxMessage.kind == act
    mails = Counter(db.session.scalars(select(OutboxMessage.registration_id).where(*mine)))
    assert mails == Counter(done)
    told = AuditEntry.subject_id.in_(ids), AuditEntry.action == f"registration.{act}"
    assert Counter(db.session.scalars(select(AuditEntry.subject_id).where(*told))) == Counter(done)
    return len(done)


@pytest.mark.parametrize("moment", MOMENTS)
def test_many_are_invited_or_nobody(organiser, event, press, moment):
    lines = "Namn;E-post\n" + "".join(f"Kim;person{number}@example.org\n" for number in range(20))
    page = organiser.get("invitations.invite_many", **HERE)
    chosen = {"sector": "ngo", "language": "sv", "words": "Välkommen.", "lines": lines}
    shown = page.submit(chosen, button="Look at the rows", expect=200)
    died_at, invited = [], []
    for number in count(1):
        died = press(shown, "Send the invitations", moment, number)
        db.session.rollback()
        invited.append(db.session.scalar(select(func.count()).select_from(Invitation)))
        everything_agrees()
        if not died or invited[-1]:
            break
        died_at.append(number)
    assert invited[-1] == 20
    assert set(invited) <= {0, 20}
    assert moment == "after" or died_at


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_import_is_complete_or_absent(organiser, event, press, moment):
    lines = "Namn;E-post\n" + "".join(f"Kim {number};person{number}@example.org\n" for number in range(20))
    page = organiser.get("imports.new", **HERE)
    columns = page.submit({"lines": lines}, button="Go on to the columns", expect=200)
    chosen = {
        "sector": "ngo",
        "language": "sv",
        "country": "SE",
        "organisation": "Polisen",
        "reason": "A list.",
    }
    chosen |= {"links": "send", "if_full": "wait", "which": "all"}
    shown = columns.submit(chosen, button="Look at what would happen", expect=200)
    died_at, imported = [], []
    for number in count(1):
        died = press(shown, "Import 20 people", moment, number)
        db.session.rollback()
        every = (Registration, ImportedPerson, OutboxMessage)
        counted = {db.session.scalar(select(func.count()).select_from(one)) for one in every}
        assert len(counted) == 1
        imported += counted
        everything_agrees()
        if not died or imported[-1]:
            break
        died_at.append(number)
    assert imported[-1] == 20
    assert set(imported) <= {0, 20}
    assert moment == "after" or died_at


def test_mails_of_invitations_are_made_once(event, crash):
    """After a worker has died, no invitation gets a second mail, and the next worker mails each that has none."""
    for number in count(1):
        died = []
        for moment in MOMENTS:
            for _ in range(2):
                save(new_invitation(event, "ngo", f"person{next(ADDRESSES)}@example.org"))
            died.append(crash("queue invitations", moment, number))
            run_job(next(job for job in JOBS if job.name == "queue invitations"))
            db.session.rollback()
            for invitation in db.session.scalars(select(Invitation)):
                assert (invitation.message is None, invitation.link_digest is None) == (False, False)
            mails = select(func.count()).select_from(OutboxMessage)
            assert db.session.scalar(mails) == db.session.scalar(select(func.count()).select_from(Invitation))
        if not any(died):
            assert number > 2
            return


ADDRESSES = count(1)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_place_belongs_to_one_of_two(pages, event, press, moment):
    person = confirmed(event, "ngo", email="old@example.org")
    write(substituting.ask, person, "kim@example.org", now=NOW + timedelta(minutes=1))
    page = pages.get(f"/en/r/instead/{newest_mail(person, 'substitute-asked').token}")
    holders = []
    for number in count(1):
        died = press(page, "Confirm and come instead", moment, number, **TYPED)
        db.session.rollback()
        standing = select(Registration.email).where(Registration.holds_place)
        holders.append(db.session.scalars(standing).all())
        everything_agrees()
        if not died or holders[-1] != ["old@example.org"]:
            break
    assert holders[-1] == ["kim@example.org"]
    assert all(one in (["old@example.org"], ["kim@example.org"]) for one in holders)
    assert moment == "after" or len(holders) > 1


def everything_agrees() -> None:
    """Check the counters of places, the audit chain and the integrity of the database file."""
    held = db.session.scalar(select(func.count()).where(Registration.holds_place))
    assert db.session.scalar(select(Event.taken)) == held == db.session.scalar(select(func.sum(Sector.taken)))
    assert audit.verify() is None
    if db.session.get_bind().dialect.name == "sqlite":
        assert db.session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
