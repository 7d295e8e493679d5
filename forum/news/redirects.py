"""Maintaining redirects from old addresses, one by one or many at once. Call after `start_write`.

A redirect to a post or category refers to its row, so it stays valid when that is renamed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import selectinload

from forum.audit import actions as audit
from forum.columns import OWN_PATH
from forum.events.models import ContentVersion
from forum.extensions import db
from forum.news import queries, slugs
from forum.news.dates import day_of
from forum.news.models import OldAddress, Post, PostText
from forum.news.old_paths import is_old, path_of, plain_path
from forum.web.languages import NAMES

PER_PAGE = 100
LONGEST = 300
LANGUAGE = re.compile(r"/([a-z]{2})(?=/|$)")
OF_POST = re.compile(r"/([a-z]{2})/news/\d{4}/\d{2}/\d{2}/([^/?#]{1,200})/?")
OF_CATEGORY = re.compile(r"/([a-z]{2})/news/categories/([^/?#]{1,200})/?")


class LeadsNowhere(ValueError):
    """The typed text is no path of this site, or the path of a post or category that does not exist."""


class NotOld(ValueError):
    """The typed text is no path, or an old address that would redirect to itself."""


class LeadsInCircle(ValueError):
    """The old address `path` would redirect in a circle, by way of other old addresses."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True)
class Target:
    """The target of an old address: a post, a category, or else the path `leads_to`."""

    language: str
    post_id: int | None = None
    category_id: int | None = None
    leads_to: str | None = None


@dataclass(frozen=True)
class AddressPage:
    """Page `number`, counted from 1, of the `total` old addresses that a search has found."""

    rows: Sequence[OldAddress]
    number: int
    total: int

    @property
    def pages(self) -> int:
        """The number of pages, at least one."""
        return max(1, -(-self.total // PER_PAGE))


def read_list(words: str, number: int) -> AddressPage:
    """Return a page of the old addresses that contain these words, in the order of their paths."""
    query = _holding(plain_path(words) if words else "")
    total = db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
    shown = query.order_by(OldAddress.path).limit(PER_PAGE).offset((number - 1) * PER_PAGE)
    return AddressPage(db.session.scalars(shown).all(), number, total)


def find(path: str) -> OldAddress | None:
    """Return the stored old address with this path, in any spelling."""
    return queries.find_old_address(plain_path(path))


def target_of(words: str) -> Target:
    """Return the target that a typed path of this site names: a post, a category, or the path. Raises LeadsNowhere."""
    words = words.strip()
    if len(words) > LONGEST:
        raise LeadsNowhere
    if match := OF_POST.fullmatch(words):
        return _of_post(*match.groups())
    if match := OF_CATEGORY.fullmatch(words):
        category = queries.find_category(match[2])
        if category is None or match[1] not in NAMES:
            raise LeadsNowhere
        return Target(match[1], category_id=category.id)
    if not OWN_PATH.fullmatch(words):
        raise LeadsNowhere
    prefix = LANGUAGE.match(words)
    known = prefix[1] if prefix and prefix[1] in NAMES else next(iter(NAMES))
    return Target(known, leads_to=words)


def written(old: OldAddress) -> str:
    """Return the path of an old address's target, which `target_of` understands, even if the post is not public."""
    if old.leads_to:
        return old.leads_to
    if old.category_id:
        category = queries.find_category_of(old)
        return (
            f"/{old.language}/news/categories/{category.slug.in_language(old.language)}" if category else ""
        )
    query = select(Post).where(Post.id == old.post_id)
    post = db.session.scalars(query.options(selectinload(Post.texts), selectinload(Post.withdrawal))).one()
    text = next((text for text in post.texts if text.language == old.language), None)
    first = post.withdrawal.published_at if post.withdrawal else post.published_at
    day = f"{day_of(first):%Y/%m/%d}" if first else "0000/00/00"
    return f"/{old.language}/news/{day}/{text.slug}" if text else ""


def store(path: str, target: Target, *, replaces: OldAddress | None, actor: str, now: datetime) -> bool:
    """Store a redirect from the path to the target; return whether something has changed.

    `replaces` is the stored redirect that this one replaces, perhaps with another path. Raises NotOld, LeadsInCircle.
    """
    slugs.lock()
    plain = _checked(path, target, replaces)
    if replaces is not None and replaces.path != plain:
        db.session.delete(replaces)
        db.session.flush()
    is_changed = _write(plain, target) or (replaces is not None and replaces.path != plain)
    if is_changed:
        _record("old_address.stored", actor, now, number=1)
    return is_changed


def remove(old: OldAddress, *, actor: str, now: datetime) -> None:
    """Remove an old address, which is then answered with 404."""
    db.session.delete(old)
    _record("old_address.removed", actor, now, number=1)


def store_all(rows: Sequence[tuple[str, Target]], *, actor: str, now: datetime) -> int:
    """Store many redirects, without removing others; return how many are new or changed.

    Raises LeadsInCircle.
    """
    slugs.lock()
    _refuse_circles(_ways(rows))
    changed = sum(_write(plain_path(path), target) for path, target in rows)
    if changed:
        _record("old_address.imported", actor, now, number=changed)
    return changed


def count_changes(rows: Sequence[tuple[str, Target]]) -> tuple[int, int]:
    """Return how many of these redirects would be new, and how many would change a stored redirect.

    Raises LeadsInCircle.
    """
    _refuse_circles(_ways(rows))
    stored = [(find(path), target) for path, target in rows]
    new = sum(old is None for old, _target in stored)
    return new, sum(old is not None and _values(old) != target for old, target in stored)


def _of_post(language: str, slug: str) -> Target:
    query = select(PostText.post_id).where(PostText.language == language, PostText.slug == slug)
    post_id = db.session.scalar(query)
    renamed = None if post_id else queries.find_renamed(language, slug)
    if post_id is None and renamed is None:
        raise LeadsNowhere
    return Target(language, post_id=post_id or (renamed.id if renamed else None))


def leads_to_itself(path: str, target: Target) -> bool:
    """Return whether a path would redirect to itself, or to a part of itself such as "/press#contact"."""
    return plain_path(path) == plain_path(path_of(target.leads_to or ""))


def _checked(path: str, target: Target, replaces: OldAddress | None) -> str:
    if not is_old(path) or leads_to_itself(path, target):
        raise NotOld
    gone = {replaces.path: None} if replaces is not None else {}
    _refuse_circles({**gone, **_ways([(path, target)])})
    return plain_path(path)


def _ways(rows: Sequence[tuple[str, Target]]) -> dict[str, str | None]:
    return {plain_path(path): target.leads_to for path, target in rows}


def _refuse_circles(new: Mapping[str, str | None]) -> None:
    """Raise LeadsInCircle if one of these redirects, together with stored ones, forms a circle."""
    query = select(OldAddress.path, OldAddress.leads_to).where(OldAddress.leads_to.is_not(None))
    laid = {**{old.path: old.leads_to for old in db.session.execute(query)}, **new}
    for path in new:
        way = [path]
        while leads_to := laid.get(way[-1]):
            there = plain_path(path_of(leads_to))
            if there in way:
                raise LeadsInCircle(path)
            way.append(there)


def _write(plain: str, target: Target) -> bool:
    old = queries.find_old_address(plain)
    if old is not None and _values(old) == target:
        return False
    old = old or OldAddress(path=plain)
    for name, value in vars(target).items():
        setattr(old, name, value)
    db.session.add(old)
    db.session.flush()
    return True


def _values(old: OldAddress) -> Target:
    return Target(old.language, old.post_id, old.category_id, old.leads_to)


def _holding(plain: str) -> Select[OldAddress]:
    query = select(OldAddress)
    return query.where(OldAddress.path.contains(plain.strip("/"), autoescape=True)) if plain else query


def _record(action: str, actor: str, now: datetime, **details: int) -> None:
    """Record the change in the audit trail; an old address has no id, so the entry names the content version."""
    audit.record(action, db.session.get_one(ContentVersion, 1), actor=actor, at=now, **details)
