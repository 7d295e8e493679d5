"""Checking the mails that wait and those that have failed for good (R08, R29)."""

from datetime import datetime, timedelta

from flask import current_app

from forum.counting import counted
from forum.outbox import queries as outbox
from forum.outbox import relay

FAILURES_IN_A_ROW = 3
# Some servers look at a mail for a minute before they take it. A longer wait is a fault of the server.
ANSWER_MAY_TAKE = timedelta(minutes=2)


def check(now: datetime) -> tuple[bool, str]:
    """Check how long unsent mail has waited since it was queued, and how many attempts in a row have failed.

    Check also since when the mail server has had a mail without answering to it: other mails leave meanwhile.
    """
    queue = outbox.read_queue(now=now)
    if not queue.waiting:
        return True, "nothing waits"
    waited = now - (queue.oldest or now)
    words = counted(queue.waiting, "waits", "wait")
    if queue.oldest:
        words += f", the oldest for {counted(int(waited.total_seconds() / 60), 'minute', 'minutes')}"
    else:
        words += ", in turn"
    trouble = relay.find_trouble()
    failures = max(queue.failures, trouble.failures if trouble else 0)
    if failures:
        words += f"; {counted(failures, 'attempt', 'attempts')} in a row failed"
    if trouble:
        words += f", the next one is at {trouble.paused_until:%H:%M:%S} UTC: {trouble.last_error}"
    if queue.unanswered_since:
        words += f"; {_tell_unanswered(queue)}"
    if queue.held:
        return False, f"{words}; {queue.held} are held since the restore: forum release-mail"
    is_answered = queue.unanswered_since is None or now - queue.unanswered_since <= ANSWER_MAY_TAKE
    return waited <= outbox.MAIL_MAY_WAIT and failures < FAILURES_IN_A_ROW and is_answered, words


def _tell_unanswered(queue: outbox.Queue) -> str:
    mails = "a mail" if queue.unanswered == 1 else f"{queue.unanswered} mails"
    return (
        f"the mail server was given {mails} and has not answered since {queue.unanswered_since:%H:%M:%S} UTC"
    )


def check_dead_letters(now: datetime) -> tuple[bool, str]:
    """Check that no mail has failed for good; in a demo, which starts with such a mail, this never fails."""
    failed = outbox.read_queue(now=now).failed
    if not failed:
        return True, "none"
    words = f"{failed}; the console's Mail page says why"
    return (True, f"{words} (no alarm in a demo)") if current_app.config["DEMO"] else (False, words)
