"""The tables of registrations, and of links, forms, consents and sealed answers that belong to registrations."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import TokenDigest, UtcDateTime, member
from forum.database import Base
from forum.events.enums import EntryStatus, ListAudience
from forum.registration.enums import (
    APPROVED,
    IN_CALENDAR,
    LIVE,
    ConsentPurpose,
    DeclineReason,
    ListedAs,
    Status,
    TokenPurpose,
)
from forum.sealing import Sealed, SealedBytes, SealedRecord, SealedValue


def _bytewise(length: int) -> String:
    """Return a text type that both databases compare byte by byte, because `names.sort_key` needs that."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


LIVE_CODES = ", ".join(f"'{status}'" for status in LIVE)
IS_LIVE = text(f"status IN ({LIVE_CODES})")
IS_WAITING = text("status = 'waiting'")
IS_UNDECIDED = text("status IN ('pending', 'offered', 'waiting')")
HOLDS_PLACE = text("holds_place")
IS_REVIEWED = text("review_since IS NOT NULL")
IS_ASKED_FROM = text("asked_from IS NOT NULL")
LONGEST_SECRET = 1024  # the most bytes of a sealed record: a real name or diet and access, in any script
LONGEST_ANSWERS = 4096  # the most bytes of a form's answers: every field fits at its longest, in any script
LONGEST_GIVEN = 12288  # the most bytes of answers to an event's own questions; a form accepts fewer bytes


class Registration(Base):
    """A stakeholder's registration. The name is what the person wants to be called (P20): it may be an alias.

    `holds_place` says whether the registration counts in `taken` of its sector and event. While a registration with a
    place is not confirmed, `held_until` says how long the place is held, and `asked_from` is a keyed digest of the
    client's network address, which may hold a few places. `move_to` sets the status. `sealed_for` is a keyed digest
    of the address whose owner may read the sealed answers, if that may be another than the registration's (`owners`).
    """

    __tablename__ = "registrations"
    __table_args__ = (
        CheckConstraint(
            "CASE WHEN status IN ('offered', 'confirmed') THEN holds_place"
            " WHEN status = 'pending' THEN true ELSE NOT holds_place END",
            name="holds_place_by_status",
        ),
        CheckConstraint("status <> 'waiting' OR waiting_since IS NOT NULL", name="waiting_since_set"),
        CheckConstraint("status <> 'offered' OR offer_expires_at IS NOT NULL", name="offer_expiry_set"),
        Index(
            "uq_registrations_live_email",
            "event_id",
            "email_canonical",
            unique=True,
            sqlite_where=IS_LIVE,
            postgresql_where=IS_LIVE,
        ),
        Index(
            "ix_registrations_waiting",
            "event_id",
            "sector_id",
            "waiting_since",
            "id",
            sqlite_where=IS_WAITING,
            postgresql_where=IS_WAITING,
        ),
        Index(
            "ix_registrations_organisation",
            *("event_id", "organisation_key"),
            sqlite_where=HOLDS_PLACE,
            postgresql_where=HOLDS_PLACE,
        ),
        Index(
            "ix_registrations_asked_from",
            *("event_id", "asked_from"),
            sqlite_where=IS_ASKED_FROM,
            postgresql_where=IS_ASKED_FROM,
        ),
        Index(
            "ix_registrations_reviewed",
            *("event_id", "review_since"),
            sqlite_where=IS_REVIEWED,
            postgresql_where=IS_REVIEWED,
        ),
        # The address comes first: if this index began with the same columns as uq_registrations_live_email, SQLite
        # could use it instead of the unique index.
        Index("ix_registrations_email_event", "email_canonical", "event_id"),
        Index("ix_registrations_sector_status", "event_id", "sector_id", "status"),
        Index("ix_registrations_by_name", "event_id", "sort_key", "id"),
        Index("ix_registrations_by_organisation", "event_id", "organisation_sort_key", "sort_key", "id"),
        Index("ix_registrations_by_sector", "event_id", "sector_id", "sort_key", "id"),
        Index("ix_registrations_by_status", "event_id", "status", "sort_key", "id"),
        Index("ix_registrations_of_organisation", "organisation_key", "sort_key", "id", "event_id"),
        Index("ix_registrations_by_time", "event_id", "requested_at", "id"),
        Index("ix_registrations_confirm_by", "status", "confirm_by"),
        Index("ix_registrations_offer_expires_at", "status", "offer_expires_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    sector_id: Mapped[int] = mapped_column(ForeignKey("sectors.id"))
    reference: Mapped[str] = mapped_column(String(20), unique=True)
    status: Mapped[Status] = member(Status, default=Status.PENDING)
    holds_place: Mapped[bool] = mapped_column(default=False)
    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))
    sort_key: Mapped[str] = mapped_column(_bytewise(300))
    search_text: Mapped[str] = mapped_column(String(900))
    search_extra: Mapped[str] = mapped_column(String(500), server_default=text("''"))
    search_extra_from: Mapped[str] = mapped_column(String(1100), server_default=text("''"))
    email: Mapped[str] = mapped_column(String(254))
    email_canonical: Mapped[str] = mapped_column(String(320))
    sealed_for: Mapped[str | None] = mapped_column(TokenDigest)
    organisation: Mapped[str] = mapped_column(String(200))
    organisation_key: Mapped[str] = mapped_column(_bytewise(200))
    organisation_sort_key: Mapped[str] = mapped_column(_bytewise(300))
    title: Mapped[str] = mapped_column(String(150))
    country: Mapped[str] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(8))
    phone: Mapped[str | None] = mapped_column(String(40))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirm_by: Mapped[datetime] = mapped_column(UtcDateTime)
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    asked_from: Mapped[str | None] = mapped_column(String(64))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    waiting_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    offer_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    review_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decline_reason: Mapped[DeclineReason | None] = member(DeclineReason)
    decline_words: Mapped[str | None] = mapped_column(String(2000))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_from: Mapped[Status | None] = member(Status)
    calendar_sequence: Mapped[int] = mapped_column(default=0)
    calendar_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)

    event = relationship("Event")
    sector = relationship("Sector")
    consents: Mapped[list["Consent"]] = relationship(
        order_by="Consent.id", back_populates="registration", cascade="all, delete-orphan"
    )
    protected_identity: Mapped["ProtectedIdentity | None"] = relationship(cascade="all, delete-orphan")
    care_answer: Mapped["CareAnswer | None"] = relationship(cascade="all, delete-orphan")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy expects a plain dict

    @property
    def is_live(self) -> bool:
        """Return whether this registration is pending, in review, waiting, offered or confirmed."""
        return self.status in LIVE

    @property
    def has_address(self) -> bool:
        """Return whether the person can be written to; a registration that organisers added may have no address."""
        return bool(self.email)

    @property
    def is_in_review(self) -> bool:
        """Whether organisers have to decide: about the registration, or about a change after it was approved."""
        return self.status == Status.IN_REVIEW or (self.review_since is not None and self.status in APPROVED)

    @property
    def calendar_status(self) -> EntryStatus:
        """Return the calendar entry's status; a registration status that only a newer version knows is tentative."""
        return IN_CALENDAR.get(self.status, EntryStatus.TENTATIVE)

    @property
    def place_confirmed_at(self) -> datetime | None:
        """The moment when the place was confirmed: the last change of the calendar entry, if the place is held."""
        return self.calendar_changed_at if self.status == Status.CONFIRMED else None

    def move_to(self, status: Status, *, now: datetime) -> None:
        """Set the status; if the calendar entry's status changes too, raise the entry's number (RFC 5546, 2.1.4)."""
        before, self.status = self.calendar_status, status
        if self.calendar_status != before:
            self.calendar_sequence += 1
            self.calendar_changed_at = now

    def has_consented(self, purpose: ConsentPurpose) -> bool:
        """Return whether consent to `purpose` is given and not withdrawn (P03, P04)."""
        return any(consent.purpose == purpose and consent.withdrawn_at is None for consent in self.consents)


class Submission(Base):
    """A form that was sent, stored to notice when the same form is sent again, for any address (R03, S24).

    The fingerprint of the answers is encrypted: from a plain one a real name could be guessed. The answers themselves
    are stored only as long as a confirming link may still carry them; `given` are those to the event's own questions,
    under the key of diet and access needs, because some of them may be about these.
    """

    __tablename__ = "submissions"
    __table_args__ = (Index("ix_submissions_registration_id", "registration_id"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    sealed_fingerprint: Mapped[SealedBytes] = mapped_column("fingerprint", Sealed("identity"))
    fingerprint = SealedValue[str]()
    sealed_answers: Mapped[SealedBytes | None] = mapped_column(
        "answers", SealedRecord("identity", length=LONGEST_ANSWERS), deferred=True
    )
    answers = SealedValue[dict[str, Any] | None]()
    sealed_given: Mapped[SealedBytes | None] = mapped_column(
        "given", SealedRecord("care", length=LONGEST_GIVEN), deferred=True
    )
    given = SealedValue[dict[str, Any] | None]()
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    registration: Mapped[Registration] = relationship()


class Consent(Base):
    """A consent: for which purpose and to which version of the text, when given, when withdrawn (P03).

    A consent to the list of participants also says what the list shows, and for which readers it was given (P15). For
    a text that names no readers, as early versions asked it, both are NULL.
    """

    __tablename__ = "consents"
    __table_args__ = (
        Index("ix_consents_registration_id", "registration_id"),
        Index("ix_consents_audience", "audience", "registration_id"),  # tells if a participant list is empty
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    purpose: Mapped[ConsentPurpose] = member(ConsentPurpose, 40)
    text_version: Mapped[str] = mapped_column(String(20))
    listed_as: Mapped[ListedAs | None] = member(ListedAs)
    audience: Mapped[ListAudience | None] = member(ListAudience)
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    registration: Mapped[Registration] = relationship(back_populates="consents")


class ProtectedIdentity(Base):
    """Whether a person has protected identity, and the real name if they chose to give it (P20–P22).

    Every registration has such a row, all of one length: without the key the database reveals neither who is protected
    nor how long a name is. Only the role protected_handler may read the answer.
    """

    __tablename__ = "protected_identities"

    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True
    )
    sealed_answer: Mapped[SealedBytes] = mapped_column(
        "answer", SealedRecord("identity", length=LONGEST_SECRET)
    )
    answer = SealedValue[dict[str, Any]]()


class CareAnswer(Base):
    """Diet and access needs, encrypted under a key of their own, read by the role care, erased first (P05–P07).

    Every registration has such a row, all of one length, whether it holds any answer or not.
    """

    __tablename__ = "care_answers"

    registration_id: Mapped[int] = mapped_column(
        ForeignKey("registrations.id", ondelete="CASCADE"), primary_key=True
    )
    sealed_answer: Mapped[SealedBytes] = mapped_column("answer", SealedRecord("care", length=LONGEST_SECRET))
    answer = SealedValue[dict[str, Any]]()


class RegistrationToken(Base):
    """A personal link: one purpose, one registration, only its digest is stored (S18–S20).

    A confirming link carries the answers of the form for which it was sent; without a form, those of the
    registration.
    """

    __tablename__ = "registration_tokens"
    __table_args__ = (
        Index("ix_registration_tokens_registration_id", "registration_id"),
        Index("ix_registration_tokens_submission_key", "submission_key"),
    )

    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    submission_key: Mapped[str | None] = mapped_column(ForeignKey("submissions.key", ondelete="CASCADE"))
    purpose: Mapped[TokenPurpose] = member(TokenPurpose)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    registration: Mapped[Registration] = relationship()
    submission: Mapped[Submission | None] = relationship()
