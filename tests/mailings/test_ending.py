"""Whoever's registration ends gets no message any more, even if the mail is made already (R12)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.columns import Text
from forum.database import start_write
from forum.delegations import substituting
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.mailings import actions as changes
from forum.mailings import own_words
from forum.mailings.enums import LeftOut
from forum.mailings.models import MailingRecipient
from forum.mailings.queries import Counts, count_by_result
from forum.outbox import actions as outbox
from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.models import OutboxMessage
from forum.privacy import restricting
from forum.registration import actions, declining, expiry, mails, reinstating, reviewing, uniting
from forum.registration.enums import DeclineReason, RestrictionKind
from forum.registration.models import Registration
from forum.registration.reviewing import Refusal
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.own_words import make_planned
from tests.factories.registrations import confirmed, make_applicant, write
from tests.registration.reading import newest_mail

BEGUN = NOW + own_words.TO_STOP
LATER = BEGUN + timedelta(minutes=1)
UNSENT = (MessageStatus.QUEUED, MessageStatus.AWAITING_RETRY, MessageStatus.INFLIGHT)
SAME = {"given_name": "A", "family_name": "B", "organisation": "C"}


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: mails are made and taken back under locks, which differ."""
    return make_app(database_url)


@pytest.fixture
def event(database):
    """Save an event with a sector for each way in which a registration can end."""
    clock.freeze(NOW)
    sectors = [make_sector("justice"), make_sector("tech", ceiling=1)]
    return make_event(sectors=[*sectors, make_sector("politics", policy=SectorPolicy.REVIEW)])


def cancel(person):
    write(actions.cancel, person, actor="person", now=LATER)


def decline_offer(person):
    write(declining.decline, person, now=LATER)


def refuse(person):
    write(reviewing.decline, person, Refusal(DeclineReason.OFF_SUBJECT), actor="user:1", now=LATER)


def let_lapse(person):
    write(expiry.expire_due, now=person.offer_expires_at)


def substitute(person):
    write(substituting.ask, person, "new@example.org", now=LATER)
    token = newest_mail(person, "substitute-asked").token
    write(substituting.confirm, token, make_applicant(email="new@example.org"), now=LATER)


def merge(person):
    other = confirmed(person.event, now=NOW - timedelta(hours=1), **SAME)
    write(uniting.unite, other, person, (), actor="user:1", now=LATER)


def of_justice(event, **differing):
    return confirmed(event, "justice", **differing)


def in_review(event, **differing):
    return confirmed(event, "politics", **differing)


def offered(event, **differing):
    """Return somebody who waited and was offered the place of somebody who has cancelled."""
    holder, person = confirmed(event, "tech"), confirmed(event, "tech", **differing)
    write(actions.cancel, holder, actor="person", now=NOW)
    return person


WAYS = {
    "cancelled": (of_justice, cancel),
    "offer declined": (offered, decline_offer),
    "offer lapsed": (offered, let_lapse),
    "refused in review": (in_review, refuse),
    "replaced": (of_justice, substitute),
    "merged": (of_justice, merge),
}


def make_mails(event):
    """Mark mails about registrations as sent, and make the mails of a message to everybody; return the message."""
    mark_all_sent()
    mailing = make_planned(event)
    run_jobs_of_mailings()
    return mailing


def mail_about_change(event):
    """Make the mails about a change of the event's town."""
    mark_all_sent()
    start_write(db.session)
    former = {"place": event.place}
    event.place = Text(sv="Lund", en="Lund")
    mailing = changes.propose_change(event, former, actor="user:1", now=BEGUN)
    changes.send(mailing, user_id=None, actor="user:1", now=BEGUN)
    db.session.commit()
    run_jobs_of_mailings()
    return mailing


def run_jobs_of_mailings():
    clock.freeze(BEGUN)
    db.session.rollback()
    for job in JOBS:
        if "mailings" in job.name:
            run_job(job)


def mail_of(mailing, person) -> OutboxMessage:
    """Return the person's mail of the message, read anew."""
    db.session.rollback()
    db.session.expire_all()
    query = select(OutboxMessage).join(MailingRecipient, MailingRecipient.message_id == OutboxMessage.id)
    mine = MailingRecipient.mailing_id == mailing.id, MailingRecipient.registration_id == person.id
    return db.session.scalars(query.where(*mine)).one()


def reasons(mailing) -> dict[int, LeftOut | None]:
    """Return the stored reason for leaving out each recipient of the message, by the registration's id."""
    db.session.rollback()
    columns = MailingRecipient.registration_id, MailingRecipient.left_because
    return dict(db.session.execute(select(*columns).where(MailingRecipient.mailing_id == mailing.id)).all())


def result_of(organiser, mailing, **narrowed):
    """Return what the page of results says of each recipient, and why."""
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id, **narrowed)
    return list(zip(page.all("td[data-label=Result]"), page.all("td[data-label=Why]"), strict=True))


def mark(mail, status):
    start_write(db.session)
    mail.status = status
    db.session.commit()


@pytest.mark.parametrize("state", UNSENT)
@pytest.mark.parametrize("way", WAYS)
def test_a_made_mail_is_taken_back_from_whoever_ends_and_the_reason_is_kept(event, way, state):
    """A mail in the outbox, waiting for another try or claimed by a worker, is not tried again; others' mails stay."""
    make, end = WAYS[way]
    stays, leaves = of_justice(event), make(event, **SAME)
    mailing = make_mails(event)
    mark(mail_of(mailing, leaves), state)
    end(leaves)
    mail = mail_of(mailing, leaves)
    assert not db.session.get_one(Registration, leaves.id).is_live
    assert (mail.status, mail.abort_reason, mail.content) == (
        MessageStatus.ABORTED,
        AbortReason.OUTDATED,
        None,
    )
    assert mail_of(mailing, stays).status == MessageStatus.QUEUED
    told = reasons(mailing)
    assert (told[leaves.id], told[stays.id]) == (LeftOut.ENDED, None)
    assert count_by_result([mailing])[mailing.id] == Counts(waiting=1, left_out=1)


def test_the_results_say_that_whoever_cancelled_is_no_longer_registered(organiser, event):
    """Organisers read the same words whether a person has cancelled before or after the mail was made."""
    _stays, early, late = (confirmed(event, family_name=name) for name in ("Ahl", "Berg", "Dahl"))
    mark_all_sent()
    mailing = make_planned(event)
    write(actions.cancel, early, actor="person", now=NOW)
    run_jobs_of_mailings()
    write(actions.cancel, late, actor="person", now=LATER)
    left_out = ("Left out", "no longer registered")
    assert result_of(organiser, mailing) == [left_out, left_out, ("In the queue", "")]
    assert result_of(organiser, mailing, only="troubled") == [left_out, left_out]


@pytest.mark.parametrize("state", [*UNSENT, MessageStatus.FAILED])
def test_the_results_say_that_the_data_of_whoever_objected_may_not_be_used(organiser, event, state):
    """Organisers read the same words whether the data were restricted before or after the mail was made."""
    _stays, early, late = (confirmed(event, family_name=name) for name in ("Ahl", "Berg", "Dahl"))
    mark_all_sent()
    mailing = make_planned(event)
    restrict(early)
    run_jobs_of_mailings()
    mark(mail_of(mailing, late), state)
    restrict(late)
    left_out = ("Left out", "data may not be used, by restriction or objection")
    assert result_of(organiser, mailing) == [left_out, left_out, ("In the queue", "")]
    assert mail_of(mailing, late).status == MessageStatus.ABORTED


def restrict(person):
    """Grant the person's objection."""
    request = write(restricting.ask, person, RestrictionKind.OBJECTION, "No.", now=LATER)
    write(restricting.grant, request, actor="user:1", now=LATER)


def test_the_results_say_so_of_whoever_cancels_after_the_mail_has_failed(organiser, event):
    """Ending takes a failed mail back as well, so nothing tells any more that it failed."""
    leaves = confirmed(event)
    mailing = make_mails(event)
    mark(mail_of(mailing, leaves), MessageStatus.FAILED)
    write(actions.cancel, leaves, actor="person", now=LATER)
    assert reasons(mailing) == {leaves.id: LeftOut.ENDED}
    assert result_of(organiser, mailing) == [("Left out", "no longer registered")]


def test_whoever_s_dead_letter_is_put_aside_stays_among_those_not_reached(organiser, event):
    """Dismissing the failed mail stores no reason with the recipient, and the person has still not got the message."""
    person = confirmed(event)
    mailing = make_mails(event)
    mark(mail_of(mailing, person), MessageStatus.FAILED)
    write(outbox.dismiss, mail_of(mailing, person), reason=AbortReason.NOT_NEEDED, actor="user:1", now=LATER)
    assert len(result_of(organiser, mailing, only="troubled")) == 1


def test_whoever_cancels_before_a_mail_is_made_is_among_those_not_reached(organiser, event):
    """While a message is not done, no reason is stored for a person who cancels, but the results give the reason."""
    _stays, leaves = confirmed(event), confirmed(event)
    mark_all_sent()
    mailing = make_planned(event)
    write(actions.cancel, leaves, actor="person", now=NOW)
    left_out = ("Left out", "no longer registered")
    assert result_of(organiser, mailing) == [left_out, ("Waiting", "")]
    assert result_of(organiser, mailing, only="troubled") == [left_out]


def test_the_results_call_nobody_unregistered_whose_cancellation_is_undone(organiser, event):
    person = confirmed(event)
    mailing = make_mails(event)
    write(actions.cancel, person, actor="person", now=LATER)
    write(reinstating.reinstate, person, actor="user:1", now=LATER)
    assert result_of(organiser, mailing) == [("Left out", "the registration had ended")]


def test_a_mail_that_has_left_before_somebody_cancels_stays_sent(organiser, event):
    """Nobody who got a message is counted as left out of it."""
    leaves = confirmed(event)
    mailing = make_mails(event)
    mark(mail_of(mailing, leaves), MessageStatus.SENT)
    write(actions.cancel, leaves, actor="person", now=LATER)
    assert reasons(mailing) == {leaves.id: None}
    assert count_by_result([mailing])[mailing.id] == Counts(sent=1)


def test_a_protected_person_who_ends_leaves_the_same_traces_as_a_twin(organiser, event):
    """Mails and results of the message are the same for a protected person and for anybody else (P21, P26)."""
    person = confirmed(event, **SAME, is_protected=True, real_name="Kanarie")
    twin = confirmed(event, **SAME)
    mailing = make_mails(event)
    for one in (person, twin):
        write(actions.cancel, one, actor="person", now=LATER)
    told = [(mail.status, mail.abort_reason) for mail in (mail_of(mailing, one) for one in (person, twin))]
    assert told[0] == told[1]
    assert reasons(mailing) == dict.fromkeys((person.id, twin.id), LeftOut.ENDED)
    assert result_of(organiser, mailing) == [("Left out", "no longer registered")] * 2


def test_whoever_comes_back_on_the_same_day_stays_left_out_of_a_message_taken_back(event):
    """Undoing a cancellation makes no mail anew: the message may be outdated by then."""
    person = confirmed(event)
    mailing = make_mails(event)
    write(actions.cancel, person, actor="person", now=LATER)
    write(reinstating.reinstate, person, actor="user:1", now=LATER)
    run_jobs_of_mailings()
    assert mail_of(mailing, person).status == MessageStatus.ABORTED
    assert reasons(mailing) == {person.id: LeftOut.ENDED}


def test_a_lapsed_offer_takes_back_the_mail_about_a_change_of_the_event(event):
    """A person who is no longer registered is told of no change; no reason is stored for taking back the mail."""
    person = offered(event)
    mailing = mail_about_change(event)
    write(expiry.expire_due, now=person.offer_expires_at)
    assert mail_of(mailing, person).status == MessageStatus.ABORTED
    assert set(reasons(mailing).values()) == {None}


def test_a_lapsed_offer_takes_back_its_own_unsent_reminder(event):
    """Nobody reads that there is still time to accept once the offer has ended."""
    person = offered(event)
    mark_all_sent()
    reminder = write(mails.queue_about_offer, person, "offer-reminder", now=LATER)
    write(expiry.expire_due, now=person.offer_expires_at)
    assert reminder.status == MessageStatus.ABORTED
