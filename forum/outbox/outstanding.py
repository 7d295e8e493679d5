"""The mails that the mail server has in full and has not answered to yet: a worker has only a few of them (R08)."""

import time
from datetime import datetime

from sqlalchemy import ColumnElement, true

from forum.outbox import outcomes
from forum.outbox.enums import Lane
from forum.outbox.errors import DeliveryFailure
from forum.outbox.late_answers import LateAnswer
from forum.outbox.models import OutboxMessage
from forum.outbox.outcomes import Claim

# At most MOST mails of one worker wait for a late answer, each over a connection of its own. The worker then sends no
# other mail until one is answered. Mails to many keep the last connection free for urgent ones.
MOST = 3
MOST_TO_MANY = MOST - 1
LOOK_SECONDS = 0.1


class Outstanding:
    """A worker's mails whose answers are late. Only one thread uses this object, because it writes to the database."""

    def __init__(self) -> None:
        self._late: dict[Claim, LateAnswer] = {}

    def has_room(self) -> bool:
        """Return whether another mail may be sent now, which may have to wait for its answer, too."""
        return len(self._late) < MOST

    def may_join(self) -> ColumnElement[bool]:
        """Return the SQL condition for mails that may be sent beside those that wait for an answer."""
        return true() if len(self._late) < MOST_TO_MANY else OutboxMessage.lane < Lane.BULK

    def add(self, claim: Claim, answer: LateAnswer, *, since: datetime) -> None:
        """Add a mail that the server has had since the moment `since`; store that it waits for an answer. Commits."""
        self._late[claim] = answer
        outcomes.note_unanswered(claim, since)

    def settle(self) -> None:
        """Store what became of each mail whose answer has come or was given up. Commits after each of them."""
        for claim in [claim for claim, answer in self._late.items() if answer.is_there()]:
            settle(claim, self._late[claim])
            # Forget the mail server's answer only now: had storing it failed, it would be stored at the next call.
            del self._late[claim]

    def settle_all(self, *, within: float = float("inf")) -> None:
        """Wait for all answers, for some seconds at most, and store what became of the mails. Commits."""
        end = time.monotonic() + within
        self.settle()
        while self._late and time.monotonic() < end:
            next(iter(self._late.values())).is_there(within=LOOK_SECONDS)
            self.settle()


def settle(claim: Claim, answer: LateAnswer, *, is_trial: bool = False) -> None:
    """Wait for the answer to a mail and store what became of the mail. Commits."""
    try:
        answer.take()
    except DeliveryFailure as failure:
        outcomes.note_failure(claim, failure, is_trial=is_trial)
    else:
        outcomes.note_sent(claim)
