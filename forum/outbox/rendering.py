"""Rendering a mail's subject, text and HTML in the recipient's language, independently of any request."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from css_inline import CSSInliner
from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from forum.outbox import passages
from forum.outbox.mail_text_models import MailText
from forum.outbox.passages import PASSAGES, SUBJECT

BLANK_LINES = re.compile(r"\n{3,}")
SUBJECT_FILE, TEXT_FILE, HTML_FILE = "subject.txt", "body.txt", "body.html"


@dataclass(frozen=True)
class Rendered:
    """Subject, plain text and HTML of a mail, and the sender's name where the settings give none.

    `source` is the HTML before its styles were moved into style attributes; a preview shows it.
    """

    sender_name: str
    subject: str
    text: str
    html: str
    source: str


def render(kind: str, language: str, context: Mapping[str, Any], changed: MailText | None = None) -> Rendered:
    """Render the templates of templates/mail/<kind>/; CSS is moved into style attributes, which mail programs keep.

    Besides `context`, templates can use `language` and, except in the subject, `subject`. Where organisers have
    `changed` words for their event, these stand in for the blocks of `passages`.
    """
    known = {**context, "language": language}
    with force_locale(language):
        own = passages.fill(changed, known) if changed else {}
        plain = {name: "\n\n".join(map("\n".join, words)) for name, words in own.items()}
        subject = _template(kind, SUBJECT_FILE, known, plain).strip()
        known["subject"] = subject
        text = _template(kind, TEXT_FILE, known, plain)
        marked = {name: _paragraphs(words) for name, words in own.items()}
        html = _template(kind, HTML_FILE, known, marked)
        # Mail programs list the sender's name beside the subject. So the name must not reveal the forum, just as the
        # subject must not (P26).
        sender_name = str(known.get("sender_name") or _("Registration"))
    tidy = BLANK_LINES.sub("\n\n", text.strip())
    return Rendered(sender_name, subject, tidy, _inliner().inline(html), html)


def read_standard(kind: str, language: str, context: Mapping[str, Any]) -> dict[str, str]:
    """Return the standard words of each part that organisers may change, as plain text."""
    known = {**context, "language": language}
    said = {}
    with force_locale(language):
        for name in PASSAGES:
            file = SUBJECT_FILE if name == SUBJECT else TEXT_FILE
            template = current_app.jinja_env.get_template(f"mail/{kind}/{file}")
            said[name] = "".join(template.blocks[name](template.new_context(known))).strip()
    return said


def _template(kind: str, name: str, context: Mapping[str, Any], own: Mapping[str, str]) -> str:
    """Render a template without Flask's context processors, so that nothing of a request gets into a mail.

    `own` has words that replace the output of blocks of the template.
    """
    template = current_app.jinja_env.get_template(f"mail/{kind}/{name}")
    if not own:
        return template.render(context)
    within = template.new_context(dict(context))
    for block, words in own.items():
        if block in within.blocks:
            within.blocks[block].insert(0, passages.stand_in(words))
    return "".join(template.root_render_func(within))


def _paragraphs(words: Sequence[Sequence[str]]) -> str:
    """Return the paragraphs of lines as HTML, in which what was typed is escaped."""
    return current_app.jinja_env.get_template("layouts/mail_passage.html").render(paragraphs=words).strip()


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
