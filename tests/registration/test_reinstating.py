"""Undoing a cancellation: what is restored, who gets a mail, and when it is no longer possible (R28)."""

from datetime import timedelta

import pytest

from forum import clock
from forum.database import start_write
from forum.events.enums import ListAudience
from forum.extensions import db
from forum.questions import queries as questions
from forum.registration import actions, links, mails, queries, reinstating, reviewing
from forum.registration.enums import ConsentPurpose, Status, TokenPurpose
from forum.registration.errors import CannotBeUndone, LinkRefused
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import kinds_for, last_id, newest_mail, queued, recorded

DAY = timedelta(days=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    sectors = [
        make_sector("ngo", ceiling=1, position=1),
        make_sector("other", ceiling=1, policy="review", position=2),
    ]
    return make_event(capacity=5, sectors=sectors, review_days=3)


def cancel(person, **differing):
    write(actions.cancel, person, **{"actor": "person", "now": NOW, **differing})


def undo(person, *, now=NOW):
    return write(reinstating.reinstate, person, actor="user:1", now=now)


def refuses(person, *, now=NOW) -> bool:
    assert reinstating.foresee(person, now) is None
    start_write(db.session)
    with pytest.raises(CannotBeUndone):
        reinstating.reinstate(person, actor="user:1", now=now)
    db.session.rollback()
    return person.status == Status.CANCELLED


def assert_link_works(old: str, new: str, *, now):
    """Check that the link mailed before the cancellation stays invalid, and the new one opens the registration."""
    with pytest.raises(LinkRefused):
        links.follow(old.rpartition("/")[2], TokenPurpose.MANAGE, now=now)
    assert links.follow(new.rpartition("/")[2], TokenPurpose.MANAGE, now=now).status == Status.CONFIRMED


def test_organiser_undoes_a_cancellation(organiser, event):
    make_question(event, "arrival")
    person = register(event, "ngo", given={"arrival": "by train"})
    write(actions.confirm, person, queries.find_last_form(person), now=NOW)
    old_link, sequence = newest_mail(person, "confirmed").address, person.calendar_sequence
    shown = organiser.get("attendees.show", event="nf27", reference=person.reference)
    asking = shown.follow("Cancel the registration")
    assert "You can undo it within a day, as long as a place is free." in asking.text
    shown = asking.submit(button="Cancel the registration", follow=True)
    assert event.taken == 0
    asking = shown.follow("Undo the cancellation")
    assert asking.all("main li")[0] == "The person has the place again; one is free now."
    shown = asking.submit({"words": "Our mistake."}, button="Undo the cancellation", follow=True)
    assert shown.flashes == [
        "The cancellation has been undone, and the person has a place again."
        " A message is on its way to the person."
    ]
    assert (shown.all(".status"), "Undo the cancellation" in shown.links) == (["Confirmed"], False)
    db.session.expire_all()
    assert (event.taken, person.holds_place, person.ended_at) == (1, True, None)
    assert person.calendar_sequence == sequence + 2
    assert [*questions.list_answers(person.id).values()] == ["by train"]
    mail = newest_mail(person)
    assert ("Our mistake." in mail.text, mail.row.kind) == (True, "reinstated")
    assert_link_works(old_link, mail.address, now=NOW)
    action, actor, details = recorded(person)[-1]
    assert (action, details) == ("registration.reinstated", {"status": "confirmed"})
    assert actor.startswith("user:")
    late = asking.submit(button="Undo the cancellation", follow=True)
    assert late.flashes == ["The cancellation had been undone already."]
    assert (event.taken, kinds_for(person).count("reinstated")) == (1, 1)


def test_place_that_somebody_else_was_offered_stays_theirs(event):
    holder, waiting = confirmed(event, "ngo"), confirmed(event, "ngo")
    cancel(holder)
    assert (waiting.status, refuses(holder)) == (Status.OFFERED, True)
    cancel(waiting)
    assert undo(holder) == Status.CONFIRMED
    assert (undo(waiting), waiting.waiting_since, event.taken) == (Status.WAITING, NOW, 1)
    cancel(waiting)
    cancel(holder)
    assert undo(waiting) == Status.OFFERED
    assert (waiting.status, kinds_for(waiting)[-2:]) == (Status.OFFERED, ["offered", "reinstated"])
    assert refuses(holder)


def test_review_goes_on_where_it_stood(event):
    person = confirmed(event, "other")
    promised = person.answer_by
    cancel(person, actor="user:1")
    assert undo(person) == Status.IN_REVIEW
    assert (person.is_in_review, person.answer_by) == (True, promised)
    write(reviewing.approve, person, actor="user:1", now=NOW)
    assert person.status == Status.CONFIRMED


def test_only_within_a_day_and_while_the_address_is_free(event):
    person, unconfirmed = confirmed(event, "ngo"), register(event, "other")
    cancel(unconfirmed)
    assert refuses(unconfirmed)
    cancel(person)
    assert refuses(person, now=NOW + DAY)
    assert reinstating.foresee(person, NOW + DAY - timedelta(seconds=1)) == Status.CONFIRMED
    again = confirmed(event, "other", email=person.email)
    assert refuses(person)
    cancel(again)
    undo(person)
    assert person.calendar_sequence > again.calendar_sequence


def test_whoever_has_no_address_is_not_written_to(organiser, event):
    page = organiser.get("attendee_additions.add", event="nf27")
    told = {"given_name": "Kim", "organisation": "Office", "country": "SE", "language": "en", "sector": "ngo"}
    shown = page.submit(
        {**told, "if_full": "stay", "reason": "Called."}, button="Add the person", follow=True
    )
    shown = shown.follow("Cancel the registration").submit(button="Cancel the registration", follow=True)
    since = last_id()
    shown = shown.follow("Undo the cancellation").submit(button="Undo the cancellation", follow=True)
    assert "Nobody was written to: it has no e-mail address." in shown.flashes[0]
    assert (shown.all(".status"), queued(since)) == (["Confirmed"], [])


def test_whoever_comes_back_is_not_listed_unless_they_say_so_again(pages, event):
    """The person may have cancelled in order not to be seen, so the consent stays withdrawn, and the mail says so."""
    write(setattr, event, "participant_list", ListAudience.PUBLIC)
    person = confirmed(event, "ngo", given_name="Synlig", consents=frozenset(ConsentPurpose))
    other = confirmed(event, "other")
    assert "Synlig" in pages.get("/en/participants").text
    cancel(person)
    undo(person)
    assert "Synlig" not in pages.get("/en/participants").text
    assert {purpose for purpose in ConsentPurpose if person.has_consented(purpose)} == {
        ConsentPurpose.PHOTOGRAPHS
    }
    assert "You are not on the list of participants" in newest_mail(person, "reinstated").text
    cancel(other)
    undo(other)
    assert "You are not on the list of participants" in newest_mail(other, "reinstated").text


def test_what_is_said_is_what_happened_to_whoever_waited(organiser, event):
    """A place has become free meanwhile: it is offered to a waiting person at once, and pages and mails say so."""
    _holder, waiting = confirmed(event, "ngo"), confirmed(event, "ngo")
    cancel(waiting)
    write(setattr, event.sectors[0], "ceiling", 2)
    since = last_id()
    asking = organiser.get("attendee_undoing.reinstate", event="nf27", reference=waiting.reference)
    shown = asking.submit({"words": "Our mistake."}, button="Undo the cancellation", follow=True)
    assert shown.flashes[0].startswith(
        "The cancellation has been undone, and a place is offered to the person."
    )
    assert [kind for kind, _to in queued(since)] == ["offered", "reinstated"]
    told = newest_mail(waiting).text
    assert ("a place is free and offered to you" in told.lower(), "waiting list" in told) == (True, False)


def test_cap_of_the_organisation_is_named_where_it_stands_in_the_way(organiser, event):
    write(setattr, event, "organisation_cap", 1)
    person = confirmed(event, "ngo", organisation="Polisen")
    cancel(person)
    write(setattr, event.sectors[0], "ceiling", 2)
    confirmed(event, "ngo", organisation="Polisen")
    page = organiser.get("attendee_undoing.reinstate", event="nf27", reference=person.reference)
    assert "organisation has as many places as it can have" in page.text


def test_only_the_message_about_the_cancellation_is_taken_back(event):
    person = confirmed(event, "ngo")
    cancel(person)
    write(mails.queue_address_leaving, person, now=NOW)
    undo(person)
    rows = {mail.kind: mail.status for mail in queries.list_mails(person)}
    assert (rows["cancelled"], rows["address-leaving"]) == ("aborted", "queued")
