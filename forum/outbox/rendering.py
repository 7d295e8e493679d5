"""A mail's words: the three templates of its folder, in the recipient's language, away from any request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from css_inline import CSSInliner
from flask import current_app
from flask_babel import force_locale

BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Rendered:
    """What a recipient reads."""

    subject: str
    text: str
    html: str


def render(kind: str, language: str, context: Mapping[str, Any]) -> Rendered:
    """Return the mail of templates/mail/<kind>/, its styles moved to where mail programs keep them.

    Beside `context` the templates know `language` and `subject` (not in the subject itself).
    """
    known = {**context, "language": language}
    with force_locale(language):
        subject = _template(kind, "subject.txt", known).strip()
        known["subject"] = subject
        text = _template(kind, "body.txt", known)
        html = _template(kind, "body.html", known)
    return Rendered(subject, BLANK_LINES.sub("\n\n", text.strip()), _inliner().inline(html))


def _template(kind: str, name: str, context: Mapping[str, Any]) -> str:
    """Render without Flask's context processors: a mail knows nothing of a request or a session."""
    return current_app.jinja_env.get_template(f"mail/{kind}/{name}").render(context)


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
