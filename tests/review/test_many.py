"""Deciding about many registrations: the people in the URL, and the message about those left out (R28)."""

from datetime import timedelta
from random import Random

import pytest
from flask import flash, session

from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.questions.models import Answer
from forum.registration import actions as cancelling
from forum.registration import wording
from forum.registration.enums import Status
from forum.review import left_out, queries, rounds
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.registration.reading import kinds_for, recorded

HERE = {"event": "nf27"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    sectors = [make_sector("other", ceiling=9, policy=SectorPolicy.REVIEW)]
    return make_event(capacity=9, sectors=sectors, organisation_cap=9)


@pytest.fixture
def people(event):
    """Confirm the addresses of three people in the reviewed sector, an hour apart."""
    return [
        confirmed(event, "other", family_name=name, given_name="Eva", now=NOW + timedelta(hours=number))
        for number, name in enumerate(("Ek", "Berg", "Dal"))
    ]


def test_a_round_says_what_was_left_to_others_and_what_was_decided(organiser, sign_in_as, event, people):
    sign_in_as(event=event)
    asked = [organiser.get("review_many.approve", **HERE, who=[one.reference for one in people])] * 2
    organiser.post("review.recuse", follow=True, expect=200, **HERE, reference=people[0].reference)
    told = [page.submit({"whom": "all"}, expect=200, follow=True).flashes for page in asked]
    passed = f"You have left these decisions to others: {named(people[0])}."
    assert told[0] == ["2 people have a place.", passed]
    late = ", ".join(named(one) for one in people[1:])
    assert told[1] == [f"Decided or ended meanwhile: {late}. {passed}"]


def test_pages_about_many_read_all_answers_at_once_and_leave_out_whoever_has_changed_one(
    organiser, sign_in_as, event, people
):
    question = make_question(event, "why")
    answers = [
        save(Answer(registration_id=one.id, question_id=question.id, value="To learn")) for one in people
    ]
    references = [one.reference for one in people]
    asked = [organiser.get("review_many.approve", **HERE, who=references[:number]) for number in (1, 3)]
    write(setattr, answers[0], "value", "To sell")
    done = asked[1].submit({"whom": "all"}, expect=200, follow=True)
    changed = f"Changed since your page showed it. Look again: {named(people[0])}."
    assert done.flashes == ["2 people have a place.", changed]
    late = [
        confirmed(event, "other", family_name=name, given_name="Eva", now=NOW + timedelta(hours=9))
        for name in ("Fors", "Gran")
    ]
    second = sign_in_as(event=event)
    write(setattr, event, "has_second_reviewer", True)
    for person in (people[0], *late):
        organiser.post("review.decline", {"reason": "off_subject"}, **HERE, reference=person.reference)
    confirming = [one.reference for one in (people[0], *late)]
    asked += [second.get("review_proposed.confirm", **HERE, who=confirming[:number]) for number in (1, 3)]
    assert [read_answers(page) for page in asked] == [1] * 4


def read_answers(page) -> int:
    """Return by how many statements the page has read answers to the event's own questions."""
    return sum("FROM answers" in statement for statement in page.statements)


@pytest.mark.parametrize("cap", [None, 2])
def test_the_queue_takes_as_many_statements_for_many_people_as_for_one(organiser, event, people, cap):
    write(setattr, event, "organisation_cap", cap)
    for one in people[1:]:
        organiser.post("review.approve", **HERE, reference=one.reference)
    alone = organiser.get("review.index", **HERE)
    for hour, name in enumerate(("Berg", "Dahl", "Ek", "Fors", "Gran", "Holm"), start=8):
        confirmed(event, "other", family_name=name, organisation=name, now=NOW + timedelta(hours=hour))
    many = organiser.get("review.index", **HERE)
    assert "Holm" in many.text
    assert len(many.statements) == len(alone.statements)


def test_no_refusal_is_proposed_where_nobody_could_confirm_it(organiser, sign_in_as, event, people):
    write(setattr, event, "has_second_reviewer", True)
    refusal = {"reason": "off_subject"}
    where = {**HERE, "reference": people[0].reference}
    alone = organiser.post("review.decline", refusal, follow=True, expect=200, **where)
    nobody = ["Nothing was changed: no other organiser could decide. Give somebody the role first."]
    assert alone.flashes == nobody
    many = organiser.get("review_many.decline", **HERE, who=[people[0].reference])
    left = f"Not proposed, because no other organiser could confirm it: {named(people[0])}."
    assert many.submit(refusal, expect=200, follow=True).flashes == [left]
    other = sign_in_as(event=event)
    organiser.post("review.decline", refusal, **where)
    # The organiser who proposed a refusal cannot confirm it, so the only other organiser cannot withdraw from the
    # decision.
    assert other.post("review.recuse", follow=True, expect=200, **where).flashes == nobody


def test_texts_that_are_no_references_choose_nobody(organiser, people):
    nobody = ["Choose at least one person about whom you can decide."]
    asked = organiser.get("review_many.decline", **HERE, who=[people[0].reference])
    for who in ("\x00", f"{people[0].reference}\x00", "\x00.\x00"):
        page = organiser.get("review_many.approve", **HERE, who=[who], follow=True)
        assert page.flashes == nobody
        assert asked.submit(forged={"who": who}, expect=200, follow=True).flashes == nobody
    chosen = [people[0].reference.lower(), "\x00"]
    assert organiser.get("review_many.approve", **HERE, who=chosen).h1 == "Approve 1 registration?"


def test_people_of_another_event_are_not_named_and_nothing_happens_to_them(organiser, event, people):
    sectors = [make_sector("other", ceiling=9, policy=SectorPolicy.REVIEW)]
    elsewhere = make_event(slug="nf28", is_current=False, capacity=9, sectors=sectors)
    stranger = confirmed(elsewhere, "other", family_name="Fremd", given_name="Zoe")
    before = recorded(stranger), kinds_for(stranger)
    for act, sent in (("approve", {"whom": "all"}), ("decline", {"reason": "off_subject"})):
        asked = organiser.get(f"review_many.{act}", **HERE, who=[people[0].reference, stranger.reference])
        assert (asked.h1.split()[1], "Fremd" in asked.text) == ("1", False)
        told = [
            asked.submit(sent, forged={"who": f"{reference}.x"}, expect=200, follow=True).flashes
            for reference in (stranger.reference, "ZZZZ-ZZZZ")
        ]
        # A person of another event causes the same message as a reference that nobody has.
        assert told[0] == [told[1][0].replace("ZZZZ-ZZZZ", stranger.reference)]
    sent["csrf_token"] = asked.soup.select_one("main [name=csrf_token]")["value"]
    for act in ("show", "approve", "decline", "confirm_refusal", "withdraw_refusal", "recuse"):
        path = organiser.url(f"review.{act}", **HERE, reference=stranger.reference)
        if act != "withdraw_refusal":
            organiser.open(path, expect=404)
        if act != "show":
            organiser.open(path, expect=404, method="POST", data=sent)
    db.session.refresh(stranger)
    assert (stranger.status, recorded(stranger), kinds_for(stranger)) == (Status.IN_REVIEW, *before)


def test_the_queue_is_paged_through_to_its_end_and_back(organiser, event, people, monkeypatch):
    monkeypatch.setattr(queries, "SHOWN", 2)
    late = confirmed(event, "other", family_name="Alm", given_name="Eva", now=NOW + timedelta(hours=9))
    first = organiser.get("review.index", **HERE)
    assert [first.all(".review-name"), "1–2 of 4" in first.text] == [["Ek, Eva", "Berg, Eva"], True]
    second = first.follow("Next")
    assert [second.all(".review-name"), "3–4 of 4" in second.text] == [["Dal, Eva", "Alm, Eva"], True]
    assert "Next" not in second.links
    assert second.follow("Previous").all(".review-name") == ["Ek, Eva", "Berg, Eva"]
    # The person with whom the second page begins was decided about meanwhile: still nobody is skipped.
    asked = organiser.get("review_many.approve", **HERE, who=[people[1].reference])
    asked.submit({"whom": "all"}, expect=200, follow=True)
    assert first.follow("Next").all(".review-name") == ["Dal, Eva", "Alm, Eva"]
    assert organiser.get("review.index", **HERE, after=late.reference).all(".review-name") == [
        "Ek, Eva",
        "Dal, Eva",
    ]
    assert organiser.get("review.index", **HERE, after="ZZZZ-ZZZZ").all(".review-name") == [
        "Ek, Eva",
        "Dal, Eva",
    ]


def test_a_message_names_a_few_people_with_short_names_and_counts_the_rest(organiser, event, monkeypatch):
    names = ["\U0001f600" * 100, *"BCD"]
    people = [confirmed(event, "other", family_name=name, given_name="Eva") for name in names]
    asked = organiser.get("review_many.approve", **HERE, who=[one.reference for one in people])
    for one in people:
        write(cancelling.cancel, one, actor="person", now=NOW)
    monkeypatch.setattr(left_out, "NAMED", 2)
    told = asked.submit({"whom": "all"}, expect=200, follow=True).flashes
    short = f"Eva {names[0][:35]}… ({people[0].reference})"
    few = ", ".join([short, *(named(one) for one in people[1:2])])
    assert told == [f"Decided or ended meanwhile: {few} and 2 more."]


@pytest.mark.parametrize(
    ("first", "last", "least"), [("a", "z", 18), ("À", "ſ", 3), ("一", "龥", 3), ("𠀀", "𪀀", 1)]
)
def test_a_message_fits_into_a_cookie_whatever_letters_the_names_have(app, monkeypatch, first, last, least):
    """A browser drops a session cookie above 4096 bytes, and with it the message and the sign-in."""
    letters = Random(7)
    alphabet = [chr(code) for code in range(ord(first), ord(last) + 1)]
    monkeypatch.setattr(wording, "full_name", lambda _one: "".join(letters.choices(alphabet, k=80)))
    monkeypatch.setattr(left_out.queries, "find_person", lambda _event, reference, _sectors: reference)
    five = (rounds.FULL, rounds.TOO_LATE, rounds.CHANGED, rounds.OWN, rounds.PASSED)
    for reasons in ((rounds.TOO_LATE,), five):
        came = {f"{number:04}-{reason:.4}": reason for reason in reasons for number in range(50)}
        with app.test_request_context():
            told = " ".join(left_out.sentences(None, came, None))
            flash(told, "warning")
            cookie = app.session_interface.get_signing_serializer(app).dumps(dict(session))
        assert len(cookie) < 3600, reasons
        assert told.count("…") >= (least if len(reasons) == 1 else 5)


def named(person):
    return f"{person.given_name} {person.family_name} ({person.reference})"
