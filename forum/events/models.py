"""Events, their sectors and pages, and the content version."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from forum import clock
from forum.columns import Link, Text, TokenDigest, Translated, UnsafeLink, UtcDateTime, is_link, member
from forum.database import Base
from forum.events.enums import LineOrder, ListAudience, NameOrder, SectorPolicy
from forum.revisions import Revision
from forum.web.languages import NAMES


class Event(Base):
    """An edition of the forum. `taken` counts held places and changes only in `registration.places`.

    `nights` says when a day ends and the next one starts, in the event's time zone, one item for each night in order:
    {"ends": "17:00", "starts": "09:00"}. Unknown hours are left out. The first day starts at `starts_at`, the last
    one ends at `ends_at`. `programme_points` are texts per language; their `day` (1 is the first) and `starts`
    ("10:45") may be left out. A change of a column that calendars show raises `calendar_sequence` (`events.versions`).

    `organiser_address` has a street, postal_code, town and country (a code of ISO 3166). The parts of a help
    line are listed in `events.help_lines`.
    """

    is_public_content = True
    live_columns = frozenset({"taken"})
    # The columns that calendar entries show. Because of `active_history`, setting an equal value counts as no change.
    calendar_columns = (
        "name",
        "place",
        "timezone",
        "starts_at",
        "ends_at",
        "nights",
        "is_current",
        "cancelled_at",
    )
    __tablename__ = "events"
    __table_args__ = (
        CheckConstraint("capacity >= 0", name="capacity_not_negative"),
        CheckConstraint("taken >= 0 AND taken <= capacity", name="taken_within_capacity"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        CheckConstraint("closes_at > opens_at", name="closes_after_opening"),
        CheckConstraint("organisation_cap IS NULL OR organisation_cap > 0", name="organisation_cap_positive"),
        CheckConstraint("offer_hours > 0", name="offer_hours_positive"),
        CheckConstraint("offer_cutoff_hours >= 0", name="offer_cutoff_hours_not_negative"),
        CheckConstraint("review_days > 0", name="review_days_positive"),
        CheckConstraint("offer_reminder_hours >= 0", name="offer_reminder_hours_not_negative"),
        CheckConstraint("invitation_reminder_days > 0", name="invitation_reminder_days_positive"),
        CheckConstraint(
            "invitation_reminder_hour >= 0 AND invitation_reminder_hour <= 23",
            name="invitation_reminder_hour_of_a_day",
        ),
        Index(
            "uq_events_current",
            "is_current",
            unique=True,
            sqlite_where=text("is_current"),
            postgresql_where=text("is_current"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    is_current: Mapped[bool] = mapped_column(default=False, active_history=True)
    is_published: Mapped[bool] = mapped_column(default=False)
    # When the event was taken off the site; None for one that is published or never was.
    unpublished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When organisers cancelled the event (`events.cancelling`); None while it is to take place. The reason is public.
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, active_history=True)
    cancel_reason: Mapped[Text] = mapped_column(Translated, default=Text, server_default=text("'{}'"))
    name: Mapped[Text] = mapped_column(Translated, active_history=True)
    short_name: Mapped[Text] = mapped_column(Translated)
    lead: Mapped[Text] = mapped_column(Translated)
    place: Mapped[Text] = mapped_column(Translated, active_history=True)
    map_url: Mapped[str | None] = mapped_column(Link(500))
    directions: Mapped[Text] = mapped_column(Translated, default=Text, server_default=text("'{}'"))
    sharing: Mapped[Text] = mapped_column(Translated)
    # Codes of the languages that the event's texts are written in, and that visitors are offered.
    languages: Mapped[list[str]] = mapped_column(
        JSON, default=lambda: list(NAMES), server_default=text('\'["sv", "en"]\'')
    )
    hashtag: Mapped[str] = mapped_column(String(60))
    contact_email: Mapped[str] = mapped_column(String(254))
    # The former column of the hotline's link, which is in `help_lines` now: earlier versions, which may run beside this
    # one, still read this column.
    hotline_url: Mapped[str | None] = mapped_column(Link(300))
    # The module `events.contacts` lists the parts of a contact.
    contacts: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, server_default=text("'[]'"))
    help_lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list, server_default=text("'[]'"))
    organiser_name: Mapped[Text] = mapped_column(Translated, default=Text, server_default=text("'{}'"))
    organiser_address: Mapped[dict[str, str]] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    organiser_phone: Mapped[str | None] = mapped_column(String(30))
    organiser_url: Mapped[str | None] = mapped_column(Link(300))
    # The name of a file in the folder of static files, such as "img/ring.svg"; pages leave out a logo whose file is
    # missing.
    organiser_logo: Mapped[str | None] = mapped_column(String(200))
    # Keys of images of the event's library: the organiser's logo, in place of `organiser_logo`, and the picture beside
    # shared links, in place of the drawn one.
    logo_key: Mapped[str | None] = mapped_column(String(16))
    share_key: Mapped[str | None] = mapped_column(String(16))
    # The colour of public pages in the light and in the dark theme, as "#rrggbb" (`events.look`).
    accent_light: Mapped[str | None] = mapped_column(String(7))
    accent_dark: Mapped[str | None] = mapped_column(String(7))
    timezone: Mapped[str] = mapped_column(String(60), active_history=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime, active_history=True)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, active_history=True)
    nights: Mapped[list[dict[str, str]]] = mapped_column(
        JSON, default=list, server_default=text("'[]'"), active_history=True
    )
    opens_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closes_at: Mapped[datetime] = mapped_column(UtcDateTime)
    release_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # From this moment on people cannot change their own answers (`events.freezing`).
    freezes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    has_waiting_list: Mapped[bool] = mapped_column(default=True)
    organisation_cap: Mapped[int | None]
    offer_hours: Mapped[int] = mapped_column(default=48)
    # Offers of places end this many hours before the event begins.
    offer_cutoff_hours: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    # An offer's reminder leaves this many hours before the offer ends; None for a quarter of its time, 0 for never.
    offer_reminder_hours: Mapped[int | None]
    # Invited people are reminded after this many days without an answer (None for never), at this hour of the day.
    invitation_reminder_days: Mapped[int | None]
    invitation_reminder_hour: Mapped[int] = mapped_column(default=9, server_default=text("9"))
    line_order: Mapped[LineOrder] = member(LineOrder, default=LineOrder.TIME, server_default=text("'time'"))
    name_order: Mapped[NameOrder] = member(
        NameOrder, default=NameOrder.SWEDISH, server_default=text("'swedish'")
    )
    # The highest id up to which the worker has given registrations the sort keys of `name_order`
    # (`registration.sorting`); None when all registrations have them.
    sorted_to: Mapped[int | None]
    # The number of days within which a decision on a review is promised; None for no promise.
    review_days: Mapped[int | None]
    # Whether a refusal has to be confirmed by a second organiser.
    has_second_reviewer: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    participant_list: Mapped[ListAudience] = member(
        ListAudience, default=ListAudience.OFF, server_default=text("'off'")
    )
    capacity: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)
    programme_points: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    facts: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    calendar_sequence: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    calendar_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=clock.now)
    sectors: Mapped[list["Sector"]] = relationship(
        back_populates="event", order_by="Sector.position", cascade="all, delete-orphan"
    )
    pages: Mapped[list["Page"]] = relationship(
        back_populates="event", order_by="Page.position", cascade="all, delete-orphan"
    )

    @validates("languages")
    def _refuse_unknown_languages(self, _name: str, codes: list[str]) -> list[str]:
        if not codes or not NAMES.keys() >= set(codes):
            raise ValueError("an event is in one or more of the languages that the site has")
        return codes

    @property
    def offered_languages(self) -> list[str]:
        """Codes of the event's languages that this version of the forum has, in the site's order; if none, all."""
        return [code for code in NAMES if code in self.languages] or list(NAMES)

    @property
    def idle(self) -> int:
        """The number of places that stay empty, because the sectors' ceilings together let fewer people in."""
        ceilings = sum(sector.ceiling for sector in self.sectors)
        return max(0, self.capacity - ceilings) if self.sectors else 0

    @validates("name_order")
    def _sort_anew(self, _name: str, order: NameOrder) -> NameOrder:
        """Let the worker sort all registrations anew when `name_order` changes, whatever code changes it."""
        if self.name_order not in (None, order):
            self.sorted_to = 0
        return order

    @validates("nights")
    def _refuse_wrong_hours(self, _name: str, nights: list[dict[str, str]]) -> list[dict[str, str]]:
        for night in nights:
            for hour in night.values():
                time.fromisoformat(hour)
        return nights

    @validates("programme_points")
    def _refuse_wrong_starts(self, _name: str, points: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for point in points:
            time.fromisoformat(point.get("starts", "00:00"))
        return points

    @validates("help_lines")
    def _refuse_unsafe_links(self, _name: str, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for line in lines:
            if "report" in line and not is_link(line["report"]["url"]):
                raise UnsafeLink("a link is http, https or mailto")
        return lines

    @property
    def zone(self) -> ZoneInfo:
        """The time zone at the event's venue."""
        return ZoneInfo(self.timezone)


class Sector(Base):
    """A sector's share: `floor` places are kept for it until `Event.release_at`; it never takes more than `ceiling`.

    `reserved` of the `taken` places are held for people without a registration for them: who are invited, or for whom
    there is a `BareHold`. `taken` and `reserved` change only in `registration.places`.
    """

    is_public_content = True
    live_columns = frozenset({"taken", "reserved"})
    __tablename__ = "sectors"
    __table_args__ = (
        UniqueConstraint("event_id", "key"),
        CheckConstraint("floor >= 0 AND floor <= ceiling", name="floor_within_ceiling"),
        CheckConstraint("taken >= 0 AND taken <= ceiling", name="taken_within_ceiling"),
        CheckConstraint("reserved >= 0 AND reserved <= taken", name="reserved_within_taken"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(40))
    position: Mapped[int]
    name: Mapped[Text] = mapped_column(Translated)
    invited: Mapped[Text] = mapped_column(Translated)
    floor: Mapped[int] = mapped_column(default=0)
    ceiling: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    policy: Mapped[SectorPolicy] = member(SectorPolicy, default=SectorPolicy.OPEN)
    # The keys of the sectors that were merged into this one; their old URLs lead to this sector.
    merged_keys: Mapped[list[str]] = mapped_column(JSON, default=list, server_default=text("'[]'"))
    event: Mapped[Event] = relationship(back_populates="sectors")


class Page(Base):
    """A standing page of an event, such as the privacy notice; `body` is Markdown per language."""

    is_public_content = True
    __tablename__ = "pages"
    __table_args__ = (UniqueConstraint("event_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(default=0)
    title: Mapped[Text] = mapped_column(Translated)
    summary: Mapped[Text] = mapped_column(Translated)
    body: Mapped[Text] = mapped_column(Translated)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    event: Mapped[Event] = relationship(back_populates="pages")


class PageRevision(Revision, Base):
    """A version of a standing page, stored at each save: `content` has the page's `texts` by language."""

    __tablename__ = "page_revisions"
    __table_args__ = (Index("ix_page_revisions_page_id", "page_id", "id"),)

    page_id: Mapped[int] = mapped_column(ForeignKey("pages.id", ondelete="CASCADE"))


class PreviewLink(Base):
    """A private link to the preview of an unpublished event (`events.previews`); only its token's digest is kept."""

    __tablename__ = "preview_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(TokenDigest, unique=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    event: Mapped[Event] = relationship()


class ContentVersion(Base):
    """The content version, in one row: each transaction that changes public content raises it (`events.versions`).

    The page cache compares it with the version of its pages.
    """

    __tablename__ = "content_version"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    # A day on which the site's domain belonged to the forum; it is a part of the ids of feed entries (tag URIs).
    began_on: Mapped[date] = mapped_column(nullable=True)
