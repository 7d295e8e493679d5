"""Public pages of news: lists, posts, categories, hashtags, search."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.events import queries as events
from forum.events.in_url import event_of_page, get_published_or_404, is_preview, of_event, show_event
from forum.events.models import Event
from forum.news import archive, queries
from forum.news.cards import post_card
from forum.news.dates import day_of
from forum.news.feed_links import feed_of, feed_title
from forum.news.hits import search_for
from forum.news.models import Category, Post, Tag
from forum.news.post_page import addresses, category_link, shown_post
from forum.news.queries import PostPage
from forum.news.tags import fold
from forum.news.teasers import teaser, teasers
from forum.tidying import tidy
from forum.web import cache, share_picture
from forum.web.languages import NAMES, in_language, language
from forum.web.routes import localised
from forum.web.seo import Seo

bp = Blueprint("news", __name__)

LAST_PAGE = 9999  # a higher page number in a URL is answered with 404
LONGEST_QUERY = 100
LONGEST_TAG = 100


@of_event(bp, "/news/", previewed=True)
@of_event(bp, "/news/page/<int:number>", previewed=True)
@cache.page()
def index(number: int | None = None, event: str | None = None) -> ResponseReturnValue:
    """List every post of the site, or the news of one event, the newest first."""
    if event or is_preview():
        return _show_news_of(get_published_or_404(event, sectors=False), number)
    page = queries.list_posts(language(), number=_checked(number))
    ways = archive.ways_in(page, language())
    lead = _("What happens around the forum, and what comes of it.")
    return _show_list(
        page, number, title=_("News"), lead=lead, feed_url=url_for("feeds.whole"), leads=True, **ways
    )


@localised(bp, "/news/<int(fixed_digits=4):year>/")
@localised(bp, "/news/<int(fixed_digits=4):year>/page/<int:number>")
@cache.page()
def year(year: int, number: int | None = None) -> ResponseReturnValue:
    """List the posts of a year, the newest first."""
    if year not in archive.YEARS:
        abort(404)
    return _show_archive(archive.span_of(year), number, title=_("News from %(year)s", year=year))


@localised(bp, "/news/<int(fixed_digits=4):year>/<int(fixed_digits=2):month>/")
@localised(bp, "/news/<int(fixed_digits=4):year>/<int(fixed_digits=2):month>/page/<int:number>")
@cache.page()
def month(year: int, month: int, number: int | None = None) -> ResponseReturnValue:
    """List the posts of a month, the newest first."""
    if year not in archive.YEARS or month not in archive.MONTHS:
        abort(404)
    return _show_archive(
        archive.span_of(year, month),
        number,
        title=_("News from %(month)s", month=archive.month_name(year, month, language())),
        above=[{"label": str(year), "url": url_for(".year", year=year)}],
    )


@localised(
    bp, "/news/<int(fixed_digits=4):year>/<int(fixed_digits=2):month>/<int(fixed_digits=2):day>/<slug>"
)
@cache.page()
def post(year: int, month: int, day: int, slug: str) -> ResponseReturnValue:
    """Show a post; redirect to its URL when the date is wrong or the slug belongs to another language."""
    text = queries.find_text(language(), slug)
    if text is None:
        return _elsewhere(slug)
    if (year, month, day) != day_of(text.post.public_since).timetuple()[:3]:
        return redirect(addresses(text.post)[text.language], 301)
    _show_its_event(text.post)
    older, newer = (find(text.post, text.language) for find in (queries.find_older, queries.find_newer))
    return render_template(
        "public/news/post.html",
        older=older and teaser(older),
        newer=newer and teaser(newer),
        related=teasers(queries.list_related(text.post, text.language)),
        **shown_post(text, event_of_page()),
    )


@localised(
    bp,
    "/news/<int(fixed_digits=4):year>/<int(fixed_digits=2):month>/<int(fixed_digits=2):day>/<slug>/share.png",
)
@cache.page()
def picture(year: int, month: int, day: int, slug: str) -> ResponseReturnValue:
    """Give the picture that other services show beside a link to the post; redirect as the post's page does."""
    text = queries.find_text(language(), slug)
    if text is not None and (year, month, day) == day_of(text.post.public_since).timetuple()[:3]:
        return share_picture.answer(post_card(text))
    if queries.is_withdrawn(language(), slug):
        abort(410)
    post = queries.find_renamed(language(), slug) or queries.find_in_any_language(slug)
    if post is None or language() not in (own := addresses(post)):
        abort(404)
    return redirect(f"{own[language()]}/share.png", 301)


@localised(bp, "/news/categories/<slug>")
@localised(bp, "/news/categories/<slug>/page/<int:number>")
@cache.page()
def category(slug: str, number: int | None = None) -> ResponseReturnValue:
    """List the posts of a category."""
    category = get_category_or_404(slug)
    if (right := category.slug.in_language(language())) != slug:
        return redirect(url_for(".category", slug=right, number=number), 301)
    page = queries.list_posts(language(), number=_checked(number), category=category)
    return _show_list(
        page,
        number,
        kicker=_("Category"),
        title=category_link(category)["label"],
        feed_url=url_for("feeds.category", slug=slug),
        feed_title=feed_title(category_link(category)["label"]),
        alternates={
            code: url_for(".category", lang=code, slug=category.slug.in_language(code), number=number)
            for code in NAMES
        },
    )


@localised(bp, "/news/tags/<name>")
@localised(bp, "/news/tags/<name>/page/<int:number>")
@cache.page()
def tag(name: str, number: int | None = None) -> ResponseReturnValue:
    """List the posts with a hashtag; redirect other spellings to its URL."""
    hashtag = get_tag_or_404(name)
    names = {code: hashtag.address_in(code) for code in NAMES}
    if (right := names[language()]) != name:
        return redirect(url_for(".tag", name=right, number=number), 301)
    page = queries.list_posts(language(), number=_checked(number), tag=hashtag)
    title = hashtag.in_language(language())
    return _show_list(
        page,
        number,
        kicker=_("Hashtag"),
        title=title,
        feed_url=url_for("feeds.tag", name=name),
        feed_title=feed_title(title),
        alternates={code: url_for(".tag", lang=code, name=names[code], number=number) for code in NAMES},
    )


@localised(bp, "/news/search")
def search() -> ResponseReturnValue:
    """Search for pages and posts that contain all words, in one event if the URL names it."""
    words = tidy(request.args.get("q", "")[:LONGEST_QUERY])
    return render_template("public/news/search.html", **search_for(words, request.args.get("event", "")))


def get_category_or_404(slug: str) -> Category:
    """Return the category with this slug in any language, or abort with 404."""
    return queries.find_category(slug) or abort(404)


def get_tag_or_404(name: str) -> Tag:
    """Return the hashtag with this name in any spelling, if a public post has it, or abort with 404."""
    folded = fold(name[:LONGEST_TAG])
    tag = queries.find_tag(folded) if folded else None
    return tag or abort(404)


def _show_news_of(event: Event, number: int | None) -> ResponseReturnValue:
    """List the news of an event other than the site's current one, on that event's own page."""
    page = queries.list_posts(language(), number=_checked(number), event=event)
    picture = url_for("home.picture")
    return _show_list(
        page,
        number,
        title=_("News"),
        kicker=in_language(event.short_name),
        leads=True,
        picture=picture,
        **feed_of(event),
    )


def _show_its_event(post: Post) -> None:
    """Show the post in the layout of its own event instead of the site's current event, unless its event is over."""
    front = event_of_page()
    if post.event_id and (front is None or front.id != post.event_id):
        event = events.find_published_by_id(post.event_id)
        if event and not events.is_earlier(event, clock.now()):
            show_event(event)


def _show_archive(
    span: queries.Span, number: int | None, *, title: str, above: Sequence[dict[str, str]] = ()
) -> ResponseReturnValue:
    """Show the posts of a span of days; abort with 404 if no post in any language was published then."""
    page = queries.list_archive(language(), span, number=_checked(number))
    if not page.posts and not queries.has_posts(span):
        abort(404)
    return _show_list(
        page, number, title=title, above=above, **archive.ways_in(page, language(), year=span[0].year)
    )


def _show_list(page: PostPage, number: int | None, **context: Any) -> ResponseReturnValue:
    """Show a page of a list; redirect "page 1" to the URL without a number, abort with 404 after the last page."""
    if number == 1:
        return redirect(_page_url(1), 301)
    if page.number > 1 and not page.posts:
        abort(404)
    seo = Seo(
        context["title"],
        context.get("lead", ""),
        feed_url=context.pop("feed_url", url_for("feeds.whole")),
        feed_title=context.pop("feed_title", ""),
        alternates=context.pop("alternates", {}),
        picture=context.pop("picture", ""),
    )
    leads = context.pop("leads", False)
    above = context.pop("above", ())
    posts = teasers(page.posts)
    lead_post = posts.pop(0) if leads and number is None and posts else None
    return render_template(
        "public/news/list.html",
        lead_post=lead_post,
        posts_by_year=[(year, list(group)) for year, group in groupby(posts, attrgetter("year"))],
        pager=_pager(page),
        breadcrumbs=[] if leads else [{"label": _("News"), "url": url_for(".index")}, *above],
        **seo.context(),
        **context,
    )


def _pager(page: PostPage) -> dict[str, str]:
    return {
        "previous_url": _page_url(page.number - 1) if page.number > 1 else "",
        "next_url": _page_url(page.number + 1) if page.number < page.pages else "",
        "summary": _("Page %(number)s of %(total)s", number=page.number, total=page.pages),
    }


def _page_url(number: int) -> str:
    """Return the URL of page `number` of the requested list; the first page's URL has no number."""
    values = {**(request.view_args or {}), "number": number if number > 1 else None}
    return url_for(str(request.endpoint), **values)


def _checked(number: int | None) -> int:
    """Return the page's number, 1 when the URL has none; abort with 404 for a number that no page can have."""
    if number is not None and not 1 <= number <= LAST_PAGE:
        abort(404)
    return number or 1


def _elsewhere(slug: str) -> ResponseReturnValue:
    """Answer a URL whose slug no public post has in this language: withdrawn, renamed, or of another language."""
    if queries.is_withdrawn(language(), slug):
        return render_template("public/news/withdrawn.html"), 410
    post = queries.find_renamed(language(), slug) or queries.find_in_any_language(slug) or abort(404)
    alternates = addresses(post)
    if here := alternates.get(language()):
        return redirect(here, 301)
    texts = [
        {"language": text.language, "headline": text.headline, "url": alternates[text.language]}
        for text in post.texts
    ]
    page = render_template("public/news/other_language.html", texts=texts, names=NAMES, alternates=alternates)
    return page, 404
