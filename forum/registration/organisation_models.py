"""The tables of organisations, and of the names and mail domains by which registrations are seen to belong to them."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import member
from forum.database import Base

LONGEST_NAME = 200
# The most characters of a mark, which is a name or mail domain that tells to which organisation people belong: a domain
# may be longer than a name.
LONGEST_MARK = 253


class MarkKind(StrEnum):
    """The kind of a mark: a name, compared by its key, or a mail domain."""

    NAME = "name"
    DOMAIN = "domain"


class Organisation(Base):
    """An organisation that the organisers of an event have added.

    `key` is the `names.organisation_key` of its name; registrations that belong to the organisation carry it as theirs.
    `cap` is how many places it may have, NULL for the event's own rule. `is_suggested` says whether forms suggest the
    name to everybody. `counts_as_id` is the organisation into which this one was merged: registrations that match names
    or mail domains of the merged one belong to the other. Nothing in these rows is derived from registrations.
    """

    is_public_content = True  # public forms show the suggested names, so a change makes cached pages outdated
    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint("cap IS NULL OR cap > 0", name="cap_positive"),
        UniqueConstraint("event_id", "key"),
        Index("ix_organisations_counts_as_id", "counts_as_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    key: Mapped[str] = mapped_column(String(LONGEST_NAME))
    country: Mapped[str] = mapped_column(String(2), default="", server_default=text("''"))
    sector_id: Mapped[int | None] = mapped_column(ForeignKey("sectors.id", ondelete="SET NULL"))
    cap: Mapped[int | None]
    is_suggested: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    counts_as_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    marks: Mapped[list["OrganisationMark"]] = relationship(
        cascade="all, delete-orphan", order_by="OrganisationMark.id"
    )
    sector_caps: Mapped[list["OrganisationCap"]] = relationship(
        order_by="OrganisationCap.sector_id", cascade="all, delete-orphan"
    )


class OrganisationCap(Base):
    """How many places an organisation may have in one sector, in place of its cap for the whole event.

    Places in such a sector count against this cap alone, those in all other sectors against the general cap.
    """

    __tablename__ = "organisation_caps"
    __table_args__ = (
        CheckConstraint("cap > 0", name="cap_positive"),
        Index("ix_organisation_caps_sector_id", "sector_id"),
    )

    organisation_id: Mapped[int] = mapped_column(
        ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True
    )
    sector_id: Mapped[int] = mapped_column(ForeignKey("sectors.id", ondelete="CASCADE"), primary_key=True)
    cap: Mapped[int]


class OrganisationMark(Base):
    """A name (its key) or a mail domain of an organisation. In an event it belongs to one organisation alone.

    The name of the organisation is among its marks, so that one query finds to which organisation a registration
    belongs. `written` is a name as organisers typed it.
    """

    __tablename__ = "organisation_marks"
    __table_args__ = (
        UniqueConstraint("event_id", "kind", "value"),
        Index("ix_organisation_marks_organisation_id", "organisation_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    kind: Mapped[MarkKind] = member(MarkKind)
    value: Mapped[str] = mapped_column(String(LONGEST_MARK))
    written: Mapped[str] = mapped_column(String(LONGEST_MARK))
