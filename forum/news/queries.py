"""Reading posts. A post is public in a language if it has a text in that language and the worker has announced it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select, tuple_, union_all
from sqlalchemy.orm import contains_eager, selectinload

from forum.events.models import Event
from forum.extensions import db
from forum.images.models import Image
from forum.news.dates import midnight
from forum.news.models import (
    Category,
    FormerSlug,
    OldAddress,
    Post,
    PostText,
    Tag,
    TagAlias,
    Withdrawal,
    post_categories,
    post_covers,
    post_tags,
)
from forum.news.of_event import is_news_of
from forum.news.old_paths import category_path
from forum.web.languages import NAMES

PER_PAGE = 8
PER_PAGE_OF_ARCHIVE = 40
RELATED = 3
IN_FEED = 20
SHOWN_IN_LIST = (
    Post.published_at,
    PostText.language,
    PostText.slug,
    PostText.label,
    PostText.headline,
    PostText.lead,
)
# The condition for a post with a content note in any language: lists show no image beside such a post.
HAS_NOTE = (
    select(PostText.post_id)
    .where(PostText.post_id == Post.id, PostText.content_note.is_not(None))
    .correlate(Post)
    .exists()
)
SORT_KEY = (Post.published_at, Post.id)
# No query compares with the current time: the clocks of two machines differ, and a page that one of them renders too
# early would stay in its cache. The condition is false for drafts, which have no `published_at`, and for posts that
# were moved to a later time, until the worker announces them again.
IS_ANNOUNCED = Post.announced_at >= Post.published_at
NEWEST_FIRST = (Post.published_at.desc(), Post.id.desc())

# The type of a row for a post in a list: the columns of SHOWN_IN_LIST, and the cover image.
ListedPost = Row[datetime | None, str, str, str, str, str, Image | None]


@dataclass(frozen=True)
class PostPage:
    """Page `number`, counted from 1, of a list of `total` posts.

    `earliest` and `latest` are the moments of the first and the last public post in the language, on any list.
    """

    posts: Sequence[ListedPost]
    number: int
    total: int
    earliest: datetime | None = None
    latest: datetime | None = None
    per_page: int = PER_PAGE

    @property
    def pages(self) -> int:
        """The number of pages of the list, at least one."""
        return max(1, -(-self.total // self.per_page))


Span = tuple[date, date]  # a span of days: its first day, and the day after its last one


def latest(language: str, limit: int, event: Event) -> Sequence[ListedPost]:
    """Return the newest posts of an event's news, at most `limit`."""
    return db.session.execute(_listed(language).where(is_news_of(event)).limit(limit)).all()


def list_posts(
    language: str,
    *,
    number: int = 1,
    category: Category | None = None,
    tag: Tag | None = None,
    event: Event | None = None,
) -> PostPage:
    """Return a page of all posts, or of posts with a category, a tag or an event; after the last page, an empty one."""
    narrow = partial(_narrowed, category=category, tag=tag, event=event)
    return _read_page(narrow, language, number, PER_PAGE)


def list_archive(language: str, span: Span, *, number: int = 1) -> PostPage:
    """Return a page of the posts published in a span of days; after the last page, an empty one."""
    return _read_page(lambda posts: posts.where(is_within(span)), language, number, PER_PAGE_OF_ARCHIVE)


def has_posts(span: Span) -> bool:
    """Return whether a post was published in a span of days, in any language."""
    return db.session.scalar(select(Post.id).where(IS_ANNOUNCED, is_within(span)).limit(1)) is not None


def list_related(post: Post, language: str) -> Sequence[ListedPost]:
    """Return the public posts that have most in common with a post: a shared hashtag counts 2, a shared category 1."""
    tags, categories = [tag.id for tag in post.tags], [category.id for category in post.categories]
    if not tags and not categories:
        return []
    shared = union_all(
        select(post_tags.c.post_id, literal(2).label("worth")).where(post_tags.c.tag_id.in_(tags)),
        select(post_categories.c.post_id, literal(1)).where(post_categories.c.category_id.in_(categories)),
    ).subquery()
    others = select(shared.c.post_id, func.sum(shared.c.worth).label("worth")).group_by(shared.c.post_id)
    worth = others.where(shared.c.post_id != post.id).subquery()
    query = _listed(language).join(worth, worth.c.post_id == Post.id).order_by(None)
    return db.session.execute(query.order_by(worth.c.worth.desc(), *NEWEST_FIRST).limit(RELATED)).all()


def find_text(language: str, slug: str) -> PostText | None:
    """Return the public post's text with this slug in a language, with everything loaded that its page shows."""
    query = select(PostText).join(PostText.post).where(PostText.slug == slug, *is_public(language))
    post = contains_eager(PostText.post)
    whole = [
        post.selectinload(Post.texts).load_only(PostText.language, PostText.slug, PostText.content_note),
        *map(post.selectinload, (Post.corrections, Post.sources, Post.categories, Post.tags)),
        post.joinedload(Post.cover),
    ]
    return db.session.scalars(query.options(*whole)).one_or_none()


def find_in_any_language(slug: str) -> Post | None:
    """Return the public post with this slug in any language, with its texts loaded."""
    query = select(Post).join(Post.texts).where(PostText.slug == slug, IS_ANNOUNCED)
    return db.session.scalars(query.options(selectinload(Post.texts)).order_by(Post.id).limit(1)).first()


def find_renamed(language: str, slug: str) -> Post | None:
    """Return the public post whose text in this language had this slug before it was renamed."""
    had_it = FormerSlug.language == language, FormerSlug.slug == slug
    query = select(Post).join(FormerSlug, FormerSlug.post_id == Post.id).where(*had_it, IS_ANNOUNCED)
    return db.session.scalars(query.options(selectinload(Post.texts))).first()


def is_withdrawn(language: str, slug: str) -> bool:
    """Return whether a post that was withdrawn has, or had, this slug in this language."""
    for model in (PostText, FormerSlug):
        query = select(Withdrawal.post_id).join(model, model.post_id == Withdrawal.post_id)
        if db.session.scalar(query.where(model.language == language, model.slug == slug).limit(1)):
            return True
    return False


def list_day(language: str, day: date) -> Sequence[ListedPost]:
    """Return the posts that were published on a day."""
    return db.session.execute(_listed(language).where(is_within((day, day + timedelta(days=1))))).all()


def find_older(post: Post, language: str) -> ListedPost | None:
    """Return the latest of the public posts that were published before this one; None for the first."""
    query = _listed(language).where(tuple_(*SORT_KEY) < _sort_key(post))
    return db.session.execute(query.limit(1)).first()


def find_newer(post: Post, language: str) -> ListedPost | None:
    """Return the earliest of the public posts that were published after this one; None for the newest."""
    query = _listed(language).where(tuple_(*SORT_KEY) > _sort_key(post))
    return db.session.execute(query.order_by(None).order_by(*SORT_KEY).limit(1)).first()


def list_for_feed(
    language: str, *, category: Category | None = None, tag: Tag | None = None, event: Event | None = None
) -> Sequence[PostText]:
    """Return the texts of the newest posts for a feed, with their posts, categories and corrections loaded."""
    query = select(PostText).join(PostText.post).where(*is_public(language)).order_by(*NEWEST_FIRST)
    post = contains_eager(PostText.post)
    whole = post.selectinload(Post.categories), post.joinedload(Post.corrections)
    texts = db.session.scalars(_narrowed(query, category, tag, event).options(*whole).limit(IN_FEED))
    return texts.unique().all()


def list_for_sitemap() -> Sequence[Row[int, str, str, datetime | None, datetime | None, Image | None]]:
    """Return post_id, language, slug, published_at, updated_at and cover image of every public text of a post."""
    columns = PostText.post_id, PostText.language, PostText.slug, Post.published_at, Post.updated_at
    query = _with_cover(select(*columns, Image).join(PostText.post))
    query = query.where(IS_ANNOUNCED).order_by(*NEWEST_FIRST)
    return db.session.execute(query).all()


def find_old_address(path: str) -> OldAddress | None:
    """Return the stored old address with this path, in the form of `old_paths.plain_path`."""
    return db.session.get(OldAddress, path)


def find_category_of(old: OldAddress) -> Category | None:
    """Return the category to which an old address redirects."""
    return db.session.get(Category, old.category_id)


def find_place_of(old: OldAddress) -> Row[str, datetime | None] | None:
    """Return slug and publishing time of an old address's post, if the post is public in the address's language."""
    query = select(PostText.slug, Post.published_at).join(PostText.post)
    return db.session.execute(query.where(Post.id == old.post_id, *is_public(old.language))).one_or_none()


def list_all_categories() -> Sequence[Category]:
    """Return every category, also those without posts."""
    return db.session.scalars(select(Category).order_by(Category.position)).all()


def find_category(slug: str) -> Category | None:
    """Return the category with this slug in any language, else the category to which the slug's old URL redirects."""
    current = next((category for category in list_all_categories() if slug in category.slug.values()), None)
    paths = [category_path(language, slug) for language in NAMES]
    leads_there = select(OldAddress.category_id).where(OldAddress.path.in_(paths))
    return (
        current or db.session.scalars(select(Category).where(Category.id.in_(leads_there)).limit(1)).first()
    )


def find_tag(folded: str) -> Tag | None:
    """Return the tag with this folded name or alias, if a public post has it."""
    spelled_so = Tag.id.in_(select(TagAlias.tag_id).where(TagAlias.folded == folded))
    public_posts = select(Post.id).where(IS_ANNOUNCED)
    in_use = select(post_tags.c.tag_id).where(post_tags.c.post_id.in_(public_posts))
    query = select(Tag).where(or_(Tag.folded == folded, spelled_so), Tag.id.in_(in_use))
    return db.session.scalars(query.order_by(Tag.folded != folded).limit(1)).first()


def _read_page(narrow: Callable[[Select], Select], language: str, number: int, per_page: int) -> PostPage:
    public = select(Post.published_at).where(*has_text(language)).limit(1).correlate(None)
    ends = [
        public.order_by(order).scalar_subquery() for order in (Post.published_at, Post.published_at.desc())
    ]
    total = narrow(count_public(language)).correlate(None).scalar_subquery()
    whole = narrow(_listed(language)).add_columns(total, *ends)
    rows = db.session.execute(whole.limit(per_page).offset((number - 1) * per_page)).all()
    total, earliest, latest = rows[0][-3:] if rows else (0, None, None)
    return PostPage(rows, number, total, earliest, latest, per_page)


def is_within(span: Span) -> ColumnElement[bool]:
    """Return the condition that a post was published in a span of days, in the newsroom's time zone."""
    first, end = (midnight(day) for day in span)
    return and_(Post.published_at >= first, Post.published_at < end)


def _listed(language: str) -> Select:
    query = _with_cover(select(*SHOWN_IN_LIST, Image).join(PostText.post))
    return query.where(*is_public(language)).order_by(*NEWEST_FIRST)


def _with_cover(query: Select) -> Select:
    """Join each post with its cover image, but with no image if the post has a content note."""
    with_cover = query.outerjoin(post_covers, and_(post_covers.c.post_id == Post.id, ~HAS_NOTE))
    return with_cover.outerjoin(Image, Image.id == post_covers.c.image_id)


def is_public(language: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for public posts with a text in a language."""
    return PostText.language == language, IS_ANNOUNCED


def has_text(language: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of `is_public` for statements that read no text: an index tells whether a text exists."""
    text = select(PostText.post_id).where(PostText.post_id == Post.id, PostText.language == language)
    return IS_ANNOUNCED, text.correlate(Post).exists()


def count_public(language: str) -> Select:
    """Select the number of public posts with a text in a language."""
    return select(func.count()).select_from(Post).where(*has_text(language))


def _sort_key(post: Post) -> ColumnElement:
    """Return the values of a post by which the order of publication sorts, for comparing with other posts."""
    return tuple_(post.published_at, post.id, types=[column.type for column in SORT_KEY])


def _narrowed(query: Select, category: Category | None, tag: Tag | None, event: Event | None) -> Select:
    if event is not None:
        query = query.where(is_news_of(event))
    if category is not None:
        query = query.where(Post.categories.any(Category.id == category.id))
    if tag is not None:
        query = query.where(Post.tags.any(Tag.id == tag.id))
    return query
