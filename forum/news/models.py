"""Tables of posts: texts, corrections, sources, categories, tags, withdrawals, former addresses and revisions."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table, UniqueConstraint, text
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import Link, LinkOrPath, Text, Translated, UtcDateTime
from forum.database import Base
from forum.images.models import Image
from forum.news.enums import PostState
from forum.news.tags import fold
from forum.revisions import Revision

post_categories = Table(
    "post_categories",
    Base.metadata,
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("category_id", ForeignKey("categories.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_post_categories_category_id", "category_id"),
)
post_tags = Table(
    "post_tags",
    Base.metadata,
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_post_tags_tag_id", "tag_id"),
)

# Joins posts with their cover images.
post_covers = Table(
    "post_covers",
    Base.metadata,
    Column("post_id", ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("image_id", ForeignKey("images.id"), nullable=False),
    Index("ix_post_covers_image_id", "image_id"),
)


class Post(Base):
    """A post; its texts in each language are `PostText` rows.

    The worker sets `announced_at` when the time `published_at` has come, and only then is the post public. A withdrawn
    post has neither moment, like a draft, so that an earlier version, which may run beside this one, hides it too.
    """

    is_public_content = True

    __tablename__ = "posts"
    __table_args__ = (Index("ix_posts_published_at", "published_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="SET NULL"))
    author: Mapped[Text] = mapped_column(Translated)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    announced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    has_help_box: Mapped[bool] = mapped_column(default=False)
    # Whether the followers of the news get the post by mail when it is published.
    goes_by_mail: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    texts: Mapped[list["PostText"]] = relationship(
        order_by="PostText.language", back_populates="post", cascade="all, delete-orphan"
    )
    corrections: Mapped[list["Correction"]] = relationship(
        order_by="Correction.made_on, Correction.id", cascade="all, delete-orphan"
    )
    sources: Mapped[list["Source"]] = relationship(order_by="Source.position", cascade="all, delete-orphan")
    categories: Mapped[list["Category"]] = relationship(
        secondary=post_categories, order_by="Category.position"
    )
    tags: Mapped[list["Tag"]] = relationship(secondary=post_tags, order_by="Tag.id")
    withdrawal: Mapped["Withdrawal | None"] = relationship(cascade="all, delete-orphan")
    cover: Mapped[Image | None] = relationship(secondary=post_covers)

    @property
    def state(self) -> PostState:
        """The state of the post, worked out from its moments."""
        if self.published_at is None:
            return PostState.DRAFT if self.withdrawal is None else PostState.WITHDRAWN
        is_announced = self.announced_at is not None and self.announced_at >= self.published_at
        return PostState.PUBLISHED if is_announced else PostState.SCHEDULED

    @property
    def public_since(self) -> datetime:
        """`published_at` of a public post, which always has one; raises an error for a draft."""
        if self.published_at is None:
            raise ValueError("a draft is not public")
        return self.published_at

    @property
    def changed_at(self) -> datetime:
        """The moment of the last change of the text that readers see, never earlier than its publication."""
        return max(self.updated_at or self.public_since, self.public_since)


class PostText(Base):
    """A post's text in one language; `body` is Markdown."""

    is_public_content = True
    __tablename__ = "post_texts"
    __table_args__ = (UniqueConstraint("language", "slug"),)

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    slug: Mapped[str] = mapped_column(String(120))
    label: Mapped[str] = mapped_column(String(60))
    headline: Mapped[str] = mapped_column(String(200))
    lead: Mapped[str] = mapped_column(String(600))
    body: Mapped[str] = mapped_column(LongText)
    content_note: Mapped[str | None] = mapped_column(String(600))
    # A button after the text, such as "Register": its words, and a link or a path of this site.
    action_label: Mapped[str | None] = mapped_column(String(60))
    action_url: Mapped[str | None] = mapped_column(LinkOrPath(500))
    search_text: Mapped[str] = mapped_column(LongText)
    post: Mapped[Post] = relationship(back_populates="texts")


class Correction(Base):
    """A note under a post on what was wrong or has changed, and when it was added.

    Notes of earlier versions have no `made_at`, only the day.
    """

    is_public_content = True
    __tablename__ = "corrections"
    __table_args__ = (Index("ix_corrections_post_id", "post_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    made_on: Mapped[date]
    made_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    text: Mapped[Text] = mapped_column(Translated)


class Source(Base):
    """A source of a post's facts."""

    is_public_content = True
    __tablename__ = "sources"
    __table_args__ = (Index("ix_sources_post_id", "post_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)
    title: Mapped[Text] = mapped_column(Translated)
    url: Mapped[str | None] = mapped_column(Link(500))
    published_on: Mapped[date | None]


class Category(Base):
    """A category of posts, with a name and a slug in each language."""

    is_public_content = True
    __tablename__ = "categories"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[Text] = mapped_column(Translated)
    slug: Mapped[Text] = mapped_column(Translated)


class Tag(Base):
    """A hashtag. Searches compare `folded`, the casefolded letters and digits of `name`.

    `names` has the name in each language, for instance {"en": "#Dark web"}; for a missing language, and in tags made by
    an older version, `name` is used. The folded form of each name is an alias.
    """

    is_public_content = True
    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    folded: Mapped[str] = mapped_column(String(80), unique=True)
    names: Mapped[Text | None] = mapped_column(Translated)
    aliases: Mapped[list["TagAlias"]] = relationship(order_by="TagAlias.folded", cascade="all, delete-orphan")

    def in_language(self, language: str) -> str:
        """Return the hashtag's name in the language, or its general name."""
        return (self.names or Text()).get(language) or self.name

    def address_in(self, language: str) -> str:
        """Return the folded form of the hashtag's name in the language, as in the hashtag's URL."""
        name = (self.names or Text()).get(language)
        return fold(name) if name else self.folded


class TagAlias(Base):
    """Another spelling of a hashtag."""

    is_public_content = True
    __tablename__ = "tag_aliases"
    __table_args__ = (Index("ix_tag_aliases_tag_id", "tag_id"),)

    folded: Mapped[str] = mapped_column(String(80), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id", ondelete="CASCADE"))


class Withdrawal(Base):
    """Records when a public post was withdrawn, and when it had been published. The post's URLs answer 410 then.

    The row is kept until readers can read the post again, also while the post is planned for a moment to come.
    """

    is_public_content = True
    __tablename__ = "withdrawals"

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)


class FormerSlug(Base):
    """A slug that a public post had before it was renamed or lost the language; URLs with it redirect to the post."""

    is_public_content = True
    __tablename__ = "former_slugs"
    __table_args__ = (Index("ix_former_slugs_post_id", "post_id"),)

    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    slug: Mapped[str] = mapped_column(String(120), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))


class PostRevision(Revision, Base):
    """The content of a post as somebody has saved it; `content` has the values of `news.drafts.Draft`."""

    __tablename__ = "post_revisions"
    __table_args__ = (Index("ix_post_revisions_post_id", "post_id", "id"),)

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))


class GlossaryTerm(Base):
    """Advice on a language: a word that texts avoid (in lower case), what they say instead, and why (or "")."""

    __tablename__ = "glossary_terms"
    __table_args__ = (UniqueConstraint("language", "avoid"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(String(8))
    avoid: Mapped[str] = mapped_column(String(100))
    better: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(300))


class OldAddress(Base):
    """A URL of an earlier site, which old links and print still use, and its target in a language.

    `path` has the form of `news.old_paths`. The target is a post, a category, or the path `leads_to` of this site.
    """

    is_public_content = True
    __tablename__ = "old_addresses"
    __table_args__ = (
        CheckConstraint(
            "CASE WHEN post_id IS NULL THEN 0 ELSE 1 END + CASE WHEN category_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN leads_to IS NULL THEN 0 ELSE 1 END = 1",
            name="leads_to_one",
        ),
        Index("ix_old_addresses_post_id", "post_id"),
        Index("ix_old_addresses_category_id", "category_id"),
    )

    path: Mapped[str] = mapped_column(String(300), primary_key=True)
    language: Mapped[str] = mapped_column(String(8))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id", ondelete="CASCADE"))
    leads_to: Mapped[str | None] = mapped_column(String(300))
