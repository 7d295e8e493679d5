"""Reading posts. A post is public in a language if it has a text in it and the worker has announced it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import contains_eager, selectinload

from forum.extensions import db
from forum.images.models import Image
from forum.news.dates import day_of, midnight
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
from forum.news.old_paths import category_path
from forum.web.languages import NAMES

PER_PAGE = 8
IN_FEED = 20
FOUND_AT_MOST = 50
SHOWN_IN_LIST = (
    Post.published_at,
    PostText.language,
    PostText.slug,
    PostText.label,
    PostText.headline,
    PostText.lead,
)
# A post with a content note, in whatever language, shows no image in lists.
HAS_NOTE = (
    select(PostText.post_id)
    .where(PostText.post_id == Post.id, PostText.content_note.is_not(None))
    .correlate(Post)
    .exists()
)
SORT_KEY = (Post.published_at, Post.id)
# No query compares with the current time: the clocks of two machines differ, and a page that one of them renders too
# early would stay in its cache. Drafts have no `published_at`; posts moved to a later time are announced again then.
IS_ANNOUNCED = Post.announced_at >= Post.published_at
NEWEST_FIRST = (Post.published_at.desc(), Post.id.desc())

ListedPost = Row[datetime | None, str, str, str, str, str, Image | None]  # SHOWN_IN_LIST and the cover


@dataclass(frozen=True)
class PostPage:
    """Page `number`, counted from 1, of a list of `total` posts."""

    posts: Sequence[ListedPost]
    number: int
    total: int

    @property
    def pages(self) -> int:
        """The number of pages of the list, at least one."""
        return max(1, -(-self.total // PER_PAGE))


def latest(language: str, limit: int, *, event_id: int | None = None) -> Sequence[ListedPost]:
    """Return the newest posts, only those of one event if `event_id` is given."""
    query = _listed(language).limit(limit)
    if event_id is not None:
        query = query.where(Post.event_id == event_id)
    return db.session.execute(query).all()


def list_posts(
    language: str,
    *,
    number: int = 1,
    category: Category | None = None,
    tag: Tag | None = None,
    event_id: int | None = None,
) -> PostPage:
    """Return a page of all posts, or of those in a category, with a tag or of an event; one after the last is empty."""
    query = _narrowed(_listed(language), category, tag).add_columns(func.count().over())
    if event_id is not None:
        query = query.where(Post.event_id == event_id)
    rows = db.session.execute(query.limit(PER_PAGE).offset((number - 1) * PER_PAGE)).all()
    return PostPage(rows, number, total=rows[0][-1] if rows else 0)


def list_year(language: str, year: int) -> Sequence[ListedPost]:
    """Return the posts of a year."""
    within = (
        Post.published_at >= midnight(date(year, 1, 1)),
        Post.published_at < midnight(date(year + 1, 1, 1)),
    )
    return db.session.execute(_listed(language).where(*within)).all()


def search(language: str, wanted: Sequence[str]) -> Sequence[PostText]:
    """Return the newest posts that hold every one of these folded words, at most FOUND_AT_MOST."""
    if not wanted:
        return []
    query = select(PostText).join(PostText.post).where(*_is_public(language)).order_by(*NEWEST_FIRST)
    holds_all = [PostText.search_text.contains(word, autoescape=True) for word in wanted]
    whole = contains_eager(PostText.post)
    return db.session.scalars(query.where(*holds_all).options(whole).limit(FOUND_AT_MOST)).all()


def find_text(language: str, slug: str) -> PostText | None:
    """Return a public post's text in a language, with everything loaded that its page shows."""
    query = select(PostText).join(PostText.post).where(PostText.slug == slug, *_is_public(language))
    post = contains_eager(PostText.post)
    whole = [
        post.selectinload(Post.texts).load_only(PostText.language, PostText.slug, PostText.content_note),
        *map(post.selectinload, (Post.corrections, Post.sources, Post.categories, Post.tags, Post.cover)),
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
    within = Post.published_at >= midnight(day), Post.published_at < midnight(day + timedelta(days=1))
    return db.session.execute(_listed(language).where(*within)).all()


def find_older(post: Post, language: str) -> ListedPost | None:
    """Return the next older public post."""
    query = _listed(language).where(tuple_(*SORT_KEY) < _sort_key(post))
    return db.session.execute(query.limit(1)).first()


def find_newer(post: Post, language: str) -> ListedPost | None:
    """Return the next newer public post."""
    query = _listed(language).where(tuple_(*SORT_KEY) > _sort_key(post))
    return db.session.execute(query.order_by(None).order_by(*SORT_KEY).limit(1)).first()


def list_for_feed(
    language: str, *, category: Category | None = None, tag: Tag | None = None
) -> Sequence[PostText]:
    """Return the texts of the newest posts for a feed, with their posts, categories and corrections loaded."""
    query = select(PostText).join(PostText.post).where(*_is_public(language)).order_by(*NEWEST_FIRST)
    post = contains_eager(PostText.post)
    whole = post.selectinload(Post.categories), post.joinedload(Post.corrections)
    texts = db.session.scalars(_narrowed(query, category, tag).options(*whole).limit(IN_FEED))
    return texts.unique().all()


def list_for_sitemap() -> Sequence[Row[int, str, str, datetime | None, datetime | None, Image | None]]:
    """Return post_id, language, slug, published_at, updated_at and the cover of every public text."""
    columns = PostText.post_id, PostText.language, PostText.slug, Post.published_at, Post.updated_at
    query = _with_cover(select(*columns, Image).join(PostText.post))
    query = query.where(IS_ANNOUNCED).order_by(*NEWEST_FIRST)
    return db.session.execute(query).all()


def list_years(language: str) -> list[int]:
    """Return the years that have posts, the newest first."""
    moments = db.session.scalars(select(Post.published_at).join(Post.texts).where(*_is_public(language)))
    return sorted({day_of(moment).year for moment in moments if moment}, reverse=True)


def find_old_address(path: str) -> OldAddress | None:
    """Return the table's row for an address of an earlier site, given in the form of `old_paths.plain_path`."""
    return db.session.get(OldAddress, path)


def find_category_of(old: OldAddress) -> Category | None:
    """Return the category to which an old address leads."""
    return db.session.get(Category, old.category_id)


def find_place_of(old: OldAddress) -> Row[str, datetime | None] | None:
    """Return slug and time of the post to which an old address leads, if the post is public in its language."""
    query = select(PostText.slug, Post.published_at).join(PostText.post)
    return db.session.execute(query.where(Post.id == old.post_id, *_is_public(old.language))).one_or_none()


def count_by_category(language: str) -> list[tuple[Category, int]]:
    """Return the categories that have posts, each with the number of its posts."""
    public_posts = select(PostText.post_id).join(PostText.post).where(*_is_public(language))
    counts = (
        select(Category, func.count())
        .join(post_categories, post_categories.c.category_id == Category.id)
        .where(post_categories.c.post_id.in_(public_posts))
        .group_by(Category.id)
        .order_by(Category.position)
    )
    return [(category, number) for category, number in db.session.execute(counts)]


def list_all_categories() -> Sequence[Category]:
    """Return every category, in use or not."""
    return db.session.scalars(select(Category).order_by(Category.position)).all()


def find_category(slug: str) -> Category | None:
    """Return the category that has this slug in any language, else the one that a former address with it leads to."""
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


def _listed(language: str) -> Select:
    query = _with_cover(select(*SHOWN_IN_LIST, Image).join(PostText.post))
    return query.where(*_is_public(language)).order_by(*NEWEST_FIRST)


def _with_cover(query: Select) -> Select:
    """Join the cover image of each post, none for a post with a content note."""
    with_cover = query.outerjoin(post_covers, and_(post_covers.c.post_id == Post.id, ~HAS_NOTE))
    return with_cover.outerjoin(Image, Image.id == post_covers.c.image_id)


def _is_public(language: str) -> tuple[ColumnElement[bool], ...]:
    return PostText.language == language, IS_ANNOUNCED


def _sort_key(post: Post) -> ColumnElement:
    """Return the post's sort key in the order of publication."""
    return tuple_(post.published_at, post.id, types=[column.type for column in SORT_KEY])


def _narrowed(query: Select, category: Category | None, tag: Tag | None) -> Select:
    if category is not None:
        query = query.where(Post.categories.any(Category.id == category.id))
    if tag is not None:
        query = query.where(Post.tags.any(Tag.id == tag.id))
    return query
