"""Categories of posts: making, renaming, ordering, merging and removing them.

A category's former slug becomes an old address, which redirects to the category or to the one it was merged into. Call
after `start_write`.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import delete, func, insert, literal, select, update

from forum.audit import actions as audit
from forum.columns import LARGEST_ID, Text
from forum.extensions import db
from forum.folding import slug_of
from forum.news import queries, slugs
from forum.news.errors import InUse
from forum.news.models import Category, OldAddress, post_categories
from forum.news.old_paths import category_path

NAMELESS = "category"
LONGEST_KEY = 60


def find(number: int) -> Category | None:
    """Return the category with this id."""
    return db.session.get(Category, number) if number <= LARGEST_ID else None


def count_posts() -> dict[int, int]:
    """Return how many posts, drafts included, each category has, by the category's id."""
    counts = select(post_categories.c.category_id, func.count()).group_by(post_categories.c.category_id)
    return dict(db.session.execute(counts).all())


def create(name: Text, slug: Mapping[str, str], *, actor: str, now: datetime) -> Category:
    """Add a category after the others; return an existing category with these names, if the form was sent twice."""
    slugs.lock()
    others = queries.list_all_categories()
    if same := next((each for each in others if each.name == name), None):
        return same
    stem = slug_of(name.in_language("en"), LONGEST_KEY - 5) or NAMELESS
    category = Category(
        key=_unlike(stem, {each.key for each in others}),
        position=1 + max((each.position for each in others), default=0),
        name=name,
        slug=_free_slugs(None, name, slug),
    )
    db.session.add(category)
    db.session.flush()
    _forget_addresses(category)
    audit.record("category.created", category, actor=actor, at=now)
    return category


def describe(
    category: Category, name: Text, slug: Mapping[str, str], *, actor: str, now: datetime
) -> list[str]:
    """Set a category's name and slug in each language; return which of the columns `name` and `slug` have changed."""
    slugs.lock()
    wanted: dict[str, Any] = {"name": name, "slug": _free_slugs(category, name, slug)}
    changed = [column for column, value in wanted.items() if getattr(category, column) != value]
    if not changed:
        return []
    given_up = set(category.slug.items()) - set(wanted["slug"].items())
    category.name, category.slug = wanted["name"], wanted["slug"]
    _keep_addresses(given_up, category)
    _forget_addresses(category)
    audit.record("category.changed", category, actor=actor, at=now, fields=changed)
    return changed


def move(category: Category, step: int, *, actor: str, now: datetime) -> None:
    """Move a category one position up (step −1) or down (step 1) in the order of categories."""
    ordered = [*queries.list_all_categories()]
    place = ordered.index(category)
    if 0 <= place + step < len(ordered):
        ordered.insert(place + step, ordered.pop(place))
        for position, each in enumerate(ordered):
            each.position = position
        audit.record("category.moved", category, actor=actor, at=now, position=place + step)


def merge(category: Category, into: Category, *, actor: str, now: datetime) -> int:
    """Move the posts and addresses of a category to another one and remove it; return how many posts were moved."""
    slugs.lock()
    number = count_posts().get(category.id, 0)
    links = post_categories.c
    has_both = select(links.post_id).where(links.category_id == into.id)
    moved = select(links.post_id, literal(into.id)).where(
        links.category_id == category.id, links.post_id.not_in(has_both)
    )
    db.session.execute(insert(post_categories).from_select(["post_id", "category_id"], moved))
    theirs = OldAddress.category_id == category.id
    db.session.execute(update(OldAddress).where(theirs).values(category_id=into.id))
    _keep_addresses(category.slug.items(), into)
    _drop(category)
    audit.record("category.merged", into, actor=actor, at=now, merged=category.id, posts=number)
    return number


def remove(category: Category, *, actor: str, now: datetime) -> None:
    """Remove a category that no post has, with its addresses. Raises InUse."""
    if count_posts().get(category.id):
        raise InUse
    audit.record("category.removed", category, actor=actor, at=now, key=category.key)
    _drop(category)


def _drop(category: Category) -> None:
    db.session.execute(delete(post_categories).where(post_categories.c.category_id == category.id))
    db.session.flush()
    db.session.execute(delete(Category).where(Category.id == category.id))
    db.session.expire_all()


def _free_slugs(category: Category | None, name: Text, wanted: Mapping[str, str]) -> Text:
    """Return a slug for each language of the name, made from the wanted slug, else from the name.

    URLs name a category by its slug in any language, so no two categories may share a slug, whatever the language.
    """
    others = (each for each in queries.list_all_categories() if each is not category)
    taken = {slug for each in others for slug in each.slug.values()}
    return Text(
        {
            code: _unlike(slug_of(wanted.get(code) or words, 100) or NAMELESS, taken)
            for code, words in name.items()
        }
    )


def _unlike(wanted: str, taken: set[str]) -> str:
    numbered = (f"{wanted}-{number}" for number in count(2))
    return wanted if wanted not in taken else next(slug for slug in numbered if slug not in taken)


def _keep_addresses(given_up, category: Category) -> None:
    """Redirect a category's former URLs, as (language, slug), to the category."""
    for code, slug in given_up:
        path = category_path(code, slug)
        old = db.session.get(OldAddress, path) or OldAddress(path=path)
        old.language, old.category_id, old.post_id, old.leads_to = code, category.id, None, None
        db.session.add(old)
    db.session.flush()


def _forget_addresses(category: Category) -> None:
    """Delete old addresses that are again the category's own URL."""
    own = [category_path(code, slug) for code, slug in category.slug.items()]
    db.session.execute(delete(OldAddress).where(OldAddress.path.in_(own)))
