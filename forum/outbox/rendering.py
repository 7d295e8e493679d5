"""A mail's words: the three templates of its folder, in the recipient's language, away from any request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from css_inline import CSSInliner
from flask import current_app
from flask_babel import force_locale
from werkzeug.routing import MapAdapter

BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Rendered:
    """What a recipient reads."""

    subject: str
    text: str
    html: str


def render(kind: str, language: str, context: Mapping[str, Any]) -> Rendered:
    """Return the mail of templates/mail/<kind>/, its styles moved to where mail programs keep them.

    Beside `context` the templates know `language`, `subject` (not in the subject itself) and `external_url`.
    """
    known = {**context, "language": language, "external_url": external_url}
    with force_locale(language):
        subject = _template(kind, "subject.txt", known).strip()
        known["subject"] = subject
        text = _template(kind, "body.txt", known)
        html = _template(kind, "body.html", known)
    return Rendered(subject, BLANK_LINES.sub("\n\n", text.strip()), _inliner().inline(html))


def external_url(endpoint: str, **values: Any) -> str:
    """Return a route's whole address under FORUM_BASE_URL, whatever host a request came to (S39)."""
    app: Any = current_app
    app.inject_url_defaults(endpoint, values)
    return _addresses(app.url_map, app.config["BASE_URL"]).build(endpoint, values, force_external=True)


def _template(kind: str, name: str, context: Mapping[str, Any]) -> str:
    """Render without Flask's context processors: a mail knows nothing of a request or a session."""
    return current_app.jinja_env.get_template(f"mail/{kind}/{name}").render(context)


@cache
def _addresses(url_map, base_url: str) -> MapAdapter:
    base = urlsplit(base_url)
    return url_map.bind(base.netloc, script_name=base.path or "/", url_scheme=base.scheme)


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
