"""Links beside lists of posts, to years, months and categories, each with its number of posts."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from babel.dates import format_date
from flask import url_for
from sqlalchemy import func, select

from forum.extensions import db
from forum.news import queries
from forum.news.dates import day_of
from forum.news.models import Category, Post, post_categories
from forum.news.post_page import category_link
from forum.news.queries import PostPage, Span

YEARS = range(1900, 2200)
MONTHS = range(1, 13)


def span_of(year: int, month: int | None = None) -> Span:
    """Return the span of days of a year, or of one of its months: the first day, and the day after the last one."""
    if month is None:
        return date(year, 1, 1), date(year + 1, 1, 1)
    return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)


def count_year(language: str, year: int) -> int:
    """Return how many posts published in a year are public in a language."""
    return count_in(language, [span_of(year)])[0] if year in YEARS else 0


def month_name(year: int, month: int, language: str) -> str:
    """Return a month with its year, such as "November 2016"."""
    return format_date(date(year, month, 1), "MMMM y", locale=language)


def ways_in(page: PostPage, language: str, *, year: int | None = None) -> dict[str, Any]:
    """Return links to the categories and years that have posts, and to months of `year`, with numbers of posts.

    `page` is a page of any list of posts: it knows when the first and the last of all posts were published.
    """
    years = _years(page)
    months = [(year, month) for month in MONTHS] if year else []
    counts = count_in(language, [span_of(each) for each in years] + [span_of(*each) for each in months])
    return {
        "categories": [
            {**category_link(category), "number": number} for category, number in count_by_category(language)
        ],
        "years": [
            {"label": str(each), "url": url_for("news.year", year=each), "number": number}
            for each, number in zip(years, counts, strict=False)
            if number
        ],
        "months": [
            {
                "label": _capital(month_name(*each, language)),
                "url": url_for("news.month", year=each[0], month=each[1]),
                "number": number,
            }
            for each, number in zip(months, counts[len(years) :], strict=True)
            if number
        ],
    }


def count_in(language: str, spans: Sequence[Span]) -> list[int]:
    """Return, for each of these spans of days, how many posts were published in it; one statement reads all."""
    counts = [queries.count_public(language).where(queries.is_within(span)) for span in spans]
    each = [count.scalar_subquery() for count in counts]
    return list(db.session.execute(select(*each)).one()) if each else []


def count_by_category(language: str) -> list[tuple[Category, int]]:
    """Return the categories that have posts, each with the number of its posts."""
    public_posts = select(Post.id).where(*queries.has_text(language))
    counts = (
        select(Category, func.count())
        .join(post_categories, post_categories.c.category_id == Category.id)
        .where(post_categories.c.post_id.in_(public_posts))
        .group_by(Category.id)
        .order_by(Category.position)
    )
    return [(category, number) for category, number in db.session.execute(counts)]


def _capital(words: str) -> str:
    """Return a list entry's words with a capital first letter: Swedish writes months in lower case."""
    return words[:1].upper() + words[1:]


def _years(page: PostPage) -> list[int]:
    """Return the years from the latest public post to the earliest one."""
    if page.earliest is None or page.latest is None:
        return []
    return list(range(day_of(page.latest).year, day_of(page.earliest).year - 1, -1))
