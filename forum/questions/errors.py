"""Why a question is refused; the views and the import put it into words."""

from enum import Enum


class Fault(Enum):
    """A rule that a question would break."""

    KIND_IS_FIXED = "people have answered, so the kind stays"
    SENSITIVITY_IS_FIXED = "people have answered, so the answers stay where they are"
    TOO_FEW_CHOICES = "one of several answers needs two choices, several answers need one"
    KEY_IS_TAKEN = "another question of the event, or another choice of the question, has this key"
    NO_SUCH_SECTOR = "the event has no such sector"
    NO_SUCH_CONDITION = "no earlier question offers this answer"
    CIRCLE = "the question would depend on itself"
    SHOWS_SENSITIVE = "an ordinary question depends on a sensitive one, and its answer would tell the other"
    OTHERS_DEPEND = "another question depends on an answer that would be gone"


class QuestionRefused(Exception):
    """The question breaks a rule."""

    def __init__(self, fault: Fault, where: str = "") -> None:
        super().__init__(fault.value)
        # The key of the choice or of the other question that is meant, or "".
        self.fault, self.where = fault, where
