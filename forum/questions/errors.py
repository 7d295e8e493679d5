"""Why a question or a file is refused; the views and the import of content put the reasons into words."""

from enum import Enum


class Fault(Enum):
    """A rule that a question, or a change of a question, may not break."""

    KIND_IS_FIXED = "people have answered, so the kind stays"
    SENSITIVITY_IS_FIXED = "people have answered, so the answers stay where they are"
    DELETION_IS_PROMISED = "people have answered, and the form told them that their answers are deleted"
    TOO_FEW_CHOICES = "one of several answers needs two choices, several answers need one"
    KEY_IS_TAKEN = "another question of the event, or another choice of the question, has this key"
    NO_SUCH_SECTOR = "the event has no such sector"
    NO_SUCH_CONDITION = "no earlier question offers this answer"
    CIRCLE = "the question would depend on itself"
    SHOWS_SENSITIVE = "an ordinary question depends on a sensitive one, and its answer would tell the other"
    SHOWS_PLACE = (
        "a question depends on one whose answers are deleted after the event, and its answer would tell those"
    )
    NO_FILE_TYPE = "a question for a file says which files it takes and how large, and no other question does"
    FILE_IS_SENSITIVE = "organisers read the files that people send, so a sensitive question asks for none"
    FILES_TOO_LARGE = "the files that one form asks for have more megabytes together than it can bring"
    OTHERS_DEPEND = "another question depends on an answer that would be gone"


class QuestionRefused(Exception):
    """The question breaks a rule."""

    def __init__(self, fault: Fault, where: str = "") -> None:
        super().__init__(fault.value)
        # `where` is the key of the choice or other question that the fault is about, "" for the question itself.
        self.fault, self.where = fault, where


class FileFault(Enum):
    """The reason for which a file is refused as an answer."""

    EMPTY = "the file has no content"
    TOO_LARGE = "the file has more bytes than the question takes"
    OTHER_TYPE = "the content is of no type that the question takes"
    DAMAGED = "the PDF has no end"
    ACTIVE = "the PDF holds programs or further files"
    TOO_MANY_PIXELS = "the picture is too large"
    TOO_FEW_PIXELS = "the picture is too small or too narrow"
    TOO_MUCH = "the client has sent too much that no confirmed answer names"
    TOO_OFTEN = "the client has sent too many files within an hour"
    NO_ROOM = "all clients together have sent too many files that no form came for"
    GONE = "the file was kept for its form for a day, which is over"


class FileRefused(Exception):
    """A file is refused as an answer."""

    def __init__(self, fault: FileFault) -> None:
        super().__init__(fault.value)
        self.fault = fault
