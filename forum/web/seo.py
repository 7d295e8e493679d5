"""What search engines and sharing services read about a page: addresses, languages, structured data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import current_app, request, url_for

from forum.web.languages import NAMES, language
from forum.web.share_picture import HEIGHT, WIDTH

LOCALES = {"sv": "sv_SE", "en": "en_GB"}


@dataclass(frozen=True)
class SharedImage:
    """An image that other sites show beside a shared link: its path, size, media type and alternative text."""

    path: str
    width: int
    height: int
    media_type: str
    alt: str


@dataclass(frozen=True)
class Seo:
    """A page's metadata: `render_template(…, **seo.context())`; the layout and public/_head.html print it."""

    title: str
    description: str
    kind: str = "website"
    data: Mapping[str, Any] | None = None
    feed_url: str = ""
    feed_title: str = ""
    # The path of the picture that other sites show beside a shared link; "" means the picture of the current event.
    picture: str = ""
    # The image that other sites show instead of `picture`, such as the cover of a post.
    image: SharedImage | None = None
    # When an article was published and last changed; None for other pages.
    published_at: datetime | None = None
    modified_at: datetime | None = None
    # The page's URL by language; empty for a page that has the same route in every language.
    alternates: Mapping[str, str] = field(default_factory=dict)

    def context(self) -> dict[str, Any]:
        """Return the variables that the layouts and public/_head.html read."""
        return {
            "canonical_url": absolute(request.path),
            "description": self.description,
            "og": self._og(),
            "alternates": self.alternates,
            "hreflang": self._hreflang(),
            "structured_data": self.data,
            "feed_url": self.feed_url,
            "feed_title": self.feed_title,
            "json_feed_url": json_feed(self.feed_url),
        }

    def _og(self) -> list[tuple[str, str]]:
        """Return the page's Open Graph properties in order: og:image:width, for instance, must follow og:image."""
        drawn = self.picture or url_for("home.picture", event=None)
        image = self.image or SharedImage(drawn, WIDTH, HEIGHT, "image/png", self.title)
        times = {"published_time": self.published_at, "modified_time": self.modified_at}
        return [
            ("og:type", self.kind),
            ("og:title", self.title),
            ("og:description", self.description),
            ("og:url", absolute(request.path)),
            ("og:image", absolute(image.path)),
            ("og:image:type", image.media_type),
            ("og:image:width", str(image.width)),
            ("og:image:height", str(image.height)),
            ("og:image:alt", image.alt),
            ("og:locale", LOCALES[language()]),
            *(("og:locale:alternate", LOCALES[code]) for code in self._hreflang() if code != language()),
            *((f"article:{name}", moment.isoformat()) for name, moment in times.items() if moment),
        ]

    def _hreflang(self) -> dict[str, str]:
        """Return the page's absolute URL by language; {} if the page has only one language."""
        addresses = self.alternates or _same_address()
        return {code: absolute(url) for code, url in addresses.items()} if len(addresses) > 1 else {}


def json_feed(atom_url: str) -> str:
    """Return the URL of the JSON feed with the same posts as this Atom feed; "" without an Atom feed."""
    return atom_url.removesuffix(".atom") + ".json" if atom_url else ""


def absolute(path: str) -> str:
    """Return the absolute URL of a path; its host comes from the settings, never from the request (S39)."""
    return f"{current_app.config['BASE_URL']}{path}"


def article_data(
    *,
    headline: str,
    lead: str,
    language: str,
    author: str,
    published_at: datetime,
    modified_at: datetime,
    url: str,
    picture: str,
    publisher: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return schema.org's NewsArticle; `url` and `picture` are paths, `publisher` an organisation or None."""
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": headline,
        "description": lead,
        "inLanguage": language,
        "datePublished": published_at.isoformat(),
        "dateModified": modified_at.isoformat(),
        "author": {"@type": "Organization", "name": author},
        "image": [absolute(picture)],
        "mainEntityOfPage": absolute(url),
        **({"publisher": publisher} if publisher else {}),
    }


def _same_address() -> dict[str, str]:
    """Return the URL of the current route in every language."""
    values = request.view_args or {}
    return {code: url_for(str(request.endpoint), **{**values, "lang": code}) for code in NAMES}
