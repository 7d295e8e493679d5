"""Hashtags: naming them per language, their aliases, merging and removing them. Call after `start_write`.

Each folded spelling belongs to one hashtag: as `Tag.folded` or a `TagAlias`. A former spelling of a hashtag stays an
alias, so that its URL redirects.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import selectinload

from forum.audit import actions as audit
from forum.columns import LARGEST_ID, Text
from forum.extensions import db
from forum.news import slugs
from forum.news.errors import InUse, SpeltAlike
from forum.news.models import Post, Tag, TagAlias, post_tags
from forum.news.tagging import find_by_spelling
from forum.news.tags import fold

PER_PAGE = 100


@dataclass(frozen=True)
class TagPage:
    """Page `number`, counted from 1, of the `total` hashtags of a search; `counts` has numbers of posts by tag id."""

    tags: Sequence[Tag]
    counts: dict[int, int]
    number: int
    total: int

    @property
    def pages(self) -> int:
        """The number of pages, at least one."""
        return max(1, -(-self.total // PER_PAGE))


def find(number: int) -> Tag | None:
    """Return the hashtag with this id."""
    return db.session.get(Tag, number) if number <= LARGEST_ID else None


def find_named(name: str) -> Tag | None:
    """Return the hashtag with this name or alias, in any spelling."""
    folded = fold(name)
    return find_by_spelling([folded]).get(folded)


def read_list(words: str, number: int) -> TagPage:
    """Return a page of the hashtags whose name or an alias contains these words, in the order of their names."""
    query = _holding(fold(words))
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.options(selectinload(Tag.aliases)).order_by(Tag.folded)
    tags = db.session.scalars(ordered.limit(PER_PAGE).offset((number - 1) * PER_PAGE)).all()
    return TagPage(tags, count_posts(tags), number, total)


def count_posts(tags: Iterable[Tag]) -> dict[int, int]:
    """Return how many posts, drafts included, each of these hashtags has, by the hashtag's id."""
    own = post_tags.c.tag_id.in_([tag.id for tag in tags])
    counts = select(post_tags.c.tag_id, func.count()).where(own).group_by(post_tags.c.tag_id)
    return dict(db.session.execute(counts).all())


def free_aliases(tag: Tag) -> list[str]:
    """Return the aliases that organisers have added: a hashtag's folded names are stored as aliases, too."""
    own = _own_forms(tag.name, tag.names or Text())
    return sorted(alias.folded for alias in tag.aliases if alias.folded not in own)


def create(name: str, names: Text, aliases: Sequence[str], *, actor: str, now: datetime) -> Tag:
    """Add a hashtag; return an existing hashtag with this name, if the form was sent twice. Raises SpeltAlike."""
    slugs.lock()
    if (same := find_named(name)) and same.name == name:
        return same
    _refuse_taken(None, [name, *names.values(), *aliases])
    tag = Tag(name=name, folded=fold(name))
    db.session.add(tag)
    _describe(tag, name, names, aliases)
    db.session.flush()
    audit.record("hashtag.created", tag, actor=actor, at=now)
    return tag


def describe(tag: Tag, name: str, names: Text, aliases: Sequence[str], *, actor: str, now: datetime) -> bool:
    """Rename a hashtag and set its aliases; return whether something has changed. Raises SpeltAlike.

    The spellings of the former names stay aliases of the hashtag.
    """
    slugs.lock()
    _refuse_taken(tag, [name, *names.values(), *aliases])
    before = _values(tag)
    kept = (
        _own_forms(tag.name, tag.names or Text()) if (tag.name, tag.names or {}) != (name, names) else set()
    )
    _describe(tag, name, names, [*aliases, *kept])
    if _values(tag) == before:
        return False
    audit.record("hashtag.changed", tag, actor=actor, at=now)
    return True


def merge(tag: Tag, into: Tag, *, actor: str, now: datetime) -> int:
    """Move the posts and all spellings of a hashtag to another one and remove it; return how many posts were moved."""
    slugs.lock()
    number = count_posts([tag]).get(tag.id, 0)
    spellings = {tag.folded, *(alias.folded for alias in tag.aliases)}
    for post in db.session.scalars(select(Post).where(Post.tags.any(Tag.id == tag.id))).all():
        post.tags = [*{each.id: each for each in (*post.tags, into) if each is not tag}.values()]
    merged = tag.id
    # Delete the hashtag with its spellings before the other hashtag gets these: a spelling may be stored only once.
    db.session.delete(tag)
    db.session.flush()
    into.aliases += [TagAlias(folded=spelling) for spelling in sorted(spellings)]
    db.session.flush()
    audit.record("hashtag.merged", into, actor=actor, at=now, merged=merged, posts=number)
    return number


def remove(tag: Tag, *, actor: str, now: datetime) -> None:
    """Remove a hashtag that no post has. Raises InUse."""
    if count_posts([tag]):
        raise InUse
    audit.record("hashtag.removed", tag, actor=actor, at=now)
    db.session.delete(tag)


def _holding(folded: str) -> Select[Tag]:
    if not folded:
        return select(Tag)
    by_alias = select(TagAlias.tag_id).where(TagAlias.folded.contains(folded, autoescape=True))
    return select(Tag).where(or_(Tag.folded.contains(folded, autoescape=True), Tag.id.in_(by_alias)))


def _values(tag: Tag) -> tuple:
    return tag.name, dict(tag.names or {}), sorted(alias.folded for alias in tag.aliases)


def _own_forms(name: str, names: Text) -> set[str]:
    return {fold(each) for each in (name, *names.values()) if each}


def _refuse_taken(tag: Tag | None, spellings: Iterable[str]) -> None:
    by_form = {fold(spelling): spelling for spelling in spellings}
    for folded, other in find_by_spelling(by_form).items():
        if other is not tag:
            raise SpeltAlike(by_form[folded], other.name)


def _describe(tag: Tag, name: str, names: Text, aliases: Iterable[str]) -> None:
    tag.name, tag.names = name, names or None
    wanted = ({fold(alias) for alias in aliases} | _own_forms(name, names)) - {fold(name)}
    # If an alias becomes the name, delete the alias: no constraint keeps a spelling from being stored both as a name
    # and as an alias.
    tag.aliases = [
        *(alias for alias in tag.aliases if alias.folded in wanted),
        *(TagAlias(folded=form) for form in sorted(wanted - {alias.folded for alias in tag.aliases})),
    ]
    tag.folded = fold(name)
    db.session.flush()
