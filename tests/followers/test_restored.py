"""A restored backup brings back no follower who has left, and mails nothing a second time (P09, R12)."""

from datetime import timedelta

import pytest
from flask_babel import force_locale
from sqlalchemy import delete, select

from forum import clock
from forum.audit.models import AuditEntry
from forum.commands import after_restore
from forum.database import start_write
from forum.extensions import db
from forum.followers import actions, ending, mail_words, sending
from forum.followers.enums import FollowPurpose, NewsMailStatus, Pace
from forum.followers.models import Follower, FollowerLink, MailedPost, NewsMail
from forum.news import actions as news
from forum.outbox.models import OutboxMessage
from forum.privacy import erasing_again
from forum.registration import tombstones
from forum.registration.tombstone_models import Tombstone
from tests.factories.events import NOW
from tests.factories.followers import BEFORE, make_follower, token_in
from tests.factories.mails import mark_all_sent
from tests.factories.news import make_post
from tests.factories.registrations import write
from tests.followers.test_sending import DAY, FRIDAY, LATER, MINUTE, fresh, told, work


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def leave(event, address: str) -> dict:
    """Let a follower leave by the mail of a post; return their row as a backup has it."""
    fresh()
    work()
    follower = db.session.scalars(select(Follower).where(Follower.email == address)).one()
    row = {column.name: getattr(follower, column.name) for column in Follower.__table__.columns}
    choose = token_in(address, "news-post")
    write(actions.leave, choose, FollowPurpose.CHOOSE, now=LATER)
    write(tombstones.note, now=LATER)
    return row


def bring_back(row: dict) -> None:
    """Restore the follower from a backup, which lacks the tombstone."""
    start_write(db.session)
    db.session.execute(delete(Tombstone))
    db.session.add(Follower(**row))
    db.session.commit()


def repeat() -> list[int]:
    due = erasing_again.list_due(now=LATER)
    return [write(erasing_again.repeat, digest, now=LATER) for digest in due]


def test_who_has_left_leaves_again_before_anything_is_mailed(event, frozen):
    make_follower(event, "asa@example.org")
    bring_back(leave(event, "asa@example.org"))
    fresh(published_at=LATER, announced_at=LATER)
    work(LATER + sending.PAUSE)
    assert told() == []
    assert repeat() == [1]
    work(LATER + sending.PAUSE)
    assert (told(), db.session.scalars(select(Follower)).all()) == ([], [])
    assert db.session.scalars(select(FollowerLink)).all() == []
    actions_of = select(AuditEntry.action).where(AuditEntry.action == "follower.left_again")
    assert db.session.scalars(actions_of).all() == ["follower.left_again"]


def test_who_follows_the_news_again_later_stays(event, frozen):
    make_follower(event, "asa@example.org")
    leave(event, "asa@example.org")
    make_follower(event, "asa@example.org", now=LATER)
    write(lambda: db.session.execute(delete(Tombstone)))
    assert repeat() == [0]
    assert [one.email for one in db.session.scalars(select(Follower))] == ["asa@example.org"]


@pytest.mark.parametrize("pace", Pace)
def test_what_had_come_out_is_mailed_to_nobody_after_a_restore(event, frozen, pace):
    """The mails may have left since the backup was made, at once or in that week's mail."""
    make_follower(event, pace=pace)
    fresh()
    make_post(published_at=NOW + MINUTE, announced_at=None)
    clock.freeze(LATER)
    write(lambda: after_restore.quiet(db.session.connection()))
    work(LATER + sending.PAUSE)
    work(FRIDAY)
    assert told() == []
    fresh(published_at=FRIDAY, announced_at=FRIDAY)
    work(FRIDAY + sending.PAUSE)
    work(FRIDAY + 7 * DAY)
    assert [kind for _address, kind in told()] == ["news-post" if pace == Pace.AT_ONCE else "news-weekly"]


def test_a_post_planned_anew_goes_to_nobody_once_it_is_forgotten_who_had_it(app, event, frozen):
    make_follower(event, "asa@example.org", now=BEFORE)
    post = fresh()
    work()
    mark_all_sent()
    anew = NOW + timedelta(days=50)
    again(post, anew)
    write(ending.forget_old_mails, now=NOW + timedelta(days=70))
    again(post, NOW + timedelta(days=100))
    write(ending.forget_old_mails, now=NOW + timedelta(days=170))
    assert db.session.scalars(select(NewsMail.status)).all() == []
    write(news.withdraw, post, actor="command", now=NOW + timedelta(days=170))
    clock.freeze(NOW + timedelta(days=170))
    with app.test_request_context(), force_locale("en"):
        assert "goes to nobody" in mail_words.tell_reach(post)
    again(post, NOW + timedelta(days=171))
    assert told() == []
    assert db.session.get(MailedPost, post.id).sent == 1


def again(post, moment) -> None:
    """Withdraw a post, plan it for a moment, and run the jobs until its mails would be made."""
    before = moment - timedelta(hours=2)
    write(lambda: db.session.execute(delete(OutboxMessage)))
    if post.announced_at:
        write(news.withdraw, post, actor="command", now=before)
    write(news.schedule, post, moment, actor="command", now=before)
    work(moment)
    work(moment + sending.PAUSE + MINUTE)
    rows = db.session.scalars(select(NewsMail.status)).all()
    assert (told(), set(rows) <= {NewsMailStatus.QUEUED}) == ([], True)
