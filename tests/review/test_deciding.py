"""Approving, declining, confirmation by a second organiser, recusal, and the review of a change after an approval."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from forum.audit import queries as audit
from forum.audit.models import AuditEntry
from forum.columns import Text
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer
from forum.registration import actions as registration_actions
from forum.registration import expiry, given, readers, reviewing
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import DeclineReason, Status
from forum.registration.errors import NotInReview, NotLive, SectorFull
from forum.registration.reviewing import Refusal
from forum.review import actions, evidence, queries
from forum.review.errors import AlreadyProposed, NobodyElse, NothingProposed, Recused, SamePerson, SeenChanged
from forum.web.edits import digest
from tests.factories.events import NOW, make_archive, make_event, make_sector
from tests.factories.questions import FILE_RULES, make_question
from tests.factories.registrations import confirmed, read_care, register, register_elsewhere, write
from tests.factories.saving import save
from tests.registration.reading import kinds_for, newest_mail
from tools.organisers import make_user

LATER = NOW + timedelta(days=2)
WRONG_SECTOR = Refusal(DeclineReason.OTHER_SECTOR, "Register with the police.\n\nThank you.")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def reviewed(database):
    """Save an event whose only reviewed sector has two places, and which promises decisions within ten days."""
    sectors = [make_sector("other", ceiling=2, policy=SectorPolicy.REVIEW), make_sector("ngo", ceiling=5)]
    return make_event(capacity=5, sectors=sectors, organisation_cap=2, review_days=10)


@pytest.fixture
def judges(reviewed):
    return [make_user(event=reviewed) for _ in range(2)]


def seen(registration):
    return digest(actions.shown_of(registration))


def proposal_seen(registration):
    return digest(
        actions.shown_with(registration, queries.find_proposals([registration]).get(registration.id))
    )


def approve(registration, judge, **more):
    write(actions.approve, registration, seen=seen(registration), user_id=judge.id, now=LATER, **more)


def decline(registration, judge, refusal=WRONG_SECTOR):
    return write(actions.decline, registration, refusal, seen=seen(registration), user_id=judge.id, now=LATER)


def acts(registration):
    mine = AuditEntry.subject_id == registration.id, AuditEntry.subject_type == "registrations"
    return [
        (entry.action, entry.actor)
        for entry in db.session.scalars(select(AuditEntry).where(*mine).order_by(AuditEntry.id))
    ]


def test_approval_gives_a_place_or_a_rank_by_the_time_of_asking(reviewed, judges):
    first, second, third = (confirmed(reviewed, "other", now=NOW + timedelta(hours=n)) for n in range(3))
    assert [(one.status, one.holds_place, one.review_since) for one in (first, second)] == [
        (Status.IN_REVIEW, False, NOW),
        (Status.IN_REVIEW, False, NOW + timedelta(hours=1)),
    ]
    # The decision is promised by the end of the tenth day in the venue's time zone.
    assert first.answer_by == datetime(2027, 5, 13, 21, 59, tzinfo=UTC)
    approve(third, judges[0], words="Welcome.")
    approve(second, judges[0])
    assert [one.status for one in (third, second)] == [Status.CONFIRMED, Status.CONFIRMED]
    approve(first, judges[1])
    assert (first.status, first.waiting_since, first.answer_by) == (Status.WAITING, NOW, None)
    assert [kinds_for(one)[-1] for one in (third, first)] == ["approved", "approved-waiting"]
    assert "Welcome." in newest_mail(third, "approved").text
    assert acts(third)[-2:] == [
        ("registration.approved", f"user:{judges[0].id}"),
        ("registration.confirmed", f"user:{judges[0].id}"),
    ]
    with pytest.raises(NotInReview):
        approve(third, judges[1])
    # The person who asked first is offered the next free place.
    write(registration_actions.cancel, second, actor="person", now=LATER)
    assert (first.status, reviewed.taken) == (Status.OFFERED, 2)


def test_only_those_who_find_a_place_are_approved_where_that_is_asked(reviewed, judges):
    people = [confirmed(reviewed, "other") for _ in range(3)]
    assert len(reviewing.find_placed(reviewed, people, LATER)) == 2
    for one in people[:2]:
        approve(one, judges[0], only_with_place=True)
    with pytest.raises(SectorFull):
        approve(people[2], judges[0], only_with_place=True)
    db.session.rollback()
    assert (people[2].status, people[2].review_since) == (Status.IN_REVIEW, NOW)


def test_refusal_has_a_reason_and_words_and_leaves_no_trace_of_a_place(reviewed, judges):
    person = confirmed(reviewed, "other", language="sv")
    assert decline(person, judges[0]) is True
    assert (person.status, person.decline_reason, person.review_since) == (
        Status.DECLINED,
        DeclineReason.OTHER_SECTOR,
        None,
    )
    mail = newest_mail(person, "declined")
    assert "Register with the police." in mail.text
    assert "en annan sektor" in mail.text
    assert acts(person)[-1] == ("registration.declined", f"user:{judges[0].id}")
    for late in (approve, decline):
        with pytest.raises(NotLive):
            late(person, judges[1])
    # A person who was declined may register again.
    assert register(reviewed, "other", email=person.email, now=LATER).id != person.id


def test_a_second_organiser_confirms_a_refusal_and_never_the_first(reviewed, judges):
    write(setattr, reviewed, "has_second_reviewer", True)
    person, other, third = (confirmed(reviewed, "other") for _ in range(3))
    first, second = judges
    assert decline(person, first) is False
    assert (person.status, kinds_for(person)[-1]) == (Status.IN_REVIEW, "in-review")
    with pytest.raises(AlreadyProposed):
        decline(person, second)
    for judge, refusal in ((first, SamePerson), (second, None)):
        confirm = {"seen": proposal_seen(person), "user_id": judge.id, "now": LATER}
        if refusal:
            with pytest.raises(refusal):
                write(actions.confirm_refusal, person, **confirm)
        else:
            write(actions.confirm_refusal, person, **confirm)
    assert (person.status, person.decline_words) == (Status.DECLINED, WRONG_SECTOR.words)
    assert [act for act, _actor in acts(person)][-2:] == [
        "registration.refusal_proposed",
        "registration.declined",
    ]
    decline(other, first)
    write(actions.withdraw_refusal, other, user_id=second.id, now=LATER)
    with pytest.raises(NothingProposed):
        write(actions.confirm_refusal, other, seen=proposal_seen(other), user_id=second.id, now=LATER)
    decline(third, first)
    approve(third, second)
    assert (other.status, third.status) == (Status.IN_REVIEW, Status.CONFIRMED)
    assert queries.find_proposals([person, other, third]) == {}


@pytest.mark.parametrize("is_change", [False, True], ids=["first review", "change"])
def test_a_proposed_refusal_goes_when_the_review_ends_in_another_way(reviewed, judges, is_change):
    person = confirmed(reviewed, "other")
    if is_change:
        approve(person, judges[0])
        change(person, family_name="Somebody else")
    write(setattr, reviewed, "has_second_reviewer", True)
    assert decline(person, judges[0]) is False
    write(registration_actions.cancel, person, actor="person", now=LATER)
    assert queries.find_proposals([person]) == {}


def test_a_proposed_refusal_stays_while_what_is_not_decided_changes(reviewed, judges):
    person = confirmed(reviewed, "other")
    write(setattr, reviewed, "has_second_reviewer", True)
    decline(person, judges[0])
    change(person, title="Only a new title")
    assert queries.find_proposals([person]).keys() == {person.id}


def test_whoever_knows_a_person_leaves_the_decision_to_others(reviewed, judges):
    person = confirmed(reviewed, "other")
    write(actions.recuse, person, user_id=judges[0].id, now=LATER)
    for act in (approve, decline):
        with pytest.raises(Recused):
            act(person, judges[0])
    with pytest.raises(NobodyElse):
        write(actions.recuse, person, user_id=judges[1].id, now=LATER)
    approve(person, judges[1])
    assert ("registration.recused", f"user:{judges[0].id}") in acts(person)


def test_a_decision_about_other_answers_than_were_shown_is_refused(reviewed, judges):
    person = confirmed(reviewed, "other")
    shown = seen(person)
    change(person, organisation="Another")
    with pytest.raises(SeenChanged):
        write(actions.approve, person, seen=shown, user_id=judges[0].id, now=LATER)


def test_a_decision_about_answers_or_files_that_have_changed_is_refused(reviewed, judges):
    """Every question that organisers have made themselves counts, but not those about diet and access (R30)."""
    asked = [make_question(reviewed, "why"), make_question(reviewed, "cv", QuestionKind.FILE, **FILE_RULES)]
    make_question(reviewed, "diet", care=True)
    person, other = confirmed(reviewed, "other"), confirmed(reviewed, "other")
    write(setattr, reviewed, "has_second_reviewer", True)
    first = ("To learn", {"key": "a" * 32, "name": "cv.pdf", "size": 9})
    for question, value in zip(asked, first, strict=True):
        for one in (person, other):
            save(Answer(registration_id=one.id, question_id=question.id, value=value))
    decline(other, judges[0])
    for question, value in zip(asked, ("To sell", {**first[1], "key": "b" * 32}), strict=True):
        shown, proposed = seen(person), proposal_seen(other)
        for one in (person, other):
            write(setattr, db.session.get_one(Answer, (one.id, question.id)), "value", value)
        with pytest.raises(SeenChanged):
            write(actions.approve, person, seen=shown, user_id=judges[0].id, now=LATER)
        db.session.rollback()
        with pytest.raises(SeenChanged):
            write(actions.confirm_refusal, other, seen=proposed, user_id=judges[1].id, now=LATER)
        db.session.rollback()
    shown = seen(person)
    write(given.store, person, {"diet": "None"}, now=LATER)
    assert (read_care(person), seen(person) == shown) == ({"diet": "None"}, True)
    approve(person, judges[0])
    assert person.status == Status.CONFIRMED


def change(registration, actor="person", **differing):
    told = {name: getattr(registration, name) for name in CHANGEABLE}
    write(registration_actions.change, registration, Details(**{**told, **differing}), actor=actor, now=LATER)


def test_a_changed_name_after_approval_is_reviewed_and_keeps_the_place(reviewed, judges):
    person = confirmed(reviewed, "other")
    approve(person, judges[0])
    change(person, title="Only a new title")
    change(person, actor="user:1", family_name="Corrected by the office")
    assert (person.is_in_review, kinds_for(person)[-1]) == (False, "approved")
    change(person, family_name="Somebody else")
    assert (person.status, person.holds_place, person.is_in_review) == (Status.CONFIRMED, True, True)
    assert (kinds_for(person)[-1], queries.count_undecided(reviewed, None)) == ("change-in-review", 1)
    change(person, organisation="Yet another")
    assert [kind for kind in kinds_for(person) if kind == "change-in-review"] == ["change-in-review"]
    approve(person, judges[0])
    assert (person.is_in_review, kinds_for(person)[-1], reviewed.taken) == (False, "change-approved", 1)
    change(person, given_name="Again")
    waiting = confirmed(reviewed, "other", now=LATER)
    approve(waiting, judges[0])
    decline(person, judges[1])
    assert (person.status, reviewed.taken, queries.count_undecided(reviewed, None)) == (Status.DECLINED, 1, 0)


def test_a_change_that_is_taken_back_is_not_reviewed_any_more(reviewed, judges):
    """Nobody can decide about a change that is none, and a refusal would end an approved registration."""
    write(setattr, reviewed, "has_second_reviewer", True)
    person = confirmed(reviewed, "other")
    approve(person, judges[0])
    was = {name: getattr(person, name) for name in ("family_name", "organisation")}
    change(person, family_name="Somebody else")
    change(person, organisation="Another", title="New")
    write(actions.decline, person, WRONG_SECTOR, seen=seen(person), user_id=judges[1].id, now=LATER)
    change(person, family_name=was["family_name"])
    assert (person.is_in_review, len(queries.find_proposals([person]))) == (True, 1)
    change(person, organisation=was["organisation"])
    assert (person.is_in_review, person.answer_by) == (False, None)
    assert queries.count_undecided(reviewed, None) == 0
    assert queries.find_proposals([person]) == {}
    assert (person.status, person.title, kinds_for(person)[-1]) == ("confirmed", "New", "change-review-ended")
    told = newest_mail(person, "change-review-ended").text
    assert "Your name and organisation are as they were before your change again." in told
    change(person, family_name="Once more")
    assert (person.is_in_review, kinds_for(person)[-1]) == (True, "change-in-review")
    stays = readers.list_stays(audit.find_history(person))
    began = [(one.action, end and end.action) for _kind, one, end in stays if "reopened" in one.action]
    reopened = "registration.review_reopened"
    assert began == [(reopened, "registration.changed"), (reopened, None)]


def test_a_review_whose_former_values_are_not_known_goes_on(reviewed, judges):
    """A name that a review began with, by no change of the person's, is not what somebody has approved."""
    person = confirmed(reviewed, "other", family_name="Unjudged")
    approve(person, judges[0])
    write(reviewing.begin_again, person, {"family_name"}, actor="user:1", now=NOW)
    change(person, family_name="Typo")
    change(person, family_name="Unjudged")
    assert person.is_in_review
    other = confirmed(reviewed, "other", family_name="Judged")
    approve(other, judges[0])
    change(other, family_name="Somebody else")
    change(other, actor="user:1", family_name="Judged")
    assert other.is_in_review


def test_nobody_in_review_is_forgotten_and_late_answers_are_counted(reviewed):
    people = [confirmed(reviewed, "other", now=NOW + timedelta(days=n)) for n in range(2)]
    late = reviewed.starts_at - timedelta(hours=1)
    assert write(expiry.expire_due, now=late) == 0
    assert [one.id for one in queries.list_undecided(reviewed, None)] == [one.id for one in people]
    assert [queries.count_late(reviewed, None, at) for at in (LATER, NOW + timedelta(days=11), late)] == [
        0,
        1,
        2,
    ]


def test_evidence_tells_domains_colleagues_and_earlier_registrations(reviewed):
    archive = make_archive(sectors=[make_sector("other", ceiling=9)], name=Text(en="Before", sv="Förr"))
    same = {"organisation": "Alfa AB"}
    register_elsewhere(archive, "other", email="eva@alfa.example", **same)
    bo = confirmed(reviewed, "other", email="bo@alfa.example", **same)
    write(lambda: reviewing.approve(bo, actor="user:1", now=NOW))
    confirmed(reviewed, "ngo", email="bo@gmail.com", organisation="Beta")
    people = [
        confirmed(reviewed, "other", email=address, organisation=organisation, family_name=name)
        for address, organisation, name in (
            ("eva@alfa.example", "Alfa", "Ek"),
            ("eva@elsewhere.example", "ALFA Ab", "Ek"),
            ("eva@gmail.com", "Beta", "Ö"),
        )
    ]
    told = evidence.gather(reviewed, people, {archive.id}, LATER, sectors=None)
    eva, odd, public = (told[one.id] for one in people)
    assert (eva.known_domains, odd.known_domains, public.known_domains) == (
        {"alfa.example"},
        {"alfa.example"},
        set(),
    )
    assert [one.is_public_domain for one in (eva, odd, public)] == [False, False, True]
    assert ([one.event_id for one in eva.earlier], odd.earlier) == ([archive.id], [])
    assert (eva.colleagues, eva.places_held, eva.finds_place) == ({archive.id: 1}, 1, True)
    assert (eva.same_name.id, public.same_name) == (people[1].id, None)
    # People of an event that the reviewer does not organise are left out of the evidence.
    (hidden,) = evidence.gather(reviewed, people[:1], (), LATER, sectors=None).values()
    assert (hidden.earlier, hidden.colleagues) == ([], {})
