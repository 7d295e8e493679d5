"""The results of a search: standing pages, front pages and posts that contain every word, each with an extract."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from forum.events import queries as events
from forum.events import slugs
from forum.events.models import Event, Page
from forum.events.queries import slug_in_url
from forum.folding import search_fold
from forum.images.bodies import without_marks
from forum.news import matching
from forum.news.dates import day_of
from forum.news.models import PostText
from forum.news.page_texts import said_on_front, said_on_page
from forum.news.teasers import news_day, post_url
from forum.web.extracts import Part, extract, mark
from forum.web.languages import NAMES, in_language, language
from forum.web.markdown import paragraphs


@dataclass(frozen=True)
class Hit:
    """A page or post among the results of a search.

    A page has no day; `label` is the event's name for a page of an event that is not the current one.
    """

    url: str
    label: str
    title: list[Part]
    extract: list[Part]
    date_text: str = ""
    date_iso: str = ""


def search_for(words: str, slug: str) -> dict[str, Any]:
    """Return the context of templates/public/news/search.html for a search in the language of the page.

    `slug` limits the search to a published event; a slug that no published event has is ignored.
    """
    code, wanted = language(), wanted_words(words)
    within = events.find_published(slug) if slugs.PATTERN.fullmatch(slug) else None
    pages, posts = find_pages(code, wanted, within), find_posts(code, wanted, within)
    query: dict[str, Any] = {"q": words or None, "event": within.slug if within else None}
    return {
        "words": words,
        "within": within,
        "pages": pages,
        "posts": posts,
        "has_more": len(posts) == matching.POSTS_AT_MOST,
        "has_more_pages": len(pages) == matching.PAGES_AT_MOST,
        "alternates": {each: url_for("news.search", lang=each, **query) for each in NAMES},
        "robots": "noindex",
    }


def wanted_words(words: str) -> list[str]:
    """Return the words of a search, each once, in the folded form of the search entries."""
    return list(dict.fromkeys(search_fold(words.replace("#", " ")).split()))


def find_posts(language: str, wanted: Sequence[str], within: Event | None = None) -> list[Hit]:
    """Return the posts that contain every word, the best match first; only those of the event `within`, if given."""
    return [_post_hit(text, wanted) for text in matching.find_posts(language, wanted, within)]


def find_pages(language: str, wanted: Sequence[str], within: Event | None = None) -> list[Hit]:
    """Return the pages whose text in this language has every word: the current event's first, then by rank.

    If the event `within` is given, only its pages are returned.
    """
    rows = matching.find_pages(language, wanted, within)
    return [_page_hit(page, event, language, wanted) for page, event in rows]


def _page_hit(page: Page | None, event: Event, language: str, wanted: Sequence[str]) -> Hit:
    said = said_on_page(page, language) if page else said_on_front(event, language)
    values: dict[str, Any] = {"slug": page.slug} if page else {}
    return Hit(
        url=url_for("events.page" if page else "home.front", event=slug_in_url(event), **values),
        label="" if event.is_current else in_language(event.short_name),
        title=mark(said.title, wanted),
        extract=_extract((said.lead, *said.below), said.lead, wanted),
    )


def _post_hit(text: PostText, wanted: Sequence[str]) -> Hit:
    published_at = text.post.public_since
    return Hit(
        url=post_url(text.language, published_at, text.slug),
        label=text.label,
        title=mark(text.headline, wanted),
        extract=_extract((text.lead, *paragraphs(without_marks(text.body))), text.lead, wanted),
        date_text=news_day(published_at),
        date_iso=day_of(published_at).isoformat(),
    )


def _extract(said: tuple[str, ...], lead: str, wanted: Sequence[str]) -> list[Part]:
    """Return an extract of the text around the searched words; the lead if only title or hashtags contain the words."""
    return extract(said, wanted) or [Part(lead)]
