"""Finding the hashtags that an editor names, in any spelling."""

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import select

from forum.extensions import db
from forum.news.models import Tag, TagAlias
from forum.news.tags import fold

BETWEEN = re.compile(r"[,;#]")


def read_names(words: str) -> list[str]:
    """Return the hashtags named in a line such as "#Dark web, reports", each with a #; of equal spellings the first."""
    first: dict[str, str] = {}
    for name in (" ".join(name.split()) for name in BETWEEN.split(words)):
        if folded := fold(name):
            first.setdefault(folded, f"#{name}")
    return list(first.values())


def find_or_make(names: Sequence[str]) -> list[Tag]:
    """Return the hashtags with these names or aliases; for an unknown name, a new one that is not stored yet."""
    known = find_by_spelling(map(fold, names))
    tags = [known.get(folded) or Tag(name=name, folded=folded) for name in names if (folded := fold(name))]
    return list({tag.folded: tag for tag in tags}.values())


def find_by_spelling(spellings: Iterable[str]) -> dict[str, Tag]:
    """Return, by folded spelling, the hashtags that have one of these spellings as name or alias."""
    wanted = set(spellings)
    of_alias = select(TagAlias.folded, Tag).join(Tag, Tag.id == TagAlias.tag_id)
    by_alias = dict(db.session.execute(of_alias.where(TagAlias.folded.in_(wanted))).all())
    named = db.session.scalars(select(Tag).where(Tag.folded.in_(wanted)))
    return {**by_alias, **{tag.folded: tag for tag in named}}
