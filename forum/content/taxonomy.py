"""Categories and hashtags as taxonomy.toml, and finding a hashtag's name there by any of its spellings."""

from collections.abc import Iterable
from typing import Any

from forum.content.shapes import (
    LANGUAGES,
    Document,
    Where,
    key,
    line,
    listing,
    or_empty,
    table,
    texts,
    unique,
)
from forum.news.models import Category, Tag
from forum.news.tags import fold

FILE = "taxonomy.toml"
SHAPE = table(
    {},
    {
        "categories": listing(
            table(
                {
                    "key": key(60),
                    "name": texts(line(empty=True), said=True),
                    "slug": texts(or_empty(key(120)), said=True),
                }
            )
        ),
        "hashtags": listing(
            table({"name": line(80)}, {"aliases": listing(line(80)), "names": texts(line(80, empty=True))}),
            most=20_000,
        ),
    },
)


def hashtag(value: Any, where: Where) -> str:
    """Check a hashtag: a name with a letter or digit."""
    if not fold(line(80)(value, where)):
        where.refuse("has no letter or digit")
    return value


def tell(categories: Iterable[Category], tags: Iterable[Tag]) -> Document:
    """Return the content of taxonomy.toml with these categories and hashtags as a document."""
    return {
        "categories": [
            {
                "key": category.key,
                "name": {language: category.name.get(language) or "" for language in LANGUAGES},
                "slug": {language: category.slug.get(language) or "" for language in LANGUAGES},
            }
            for category in categories
        ],
        "hashtags": [_tell_tag(tag) for tag in tags],
    }


def read(raw: Document, where: Where) -> Document:
    """Return the content of taxonomy.toml as a document. Raises BadFile."""
    document = {"categories": [], "hashtags": [], **SHAPE(raw, where)}
    unique(document["categories"], "key", where.at("categories"))
    for language in LANGUAGES:
        slugs = [category["slug"] for category in document["categories"] if category["slug"][language]]
        unique(slugs, language, where.at("categories"))
    document["hashtags"] = [
        _without_own_forms(tag, where.at("hashtags").at(tag["name"])) for tag in document["hashtags"]
    ]
    spellings(document["hashtags"], where)
    return document


def spellings(hashtags: Iterable[Document], where: Where | None = None) -> dict[str, str]:
    """Return the main name of each hashtag, by the folded form of each of its spellings.

    With `where`, a spelling that two hashtags share is refused: raises BadFile.
    """
    names: dict[str, str] = {}
    for tag in hashtags:
        for folded in forms_of(tag):
            if where and names.get(folded, tag["name"]) != tag["name"]:
                where.at("hashtags").at(tag["name"]).refuse(f"is written like {names[folded]}")
            names[folded] = tag["name"]
    return names


def forms_of(tag: Document) -> list[str]:
    """Return the folded forms of a hashtag, each of them once: first that of its name, then its aliases in order."""
    own = fold(tag["name"])
    others = {fold(name) for name in (*tag.get("names", {}).values(), *tag.get("aliases", [])) if name}
    return [own, *sorted(others - {own})]


def _tell_tag(tag: Tag) -> Document:
    told: Document = {"name": tag.name}
    if tag.names:
        told["names"] = {language: tag.names.get(language) or "" for language in LANGUAGES}
    told["aliases"] = [alias.folded for alias in tag.aliases]
    return _without_own_forms(told, Where(FILE))


def _without_own_forms(tag: Document, where: Where) -> Document:
    """Return the hashtag with its aliases folded, without aliases that are just one of its names folded."""
    names = {language: name for language, name in tag.get("names", {}).items() if name}
    for name in (tag["name"], *names.values(), *tag.get("aliases", [])):
        hashtag(name, where)
    own = {fold(tag["name"]), *map(fold, names.values())}
    told: Document = {"name": tag["name"]}
    if aliases := sorted(set(map(fold, tag.get("aliases", []))) - own):
        told["aliases"] = aliases
    if names:
        told["names"] = {language: names.get(language, "") for language in LANGUAGES}
    return told
