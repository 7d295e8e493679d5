"""Rendering a mail's subject, text and HTML in the recipient's language, independently of any request."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from css_inline import CSSInliner
from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Rendered:
    """Subject, plain text and HTML of a mail, and the sender's name where the settings give none."""

    sender_name: str
    subject: str
    text: str
    html: str


def render(kind: str, language: str, context: Mapping[str, Any]) -> Rendered:
    """Render the templates of templates/mail/<kind>/; CSS is moved into style attributes, which mail programs keep.

    Besides `context`, templates can use `language` and, except in the subject, `subject`.
    """
    known = {**context, "language": language}
    with force_locale(language):
        subject = _template(kind, "subject.txt", known).strip()
        known["subject"] = subject
        text = _template(kind, "body.txt", known)
        html = _template(kind, "body.html", known)
        # Mail programs list the sender's name beside the subject, so the name must not reveal the forum either (P26).
        sender_name = _("Registration")
    return Rendered(sender_name, subject, BLANK_LINES.sub("\n\n", text.strip()), _inliner().inline(html))


def _template(kind: str, name: str, context: Mapping[str, Any]) -> str:
    """Render a template without Flask's context processors, so that nothing of a request gets into a mail."""
    return current_app.jinja_env.get_template(f"mail/{kind}/{name}").render(context)


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
