"""Making a restored database safe: no organiser is signed in, and no mail or mailing is sent twice (R12, R22).

A registered person's sign-in to their own page is in the browser's cookie alone. A sign-in that the person has
ended after the backup was made works again, until it expires after half an hour without use or after twelve hours.
A new FORUM_SECRET_KEY ends all such sign-ins.
"""

import re
from dataclasses import dataclass

import click
from flask.cli import with_appcontext
from sqlalchemy import (
    CursorResult,
    Delete,
    Update,
    delete,
    exists,
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
from forum.counting import counted
from forum.database import start_write
from forum.extensions import db
from forum.followers.enums import NewsMailStatus
from forum.followers.models import Follower, NewsMail
from forum.followers.weekly import LOOKS_BACK
from forum.mailings.enums import MailingStatus
from forum.mailings.models import Mailing
from forum.news.models import Post
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import HELD, UNSENT
from forum.registration.kept_export_models import KeptExport
from forum.tasks.enums import TaskStatus
from forum.tasks.models import Task

# SQL that pauses mailings and leaves out mails of the news, which may have been sent since the backup was made: those
# that wait, and those about posts that had come out or would have come out by now. It stops tasks, which somebody may
# have undone since, and deletes kept exports, which may name people who were erased since. A backup of an early release
# lacks these tables.
PAUSING = """DO $$ BEGIN IF to_regclass('mailings') IS NOT NULL THEN
UPDATE mailings SET status = 'paused' WHERE status = 'sending'; END IF; END $$;
DO $$ BEGIN IF to_regclass('tasks') IS NOT NULL THEN
UPDATE tasks SET status = 'stopped', ended_at = now(), payload = '{}' WHERE status = 'running'; END IF; END $$;
DO $$ BEGIN IF to_regclass('news_mails') IS NOT NULL THEN
UPDATE news_mails SET status = 'left_out' WHERE status = 'waiting';
UPDATE posts SET goes_by_mail = false WHERE published_at <= now()
AND (announced_at IS NULL OR announced_at < published_at);
INSERT INTO news_mails (post_id, follower_id, status, made_at) SELECT posts.id, followers.id, 'left_out', now()
FROM posts CROSS JOIN followers WHERE followers.confirmed_at IS NOT NULL
AND posts.announced_at > now() - interval '15 days' ON CONFLICT DO NOTHING; END IF; END $$;
DO $$ BEGIN IF to_regclass('kept_exports') IS NOT NULL THEN DELETE FROM kept_exports; END IF; END $$;
"""


@dataclass(frozen=True)
class Quieted:
    """How many sign-ins and links were deleted, and how many mails are held."""

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


def quiet(connection: Connection) -> Quieted:
    """Delete sign-ins, one-time links, kept exports; pause mailings, stop tasks, hold mail.

    Posts that wait for followers of the news are left out. The caller commits.
    """
    if inspect(connection).has_table(Mailing.__tablename__):
        sending = update(Mailing).where(Mailing.status == MailingStatus.SENDING)
        connection.execute(sending.values(status=MailingStatus.PAUSED))
    if inspect(connection).has_table(NewsMail.__tablename__):
        _leave_out_news(connection)
    if inspect(connection).has_table(KeptExport.__tablename__):
        connection.execute(delete(KeptExport))
    if inspect(connection).has_table(Task.__tablename__):
        running = update(Task).where(Task.status == TaskStatus.RUNNING)
        connection.execute(running.values(status=TaskStatus.STOPPED, ended_at=clock.now(), payload={}))
    return Quieted(*(_count(connection, statement) for statement in _statements()))


def _leave_out_news(connection: Connection) -> None:
    """Leave out the mails of the news about all posts that had come out, or would have come out by now."""
    now, left_out = clock.now(), NewsMailStatus.LEFT_OUT
    waiting = update(NewsMail).where(NewsMail.status == NewsMailStatus.WAITING)
    connection.execute(waiting.values(status=left_out))
    is_unannounced = or_(Post.announced_at.is_(None), Post.announced_at < Post.published_at)
    planned = update(Post).where(Post.published_at <= now, is_unannounced)
    connection.execute(planned.values(goes_by_mail=False))
    told = literal(left_out, NewsMail.status.type), literal(now, NewsMail.made_at.type)
    pairs = select(Post.id, Follower.id, *told).select_from(Post).join(Follower, true())
    pairs = pairs.where(
        Post.announced_at > now - LOOKS_BACK,
        Follower.confirmed_at.is_not(None),
        ~exists().where(NewsMail.post_id == Post.id, NewsMail.follower_id == Follower.id),
    )
    columns = ("post_id", "follower_id", "status", "made_at")
    connection.execute(insert(NewsMail).from_select(columns, pairs))


def quieting_script(dialect: Dialect) -> str:
    """Return the statements of `quiet` as SQL, one a line, for psql to run in the transaction of a restore."""
    options = {"literal_binds": True}
    lines = [
        str(statement.compile(dialect=dialect, compile_kwargs=options)).replace("\n", " ")
        for statement in _statements()
    ]
    return PAUSING + "".join(f"{line};\n" for line in lines)


def read_answers(output: str) -> Quieted:
    """Return the counts that psql printed for the statements of `quieting_script`, which ran last."""
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
