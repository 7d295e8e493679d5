"""What is looked at or tried in vain, recorded without a flood: for views, in a transaction of its own (S46, P18).

Of what one actor does to one subject within an hour, the first, second, fourth, eighth … time are entries of the
chain. `times` says for how many each stands, so their sum is more than half of what happened, however often.
"""

import logging
from collections.abc import Callable
from typing import Any

from flask import after_this_request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug import Response

from forum import clock
from forum.audit import actions
from forum.database import start_write
from forum.extensions import db
from forum.web.limits import client, count_in_hour, count_within

VISITOR = "visitor"
BRAKE_SECONDS = 300  # so old may the last entry be while visitors are held back
log = logging.getLogger("forum.audit")


def note_refusal(action: str, find_subject: Callable[[], Any]) -> None:
    """Record that a visitor was refused; counted by client, so that it takes as long whoever was asked for (S24)."""
    times = count_in_hour(action, client())
    if _is_told(times):
        start_write(db.session)
        _write(action, find_subject(), VISITOR, times)


def note_brake(action: str, subject: Any) -> None:
    """Record that a visitor was held back for what many have sent; counted for all together, in each five minutes."""
    times = count_within(BRAKE_SECONDS, action)
    if _is_told(times):
        start_write(db.session)
        _write(action, subject, VISITOR, times)


def note_view(action: str, subject: Any, *, actor: str) -> None:
    """Record that an organiser has seen something, once the page is made.

    A database that cannot be written does not keep organisers from reading; then the log tells of it.
    """
    times = count_in_hour(action, actor, str(subject.id))

    @after_this_request
    def write(response: Response) -> Response:
        if _is_told(times) and response.status_code == 200:
            try:
                start_write(db.session)
                _write(action, subject, actor, times)
            except SQLAlchemyError as problem:
                db.session.rollback()
                log.error("%s by %s was not recorded: %s", action, actor, type(problem).__name__)
        return response


def _is_told(times: int) -> bool:
    return times & (times - 1) == 0


def _write(action: str, subject: Any, actor: str, times: int) -> None:
    actions.record(action, subject, actor=actor, at=clock.now(), times=max(times // 2, 1))
    db.session.commit()
