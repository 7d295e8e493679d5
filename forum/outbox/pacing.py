"""How fast mails to many leave: a limited number a minute in all and to each domain, at random intervals (M11).

A mail server that gets thousands of mails from one sender within minutes takes them for spam. Only mails of the lowest
priority have a pace. The database knows when the next of them may leave, so that all workers keep one pace together.
"""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, case, delete, func, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite

from forum.extensions import db
from forum.outbox.enums import Lane
from forum.outbox.models import MailPace, OutboxMessage

# The row of MailPace with this in place of a domain has the pace of the mails to all domains together.
ALL = ""
# How late a mail may be without delaying the next: the worker looks twice a second, and sending a mail takes time.
CATCH_UP = 1.0
# Intervals between two mails are random: the shortest one, or up to this share longer.
JITTER = 0.2
# No interval between two mails is longer than this many seconds. A `free_at` further ahead was written by a machine
# with a wrong clock, and holds no mail back.
LONGEST = 150.0
# How long a row of MailPace is kept after the time for the next mail has passed: it tells when the last mail left.
KEPT = timedelta(minutes=15)
chance = random.SystemRandom()


def is_on() -> bool:
    """Return whether mails to many have a pace at all."""
    return any(_limits().values())


def may_leave(now: datetime) -> ColumnElement[bool]:
    """Return the SQL condition for mails that no pace holds up now."""
    if not is_on():
        return true()
    is_urgent = OutboxMessage.lane < Lane.BULK
    if db.session.scalar(select(MailPace.domain).where(MailPace.domain == ALL, _is_held(now))) is not None:
        # The index on lanes finds urgent mails at once, however many mails to many wait.
        return is_urgent
    held = select(MailPace.domain).where(_is_held(now))
    return or_(is_urgent, domain_of(OutboxMessage.recipient).not_in(held))


def take(lane: Lane, domain: str, now: datetime) -> bool:
    """Count a mail that is to leave now, in the caller's transaction; return False if another worker has been faster.

    Only mails of the lane bulk are counted. The rows for all domains and for this domain change in one statement, in
    this order for every worker, so that one worker waits for another and none deadlock.
    """
    if lane != Lane.BULK or not is_on():
        return True
    steps = {ALL: _step(_limits()[ALL]), domain: _step(_limits()["domain"])}
    floor = now.timestamp() - CATCH_UP
    rows = [{"domain": name, "free_at": floor + step} for name, step in steps.items()]
    tool: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    insert = tool.insert(MailPace).values(rows)
    behind = case((_is_behind(floor, now), MailPace.free_at - floor), else_=0)
    taken = insert.on_conflict_do_update(
        index_elements=["domain"], set_={"free_at": insert.excluded.free_at + behind}, where=~_is_held(now)
    )
    return len(db.session.scalars(taken.returning(MailPace.domain)).all()) == len(rows)


def seconds_for(waiting: Mapping[str, int]) -> float:
    """Return the least number of seconds until all mails to many have left; `waiting` has their numbers by domain."""
    limits = _limits()
    alone = max(waiting.values(), default=0) * _usual_step(limits["domain"])
    return max(alone, sum(waiting.values()) * _usual_step(limits[ALL]))


def is_moving(now: datetime) -> ColumnElement[bool]:
    """Return the SQL condition that mails to many have a pace and one left lately; waiting mails are then not late."""
    if not is_on():
        return ~true()
    since = (now - KEPT).timestamp()
    return select(MailPace.domain).where(MailPace.domain == ALL, MailPace.free_at > since).exists()


def domain_of(address: ColumnElement[str] | Any) -> ColumnElement[str]:
    """Return the SQL expression for the domain of a mail address."""
    find = func.strpos if db.engine.dialect.name == "postgresql" else func.instr
    return func.lower(func.substr(address, find(address, "@") + 1))


def forget_old(*, now: datetime) -> int:
    """Delete the rows of domains that limit no mail any more: a domain may be one person's. Return how many."""
    present = MailPace.free_at.between((now - KEPT).timestamp(), now.timestamp() + LONGEST)
    gone = db.session.scalars(delete(MailPace).where(~present).returning(MailPace.domain))
    return len(gone.all())


def _limits() -> dict[str, int]:
    """Return how many mails a minute may leave in all and to a domain; 0 for no limit."""
    config = current_app.config
    return {ALL: config["BULK_MAILS_PER_MINUTE"], "domain": config["BULK_MAILS_PER_MINUTE_AND_DOMAIN"]}


def _step(limit: int) -> float:
    """Return the seconds from one mail to the next, at random, so that no minute has more than `limit` mails."""
    return (60 + CATCH_UP) / limit * chance.uniform(1, 1 + JITTER) if limit else 0.0


def _usual_step(limit: int) -> float:
    return (60 + CATCH_UP) / limit * (1 + JITTER / 2) if limit else 0.0


def _is_held(now: datetime) -> ColumnElement[bool]:
    return MailPace.free_at.between(now.timestamp(), now.timestamp() + LONGEST)


def _is_behind(floor: float, now: datetime) -> ColumnElement[bool]:
    return MailPace.free_at.between(floor, now.timestamp())
