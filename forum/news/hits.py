"""The hits of a search: standing pages, front pages and posts that hold every word, each with an extract."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import url_for

from forum.columns import Text
from forum.events import queries as events
from forum.events.models import Event, Page
from forum.events.queries import slug_in_url
from forum.folding import search_fold
from forum.images.bodies import without_marks
from forum.news import queries
from forum.news.dates import day_of
from forum.news.models import PostText
from forum.news.teasers import news_day, post_url
from forum.web.extracts import Part, extract, mark
from forum.web.languages import in_language
from forum.web.markdown import paragraphs

PLACEHOLDER = re.compile(
    r"\{\{[a-z-]+\}\}"
)  # a name on a line of a page that the template replaces (`events.public`)


@dataclass(frozen=True)
class Hit:
    """A page or post that was found; a page has no day, and an earlier event's page has the event's name as `label`."""

    url: str
    label: str
    title: list[Part]
    extract: list[Part]
    date_text: str = ""
    date_iso: str = ""


def wanted_words(words: str) -> list[str]:
    """Return the words of a search in the folded form in which they are compared, each once."""
    return list(dict.fromkeys(search_fold(words.replace("#", " ")).split()))


def find_posts(language: str, wanted: Sequence[str]) -> list[Hit]:
    """Return the newest posts that hold every word."""
    return [_post_hit(text, wanted) for text in queries.search(language, wanted)]


def find_pages(wanted: Sequence[str]) -> list[Hit]:
    """Return the pages in the present language that hold every word; those with all of them in the title come first."""
    if not wanted:
        return []
    found = [page for page in _every_page() if _holds_all(_folded(page.title, *page.paragraphs), wanted)]
    found.sort(key=lambda page: not _holds_all(_folded(page.title), wanted))
    return [
        Hit(page.url, page.label, mark(page.title, wanted), _extract(page.paragraphs, page.lead, wanted))
        for page in found
    ]


@dataclass(frozen=True)
class _Findable:
    url: str
    label: str
    title: str
    lead: str
    paragraphs: tuple[str, ...]


def _every_page() -> Iterator[_Findable]:
    """Yield the front page and the standing pages of each published event, the current event's first."""
    shown: set[int] = set()
    for page in events.list_pages():
        if page.event_id not in shown:
            shown.add(page.event_id)
            yield _front(page.event)
        yield _standing(page)


def _standing(page: Page) -> _Findable:
    said = [
        words
        for words in paragraphs(without_marks(in_language(page.body)))
        if not PLACEHOLDER.fullmatch(words)
    ]
    lead, url = in_language(page.summary), _url("events.page", page.event, slug=page.slug)
    return _Findable(url, _label(page.event), in_language(page.title), lead, (lead, *said))


def _front(event: Event) -> _Findable:
    told = [*_told(event.programme_points, "title", "text"), *_told(event.facts, "label", "value")]
    lead, url = in_language(event.lead), _url("home.front", event)
    said = (lead, *paragraphs(in_language(event.sharing)), *told)
    return _Findable(url, _label(event), in_language(event.name), lead, said)


def _told(entries: Iterable[dict[str, Any]], head: str, words: str) -> list[str]:
    return [f"{in_language(Text(entry[head]))}: {in_language(Text(entry[words]))}" for entry in entries]


def _label(event: Event) -> str:
    return "" if event.is_current else in_language(event.short_name)


def _url(endpoint: str, event: Event, **values: Any) -> str:
    return url_for(endpoint, event=slug_in_url(event), **values)


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
    """Return the part of the text that holds the words, or the lead where only the title or hashtags hold them."""
    return extract(said, wanted) or [Part(lead)]


def _holds_all(folded: str, wanted: Sequence[str]) -> bool:
    return all(word in folded for word in wanted)


@lru_cache(maxsize=256)
def _folded(*texts: str) -> str:
    return search_fold(" ".join(texts))
