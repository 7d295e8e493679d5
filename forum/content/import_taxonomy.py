"""Categories and hashtags of an import, written into the database."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select

from forum.content import stored, taxonomy
from forum.content.shapes import Document, Where, said
from forum.extensions import db
from forum.news.models import Category, Tag, TagAlias, post_categories, post_tags

WHERE = Where(taxonomy.FILE)


def write(document: Document) -> None:
    """Store the document's categories and hashtags; `remove` deletes the others, once no post has them any more."""
    _write_categories(document["categories"])
    _write_tags(document["hashtags"])


def remove(document: Document) -> None:
    """Remove the categories and hashtags that the document lacks. Raises BadFile for one that a post has."""
    keys = {category["key"] for category in document["categories"]}
    for category in stored.list_categories():
        if category.key not in keys:
            _refuse_used(post_categories.c.category_id == category.id, "categories", category.key)
            db.session.delete(category)
    forms = {taxonomy.forms_of(tag)[0] for tag in document["hashtags"]}
    for tag in stored.list_tags():
        if tag.folded not in forms:
            _refuse_used(post_tags.c.tag_id == tag.id, "hashtags", tag.name)
            db.session.delete(tag)


def _write_categories(documents: Iterable[Document]) -> None:
    known = {category.key: category for category in stored.list_categories()}
    for position, document in enumerate(documents):
        category = known.get(document["key"]) or Category(key=document["key"])
        category.position = position
        category.name, category.slug = said(document["name"]), said(document["slug"])
        db.session.add(category)


def _write_tags(documents: Sequence[Document]) -> None:
    known = {tag.folded: tag for tag in stored.list_tags()}
    aliases = {}
    for document in documents:
        own, *others = taxonomy.forms_of(document)
        tag = known.get(own) or Tag(folded=own)
        tag.name = document["name"]
        tag.names = said(document["names"]) if "names" in document else None
        db.session.add(tag)
        # Flush after each hashtag, so that the ids have the order of the document: posts show hashtags by id.
        db.session.flush()
        if sorted(alias.folded for alias in tag.aliases) != others:
            aliases[tag] = others
            tag.aliases = []
    named = {taxonomy.forms_of(document)[0] for document in documents}
    for folded in known.keys() - named:
        known[folded].aliases = []
    # Delete a spelling from the database before another hashtag gets it: spellings are unique.
    db.session.flush()
    for tag, others in aliases.items():
        tag.aliases = [TagAlias(folded=folded) for folded in others]


def _refuse_used(is_its, kind: str, name: str) -> None:
    number = db.session.scalar(select(func.count()).where(is_its)) or 0
    if number:
        WHERE.at(kind).at(name).refuse(f"is missing, and {number} posts have it")
