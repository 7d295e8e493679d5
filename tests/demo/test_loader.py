"""The loaded demo has two events, posts and invented registrations that obey all rules, on both databases."""

import shutil
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from forum import clock, create_app
from forum.audit import actions as audit
from forum.audit import queries as history
from forum.audit.models import AuditEntry
from forum.content import exporting, importing
from forum.database import start_write
from forum.delegations.models import Delegation
from forum.demo import files
from forum.demo.loader import load_demo, store_images
from forum.demo.story import ALIAS, CHAPTERS
from forum.events import queries as events
from forum.extensions import db
from forum.health import checks
from forum.images import queries as images
from forum.images import store
from forum.images.bodies import without_marks
from forum.invitations import queries as invitation_queries
from forum.invitations import reminding, sending
from forum.invitations.enums import Standing
from forum.invitations.models import Invitation
from forum.news.models import Post, Tag
from forum.outbox import queries as outbox
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.questions import queries as questions
from forum.registration import places, tallies, waiting_list
from forum.registration.enums import LIVE, ConsentPurpose, Status
from forum.registration.models import Consent, ProtectedIdentity, Registration
from forum.review import queries as reviews
from tests.shortcuts import compile_once

NOW = datetime(2026, 11, 25, 10, 20, tzinfo=UTC)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def demo_app(request, settings, tmp_path_factory):
    """Give an app with the demo loaded at NOW, on each kind of database; the tests of this module only read it."""
    folder = tmp_path_factory.mktemp("demo")
    with ExitStack() as stack:
        url = DATABASES[request.param](request, folder, stack)
        app = create_app({**settings, "INSTANCE": folder, "DATABASE_URL": url})
        compile_once(app)
        with app.app_context():
            version = events.content_version()
            load(NOW)
            assert events.content_version() == version + 1
        yield app
        with app.app_context():
            db.engine.dispose()


def _sqlite(request, folder, _stack):
    shutil.copyfile(request.getfixturevalue("sqlite_template"), folder / "demo.sqlite3")
    return f"sqlite:///{folder / 'demo.sqlite3'}"


def _postgresql(request, _folder, stack):
    server = request.getfixturevalue("postgres_server")
    name = server.create(template=request.getfixturevalue("postgres_template"))
    stack.callback(server.drop, name)
    return server.url(name)


DATABASES = {"sqlite": _sqlite, "postgresql": _postgresql}


@pytest.fixture
def loaded(demo_app):
    """Enter the app context of the app with the demo."""
    with demo_app.app_context():
        yield demo_app


def load(now):
    start_write(db.session)
    result = load_demo(now=now)
    db.session.commit()
    return result


def registrations(**attributes):
    query = select(Registration).filter_by(event=events.find_current(), **attributes)
    return db.session.scalars(query.order_by(Registration.requested_at)).all()


def invitations():
    return db.session.scalars(select(Invitation).order_by(Invitation.id)).all()


def test_demo_is_loaded_once(loaded):
    before = db.session.scalar(select(func.count()).select_from(Registration))
    assert load(NOW + timedelta(days=400)) is False
    assert db.session.scalar(select(func.count()).select_from(Registration)) == before
    assert [event.slug for event in events.list_events()] == ["nf27", "nf16"]


def test_the_demo_is_a_folder_of_content(loaded):
    """The demo's files can be imported without a difference, and an export writes the same files."""
    start_write(db.session)
    outcome = importing.import_files(
        files.read_content(NOW), {}, store_images(NOW), delete=True, actor="command", now=NOW
    )
    db.session.rollback()
    assert [str(difference) for difference in outcome.differences] == []
    assert sorted(exporting.export_files()) == sorted(files.read_content(NOW))


def test_the_demo_wakes_nobody(loaded):
    """The demo causes no alarm: health checks report only the missing worker and that worker's audit check."""
    failing = [finding.check for finding in checks.examine(checks.STATUS, NOW) if not finding.is_well]
    assert failing == ["worker", "chain"]
    assert outbox.read_queue(now=clock.now()).failed == 2


def test_form_of_the_current_event_asks_more_and_people_have_answered(loaded):
    current = events.find_current()
    asked = questions.list_open(current.slug)
    assert [one.key for one in asked] == ["sessions", "challenge", "diet", "access"]
    assert questions.list_open("nf16") == []
    counts = {tally.question.key: tally for tally in tallies.list_tallies(current, is_exact=True)}
    assert all(counts[key].answered >= 5 for key in ("sessions", "challenge", "diet", "access"))
    assert counts["challenge"].answered < counts["sessions"].answered
    assert counts["diet"].counts["vegetarian"] >= 5
    told = [record["given"] for _person, record in tallies.list_care(current)]
    assert told
    assert all(set(each) <= {one.key for one in asked} for each in told)


def test_current_event_is_open_and_the_archive_is_over(loaded):
    current, archive = events.find_current(), events.find_published("nf16")
    assert (current.slug, current.capacity, events.registration_state(current, NOW)) == ("nf27", 250, "open")
    assert current.starts_at == datetime(2027, 11, 16, 8, 0, tzinfo=UTC)
    assert current.release_at == datetime(2027, 9, 30, 22, 0, tzinfo=UTC)
    assert (archive.starts_at.date().isoformat(), archive.ends_at.date().isoformat()) == (
        "2016-11-16",
        "2016-11-17",
    )
    assert [page.slug for page in current.pages] == [
        "practical",
        "privacy",
        "accessibility",
        "code-of-conduct",
    ]
    assert [page.slug for page in archive.pages] == ["practical", "about"]
    assert [sector.policy for sector in current.sectors] == ["open"] * 4 + ["review"]


@pytest.mark.parametrize(
    ("now", "year"),
    [
        (datetime(2026, 9, 17, 0, tzinfo=UTC), 2026),
        (datetime(2026, 9, 17, 1, tzinfo=UTC), 2027),
        (datetime(2026, 12, 31, 12, tzinfo=UTC), 2027),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), 2028),
    ],
)
def test_event_is_the_next_one_at_least_sixty_days_ahead(now, year):
    assert files.next_year(now) == year


@pytest.mark.slow
def test_demo_loaded_close_to_the_event_is_whole(app):
    now = datetime(2028, 9, 16, 12, tzinfo=UTC)
    with app.app_context():
        load(now)
        current = events.find_current()
        assert (current.slug, current.hashtag, current.short_name["en"]) == (
            "nf28",
            "#NF28",
            "Nordic Forum 2028",
        )
        assert current.opens_at < now < current.release_at < current.closes_at < current.starts_at
        assert {person.status for person in registrations()} == set(Status)


def test_people_are_in_every_state(loaded):
    people = registrations()
    states = Counter(person.status for person in people)
    assert set(states) == set(Status)
    # Six people are in no chapter of the story: two who accepted an invitation, and four of a delegation.
    assert len(people) == sum(chapter.people for chapter in CHAPTERS.values()) + 6 == 131
    assert Counter(person.holds_place for person in people if person.status == Status.PENDING) == {
        True: 4,
        False: 1,
    }
    assert (states[Status.OFFERED], states[Status.WAITING], states[Status.DECLINED]) == (1, 7, 1)


def test_one_sector_is_reviewed_and_some_of_its_people_wait_for_a_decision(loaded):
    current = events.find_current()
    waiting = reviews.list_undecided(current, None)
    assert [person.sector.key for person in waiting] == ["other"] * 3
    assert (reviews.count_late(current, None, NOW), current.review_days) == (0, 21)
    assert [person.decline_reason for person in registrations(status=Status.DECLINED)] == ["off_subject"]


def test_ngos_are_full_and_wait_in_the_order_in_which_they_asked(loaded):
    current = events.find_current()
    ngo = events.find_sector(current, "ngo")
    waiting = registrations(sector=ngo, status=Status.WAITING)
    assert (ngo.taken, places.places_left(current, NOW)[ngo.id]) == (45, 0)
    assert [waiting_list.position(person) for person in waiting] == [1, 2, 3, 4, 5, 6, 7]


def test_an_offer_is_open(loaded):
    (offered,) = registrations(status=Status.OFFERED)
    assert NOW < offered.offer_expires_at < NOW + timedelta(hours=48)


def test_counters_are_what_was_taken(loaded):
    current = events.find_current()
    held = Counter(person.sector_id for person in registrations(holds_place=True))
    promised = Counter(one.sector_id for one in invitations() if one.holds_place)
    assert sum(promised.values()) == 3
    assert {sector.id: sector.taken for sector in current.sectors} == dict(held + promised)
    assert current.taken == (held + promised).total()


def test_invitations_stand_in_every_state_and_wake_nobody_later(loaded):
    """After loading, no invitation waits to be sent, and neither a mail nor a reminder becomes due later."""
    standing = Counter(invitation_queries.standing_of(one) for one in invitations())
    others = set(Standing) - {Standing.YES, Standing.SENT, Standing.WAITING, Standing.PAUSED}
    assert standing == Counter({Standing.YES: 2, Standing.SENT: 3, **dict.fromkeys(others, 1)})
    assert {one.sector.key for one in invitations()} == {"politics"}
    assert {one.language for one in invitations()} == {"sv", "en"}
    assert [one.reason for one in invitations() if one.reason] != []
    later = NOW + timedelta(days=14)
    assert (sending.list_next(now=later), reminding.list_next(now=later)) == ([], [])


def test_a_delegation_has_people_with_and_without_an_address(loaded):
    (delegation,) = db.session.scalars(select(Delegation))
    people = [one.registration for one in delegation.people]
    assert [(one.status, one.has_address) for one in people] == [
        (Status.CONFIRMED, False),
        (Status.CONFIRMED, True),
        (Status.CONFIRMED, False),
        (Status.EXPIRED, True),
    ]


def test_everybody_has_a_history_and_the_chain_is_whole(loaded):
    assert audit.verify() is None
    assert [person.id for person in registrations() if not history.find_history(person)] == []
    moments = db.session.scalars(select(AuditEntry.at).order_by(AuditEntry.id)).all()
    assert moments == sorted(moments)
    assert moments[-1] <= NOW


@pytest.mark.slow
def test_one_person_is_protected_and_has_an_ordinary_twin(loaded):
    (protected,) = [
        row for row in db.session.scalars(select(ProtectedIdentity)) if row.answer["is_protected"]
    ]
    alias, real_name = db.session.get(Registration, protected.registration_id), protected.answer["real_name"]
    others = [
        person for person in registrations(sector=alias.sector, status=alias.status) if person is not alias
    ]
    assert (alias.given_name, alias.family_name, alias.email) == ALIAS
    assert real_name not in ("", " ".join(ALIAS[:2]))
    assert real_name.casefold() not in alias.search_text
    assert [person for person in others if not person.consents] != []


def test_some_agree_to_be_listed_and_one_changed_their_mind(loaded):
    purpose = ConsentPurpose.PARTICIPANT_LIST
    people = [person for person in registrations() if person.status in LIVE]
    agreed = [person for person in people if person.has_consented(purpose)]
    withdrawn = [person for person in people if any(consent.withdrawn_at for consent in person.consents)]
    assert 40 < len(agreed) < len(people) - 40
    assert len(withdrawn) == 1


def test_no_mail_is_due_and_two_have_failed(loaded):
    mails = db.session.scalars(select(OutboxMessage)).all()
    assert set(Counter(mail.status for mail in mails).items()) == {
        (MessageStatus.SENT, len(mails) - 2),
        (MessageStatus.FAILED, 2),
    }
    failed, refused = sorted(
        (mail for mail in mails if mail.status == MessageStatus.FAILED),
        key=lambda mail: mail.kind != "waiting",
    )
    assert (refused.kind, refused.content is None) == ("invitation", False)
    recipient = db.session.get(Registration, failed.registration_id)
    assert (failed.kind, failed.content is None, recipient.status) == ("waiting", False, Status.WAITING)
    assert [mail.id for mail in mails if mail.status == MessageStatus.SENT and mail.content is not None] == []


def test_mails_go_to_addresses_that_cannot_exist(loaded):
    recipients = db.session.scalars(select(OutboxMessage.recipient)).all()
    assert [address for address in recipients if not address.endswith(".example")] == []


def test_posts_are_in_both_languages_and_none_is_in_the_future(loaded):
    posts = db.session.scalars(select(Post)).all()
    assert len(posts) == 9
    assert {tuple(sorted(text.language for text in post.texts)) for post in posts} == {("en", "sv")}
    assert [post.key for post in posts if post.published_at > NOW] == []
    texts = [text for post in posts for text in post.texts]
    assert [text.slug for text in texts if "{" in text.headline + text.lead + without_marks(text.body)] == []
    covers = {post.key: post.cover.alt["en"] for post in posts if post.cover}
    assert covers == {
        "registration-is-open": "Five soft bands of colour, one above the other, under a pale sun",
        "telecom-coalition": "Five lines of different colours meet and go on side by side",
    }
    assert store.find_missing(images.list_all()) == []


def test_dark_room_has_its_correction_and_each_tag_once(loaded):
    post = db.session.scalars(select(Post).filter_by(key="operation-dark-room")).one()
    assert [correction.made_on.isoformat() for correction in post.corrections] == ["2017-05-30"]
    assert [sorted(correction.text) for correction in post.corrections] == [["en", "sv"]]
    assert len(post.tags) == 14
    assert (post.has_help_box, all(text.content_note for text in post.texts)) == (True, True)


def test_tags_are_found_by_other_names(loaded):
    tag = db.session.scalars(select(Tag).filter_by(name="#Mörka nätet")).one()
    assert [alias.folded for alias in tag.aliases] == ["darkweb"]


def test_nobody_has_agreed_to_a_text_of_a_later_day(loaded):
    given = db.session.execute(select(Consent.text_version, Consent.given_at)).all()
    assert len(given) > 50
    assert [row for row in given if row.text_version > row.given_at.date().isoformat()] == []
