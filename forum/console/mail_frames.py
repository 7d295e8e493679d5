"""How the HTML part of a mail looks, in a frame of the console's pages.

A page of the forum may have no styles in elements or attributes (S41), and its frames inherit that. So the frame shows
the mail as it is before its styles are moved into its elements, with a link to the same styles. No link in the frame
can be opened, since it would lead to nowhere, and no script runs.
"""

import re

from flask import Blueprint, Response, render_template, url_for
from flask.typing import ResponseReturnValue

from forum.outbox.rendering import Rendered

bp = Blueprint("mail_frames", __name__, url_prefix="/console")
# Matches the address of a link in a mail's HTML. Typed text cannot match: its quotation marks are escaped.
ADDRESS = re.compile(r' href="[^"<]*"')


@bp.app_template_filter("mail_frame")
def frame_of(mail: Rendered) -> str:
    """Return the page of a frame that shows the HTML part of a mail."""
    before, _begun, after = ADDRESS.sub("", mail.source).partition("<style>")
    _styles, _ended, rest = after.partition("</style>")
    return f'{before}<link rel="stylesheet" href="{url_for("mail_frames.styles")}">{rest}'


@bp.route("/mail-styles.css")
def styles() -> ResponseReturnValue:
    """Return the styles of mails for the frames that show them."""
    return Response(render_template("layouts/mail.css"), content_type="text/css; charset=utf-8")
