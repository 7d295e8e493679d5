"""What the worker does besides mail, and how often. Each job is a rule that flushes and may run twice."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from forum.accounts import actions as accounts
from forum.news import actions as news
from forum.registration import expiry


@dataclass(frozen=True)
class Job:
    """A rule to run every so many seconds; `run(now=…)` returns how much it did."""

    name: str
    seconds: float
    run: Callable[..., int]


def announce_posts(*, now: datetime) -> int:
    """Show posts whose time has come."""
    return news.announce_due(now)


JOBS = (
    Job("announce posts", 10, announce_posts),
    Job("expire registrations", 30, expiry.expire_due),
    Job("forget sign-ins", 600, accounts.forget_expired),
)
