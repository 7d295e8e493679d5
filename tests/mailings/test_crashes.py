"""A worker that is killed again and again queues a mail for each recipient once and forgets nobody (R12)."""

import time
from collections import Counter
from functools import partial

import pytest
from sqlalchemy import func, insert, select

from forum.database import start_write
from forum.extensions import db
from forum.mailings import sending
from forum.mailings.enums import MailingKind, MailingStatus, RecipientStatus
from forum.mailings.facts import facts_of, first_step, next_step
from forum.mailings.models import Mailing, MailingRecipient
from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.registration.models import RegistrationToken
from tests.factories.events import NOW
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed

PEOPLE, BEFORE_KILLING = 140, 25


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def worker(own_process):
    """Return a function that starts a process which runs the jobs."""
    return partial(own_process, "tests.mailings.processes")


def queued() -> int:
    db.session.rollback()
    done = MailingRecipient.status == RecipientStatus.QUEUED
    return db.session.scalar(select(func.count()).select_from(MailingRecipient).where(done))


@pytest.mark.slow
def test_a_killed_worker_sends_nothing_twice_and_forgets_nobody(frozen, event, worker, monkeypatch):
    mailing, people = _begin(event)
    kills = 0
    while (before := queued()) < PEOPLE:
        process, reached = worker(), time.monotonic() + 60
        while queued() < min(before + BEFORE_KILLING, PEOPLE) and time.monotonic() < reached:
            time.sleep(0.002)
        process.kill()
        process.wait()
        kills += 1
        assert queued() > before, "the worker stands still"
        mark_all_sent()
    assert kills > PEOPLE // (sending.AT_ONCE + BEFORE_KILLING)
    assert worker().wait(60) == 0
    assert _status(mailing) == MailingStatus.DONE
    bulk = select(OutboxMessage.registration_id).where(OutboxMessage.lane == Lane.BULK)
    assert Counter(db.session.scalars(bulk)) == Counter(people)
    # A mail whose transaction was rolled back has left no link either.
    linked = select(RegistrationToken.registration_id).where(RegistrationToken.created_at == NOW)
    assert set(people) <= set(db.session.scalars(linked))


def _begin(event) -> tuple[Mailing, list[int]]:
    people = [confirmed(event, sector).id for sector in _sectors(event)]
    mark_all_sent()
    start_write(db.session)
    was = {**facts_of(event), "place": {"sv": "Då", "en": "Then"}}
    mailing = Mailing(event=event, kind=MailingKind.EVENT_CHANGED, status=MailingStatus.SENDING)
    mailing.steps = [first_step(was), next_step(facts_of(event), NOW)]
    mailing.changed_at = mailing.proposed_at = mailing.started_at = NOW
    mailing.people = len(people)
    db.session.add(mailing)
    db.session.flush()
    rows = [{"mailing_id": mailing.id, "registration_id": person, "step": 0} for person in people]
    db.session.execute(insert(MailingRecipient).values(status=RecipientStatus.WAITING), rows)
    db.session.commit()
    return mailing, people


def _sectors(event) -> list[str]:
    """Return each person's sector: people are spread over all sectors, and people without a place wait in line."""
    keys = [sector.key for sector in event.sectors]
    return [keys[number % len(keys)] for number in range(PEOPLE)]


def _status(mailing: Mailing) -> MailingStatus:
    db.session.rollback()
    db.session.refresh(mailing)
    return mailing.status
