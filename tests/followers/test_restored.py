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
from forum.followers import actions, ending, mail_words, sending, weekly
from forum.followers.enums import FollowPurpose, NewsMailStatus, Pace
from forum.followers.models import Follower, FollowerLink, MailedPost, NewsMail
from forum.news import actions as news
from forum.outbox.models import OutboxMessage
from forum.privacy import erasing_again
from forum.registration import tombstones
from forum.registration.tombstone_models import Tombstone
from tests.factories.events import NOW, make_event
from tests.factories.followers import BEFORE, make_follower, token_in
from tests.factories.mails import mark_all_sent
from tests.factories.news import make_post
from tests.factories.registrations import write
from tests.factories.saving import save
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
    """Restore the follower from a backup, which lacks the tombstone: the record that the follower has left."""
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


def restore(now, made_at=NOW) -> None:
    """Make the present database safe as if it had been restored from a backup."""
    clock.freeze(now)
    write(lambda: after_restore.quiet(db.session.connection(), made_at))


def test_what_may_have_left_at_once_is_mailed_to_nobody_after_a_restore(event, frozen):
    """Mails of posts that were public in the backup, or planned for before the restore, may have left already."""
    make_follower(event)
    fresh()
    make_post(published_at=NOW + MINUTE, announced_at=None)
    restore(LATER)
    work(LATER + sending.PAUSE)
    work(FRIDAY)
    assert told() == []
    fresh(published_at=FRIDAY, announced_at=FRIDAY)
    work(FRIDAY + sending.PAUSE)
    assert [kind for _address, kind in told()] == ["news-post"]


@pytest.mark.parametrize(
    ("made_at", "now", "is_mailed"),
    [
        (NOW, LATER, True),
        (FRIDAY - DAY, FRIDAY - MINUTE, True),
        (FRIDAY - DAY, FRIDAY + MINUTE, False),
        (FRIDAY + weekly.WINDOW, FRIDAY + DAY, True),
    ],
    ids=["no Friday between", "before that hour", "a Friday between", "after that Friday"],
)
def test_the_weekly_mail_has_a_post_unless_it_may_have_left_already(event, frozen, made_at, now, is_mailed):
    make_follower(event, pace=Pace.WEEKLY)
    fresh()
    work()
    restore(now, made_at)
    work(FRIDAY + MINUTE)
    work(FRIDAY + 7 * DAY)
    assert [kind for _address, kind in told()] == (["news-weekly"] if is_mailed else [])


def test_a_weekly_mail_that_was_made_before_the_backup_leaves_out_nothing_more(event, frozen):
    make_follower(event, pace=Pace.WEEKLY)
    fresh()
    work()
    work(FRIDAY)
    fresh(published_at=FRIDAY - MINUTE, announced_at=FRIDAY - MINUTE)
    fresh(published_at=FRIDAY + MINUTE, announced_at=FRIDAY + MINUTE)
    restore(FRIDAY + 2 * MINUTE, FRIDAY + MINUTE)
    assert {row.status for row in db.session.scalars(select(NewsMail))} == {NewsMailStatus.QUEUED}


@pytest.mark.slow
@pytest.mark.postgresql
@pytest.mark.parametrize("age", [timedelta(minutes=1), 2 * DAY, 9 * DAY])
def test_a_restore_leaves_out_the_same_mails_on_both_databases(make_app, postgres_url, age):
    """For PostgreSQL a restore runs a script of SQL, here with the test's time in place of the database's now()."""
    now = FRIDAY + DAY
    script = after_restore.PAUSING.replace("MADE_AT", (now - age).isoformat())
    script = script.replace("now()", f"'{now.isoformat()}'::timestamptz")
    app = make_app(postgres_url)
    with app.app_context():
        clock.freeze(now)
        event = make_event()
        for pace in Pace:
            make_follower(event, now=now - 30 * DAY, pace=pace)
        for number in range(1, 17):
            moment = now - number * DAY
            post = fresh(published_at=moment, announced_at=moment if number % 3 else None)
            if number % 2:
                save(MailedPost(post_id=post.id, announced_at=moment))
        rows = select(NewsMail.post_id, NewsMail.follower_id).order_by(NewsMail.post_id, NewsMail.follower_id)
        outcomes = []
        for leave_out in (
            lambda connection: after_restore.quiet(connection, now - age),
            lambda connection: connection.exec_driver_sql(script),
        ):
            start_write(db.session)
            leave_out(db.session.connection())
            outcomes.append(db.session.execute(rows).all())
            db.session.rollback()
    assert outcomes[0] == outcomes[1]
    assert {follower for _post, follower in outcomes[0]} == ({1, 2} if age > DAY else {1})


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
