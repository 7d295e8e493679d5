"""Posts as Markdown: a file per language, `posts/<key>.<language>.md`; each file repeats what the languages share."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from forum.columns import Text, leads_somewhere
from forum.content import moments
from forum.content.documents import BODY, body_of
from forum.content.shapes import (
    Document,
    Where,
    day,
    flag,
    key,
    line,
    link,
    listing,
    matching,
    moment,
    prose,
    table,
    unix,
)
from forum.content.taxonomy import hashtag
from forum.news.dates import ZONE
from forum.news.drafts import NEEDED
from forum.news.enums import PostState
from forum.news.models import Post, PostText

SOURCE = table({"title": line(empty=True)}, {"url": link(500), "date": day})
CORRECTION = table({"date": day, "text": prose(5000)}, {"at": moment})
ACTION = table(
    {
        "label": line(60),
        "url": matching(leads_somewhere, "a path of this site, or an address with https://", 500),
    }
)
SHAPE = table(
    {
        "slug": key(120),
        "label": line(60, empty=True),
        "headline": line(200, empty=True),
        "lead": line(600, empty=True),
        BODY: prose(),
    },
    {
        "event": key(60),
        "author": line(200),
        "published": moment,
        "withdrawn": moment,
        "updated": moment,
        "former_slugs": listing(key(120)),
        "categories": listing(key(60)),
        "tags": listing(hashtag),
        "sources": listing(SOURCE),
        "corrections": listing(CORRECTION),
        "content_note": line(600),
        "action": ACTION,
        "help_box": flag,
        "cover": key(16),
    },
)
ORDER = (
    *(
        "event",
        "slug",
        "former_slugs",
        "label",
        "headline",
        "lead",
        "author",
        "published",
        "withdrawn",
        "updated",
    ),
    *("categories", "tags", "content_note", "action", "help_box", "cover", "sources", "corrections", BODY),
)
MOMENTS = ("published", "withdrawn", "updated")
# The keys of a post's document whose values are the same in every language.
SHARED = ("event", "published", "withdrawn", "updated", "categories", "tags", "help_box", "cover")
# The lists of a post whose entries have a text per language; an entry's other values are the same in each language.
TEXTS_OF = {"sources": "title", "corrections": "text"}


def tell(post: Post, events: Mapping[int, str], former: Mapping[str, list[str]]) -> dict[str, Document]:
    """Return for each language of the post the content of its file in that language as a document.

    `events` has slugs by id, `former` the slugs that the post had in each language.
    """
    return {
        text.language: _tell_text(post, text, events, former.get(text.language, [])) for text in post.texts
    }


def read(raw: Document, where: Where) -> Document:
    """Return the content of a post's file as a document. Raises BadFile."""
    document = SHAPE(raw, where)
    _settle_moments(document, MOMENTS, where)
    for correction in document.get("corrections", []):
        _settle_moments(correction, ("at",), where.at("corrections"))
    document.get("corrections", []).sort(key=lambda correction: correction["date"])
    if "withdrawn" in document and "published" not in document:
        where.at("withdrawn").refuse("needs published: when it was published before")
    document["former_slugs"] = sorted({*document.get("former_slugs", [])})
    return in_order(document)


def in_order(document: Document) -> Document:
    """Return the document with its keys in the order of a file, without empty values."""
    return {
        name: document[name]
        for name in ORDER
        if document.get(name) not in (None, [], False)
        and (document[name] or name not in ("author", "content_note"))
    }


def refuse_incomplete(document: Document, where: Where) -> None:
    """Refuse a published or planned post that lacks a text which readers need. Raises BadFile."""
    for name in NEEDED:
        if "published" in document and not document.get(name, "").strip():
            where.at(name).refuse("is empty, and a post that has a time of publishing needs it")


def refuse_disagreeing(documents: Mapping[str, Document], files: Mapping[str, Where]) -> None:
    """Refuse a post whose files differ in a value that all languages share. Raises BadFile."""
    first, *others = documents
    for language in others:
        one, other, where = documents[first], documents[language], files[language]
        for name in SHARED:
            if one.get(name) != other.get(name):
                where.at(name).refuse(f"is not what {files[first].file} says")
        for name, text in TEXTS_OF.items():
            if _bare(one, name, text) != _bare(other, name, text):
                where.at(name).refuse(f"the entries are not those of {files[first].file}")


def moment_of(document: Document, name: str) -> datetime | None:
    """Return a moment of a post's document in UTC, or None where the document does not have it."""
    return moments.read(document[name], ZONE, Where("")) if name in document else None


def entries_of(documents: Mapping[str, Document], name: str) -> list[tuple[Document, Text]]:
    """Return the entries of a list of the post, such as its sources, each with its text per language."""
    first = next(iter(documents.values()))
    return [
        (
            entry,
            Text(
                {
                    language: document[name][place][TEXTS_OF[name]]
                    for language, document in documents.items()
                    if document[name][place][TEXTS_OF[name]]
                }
            ),
        )
        for place, entry in enumerate(first.get(name, []))
    ]


def _tell_text(post: Post, text: PostText, events: Mapping[int, str], former: list[str]) -> Document:
    language = text.language
    withdrawal = post.withdrawal if post.state == PostState.WITHDRAWN else None
    document: dict[str, Any] = {
        "event": events.get(post.event_id) if post.event_id else None,
        **{name: getattr(text, name) for name in ("slug", "label", "headline", "lead", "content_note")},
        "author": post.author.get(language),
        "former_slugs": sorted(former),
        "published": _told(withdrawal.published_at if withdrawal else post.published_at),
        "withdrawn": _told(withdrawal.made_at if withdrawal else None),
        "updated": _told(post.updated_at),
        "categories": [category.key for category in post.categories],
        "tags": [tag.name for tag in post.tags],
        "help_box": post.has_help_box,
        "cover": post.cover.key if post.cover else None,
        "sources": [
            _known_of(
                {"title": source.title.get(language) or "", "url": source.url, "date": source.published_on}
            )
            for source in post.sources
        ],
        "corrections": [
            _known_of(
                {
                    "date": correction.made_on,
                    "text": unix(correction.text.get(language) or ""),
                    "at": _told(correction.made_at),
                }
            )
            for correction in sorted(post.corrections, key=_in_order)
        ],
        "action": {"label": text.action_label, "url": text.action_url} if text.action_label else None,
        BODY: body_of(text.body),
    }
    return in_order(document)


def _told(moment: datetime | None) -> datetime | None:
    return moment and moments.tell(moment, ZONE)


def _settle_moments(table_of: Document, names: Iterable[str], where: Where) -> None:
    for name in names:
        if name in table_of:
            table_of[name] = moments.tell(moments.read(table_of[name], ZONE, where.at(name)), ZONE)


def _in_order(correction: Any) -> tuple[date, int]:
    return correction.made_on, correction.id


def _known_of(entry: Document) -> Document:
    return {name: value for name, value in entry.items() if value is not None}


def _bare(document: Document, name: str, text: str) -> list[Document]:
    return [{part: entry[part] for part in entry if part != text} for entry in document.get(name, [])]
