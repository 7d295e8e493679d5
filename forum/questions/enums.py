"""Kinds of questions, sensitivity of answers, and types of files."""

from enum import StrEnum


class QuestionKind(StrEnum):
    """The kind of a question's answer, with the JSON value that is stored."""

    TEXT = "text"  # a line of text, stored as "…"
    LONG_TEXT = "long_text"  # several lines of text, stored as "…"
    NUMBER = "number"  # a whole number, stored as 3
    YES_NO = "yes_no"  # yes or no, stored as "yes" or "no"
    ONE_OF = "one_of"  # one of several choices, stored as the choice's key
    # At least one of several choices, stored as their keys: ["vegetarian", "gluten"].
    SEVERAL_OF = "several_of"
    DATE = "date"  # a day, stored in ISO 8601: "2027-05-03"
    COUNTRY = "country"  # a country, stored as a code of ISO 3166-1 alpha-2: "SE"
    # A file that is stored beside the answer; the answer is {"key": "…", "name": "cv.pdf", "size": 20480}.
    FILE = "file"


class Sensitivity(StrEnum):
    """Who may read an answer, and where the answer is stored."""

    ORDINARY = "ordinary"  # the answer is stored as a row of `answers`, which organisers read
    # The answer is sealed in `care_answers` with diet and access needs, for the role care alone (P05, S14).
    CARE = "care"


class FileType(StrEnum):
    """The type of a file that answers a question."""

    PDF = "pdf"
    PICTURE = "picture"  # a JPEG, PNG or WebP, which is stored as a re-encoded JPEG


# The kinds of questions with a list of choices, and the kinds on whose answer another question may depend.
WITH_CHOICES = frozenset({QuestionKind.ONE_OF, QuestionKind.SEVERAL_OF})
DECIDING = WITH_CHOICES | {QuestionKind.YES_NO}
YES, NO = "yes", "no"
# Organisers choose one of these as the largest size of a file that answers a question, in millions of bytes.
MEGABYTES = (1, 2, 5)
# The most megabytes of all files that one form asks for: a longer request is refused.
MOST_MEGABYTES = 2 * max(MEGABYTES)
