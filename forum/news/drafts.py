"""The editable content of a post as one value: forms return it, revisions store it, pages compare it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import inspect

from forum.columns import Text
from forum.events import queries as events
from forum.extensions import db
from forum.folding import slug_of
from forum.images import queries as images
from forum.news import queries, slugs, tagging
from forum.news.enums import PostState
from forum.news.models import Post, PostText, Source
from forum.news.searching import make_findable
from forum.web.languages import NAMES

# The fields that a post has in each language; each holds a text, or "".
SAID = (
    *("label", "headline", "lead", "body", "content_note", "action_label", "action_url", "author", "slug"),
)
# The fields that must not be empty when a post is published.
NEEDED = ("headline", "lead", "body", "author")
STORED_IN_TEXT = ("label", "headline", "lead", "body")
# Fields that are stored as None when they are empty.
OPTIONAL = ("content_note", "action_label", "action_url")


@dataclass(frozen=True)
class Draft:
    """The content of a post as values that JSON can hold.

    `texts` has the fields of SAID by language. `sources` have a title by language code, a `url` and `published_on`
    ("2016-11-25"). `event` is a slug, or "" for a post that belongs to no forum; `categories` are keys, `cover` is the
    key of an image or "".
    """

    texts: Mapping[str, Mapping[str, str]]
    event: str = ""
    has_help_box: bool = False
    cover: str = ""
    categories: Sequence[str] = ()
    tags: Sequence[str] = ()
    sources: Sequence[Mapping[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, post: Post) -> "Draft":
        """Return the stored content of a post as a draft."""
        event = events.find_by_id(post.event_id) if post.event_id else None
        return cls(
            texts={text.language: _said(text) for text in sorted(post.texts, key=lambda text: text.language)},
            event=event.slug if event else "",
            has_help_box=post.has_help_box,
            cover=post.cover.key if post.cover else "",
            categories=[category.key for category in post.categories],
            tags=[tag.name for tag in post.tags],
            sources=[_of_source(source) for source in post.sources],
        )

    def values(self) -> dict[str, Any]:
        """Return the draft's fields as values that JSON can hold."""
        return asdict(self)

    def lacking(self) -> list[tuple[str, str]]:
        """Return (language, field) of each text that is still empty and must not be when readers see the post."""
        if not self.texts:
            return [(code, "headline") for code in NAMES]
        return [(code, name) for code, said in self.texts.items() for name in NEEDED if not said.get(name)]


def fill(post: Post, draft: Draft) -> None:
    """Set the post's content to the draft; slugs of new texts are provisional, for another post may have them."""
    event = events.find_event(draft.event) if draft.event else None
    post.event_id = event.id if event else None
    post.author = Text({code: said["author"] for code, said in draft.texts.items() if said.get("author")})
    post.has_help_box = draft.has_help_box
    if draft.cover != (post.cover.key if post.cover else ""):
        # The cover may be an image that was removed since, as in an old revision: then the post gets no cover.
        post.cover = images.find(draft.cover) if draft.cover else None
    post.categories = [
        category for category in queries.list_all_categories() if category.key in draft.categories
    ]
    post.tags = tagging.find_or_make(draft.tags)
    if [_of_source(source) for source in post.sources] != list(draft.sources):
        post.sources = [_source(position, said) for position, said in enumerate(draft.sources)]
    _fill_texts(post, draft)
    make_findable(post)


def store(post: Post, draft: Draft) -> None:
    """Store the draft in the post, with slugs of its texts that no other post has. Call after `start_write`.

    When the post loses a language, its URL in that language redirects to the post in another language.
    """
    slugs.lock()
    with db.session.no_autoflush:
        for text in post.texts:
            if text.language not in draft.texts:
                slugs.keep(text)
        fill(post, draft)
        for text in post.texts:
            _settle_slug(text, draft.texts[text.language].get("slug", ""))
    db.session.flush()


def _settle_slug(text: PostText, wanted: str) -> None:
    """Set the text's slug: the wanted one, else a stored one that readers may know, else one made from the headline."""
    post = text.post
    if not wanted and post.state != PostState.DRAFT and inspect(text).persistent:
        return
    slugs.rename(text, slugs.choose(post, text.language, wanted or text.headline))


def _fill_texts(post: Post, draft: Draft) -> None:
    by_language = {text.language: text for text in post.texts}
    for code in by_language.keys() - draft.texts.keys():
        post.texts.remove(by_language[code])
    for code, said in draft.texts.items():
        text = by_language.get(code)
        if text is None:
            text = PostText(
                language=code, slug=slug_of(said.get("slug") or said["headline"]) or slugs.NAMELESS
            )
            post.texts.append(text)
        for name in STORED_IN_TEXT:
            setattr(text, name, said.get(name, ""))
        for name in OPTIONAL:
            setattr(text, name, said.get(name) or None)


def _said(text: PostText) -> dict[str, str]:
    stored = {name: getattr(text, name) or "" for name in (*STORED_IN_TEXT, *OPTIONAL)}
    return {**stored, "author": text.post.author.get(text.language, ""), "slug": text.slug}


def _of_source(source: Source) -> dict[str, str]:
    day = source.published_on.isoformat() if source.published_on else ""
    return {**source.title, "url": source.url or "", "published_on": day}


def _source(position: int, said: Mapping[str, str]) -> Source:
    day = said.get("published_on", "")
    return Source(
        position=position,
        title=Text({code: said[code] for code in NAMES if said.get(code)}),
        url=said.get("url") or None,
        published_on=date.fromisoformat(day) if day else None,
    )
