"""The table of invitations."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import TokenDigest, UtcDateTime, member
from forum.database import Base
from forum.invitations.enums import InvitationState

# How `link_digest` begins, in place of a digest, while an invitation is paused because its mail may have left between a
# backup and its restore. This needs no column of its own, so that a restore can pause the invitations in a backup of
# any earlier release before its tables are updated.
PAUSED_LINK = "held:"
IS_OPEN = text("state = 'open'")
IS_UNSENT = text("state = 'open' AND link_digest IS NULL")
IS_TO_REMIND = text("state = 'open' AND remind_at IS NOT NULL AND reminded_at IS NULL")
LONGEST_WORDS = 2000


class Invitation(Base):
    """An invitation of one person to a sector of an event, until `expires_at`.

    Name and organisation are those that organisers typed; once the person registers, organisers read the registered
    ones, which may be an alias (P20, `wording.shown_as`). `words` are the organisers' personal words in the mail,
    `reason` is why the person said no. `link_digest` is set when the mail is made, or begins with PAUSED_LINK
    until an organiser sends an invitation that a restore has paused (`releasing`). `opened_at` is when somebody began
    to answer. A person who has not answered is reminded once, from `remind_at` on, by a link of its own with
    `reminder_digest`; without `remind_at` by the rule of the event (`silence`), unless `exempt_from_rule`. A restore of
    an old backup may have set `remind_at` to `expires_at`: then the worker never reminds the person (R12). With
    `may_forward`, the person may forward the invitation: `forwarded_to` is then the colleague's new invitation (marked
    `from_colleague`), or the one that the colleague's address had already. While an open invitation `holds_place`, a
    place of the sector is taken for it (`registration.places.reserve`).
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("state = 'open' OR NOT holds_place", name="holds_place_while_open"),
        Index(
            "uq_invitations_open_email",
            "event_id",
            "email_canonical",
            unique=True,
            sqlite_where=IS_OPEN,
            postgresql_where=IS_OPEN,
        ),
        Index("ix_invitations_unsent", "id", sqlite_where=IS_UNSENT, postgresql_where=IS_UNSENT),
        Index("ix_invitations_email", "event_id", "email_canonical"),
        Index("ix_invitations_event_id", "event_id", "state", "id"),
        Index("ix_invitations_expires_at", "state", "expires_at"),
        Index("ix_invitations_sector_id", "sector_id"),
        Index("ix_invitations_message_id", "message_id"),
        Index("ix_invitations_reminder_id", "reminder_id"),
        Index(
            "ix_invitations_to_remind", "remind_at", sqlite_where=IS_TO_REMIND, postgresql_where=IS_TO_REMIND
        ),
        Index("ix_invitations_registration_id", "registration_id"),
        Index("ix_invitations_forwarded_to_id", "forwarded_to_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    sector_id: Mapped[int] = mapped_column(ForeignKey("sectors.id", ondelete="CASCADE"))
    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(254))
    email_canonical: Mapped[str] = mapped_column(String(320))
    organisation: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8))
    words: Mapped[str] = mapped_column(String(LONGEST_WORDS))
    state: Mapped[InvitationState] = member(InvitationState, default=InvitationState.OPEN)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    holds_place: Mapped[bool] = mapped_column(default=False, server_default=false())
    may_forward: Mapped[bool] = mapped_column(default=False, server_default=false())
    from_colleague: Mapped[bool] = mapped_column(default=False, server_default=false())
    forwarded_to_id: Mapped[int | None] = mapped_column(ForeignKey("invitations.id", ondelete="SET NULL"))
    link_digest: Mapped[str | None] = mapped_column(TokenDigest, unique=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("outbox_messages.id", ondelete="SET NULL"))
    remind_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    exempt_from_rule: Mapped[bool] = mapped_column(default=False, server_default=false())
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminder_digest: Mapped[str | None] = mapped_column(TokenDigest, unique=True)
    reminder_id: Mapped[int | None] = mapped_column(ForeignKey("outbox_messages.id", ondelete="SET NULL"))
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(LONGEST_WORDS))
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))

    event = relationship("Event")
    sector = relationship("Sector")
    message = relationship("OutboxMessage", foreign_keys=[message_id])
    reminder = relationship("OutboxMessage", foreign_keys=[reminder_id])
    registration = relationship("Registration")
    forwarded_to = relationship("Invitation", remote_side=[id], foreign_keys=[forwarded_to_id])
    # All registrations for the event with the invitation's address, also those made without its link; the newest last.
    people = relationship(
        "Registration",
        primaryjoin="and_(foreign(Invitation.event_id) == remote(Registration.event_id),"
        " foreign(Invitation.email_canonical) == remote(Registration.email_canonical))",
        order_by="Registration.id",
        uselist=True,
        viewonly=True,
    )

    @property
    def own_reminder_at(self) -> datetime | None:
        """When the invitation's own reminder is due; None without one, or after a restore that prevents it (R12)."""
        return self.remind_at if self.remind_at and self.remind_at < self.expires_at else None
