"""A worker that is killed again and again mails a post to each follower once and forgets nobody (R12)."""

import time
from collections import Counter
from functools import partial

import pytest
from sqlalchemy import func, insert, select

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.followers import queries, sending
from forum.followers.enums import NewsMailStatus, Pace
from forum.followers.models import Follower, FollowerLink, NewsMail
from forum.outbox.models import OutboxMessage
from tests.factories.events import NOW
from tests.factories.mails import mark_all_sent
from tests.followers.test_sending import LATER, fresh

PEOPLE, BEFORE_KILLING = 140, 25


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def worker(own_process):
    """Return a function that starts a process which runs the jobs about news."""
    return partial(own_process, "tests.followers.processes")


def made() -> int:
    db.session.rollback()
    done = NewsMail.status == NewsMailStatus.QUEUED
    return db.session.scalar(select(func.count()).select_from(NewsMail).where(done))


@pytest.mark.slow
def test_a_killed_worker_mails_a_post_once_to_everybody(frozen, event, worker):
    addresses = _make_followers(event)
    fresh()
    clock.freeze(LATER)
    kills = 0
    while (before := made()) < PEOPLE:
        process, reached = worker(), time.monotonic() + 60
        while made() < min(before + BEFORE_KILLING, PEOPLE) and time.monotonic() < reached:
            time.sleep(0.002)
        process.kill()
        process.wait()
        kills += 1
        assert made() > before, "the worker stands still"
        mark_all_sent()
    assert kills > PEOPLE // (queries.AT_ONCE + BEFORE_KILLING)
    assert sending.list_next(now=LATER) == []
    mailed = select(OutboxMessage.recipient).where(OutboxMessage.kind == "news-post")
    assert Counter(db.session.scalars(mailed)) == Counter(addresses)
    # Mails that were rolled back have left no links: each mail has a link to leave and a link to the choices.
    assert db.session.scalar(select(func.count()).select_from(FollowerLink)) == 2 * PEOPLE


def _make_followers(event) -> list[str]:
    addresses = [f"follower{number}@example.org" for number in range(PEOPLE)]
    told = {"event_id": event.id, "language": "en", "pace": Pace.AT_ONCE, "has_every": True, "asked_at": NOW}
    rows = [{**told, "email": each, "email_canonical": each, "confirmed_at": NOW} for each in addresses]
    start_write(db.session)
    db.session.execute(insert(Follower), rows)
    db.session.commit()
    return addresses
