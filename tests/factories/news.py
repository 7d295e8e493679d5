"""Posts for tests, in Swedish and English unless told otherwise.

post = make_post(headline="A headline", tags=[make_tag("#Mörka nätet")])
draft = make_post(published_at=None)
"""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from forum.columns import Text
from forum.news.models import Category, Post, PostText, Tag, TagAlias
from forum.news.searching import search_text
from forum.news.tags import fold
from tests.factories.events import NOW
from tests.factories.saving import save

PUBLISHED = datetime(2016, 11, 25, 8, 0, tzinfo=UTC)
LANGUAGES = ("sv", "en")
_numbers = count(1)


def make_post(
    languages: tuple[str, ...] = LANGUAGES,
    *,
    published_at: datetime | None = PUBLISHED,
    announced_at: datetime | None = NOW,
    **differing: Any,
) -> Post:
    """Save a post, public unless its time is later than NOW.

    `headline`, `lead`, `body`, `slug`, `label` and `content_note` are used for the post's text in every language.

    The slug of each language gets the language appended, so that they differ: "a-slug-sv".
    """
    number = next(_numbers)
    words = {
        "slug": f"post-{number}",
        "label": "Blog",
        "headline": f"Headline {number}",
        "lead": f"Lead of post {number}.",
        "body": f"Body of post {number}.",
        "content_note": None,
        "action_label": None,
        "action_url": None,
    }
    words.update({name: differing.pop(name) for name in list(differing) if name in words})
    values = {
        "key": f"post-{number}",
        "author": Text(sv="Kansliet", en="The office"),
        "published_at": published_at,
        "announced_at": announced_at,
        "texts": [_text(language, words) for language in languages],
    }
    return save(Post(**{**values, **differing}))


def _text(language: str, words: dict[str, Any]) -> PostText:
    found_by = search_text(words["headline"], words["lead"], words["body"])
    return PostText(
        language=language, search_text=found_by, **{**words, "slug": f"{words['slug']}-{language}"}
    )


def make_category(key: str | None = None, **differing: Any) -> Category:
    """Save a category."""
    number = next(_numbers)
    key = key or f"category-{number}"
    values = {
        "key": key,
        "position": number,
        "name": Text(sv=f"Kategori {key}", en=f"Category {key}"),
        "slug": Text(sv=f"{key}-sv", en=f"{key}-en"),
    }
    return save(Category(**{**values, **differing}))


def make_tag(name: str, aliases: tuple[str, ...] = (), names: Text | None = None) -> Tag:
    """Save a tag with its name, other spellings, and its names by language."""
    others = [TagAlias(folded=fold(alias)) for alias in aliases]
    return save(Tag(name=name, folded=fold(name), aliases=others, names=names))
