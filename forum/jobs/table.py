"""What the worker does besides mail, and how often. Each job is a rule that flushes and may run twice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from forum.accounts import actions as accounts
from forum.audit import heads
from forum.health import keys
from forum.news import actions as news
from forum.registration import expiry, forgetting
from forum.registration.models import CareAnswer, ProtectedIdentity
from forum.web import limits


@dataclass(frozen=True)
class Job:
    """A rule to run every so many seconds; `run(now=…)` returns how much it did.

    With `each(now=…)` it runs once for each of these ids, `run(id, now=…)`, in a transaction of its own.
    """

    name: str
    seconds: float
    run: Callable[..., int]
    each: Callable[..., Sequence[int]] | None = None


def announce_posts(*, now: datetime) -> int:
    """Show posts whose time has come."""
    return news.announce_due(now)


def forget_counters(*, now: datetime) -> int:
    """Delete the counters of limits whose window has ended."""
    return limits.forget_ended()


def seal_answers_anew(*, now: datetime) -> int:
    """Seal everybody's answer about protected identity and care anew (P21).

    Otherwise two backups would show whose answer had changed between them. Commits by the batch.
    """
    of_everybody = {ProtectedIdentity.__table__, CareAnswer.__table__}
    done, _closed = keys.reseal(column for column in keys.sealed_columns() if column.table in of_everybody)
    return done


JOBS = (
    Job("announce posts", 10, announce_posts),
    Job("expire registrations", 30, expiry.expire_in, each=expiry.list_due),
    Job("forget unconfirmed", 3600, forgetting.forget_unconfirmed),
    Job("forget sign-ins", 600, accounts.forget_expired),
    Job("forget forms and links", 3600, expiry.forget_ended),
    Job("forget counters", 3600, forget_counters),
    Job("seal answers anew", 24 * 3600, seal_answers_anew),
    Job("note audit head", 24 * 3600, heads.note),
)
