"""Teasers of posts for lists, and the URLs of posts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from forum.images.pictures import Picture, picture_of
from forum.news.dates import ZONE, day_of
from forum.news.queries import ListedPost
from forum.web.languages import day_text


@dataclass(frozen=True)
class Teaser:
    """A post in a list, for templates/components/post_teaser.html."""

    url: str
    label: str
    headline: str
    lead: str
    date_text: str
    date_iso: str
    picture: Picture | None

    @property
    def year(self) -> str:
        """The year of the post's date."""
        return self.date_iso[:4]


def teasers(posts: Iterable[ListedPost]) -> list[Teaser]:
    """Return the teasers of these posts, in the same order."""
    return [teaser(post) for post in posts]


def teaser(post: ListedPost) -> Teaser:
    """Return the teaser of a post."""
    return Teaser(
        url=post_url(post.language, post.published_at, post.slug),
        label=post.label,
        headline=post.headline,
        lead=post.lead,
        date_text=news_day(post.published_at),
        date_iso=day_of(post.published_at).isoformat(),
        picture=picture_of(post.Image) if post.Image else None,
    )


def post_url(language: str, published_at: datetime, slug: str) -> str:
    """Return the URL of a post, made of its date in the newsroom's time zone and its slug."""
    day = day_of(published_at)
    return url_for("news.post", lang=language, year=day.year, month=day.month, day=day.day, slug=slug)


def news_day(moment: datetime) -> str:
    """Return the date at a moment as text, in the newsroom's time zone."""
    return day_text(moment, ZONE)
