"""The tables of substitutions (somebody comes instead) and of delegations, which one contact registers together."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import TokenDigest, UtcDateTime, member
from forum.database import Base
from forum.delegations.enums import ContactLink, DelegateState
from forum.registration.bare_hold_models import BareHold
from forum.registration.models import Registration
from forum.sealing import SealedBytes, SealedRecord, SealedValue

# The most bytes of what a contact types of a person: two names, a title and an address, with up to four bytes for each
# of 604 characters.
LONGEST_TYPED = 2560


class Substitution(Base):
    """A substitute whom a registered person has named.

    Until the substitute confirms, the row has their address and the digest of the link sent to it. Then the address is
    cleared, and `successor` is the registration that has taken over. `is_by_contact` is set if the contact of the
    person's delegation has named the substitute; only such a substitute is shown to the contact.
    """

    __tablename__ = "substitutions"
    __table_args__ = (
        Index("ix_substitutions_registration_id", "registration_id"),
        Index("ix_substitutions_successor_id", "successor_id"),
        Index("uq_substitutions_digest", "digest", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    digest: Mapped[str | None] = mapped_column(TokenDigest)
    email: Mapped[str] = mapped_column(String(254), default="")
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_by_contact: Mapped[bool] = mapped_column(default=False, server_default=false())

    registration: Mapped[Registration] = relationship(foreign_keys=[registration_id])
    successor: Mapped[Registration | None] = relationship(foreign_keys=[successor_id])


class Delegation(Base):
    """Several people of one organisation whom one contact has registered; the contact need not come.

    Until `confirmed_at` is set the people are only named: nobody has a registration, and no place is held.
    `form_key` is a digest of the form, by which a form that is sent twice is recognised (R03).
    """

    __tablename__ = "delegations"
    __table_args__ = (
        Index("ix_delegations_event_id", "event_id", "id"),
        Index("ix_delegations_sector_id", "sector_id"),
        Index("ix_delegations_email", "sector_id", "email_canonical"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    sector_id: Mapped[int] = mapped_column(ForeignKey("sectors.id", ondelete="CASCADE"))
    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))
    email: Mapped[str] = mapped_column(String(254))
    email_canonical: Mapped[str] = mapped_column(String(320))
    organisation: Mapped[str] = mapped_column(String(200))
    country: Mapped[str] = mapped_column(String(2))
    language: Mapped[str] = mapped_column(String(8))
    is_all_or_nobody: Mapped[bool]
    form_key: Mapped[str] = mapped_column(String(64), unique=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirm_by: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    event = relationship("Event")
    sector = relationship("Sector")
    people: Mapped[list["Delegate"]] = relationship(
        back_populates="delegation", cascade="all, delete-orphan", order_by="Delegate.position"
    )


class Delegate(Base):
    """A person of a delegation, with the details that the contact typed.

    The details are in plain columns until the person has a registration, then encrypted in `typed`: if the registration
    has an alias, they would reveal who uses it (`named`). `told` is how the person stood when the contact was told last
    (`standing`), for people without an address of their own. `asked_at` is when the person was named, or the address
    corrected, after the delegation was confirmed; `first_asked_at` is when a person was named whose address was
    corrected. `confirm_by` is a later deadline to confirm than the usual one (`named.asked_until`). `bare_hold` is the
    place that is held for somebody whose address is registered already.
    """

    __tablename__ = "delegates"
    __table_args__ = (
        Index("uq_delegates_position", "delegation_id", "position", unique=True),
        Index("ix_delegates_registration_id", "registration_id"),
        Index("ix_delegates_bare_hold_id", "bare_hold_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    delegation_id: Mapped[int] = mapped_column(ForeignKey("delegations.id", ondelete="CASCADE"))
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    bare_hold_id: Mapped[int | None] = mapped_column(ForeignKey("bare_holds.id", ondelete="SET NULL"))
    position: Mapped[int]
    given_name: Mapped[str] = mapped_column(String(100))
    family_name: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(150))
    email: Mapped[str] = mapped_column(String(254))
    state: Mapped[DelegateState] = member(DelegateState, default=DelegateState.NAMED)
    told: Mapped[str] = mapped_column(String(20), default="")
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirm_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sealed_typed: Mapped[SealedBytes | None] = mapped_column(
        "typed", SealedRecord("identity", length=LONGEST_TYPED)
    )
    typed = SealedValue[dict[str, str] | None]()

    delegation: Mapped[Delegation] = relationship(back_populates="people")
    registration: Mapped[Registration | None] = relationship()
    bare_hold: Mapped[BareHold | None] = relationship()


class DelegationLink(Base):
    """A link to the contact of a delegation; only its digest is stored (S18).

    A link without `created_at` was made before the forum noted this time, and counts as older than any other link.
    `left_at` is when the contact last left the page: every sign-in by this link that began earlier has ended.
    """

    __tablename__ = "delegation_links"
    __table_args__ = (Index("ix_delegation_links_delegation_id", "delegation_id"),)

    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)
    delegation_id: Mapped[int] = mapped_column(ForeignKey("delegations.id", ondelete="CASCADE"))
    purpose: Mapped[ContactLink] = member(ContactLink)
    created_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    delegation: Mapped[Delegation] = relationship()
