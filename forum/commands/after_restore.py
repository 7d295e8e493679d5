"""Making a restored database safe: no organiser is signed in, and nothing leaves again by itself (R12, R22).

Mails that were in the outbox wait for `forum release-mail`, and invitations without a mail wait until an organiser
sends them. Paused mailings wait until an organiser resumes them; their pages say since when people may have got them. A
reminder whose moment has passed may have left after the backup was made, so the worker does not send it. What
organisers did after the backup is lost, and they may do it again: invite the same person, say, or ask for a reminder.

A registered person's sign-in to their own page is in the browser's cookie alone. A sign-in that the person has ended
after the backup was made works again, until it expires after half an hour without use or after twelve hours. A new
FORUM_SECRET_KEY ends all such sign-ins.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from flask.cli import with_appcontext
from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Delete,
    Select,
    Update,
    and_,
    case,
    delete,
    exists,
    false,
    insert,
    inspect,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.engine import Connection, Dialect

from forum import clock
from forum.accounts.models import OneTimeLink, SignIn
from forum.commands import restored_invitations
from forum.counting import counted
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.followers import weekly
from forum.followers.enums import NewsMailStatus, Pace
from forum.followers.models import Follower, MailedPost, NewsMail
from forum.invitations.models import Invitation
from forum.mailings.enums import MailingStatus
from forum.mailings.models import Mailing, Reminder
from forum.news.models import Post
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import HELD, UNSENT
from forum.registration.kept_export_models import KeptExport
from forum.registration.offer_models import Offer
from forum.tasks.enums import TaskStatus
from forum.tasks.models import Task
from forum.web import limits

# SQL that pauses mailings and marks those that may go on or begin (as `_mark_mailings` does), keeps past reminders from
# leaving again (as `_end_past_reminders` does), and leaves out mails of the news that may have been sent since the
# backup was made (at MADE_AT): mails that wait in the backup, and those that `_leave_out_news` describes. The SQL also
# stops tasks, which somebody may have undone since, and deletes kept exports, which may name people who were erased
# since. Each table is looked for first, because a backup of an early release may lack it.
PAUSING_OTHERS = """DO $$ BEGIN IF to_regclass('mailings') IS NOT NULL THEN
UPDATE mailings SET status = 'paused' WHERE status = 'sending'; END IF;
IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('mailings') AND attname = 'restored_from') THEN
UPDATE mailings SET restored_from = coalesce(restored_from, 'MADE_AT') WHERE status IN ('proposed', 'paused');
END IF; END $$;
DO $$ BEGIN IF to_regclass('reminders') IS NOT NULL THEN UPDATE reminders SET planned_at = now(); END IF; END $$;
DO $$ BEGIN IF to_regclass('offers') IS NOT NULL THEN
UPDATE offers SET remind_at = NULL WHERE ended_at IS NULL AND reminded_at IS NULL AND remind_at <= now();
END IF; END $$;
DO $$ BEGIN IF to_regclass('tasks') IS NOT NULL THEN
UPDATE tasks SET status = 'stopped', ended_at = now(), payload = '{}' WHERE status = 'running'; END IF; END $$;
DO $$ BEGIN IF to_regclass('news_mails') IS NOT NULL THEN
UPDATE news_mails SET status = 'left_out' WHERE status = 'waiting';
INSERT INTO news_mails (post_id, follower_id, status, made_at) SELECT posts.id, followers.id, 'left_out', now()
FROM (SELECT id, greatest(published_at, announced_at) AS out_at,
  (announced_at IS NULL OR announced_at < published_at) AS is_planned FROM posts) AS posts
LEFT JOIN mailed_posts ON mailed_posts.post_id = posts.id AND mailed_posts.announced_at = posts.out_at
CROSS JOIN followers JOIN events ON events.id = followers.event_id
CROSS JOIN LATERAL (SELECT date_trunc('week', now() AT TIME ZONE timezone) + interval '4 days 9 hours' AS hour) AS local
CROSS JOIN LATERAL (SELECT (CASE WHEN hour AT TIME ZONE timezone <= now() THEN hour ELSE hour - interval '7 days' END)
  AT TIME ZONE timezone AS due) AS weekly
WHERE followers.confirmed_at IS NOT NULL AND posts.out_at <= now() AND posts.out_at > now() - interval '29 days'
AND CASE WHEN followers.pace = 'weekly' THEN posts.out_at <= due AND followers.confirmed_at <= due
  AND followers.weekly_at IS DISTINCT FROM due AND due + interval '12 hours' > 'MADE_AT'
  ELSE posts.is_planned OR mailed_posts.post_id IS NULL END
ON CONFLICT DO NOTHING; END IF; END $$;
DO $$ BEGIN IF to_regclass('kept_exports') IS NOT NULL THEN DELETE FROM kept_exports; END IF; END $$;
"""
PAUSING = restored_invitations.PAUSING + PAUSING_OTHERS

# The condition that a post was not announced yet when the backup was made.
IS_PLANNED = or_(Post.announced_at.is_(None), Post.announced_at < Post.published_at)


@dataclass(frozen=True)
class Quieted:
    """How many sign-ins and links a restore has deleted, and how many mails it holds."""

    sign_ins: int
    links: int
    mails: int

    def __str__(self) -> str:
        return (
            f"{counted(self.sign_ins, 'sign-in', 'sign-ins')} and"
            f" {counted(self.links, 'one-time link', 'one-time links')} of the backup were ended."
            f" {counted(self.mails, 'unsent mail is', 'unsent mails are')} held, for the forum may have sent such"
            " since the backup was made: look into the console, then `forum release-mail` sends what is held."
        )


def quiet(connection: Connection, made_at: datetime) -> Quieted:
    """Delete sign-ins, one-time links, kept exports; pause mailings, end past reminders, stop tasks, hold mail.

    Mails to followers of the news that may have left since the backup was made (`made_at`) are left out. The caller
    commits.
    """
    if inspect(connection).has_table(Mailing.__tablename__):
        sending = update(Mailing).where(Mailing.status == MailingStatus.SENDING)
        connection.execute(sending.values(status=MailingStatus.PAUSED))
        _mark_mailings(connection, made_at)
    _end_past_reminders(connection)
    if inspect(connection).has_table(Invitation.__tablename__):
        restored_invitations.quiet(connection)
    if inspect(connection).has_table(NewsMail.__tablename__):
        _leave_out_news(connection, made_at)
    if inspect(connection).has_table(KeptExport.__tablename__):
        connection.execute(delete(KeptExport))
    if inspect(connection).has_table(Task.__tablename__):
        running = update(Task).where(Task.status == TaskStatus.RUNNING)
        connection.execute(running.values(status=TaskStatus.STOPPED, ended_at=clock.now(), payload={}))
    return Quieted(*(_count(connection, statement) for statement in _statements()))


def _mark_mailings(connection: Connection, made_at: datetime) -> None:
    """Note in mailings that may go on or begin from which backup they are: people may have got them since.

    A mailing that an earlier restore has marked keeps its older mark. A backup of an earlier release lacks the column.
    """
    columns = inspect(connection).get_columns(Mailing.__tablename__)
    if any(column["name"] == Mailing.restored_from.key for column in columns):
        waiting = Mailing.status.in_((MailingStatus.PROPOSED, MailingStatus.PAUSED))
        marked = update(Mailing).where(waiting, Mailing.restored_from.is_(None))
        connection.execute(marked.values(restored_from=made_at))


def _end_past_reminders(connection: Connection) -> None:
    """Keep reminders whose moment has passed from leaving, because they may have left after the backup was made.

    An offer loses the moment of such a reminder. Organisers' reminders get the present moment as the one at which they
    were planned: the worker sends no reminder that was due earlier than that.
    """
    tables, now = inspect(connection), clock.now()
    if tables.has_table(Reminder.__tablename__):
        connection.execute(update(Reminder).values(planned_at=now))
    if tables.has_table(Offer.__tablename__):
        past = Offer.ended_at.is_(None), Offer.reminded_at.is_(None), Offer.remind_at <= now
        connection.execute(update(Offer).where(*past).values(remind_at=None))


def _leave_out_news(connection: Connection, made_at: datetime) -> None:
    """Leave out the mails of the news that the forum may have sent since the backup was made.

    A follower who gets posts at once may have got the mails that wait in the backup, and mails about published posts
    for which the backup has no list of recipients. A follower who gets posts weekly may have got the posts published
    before the last weekly mail, unless that weekly mail was made before the backup.
    """
    now = clock.now()
    waiting = update(NewsMail).where(NewsMail.status == NewsMailStatus.WAITING)
    connection.execute(waiting.values(status=NewsMailStatus.LEFT_OUT))
    columns = ("post_id", "follower_id", "status", "made_at")
    for event_id, zone in connection.execute(select(Event.id, Event.timezone)).all():
        due = weekly.due_in(ZoneInfo(zone), now)
        # The worker makes a weekly mail only within some hours after it is due. If these hours were over when the
        # backup was made, the mail was made before the backup or never, so it cannot have left since.
        may_be_mailed = due + weekly.WINDOW > made_at
        pairs = _pairs(event_id, due if may_be_mailed else None, now)
        connection.execute(insert(NewsMail).from_select(columns, pairs))


def _pairs(event_id: int, due: datetime | None, now: datetime) -> Select[Any, Any, Any, Any]:
    """Return the query for rows that keep news mails from being sent again.

    Each row pairs a post with a follower who may have got it already. `due` is the hour of the weekly mail that may
    have been sent since the backup was made, or None without such a mail.
    """
    out_at = case((IS_PLANNED, Post.published_at), else_=Post.announced_at)
    is_begun = exists().where(MailedPost.post_id == Post.id, MailedPost.announced_at == Post.announced_at)
    is_in_weekly: list[ColumnElement[bool]] = [false()]
    if due is not None:
        is_to_come = or_(Follower.weekly_at.is_(None), Follower.weekly_at != due)
        is_in_weekly = [out_at <= due, Follower.confirmed_at <= due, is_to_come]
    may_have_it = case((Follower.pace == Pace.WEEKLY, and_(*is_in_weekly)), else_=or_(IS_PLANNED, ~is_begun))
    told = literal(NewsMailStatus.LEFT_OUT, NewsMail.status.type), literal(now, NewsMail.made_at.type)
    together = select(Post.id, Follower.id, *told).select_from(Post).join(Follower, true())
    return together.where(
        Follower.event_id == event_id,
        Follower.confirmed_at.is_not(None),
        out_at <= now,
        out_at > now - weekly.LOOKS_BACK,
        may_have_it,
        ~exists().where(NewsMail.post_id == Post.id, NewsMail.follower_id == Follower.id),
    )


def quieting_script(dialect: Dialect, made_at: datetime) -> str:
    """Return SQL that ends sign-ins and holds mail, as `quiet` does, for psql to run within a restore."""
    options = {"literal_binds": True}
    lines = [
        str(statement.compile(dialect=dialect, compile_kwargs=options)).replace("\n", " ")
        for statement in _statements()
    ]
    return PAUSING.replace("MADE_AT", made_at.isoformat()) + "".join(f"{line};\n" for line in lines)


def read_answers(output: str) -> Quieted:
    """Return how many rows `quieting_script` has deleted and how many mails it holds, from what psql printed."""
    counts = re.findall(r"^(?:DELETE|UPDATE) (\d+)$", output, re.MULTILINE)
    return Quieted(*(int(count) for count in counts[-3:]))


def _statements() -> tuple[Delete | Update, ...]:
    held = update(OutboxMessage).where(OutboxMessage.status.in_(UNSENT))
    values = {"status": MessageStatus.AWAITING_RETRY, "next_attempt_at": HELD}
    return (
        delete(SignIn),
        delete(OneTimeLink),
        held.values(**values, lease_until=None, lease_owner=None),
    )


def forget_counted_views() -> None:
    """Delete the counters of organisers' views, by which only some views within an hour get an audit entry.

    The counters may include views since the backup, whose entries the restored audit trail lacks: a view after the
    restore would then count as a repeat and get no entry either.
    """
    if not limits.forget_all_counts():
        click.echo(
            "The store of rate limits does not answer. Empty it before the forum starts, or the log may lack for an"
            " hour who looks at whom.",
            err=True,
        )


@click.command("release-mail")
@with_appcontext
def release_mail() -> None:
    """Send the mails that a restore has held back."""
    start_write(db.session)
    held = update(OutboxMessage).where(
        OutboxMessage.next_attempt_at == HELD, OutboxMessage.status.in_(UNSENT)
    )
    released = _count(db.session.connection(), held.values(next_attempt_at=clock.now()))
    db.session.commit()
    click.echo(f"{counted(released, 'mail is', 'mails are')} released.")


def _count(connection: Connection, statement: Delete | Update) -> int:
    answer: CursorResult = connection.execute(statement)
    return answer.rowcount
