"""The tables of an event's questions, of their choices, of the answers that are not sensitive, and of files."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import Text, Translated, UtcDateTime, member
from forum.database import Base
from forum.questions.enums import FileType, QuestionKind, Sensitivity
from forum.sealing import Sealed, SealedBytes, SealedValue


class Question(Base):
    """A question that an event asks those who register, after the core fields.

    `key` names the question in forms, files and sealed answers, and never changes. `sector_keys` are the sectors that
    are asked; none means all. A question that depends on an earlier one is asked only of people whose answer to that is
    one of `depends_on_values`: "yes", "no" or keys of choices. A question is withdrawn, never deleted, and its answers
    stay. `file_types` and `most_megabytes` say which files may answer a question of the kind file, and how large they
    may be.

    Answers to a question that `is_locating`, which tell where somebody is, are deleted some days after the event
    (`questions/locating`): they were deleted at `answers_deleted_at`. Filters by these answers, and stored lists of
    people found by them, were deleted at `traces_deleted_at` (`privacy/whereabouts`).
    """

    # The privacy notice lists the questions, so a change makes cached pages outdated.
    is_public_content = True
    __tablename__ = "questions"
    __table_args__ = (
        UniqueConstraint("event_id", "key"),
        CheckConstraint("depends_on_id <> id", name="not_on_itself"),
        Index("ix_questions_depends_on_id", "depends_on_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(40))
    position: Mapped[int] = mapped_column(default=0)
    kind: Mapped[QuestionKind] = member(QuestionKind)
    sensitivity: Mapped[Sensitivity] = member(Sensitivity, default=Sensitivity.ORDINARY)
    label: Mapped[Text] = mapped_column(Translated)
    help: Mapped[Text] = mapped_column(Translated, default=Text)
    is_required: Mapped[bool] = mapped_column(default=False)
    is_locating: Mapped[bool] = mapped_column(default=False, server_default=false())
    sector_keys: Mapped[list[str]] = mapped_column(JSON, default=list, server_default=text("'[]'"))
    depends_on_id: Mapped[int | None] = mapped_column(ForeignKey("questions.id", ondelete="SET NULL"))
    depends_on_values: Mapped[list[str]] = mapped_column(JSON, default=list, server_default=text("'[]'"))
    file_types: Mapped[list[str]] = mapped_column(JSON, default=list, server_default=text("'[]'"))
    most_megabytes: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answers_deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    traces_deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    event = relationship("Event")
    depends_on: Mapped["Question | None"] = relationship(remote_side=[id])
    choices: Mapped[list["Choice"]] = relationship(
        back_populates="question", order_by="(Choice.position, Choice.id)", cascade="all, delete-orphan"
    )


class Choice(Base):
    """One of the answers that a question offers; a withdrawn one is no longer offered, but stays in given answers."""

    is_public_content = True
    __tablename__ = "question_choices"
    __table_args__ = (UniqueConstraint("question_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(40))
    position: Mapped[int] = mapped_column(default=0)
    label: Mapped[Text] = mapped_column(Translated)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    question: Mapped[Question] = relationship(back_populates="choices")


class Answer(Base):
    """A person's answer to a question that is not sensitive; the question's kind says which JSON `value` is.

    The database deletes no question that somebody has answered, except together with the event.
    """

    __tablename__ = "answers"
    # An index by question alone would be slower: migration 0105 says how long PostgreSQL took with such an index to
    # find one person's answer.
    __table_args__ = (Index("ix_answers_question_id_registration_id", "question_id", "registration_id"),)

    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True
    )
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    question: Mapped[Question] = relationship()


class AnswerFile(Base):
    """A file that answers a question, or belongs to an unfinished form; the answer itself has its key, name and size.

    Somebody who fills in a form sends the file first. Until the form is sent the file belongs to nobody, then to a
    registration; `asked_from` is a keyed digest of the client. Once a confirmed answer refers to the file, `asked_from`
    and `ends_at` are empty. Any other file is deleted after `ends_at`. The content is stored encrypted in the database:
    so it is deleted with the registration in one transaction, and is part of every backup.
    """

    __tablename__ = "answer_files"
    __table_args__ = (
        Index("ix_answer_files_registration_id", "registration_id"),
        Index("ix_answer_files_question_id", "question_id"),
        Index("ix_answer_files_ends_at", "ends_at"),
    )

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"))
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    file_type: Mapped[FileType] = member(FileType)
    size: Mapped[int]
    asked_from: Mapped[str | None] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sealed_content: Mapped[SealedBytes] = mapped_column(
        "content", Sealed("care", binary=True), deferred=True, info={"batch": 4}
    )
    content = SealedValue[bytes]()
