"""Required questions that a contact can still answer for people without an address of their own.

People with an address answer for themselves, and the contact learns nothing about their answers (S24, P20).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from forum.delegations.models import Delegate, Delegation
from forum.events import freezing
from forum.events import queries as events
from forum.questions.enums import QuestionKind
from forum.questions.models import Question
from forum.registration import missing_answers
from forum.registration.enums import LIVE
from forum.registration.models import Registration
from forum.registration.restrictions import RESTRICTED


def list_for_contact(
    delegation: Delegation, people: Iterable[Delegate], now: datetime
) -> Mapping[int, Sequence[Question]]:
    """Return, by registration id, the required questions that the contact can answer and nobody has answered.

    Questions for files are left out, because a contact sends none. The result is empty once answers are frozen or the
    event is over or cancelled.
    """
    event, ids = delegation.event, [one.registration_id for one in people if one.registration_id]
    if not ids or freezing.is_frozen(event, now) or events.is_off(event, now):
        return {}
    managed = Registration.id.in_(ids), Registration.email == "", Registration.status.in_(LIVE)
    lacking = missing_answers.list_in_own(
        event, select(Registration).where(*managed, Registration.id.not_in(RESTRICTED))
    )
    each = {
        number: [one for one in asked if one.kind != QuestionKind.FILE] for number, asked in lacking.items()
    }
    return {number: asked for number, asked in each.items() if asked}
