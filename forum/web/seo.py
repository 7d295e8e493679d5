"""What search engines and sharing services read about a page: addresses, languages, structured data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import current_app, request, url_for

from forum.web.languages import NAMES

SHARED_PICTURE = "img/ring-shared.png"


@dataclass(frozen=True)
class Seo:
    """A page's metadata: `render_template(…, **seo.context())`; the layout and public/_head.html print it."""

    title: str
    description: str
    kind: str = "website"
    data: Mapping[str, Any] | None = None
    feed_url: str = ""
    # The page's URL in each language, where it is not the same route in another language.
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
        }

    def _og(self) -> dict[str, str]:
        return {
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "url": absolute(request.path),
            "image": absolute(current_app.jinja_env.globals["static_url"](SHARED_PICTURE)),  # type: ignore[operator]
        }

    def _hreflang(self) -> dict[str, str]:
        """Return the page's absolute URL in each of its languages; {} if there is only one."""
        found = self.alternates or _same_address()
        return {code: absolute(url) for code, url in found.items()} if len(found) > 1 else {}


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
) -> dict[str, Any]:
    """Return schema.org's NewsArticle; `url` is the path of the article's page."""
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": headline,
        "description": lead,
        "inLanguage": language,
        "datePublished": published_at.isoformat(),
        "dateModified": modified_at.isoformat(),
        "author": {"@type": "Organization", "name": author},
        "mainEntityOfPage": absolute(url),
    }


def _same_address() -> dict[str, str]:
    """Return the URL of the current route in every language."""
    values = request.view_args or {}
    return {code: url_for(str(request.endpoint), **{**values, "lang": code}) for code in NAMES}
