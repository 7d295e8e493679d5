"""Recording page views, refused attempts and repeated forms without flooding the audit trail (S46, P18).

Of what one actor does to one subject within an hour, only the 1st, 2nd, 4th, 8th … time becomes an entry. The entry's
`times` says how many it stands for; the sum of all `times` is more than half of the true number. Of pages of the
attendee list only the first one is recorded (`note_once`), because turning its pages is one look. Functions called
`note_…` are for views: they commit.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import after_this_request, current_app
from sqlalchemy.exc import SQLAlchemyError
from werkzeug import Response

from forum import clock
from forum.audit import actions, queries
from forum.database import start_write
from forum.extensions import db
from forum.web import errors
from forum.web.limits import HOUR_SECONDS, client, count_in_hour, count_within, forget_count_in_hour, keyed

VISITOR = "visitor"
DAY_SECONDS = 24 * HOUR_SECONDS
# A rate limit's refusals are counted in periods of this many seconds, and the first of each period is recorded: while a
# limit keeps refusing visitors, its newest entry is at most this old.
BRAKE_SECONDS = 300
# The status codes of pages that show data: 200, and those of pages that show a refused form again.
SHOWN = frozenset({200, 409, 422, 429})
log = logging.getLogger("forum.audit")


def note_refusal(action: str, account: Any) -> None:
    """Record that a client's attempt to sign in was refused; an `account` without an id stands for an unknown address.

    The refusals of each client are counted for each account, and together for all unknown addresses: a list of invented
    addresses leaves few entries and hides no refusal at a real account. Whether an entry is written depends on the
    address alone, and an entry that is not kept is written and undone, so the time does not tell which addresses have
    an account (S24).
    """
    subject = str(account.id or "unknown")
    times = count_in_hour(action, client(), subject)
    if not _is_told(count_in_hour(action, client(), keyed(account.email))):
        return
    # Refusals at unknown addresses are counted together, but whether an entry is written depends on the count of the
    # single address. So of the entries that are written, keep the first after each power of two of the common count.
    is_kept = count_in_hour(action, client(), subject, f"power {times.bit_length()}") == 1
    start_write(db.session)
    told: dict[str, Any] = {"actor": VISITOR, "at": clock.now(), "times": max(times // 2, 1)}
    actions.record_or_rehearse(action, account, is_kept=is_kept, **told)
    db.session.commit()


def note_brake(action: str, subject: Any) -> None:
    """Record that a rate limit has delayed a visitor.

    The delays of all visitors are counted together, in periods of five minutes.
    """
    times = count_within(BRAKE_SECONDS, action)
    if _is_told(times):
        start_write(db.session)
        _write(action, subject, VISITOR, times)


def note_view(action: str, subject: Any, *, actor: str) -> None:
    """Record that an organiser has viewed something, after the page was rendered.

    A page that shows a refused form again is a view as well. Views are counted by hours of the clock: a day on which
    somebody looked has an entry of its own. When the database cannot be written, the log has an error; a page about one
    person, or about food and access (`queries.ALWAYS_RECORDED`), is then not shown, and any other is (S43). A view
    whose count needs no entry is shown in any case.
    """
    _note_after(_is_told, action, subject, actor)


def note_once(action: str, subject: Any, *, actor: str, **details: Any) -> None:
    """Record that an organiser has viewed a long list, like `note_view`, but once an hour for each set of details."""
    _note_after(_is_first, action, subject, actor, **details)


def _note_after(
    is_told: Callable[[int], bool], action: str, subject: Any, actor: str, **details: Any
) -> None:
    """Once the page is made, count this view; record it in the audit trail if `is_told(count in this hour)`."""
    hour, seen = f"{clock.now().astimezone(UTC):%Y-%m-%d %H}", str(subject.id)

    @after_this_request
    def write(response: Response) -> Response:
        if response.status_code not in SHOWN:
            return response
        counted = (action, actor, seen, hour, *map(str, details.values()))
        times = count_in_hour(*counted)
        if is_told(times):
            try:
                start_write(db.session)
                _write(action, subject, actor, times, **details)
            except SQLAlchemyError as problem:
                db.session.rollback()
                log.error("%s by %s was not recorded: %s", action, actor, type(problem).__name__)
                # Set the count of this hour to zero: this view has no entry, and later views would count as its repeats
                # and get none either. Subtracting one is not enough: a view made meanwhile, such as a reload, may have
                # counted as a repeat.
                forget_count_in_hour(*counted)
                return _instead_of(response, problem) if action in queries.ALWAYS_RECORDED else response
        return response


def _instead_of(page: Response, problem: SQLAlchemyError) -> Response:
    """Return the page for a busy forum in place of a page whose view could not be recorded.

    Any error of the database leads here: a full or read-only disk has another error on each kind of database.
    """
    page.close()
    return current_app.make_response(errors.show_busy(problem))


def record_form(
    action: str,
    subject: Any,
    *,
    is_new: bool = False,
    group: str = "",
    actor: str = VISITOR,
    at: datetime,
    **details: Any,
) -> None:
    """Record in the caller's transaction a form that anybody can send again without end, for any address.

    A form that makes something new is always recorded (`is_new`); of other forms about one subject, or of one `group`,
    only the 1st, 2nd, 4th, 8th … of a day. The entries of the others are written and undone, so that neither time nor
    statements reveal whether the address is known and who else has sent forms for it (S24).
    """
    times = count_within(DAY_SECONDS, action, group or f"{subject.__tablename__} {subject.id}")
    if not is_new and times > 2:
        details["times"] = times // 2
    is_kept = is_new or _is_told(times)
    actions.record_or_rehearse(action, subject, is_kept=is_kept, actor=actor, at=at, **details)


def _is_told(times: int) -> bool:
    return times & (times - 1) == 0


def _is_first(times: int) -> bool:
    return times == 1


def _write(action: str, subject: Any, actor: str, times: int, **details: Any) -> None:
    actions.record(action, subject, actor=actor, at=clock.now(), times=max(times // 2, 1), **details)
    db.session.commit()
