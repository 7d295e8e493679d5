"""Messages to people who have not answered a question; only the role care learns who is silent about diet (S14)."""

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.accounts.models import Membership, User
from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.audit.queries import REGISTRATION_VIEWED
from forum.columns import Text
from forum.database import start_write
from forum.events.queries import find_sector
from forum.extensions import db
from forum.mailings import chosen_audience, reminder_times, reminders, sending, unanswered
from forum.mailings.models import MailingRecipient
from forum.mailings.own_words import TO_STOP, Written
from forum.outbox import listing
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import Scope
from forum.questions.enums import QuestionKind
from forum.registration import given
from forum.registration.enums import Status
from forum.registration.given import Answered
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.factories.own_words import make_draft, make_planned, make_reminder
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.mailings.test_reminders import told, work
from tests.tables import rows


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def answer(person, questions, **answers) -> None:
    start_write(db.session)
    given.store_first(person, Answered(questions, answers), now=NOW)
    db.session.commit()


def give_care_role(event) -> None:
    """Give the role care to the user who was added last."""
    user = db.session.scalars(select(User).order_by(User.id.desc())).first()
    save(Membership(user_id=user.id, role=Role.CARE, event_id=event.id))


def reached(mailing) -> set[int]:
    return {person.registration_id for person in chosen_audience.audience_of(mailing).people}


def test_only_those_are_meant_who_are_asked_and_have_not_answered(frozen, event):
    comes = make_question(event, "comes", QuestionKind.YES_NO)
    diet = make_question(event, "diet", choices=("vegan",), care=True, after=comes, values=["yes"])
    hall = make_question(event, "hall", sectors=["ngo"])
    silent, hungry, away, other = (confirmed(event, key) for key in ("ngo", "ngo", "ngo", "justice"))
    every = [comes, diet, hall]
    answer(silent, every, comes="yes")
    answer(hungry, every, comes="yes", diet=["vegan"], hall="A")
    answer(away, every, comes="no")
    assert reached(make_draft(event, {"unanswered": "diet"})) == {silent.id}
    assert reached(make_draft(event, {"unanswered": "hall"})) == {silent.id, away.id}
    assert reached(make_draft(event, {"unanswered": "comes", "sector": ["justice"]})) == {other.id}
    assert reached(make_draft(event, {"unanswered": "comes", "sector": ["ngo"]})) == set()


def test_a_reminder_goes_on_its_day_to_confirmed_people_without_an_answer(frozen, event):
    """The reminder leaves three days before, in the person's language, not to people who have answered (R12, R18)."""
    diet = make_question(event, "diet", choices=("vegan",), care=True)
    silent = confirmed(event, language="sv", is_protected=True, real_name="Real Name")
    late, quick = confirmed(event, language="en"), confirmed(event, language="en")
    answer(quick, [diet], diet=["vegan"])
    reminder = make_reminder(event, {"status": ["confirmed"], "unanswered": "diet"}, days=3, hour=9)
    due = reminder_times.due_at(reminder)
    clock.freeze(due)
    write(reminders.run, reminder.id, now=due)
    answer(late, [diet], diet=["vegan"])
    work(due + TO_STOP)
    assert told(reminder) == [(silent.email, "Välj din grupp")]


@pytest.mark.parametrize("why", ["answers", "moves", "withdrawn"])
def test_the_results_say_that_somebody_has_answered_meanwhile(organiser, frozen, event, why):
    """A person who has answered, or is not asked any more, when the mail is made is left out with that reason."""
    question = make_question(event, "hall", sectors=["ngo"])
    quick, _silent = confirmed(event, "ngo"), confirmed(event, "ngo")
    mailing = make_planned(event, {"unanswered": "hall"})
    if why == "answers":
        answer(quick, [question], hall="A")
    elif why == "moves":
        write(setattr, quick, "sector_id", find_sector(event, "justice").id)
    else:
        write(setattr, question, "withdrawn_at", NOW)
    work(NOW + TO_STOP)
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    left = ["Left out", "has answered meanwhile, or is no longer asked the question"]
    waits = left if why == "withdrawn" else ["In the queue", ""]
    assert page.all("td[data-label=Result], td[data-label=Why]") == [*left, *waits]


@pytest.mark.parametrize("why", ["answers", "withdrawn"])
def test_no_stored_reason_tells_who_has_answered_about_diet_meanwhile(sign_in_as, frozen, event, why):
    """The results tell the role care who has answered before the mail was made, but no reason is stored (S14)."""
    question = make_question(event, "diet", choices=("vegan",), care=True)
    quick, _silent = confirmed(event), confirmed(event)
    mailing = make_planned(event, {"unanswered": "diet"})
    if why == "answers":
        answer(quick, [question], diet=["vegan"])
    else:
        write(setattr, question, "withdrawn_at", NOW)
    work(NOW + TO_STOP)
    stored = select(MailingRecipient.left_because).where(MailingRecipient.mailing_id == mailing.id)
    assert db.session.scalars(stored).all() == [None, None]
    organiser = sign_in_as(Role.ORGANISER, event)
    give_care_role(event)
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    left = ["Left out", "has answered meanwhile, or is no longer asked the question"]
    waits = left if why == "withdrawn" else ["In the queue", ""]
    assert page.all("td[data-label=Result], td[data-label=Why]") == [*left, *waits]


def test_a_question_that_is_gone_leaves_the_reminder_out(frozen, event):
    arrival = make_question(event)
    confirmed(event)
    reminder = make_reminder(event, {"unanswered": "arrival"}, days=3)
    write(setattr, arrival, "withdrawn_at", NOW)
    assert not unanswered.is_of_care(reminder.mailing)
    work(reminder_times.due_at(reminder))
    assert (told(reminder), reminder.skipped_because) == ([], "filter")


def test_an_organiser_chooses_an_ordinary_question_alone(organiser, event):
    make_question(event, "diet", choices=("vegan",), care=True)
    make_question(event)
    confirmed(event)
    draft = make_draft(event)
    page = organiser.get("own_mailings.people", event="nf27", mailing=draft.id)
    assert [one["value"] for one in page.soup.select("[name=unanswered] option")] == ["", "arrival"]
    page = page.form("form.form").submit({"unanswered": "arrival"}, follow=True)
    assert "No answer: Question arrival" in page.text
    assert "1 person gets it." in page.text
    page = organiser.get("own_mailings.people", event="nf27", mailing=draft.id)
    page.form("form.form").submit(forged={"unanswered": "diet"}, expect=422)


def test_a_message_by_a_question_about_care_is_there_for_the_role_care_alone(sign_in_as, event):
    make_question(event, "diet", choices=("vegan",), care=True)
    confirmed(event)
    reminder = make_reminder(event, {"unanswered": "diet"})
    draft = make_draft(event, {"unanswered": "diet"}, written=Written(Text(en="Food"), Text(en="Say it")))
    organiser = sign_in_as(Role.ORGANISER, event)
    for page in ("own_mailings.write", "own_mailings.people", "reminders.plan"):
        organiser.get(page, event="nf27", mailing=draft.id, expect=404)
    assert organiser.get("reminders.index", event="nf27").all("td.num") == ["not shown"]
    assert "Food" not in organiser.get("outbox.index", event="nf27").text
    sent = make_planned(event, {"unanswered": "diet"})
    for page in ("mailings.show", "mailings.stop"):
        organiser.get(page, event="nf27", mailing=sent.id, expect=404)
    give_care_role(event)
    assert organiser.get("reminders.index", event="nf27").all("td.num") == ["1"]
    page = organiser.get("own_mailings.people", event="nf27", mailing=draft.id)
    assert [one["value"] for one in page.soup.select("[name=unanswered] option")] == ["", "diet"]
    assert reminder.mailing.audience == {"unanswered": "diet"}


def send_about_care(event, status: MessageStatus) -> OutboxMessage:
    """Write to those who have not answered about diet; give the first mail this status, and return it."""
    make_question(event, "diet", choices=("vegan",), care=True)
    mailing = make_planned(event, {"unanswered": "diet"})
    for number in sending.list_first(now=NOW + 2 * TO_STOP):
        write(sending.queue_one, number, now=NOW + 2 * TO_STOP)
    mine = select(MailingRecipient).where(MailingRecipient.mailing_id == mailing.id)
    start_write(db.session)
    message = db.session.scalars(mine.order_by(MailingRecipient.id)).first().message
    message.status, message.last_error = status, f"550 no {message.recipient} here"
    db.session.commit()
    return message


def test_to_whom_a_message_about_care_went_is_there_for_the_role_care_alone(sign_in_as, frozen, event):
    """Neither the outbox nor a person's page tells others who has not answered about diet (S14)."""
    person = confirmed(event)
    message = send_about_care(event, MessageStatus.SENT)
    organiser, words = sign_in_as(Role.ORGANISER, event), "Message from the organisers"

    def shown() -> list[bool]:
        one = organiser.get("attendees.show", event="nf27", reference=person.reference)
        return [
            words in organiser.get("outbox.index", event="nf27").text,
            words in one.text,
        ]

    assert shown() == [False] * 2
    assert listing.find_message(Scope(event.id), str(message.id)) is None
    give_care_role(event)
    assert shown() == [True] * 2


def test_a_mailer_sends_a_failed_message_about_care_again_without_learning_whose_it_is(
    sign_in_as, frozen, event
):
    """The message is listed as failed, without recipient, kind and the server's words, and no search finds it (S14)."""
    person = confirmed(event, email="asa@example.org")
    message = send_about_care(event, MessageStatus.FAILED)
    both = sign_in_as(Role.ORGANISER, event)
    assert "message has failed" in both.get("console.overview", event="nf27").text
    for act, status in (("Try again", MessageStatus.QUEUED), ("Put it aside", MessageStatus.ABORTED)):
        write(setattr, message, "status", MessageStatus.FAILED)
        mailer = sign_in_as(Role.MAILER, event)
        page = mailer.get("outbox.index", event="nf27", status="failed")
        (row,) = rows(page)
        assert row[:2] == ["not shown", "Another message"]
        assert row[2].startswith("Failed Only people with the care role see")
        assert not {"asa@", person.reference, "550", "organisers:"} & set(page.text.split())
        assert "asa@example.org" not in page.soup.decode()
        assert rows(mailer.get("outbox.index", event="nf27", q="asa", status="failed")) == []
        form = next(one for one in page.soup.select("tbody form") if act in one.text)
        page.form(f'form[action="{form["action"]}"]').submit(
            {"reason": "not_needed"} if "aside" in act else {}
        )
        db.session.refresh(message)
        assert message.status == status
    assert mailer.get("outbox.index", event="nf27", status="aborted").all("tbody tr") == []


def test_the_role_care_sees_on_its_own_page_whom_a_message_has_not_reached(sign_in_as, frozen, event):
    confirmed(event, email="asa@example.org")
    waits = confirmed(event, email="bo@example.org", given_name="Bo")
    write(_let_wait, waits)
    message = send_about_care(event, MessageStatus.FAILED)
    write(setattr, message, "registration_id", waits.id)
    care, told = sign_in_as(Role.CARE, event), "1 message to somebody who had not answered has failed."
    assert told in care.get("counts.show", event="nf27").text
    assert told not in sign_in_as(Role.ORGANISER, event).get("counts.show", event="nf27").text
    page = sign_in_as(Role.CARE, event).get("counts.people", event="nf27")
    (one,) = page.all("#unreached ~ ul li")
    assert one.startswith(f"Bo {waits.family_name} {waits.reference} : ")
    assert one.endswith(f"550 no {message.recipient} here")
    viewed = select(AuditEntry.subject_id).where(AuditEntry.action == REGISTRATION_VIEWED)
    assert db.session.scalars(viewed).all() == [waits.id]


def test_the_log_tells_nobody_to_whom_a_message_about_care_was(sign_in_as, frozen, event):
    """The entries of a failed mail name no person, and the person's own history has none of them (S14)."""
    person = confirmed(event, email="asa@example.org")
    message = send_about_care(event, MessageStatus.QUEUED)
    known = select(AuditEntry.id).where(AuditEntry.subject_type == "registrations")
    before = db.session.scalars(known).all()
    write(_fail, message)
    admin = sign_in_as(Role.ADMIN, event)
    listed = rows(admin.get("log.index", event="nf27"))
    (row,) = [one for one in listed if "Message could not be sent" in one[2]]
    assert row[3] == ""
    of_person = admin.get("log.index", event="nf27", reference=person.reference)
    assert "Message could not be sent" not in of_person.text
    assert db.session.scalars(known.where(AuditEntry.action != REGISTRATION_VIEWED)).all() == before


def _let_wait(person: Registration) -> None:
    with db.session.no_autoflush:
        person.status, person.holds_place, person.waiting_since = Status.WAITING, False, NOW


def _fail(message: OutboxMessage) -> None:
    message.status = MessageStatus.FAILED
    audit.record("mail.failed", message, actor="worker", at=NOW, attempts=9)
