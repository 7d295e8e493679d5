"""Addresses of earlier sites of an import, written into the database."""

from sqlalchemy import select

from forum.content import stored
from forum.content.old_addresses import ADDRESSES
from forum.content.shapes import Document
from forum.extensions import db
from forum.news.models import Category, OldAddress, Post


def write(document: Document) -> None:
    """Replace the stored old addresses by those of the document; call after posts and categories are written."""
    posts = {key: id_ for id_, key in db.session.execute(select(Post.id, Post.key))}
    categories = {key: id_ for id_, key in db.session.execute(select(Category.id, Category.key))}
    known = {old.path: old for old in stored.list_old_addresses()}
    for entry in document[ADDRESSES]:
        old = known.pop(entry["old"], None) or OldAddress(path=entry["old"])
        old.language = entry["language"]
        old.post_id = posts[entry["post"]] if "post" in entry else None
        old.category_id = categories[entry["category"]] if "category" in entry else None
        old.leads_to = entry.get("leads_to")
        db.session.add(old)
    for old in known.values():
        db.session.delete(old)
    db.session.flush()
