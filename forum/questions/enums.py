"""Kinds of questions, sensitivity of answers, and types of files."""

from enum import StrEnum


class QuestionKind(StrEnum):
    """The kind of a question's answer, with the JSON value that is stored."""

    TEXT = "text"  # a line of text: "…"
    LONG_TEXT = "long_text"  # several lines of text: "…"
    NUMBER = "number"  # a whole number: 3
    YES_NO = "yes_no"  # "yes" or "no"
    ONE_OF = "one_of"  # the key of a choice
    SEVERAL_OF = "several_of"  # the keys of choices, at least one: ["vegetarian", "gluten"]
    DATE = "date"  # a day in ISO 8601: "2027-05-03"
    COUNTRY = "country"  # a code of ISO 3166-1 alpha-2: "SE"
    FILE = "file"  # a file that is stored beside the answer: {"key": "…", "name": "cv.pdf", "size": 20480}


class Sensitivity(StrEnum):
    """Who may read an answer, and where the answer is stored."""

    ORDINARY = "ordinary"  # a row of `answers`, for organisers
    CARE = "care"  # sealed in `care_answers` with diet and access needs, for the role care alone (P05, S14)


class FileType(StrEnum):
    """The type of a file that answers a question."""

    PDF = "pdf"
    PICTURE = "picture"  # a JPEG, PNG or WebP; stored as a re-encoded JPEG


# Questions with a list of choices; those on whose answer another question may depend.
WITH_CHOICES = frozenset({QuestionKind.ONE_OF, QuestionKind.SEVERAL_OF})
DECIDING = WITH_CHOICES | {QuestionKind.YES_NO}
YES, NO = "yes", "no"
# The choices for the largest size of a file that answers a question, in millions of bytes.
MEGABYTES = (1, 2, 5)
# The most megabytes of all files that one form asks for: a longer request is refused.
MOST_MEGABYTES = 2 * max(MEGABYTES)
