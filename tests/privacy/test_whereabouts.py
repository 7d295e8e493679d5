"""With answers that tell where people are, filters by these answers and lists of who was found are deleted (P27)."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from forum.accounts.models import User
from forum.audit import actions as audit
from forum.audit import queries as audit_queries
from forum.audit.models import AuditEntry
from forum.bulk.selection import Selection, in_turn
from forum.database import Base, start_write
from forum.extensions import db
from forum.imports import kept_tables
from forum.imports.tables import Table
from forum.mailings import chosen_audience, leaving, own_words, refusals, whereabouts
from forum.mailings.enums import Category, MailingStatus
from forum.mailings.errors import NothingFailed
from forum.mailings.models import LeaveLink, MailingRecipient, Reminder
from forum.mailings.queries import Counts, count_by_result
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.privacy import restricting
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer
from forum.registration import choosing, given, kept_exports, locating_answers, saved_views, uniting
from forum.registration.chosen_models import ChosenPerson
from forum.registration.enums import ExportPurpose, ExportRecipient, KeptShape, RestrictionKind
from forum.registration.export_columns import Plan
from forum.registration.kept_export_models import KeptExport
from forum.registration.merge_models import RegistrationMerge
from forum.registration.models import CareAnswer, Registration
from forum.registration.narrowing import UnknownFilter
from forum.sealing import Sealed, open_in_row
from forum.tasks import actions as tasks
from forum.tasks.enums import TaskKind
from tests.factories.events import NOW
from tests.factories.own_words import WRITTEN, make_draft, make_planned, make_reminder, make_sent
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, write
from tests.mailings.test_leaving import WAYS
from tests.mailings.test_own_words import mails_of, parse, work
from tests.registration.test_locating_answers import delete_at

# The keys of a question and of one of its choices: words for which the tests search every table.
WHERE, THERE = "zqwhere", "zqthere"
OF_QUESTIONS = {"questions", "question_choices"}
FILTERS = {"answer": [f"{WHERE}:{THERE}"]}
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, MAIL_BOUNCE_ADDRESS="bounces@post.example.org")


@pytest.fixture
def where(frozen, event):
    """Save a question that tells where somebody is."""
    return make_question(event, WHERE, QuestionKind.ONE_OF, choices=(THERE, "elsewhere"), is_locating=True)


@pytest.fixture
def people(where, event):
    """Save three people, of whom the first two have answered the question."""
    listed = [confirmed(event, email=f"p{number}@example.org") for number in range(3)]
    for person in listed[:2]:
        write(given.store, person, {WHERE: THERE}, now=NOW)
    return listed


def traces() -> set[str]:
    """Return the columns, sealed ones too, in which a row names the question or answer; skip the questions' tables."""
    db.session.rollback()
    found = set()
    for table in Base.metadata.sorted_tables:
        if table.name in OF_QUESTIONS:
            continue
        for row in db.session.execute(select(table)).mappings():
            for column in table.columns:
                value = row[column]
                if isinstance(column.type, Sealed) and value is not None:
                    value = open_in_row(column, value, row)
                if any(word in str(value) for word in (WHERE, THERE)):
                    found.add(f"{table.name}.{column.name}")
    return found


def keep_everywhere(event, people, user_id: int) -> None:
    """Store the filter, the answer or the people found wherever the forum can: views, exports, messages, tasks …"""
    filters = chosen_audience.filters_of(FILTERS, event)
    shown = saved_views.Content(FILTERS, [])
    write(saved_views.save, event, shown, user_id=user_id, name="V", is_shared=True, now=NOW)
    asked = KeptExport(user_id=user_id, recipient=ExportRecipient.OFFICE, shape=KeptShape.CSV)
    asked.language, asked.asked_at = "en", NOW
    plan = Plan(ExportPurpose.EVERYTHING, ["given_name"], [])
    write(kept_exports.ask, event, filters, plan, asked, narrowed=[f"Question {WHERE}: {THERE}"])
    write(choosing.add_matching, event, filters, user_id, now=NOW)
    table = Table([f"Question {WHERE}"], [(2, [THERE])])
    write(kept_tables.keep, event, table, user_id=user_id, language="en", now=NOW)
    told = {"answer": f"other:a {WHERE}:{THERE}", "sector": "", "purpose": "everything"}
    entry = audit_queries.REGISTRATIONS_EXPORTED, event
    write(audit.record, *entry, actor=f"user:{user_id}", at=NOW, **told)
    chosen = Selection(event, filters, None)
    start = {"payload": {"tags": ["x"]}, "form_key": "k", "user_id": user_id, "now": NOW}
    write(tasks.start, event, TaskKind.TAG, in_turn(chosen), **start)
    kept = confirmed(event, email="kept@example.org")
    write(uniting.unite, kept, people[1], [], actor=f"user:{user_id}", now=NOW)
    make_draft(event, FILTERS)
    make_reminder(event, {"unanswered": WHERE})
    register(event, given={WHERE: THERE})


def counts(mailing) -> Counts:
    db.session.rollback()
    db.session.expire_all()
    return count_by_result([mailing])[mailing.id]


def test_nothing_tells_who_answered_what_after_the_answers_are_deleted(event, people, organiser):
    keep_everywhere(event, people, db.session.scalars(select(User.id)).first())
    assert traces() >= {
        "answers.value",
        "mailings.audience",
        "saved_views.query",
        "kept_export_parts.content",
        "import_table_parts.content",
        "audit_details.payload",
        "submissions.given",
    }
    delete_at(event.ends_at + WEEK)
    # The audit trail names the question, but no person and no answer.
    assert traces() == {"audit_details.payload"}
    entries = db.session.scalars(select(AuditEntry)).unique()
    told = [one for one in entries if one.details and WHERE in str(one.details.payload)]
    assert [(one.action, one.details.payload) for one in told] == [
        ("question.answers_deleted", {"key": WHERE})
    ]
    assert audit.verify() is None
    assert db.session.scalars(select(RegistrationMerge.sealed_before)).all() == [None]
    assert db.session.scalars(select(ChosenPerson)).all() == []
    assert locating_answers.list_due(now=event.ends_at + WEEK) == []


def test_of_the_people_of_a_message_numbers_alone_are_kept(event, people, organiser):
    other = confirmed(event, email="z@example.org")
    write(given.store, other, {WHERE: THERE}, now=NOW)
    done, untouched = make_planned(event, FILTERS), make_planned(event)
    work()
    mail = mails_of(done)[other.email]
    start_write(db.session)
    done.status, mail.status = MailingStatus.DONE, MessageStatus.FAILED
    db.session.commit()
    mailing = make_sent(event, FILTERS)
    others = sorted(mails_of(untouched))
    assert counts(mailing) == Counts(waiting=1, sent=1, failed=1)
    delete_at(event.ends_at + WEEK)
    # Deleting the answers ends the message, and a message that is ended gives up its failed mails.
    assert counts(mailing) == Counts(sent=1, left_out=2)
    assert counts(done) == Counts(failed=1, left_out=2)
    assert (mailing.status, mailing.people, mailing.audience) == (MailingStatus.STOPPED, 3, None)
    theirs = select(MailingRecipient).where(MailingRecipient.mailing_id == mailing.id)
    assert db.session.scalars(theirs).all() == []
    left = select(OutboxMessage.recipient).where(OutboxMessage.kind == "own-words")
    assert sorted(db.session.scalars(left)) == others
    assert len(mails_of(untouched)) == 4
    with pytest.raises(NothingFailed):
        write(own_words.send_again, reopened(event, done), actor="user:1", now=NOW)
    db.session.rollback()
    page = organiser.get("sent_mailings.show", event="nf27", mailing=done.id)
    assert "The answers were deleted after the forum, and with them who got this message." in page.text
    assert "Send again" not in page.text


def reopened(event, mailing):
    """Move the event to later days and mark the message as done: only the lack of recipients stops sending it again."""
    start_write(db.session)
    event.starts_at, event.ends_at = event.starts_at + 90 * DAY, event.ends_at + 90 * DAY
    mailing.status = MailingStatus.DONE
    db.session.commit()
    return mailing


def test_links_of_such_a_message_still_refuse_further_ones(app, event, people, pages):
    mailing = make_planned(event, FILTERS)
    work()
    first, second = (mails_of(mailing)[person.email] for person in people[:2])
    (link, _), (_, address) = ways_of(first), ways_of(second)
    delete_at(event.ends_at + WEEK)
    assert mails_of(mailing) == {}
    pages.open(link, method="POST", data={"List-Unsubscribe": "One-Click"})
    start_write(db.session)
    assert leaving.note(address, now=NOW)
    db.session.commit()
    assert [refusals.is_refused(event, one.email_canonical, Category.PRACTICAL) for one in people] == [
        True,
        True,
        False,
    ]
    write(refusals.take_back, link.rpartition("/")[2])
    assert [refusals.is_refused(event, one.email_canonical, Category.PRACTICAL) for one in people] == [
        False,
        True,
        False,
    ]
    write(whereabouts.forget_links, now=event.ends_at + timedelta(days=365))
    assert db.session.scalars(select(LeaveLink)).all() == []


def ways_of(mail) -> tuple[str, str]:
    """Return the path and the address by which a mail's reader refuses messages."""
    ways = WAYS.fullmatch(parse(mail)["List-Unsubscribe"])
    return urlsplit(ways[1]).path, ways[2]


def test_drafts_and_reminders_are_for_nobody_until_people_are_chosen_again(event, people, organiser):
    by_filter, reminder = make_draft(event, FILTERS), make_reminder(event, {"unanswered": WHERE})
    asked = {"people": [people[0].id], "question_keys": [WHERE], "audience": None}
    by_name = write(own_words.draft, event, WRITTEN, **asked, actor="user:1", now=NOW)
    other = make_draft(event)
    drafts = [by_filter, reminder.mailing, by_name]
    delete_at(event.ends_at + WEEK)
    db.session.expire_all()
    assert db.session.scalars(select(Reminder)).all() == []
    assert [chosen_audience.audience_of(one).people for one in drafts] == [[], [], []]
    assert [(one.audience, one.question_keys) for one in drafts] == [(None, [])] * 3
    assert len(chosen_audience.audience_of(other).people) == 3
    page = organiser.get("own_mailings.write", event="nf27", mailing=by_filter.id)
    assert "The people were chosen by an answer that tells where somebody is." in page.text
    page = page.follow("Choose other people").form("form.form").submit({"sector": ["justice"]}, follow=True)
    assert "3 people get it." in page.text


def test_people_ticked_in_the_list_may_have_been_found_by_any_answer(event, people, organiser):
    """An organiser may have found ticked people by an answer: a message's recipients are deleted with the answers."""
    page = organiser.get("attendees.index", event="nf27", **FILTERS)
    ticked = {"who": [one.reference for one in people[:2]]}
    page = page.form("#many").submit(button="Write …", follow=True, forged=ticked)
    written = {"category": "practical", "subjects-en": "Your bus", "words-en": "It waits for you."}
    page.submit(written, follow=True)
    chosen = select(MailingRecipient.registration_id)
    assert db.session.scalars(chosen).all() == [one.id for one in people[:2]]
    delete_at(event.ends_at + WEEK)
    assert db.session.scalars(chosen).all() == []


def test_deleted_answers_are_offered_as_filters_no_more_until_the_event_is_moved(event, people):
    assert chosen_audience.filters_of(FILTERS, event).picked
    delete_at(event.ends_at + WEEK)
    with pytest.raises(UnknownFilter):
        chosen_audience.filters_of(FILTERS, event)
    reopened(event, make_draft(event))
    assert chosen_audience.filters_of(FILTERS, event).picked


def test_answers_of_restricted_people_are_kept_until_the_restriction_ends(event, people):
    """Restricted people were told that their data are kept and not used (Art. 18 GDPR)."""
    seat = make_question(event, "seat", care=True, is_locating=True)
    for person in people:
        write(given.store, person, {WHERE: THERE, seat.key: "7"}, now=NOW)
    request = write(restricting.ask, people[0], RestrictionKind.RESTRICTION, "", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)
    due = event.ends_at + WEEK
    delete_at(due)
    assert held() == {people[0].id: ([THERE], {seat.key: "7"})}
    assert locating_answers.list_due(now=due) == []
    write(restricting.take_back, people[0], now=due)
    delete_at(due)
    assert held() == {}


def held() -> dict:
    """Return by registration the ordinary and the sealed answers that are stored."""
    db.session.rollback()
    db.session.expire_all()
    ordinary = {
        one.id: list(db.session.scalars(select(Answer.value).where(Answer.registration_id == one.id)))
        for one in db.session.scalars(select(Registration))
    }
    sealed = {one.registration_id: one.answer["given"] for one in db.session.scalars(select(CareAnswer))}
    return {
        number: (told, sealed.get(number, {}))
        for number, told in ordinary.items()
        if told or sealed.get(number)
    }
