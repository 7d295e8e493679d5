"""A rule of the state machine: everybody is told of views of the lists that they are on, and of no others (P18)."""

from sqlalchemy import select

from forum.audit import queries as audit
from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.registration import readers
from forum.registration.enums import LIVE, Status
from forum.registration.models import Registration

IN_QUEUE = (Status.IN_REVIEW, Status.WAITING, Status.OFFERED)


class Listed:
    """Mixin of the state machine `test_state_machine.Registrations`; `lists` has the lists by registration id."""

    def begin_listing(self) -> None:
        newest = audit.find_newest()
        self.read_to, self.lists = newest.id if newest else 0, {}

    def everybody_is_told_of_the_lists_that_they_are_on(self, people) -> None:
        """Compare the lists that people are told of with those of their statuses; read only histories that grew."""
        recorded = select(AuditEntry.id, AuditEntry.subject_id).where(
            AuditEntry.id > self.read_to, AuditEntry.subject_type == Registration.__tablename__
        )
        new = {number: at for at, number in db.session.execute(recorded)}
        self.read_to = max(new.values(), default=self.read_to)
        for one in people:
            if one.id in new:
                stays = readers.list_stays(audit.find_history(one))
                self.lists[one.id] = {kind for kind, _began, ended in stays if ended is None}
        told = {one.id: self.lists.get(one.id, set()) for one in people}
        assert told == {one.id: lists_with(one) for one in people}


def lists_with(one: Registration) -> set[str]:
    """Return by the actions with which views are recorded the lists that a registration is on now."""
    lists = set()
    if one.status in IN_QUEUE or (one.status in LIVE and one.review_since is not None):
        lists.add(audit.WAITING_LIST_VIEWED)
    if one.status == Status.CONFIRMED:
        lists.add(audit.CARE_ANSWERS_VIEWED)
    return lists
