"""Links that organisers type into texts: `/sv/register` means the registration of the event that the text is about.

Such a path leads to the event that is now the front page; later another event may be the front page. So whenever the
text is shown, the path is replaced by the one that the text's own event has at that time.
"""

import re

from flask import current_app, url_for
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from forum.web.languages import NAMES

# Matches the path of a page that every event has, such as `/sv/register`, without an event's slug.
PATH = re.compile(rf"/(?:{'|'.join(NAMES)})/(?:register|pages/|event\.ics)[^\"#?]*")
TYPED_LINK = re.compile(rf' href="({PATH.pattern})')


def stay(html: Markup) -> Markup:
    """Return a text's HTML in which paths such as `/sv/register` lead to the event whose page is shown."""
    return Markup(TYPED_LINK.sub(lambda link: f' href="{_in_event(link[1])}', html))  # noqa: S704 - what is put in are paths


def own_address(address: str) -> str:
    """Return a link's URL; a path such as `/sv/register` becomes the path for the event whose page is shown."""
    path = PATH.match(address)
    return _in_event(path[0]) + address[path.end() :] if path else address


def _in_event(path: str) -> str:
    try:
        endpoint, values = current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return path  # no page of the site has this path, so the link stays as it was typed
    return url_for(endpoint, **values)
