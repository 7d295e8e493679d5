"""The forms for old addresses: one for a single address, another for many from a file."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from wtforms import FileField, StringField
from wtforms.validators import ValidationError

from forum.console.settings_fields import SettingsForm, at_most
from forum.news import old_addresses, redirects
from forum.news.models import OldAddress
from forum.news.old_paths import LONGEST, is_old, path_of, plain_path
from forum.news.redirects import LeadsNowhere, Target
from forum.tidying import tidy
from forum.web.forms import LinesField, TidyForm, required

BETWEEN = re.compile(r"[;,\t]| {2,}")
MOST_LINES, SHOWN_ERRORS = 2_000, 20
MOST_BYTES = 200_000
FIRST_SITE = f"{old_addresses.bp.name}."


def _as_path(text: str | None) -> str:
    return path_of(text or "")


def has_page(path: str) -> bool:
    """Return whether the site itself has a page at this path: a redirect from there would never be used."""
    bare = path.rstrip("/")
    return any(_answers(form) for form in (bare, f"{bare}/", plain_path(path), f"{plain_path(path)}/"))


def _answers(path: str) -> bool:
    # A path of a category or of the forum's first site counts as no page: the table of old addresses may redirect it.
    if redirects.OF_CATEGORY.fullmatch(path):
        return False
    endpoint = find_endpoint(path)
    return endpoint is not None and not endpoint.startswith(FIRST_SITE)


class OldAddressForm(SettingsForm):
    """The form for an old address and its target."""

    old = StringField(
        _l("Old address"),
        filters=[_as_path],
        validators=[required(_l("Enter the old address")), at_most(LONGEST)],
    )
    leads_to = StringField(_l("Leads to"), [required(_l("Enter a path of this site")), at_most(LONGEST)])

    @staticmethod
    def stored(old: OldAddress) -> dict[str, Any]:
        """Return the values that the form's fields show for an old address."""
        return {"old": old.path, "leads_to": redirects.written(old)}

    def validate_old(self, field: StringField) -> None:
        """Refuse text that is no path, or only "/", and the URL of a page, which would never be redirected."""
        if not is_old(field.data or ""):
            raise ValidationError(_l("Enter a path such as /blogg/2016/11/25/slug"))
        if has_page(field.data):
            raise ValidationError(_l("This address has a page already"))


class ImportForm(TidyForm):
    """The form that takes many old addresses, from a file or from the clipboard."""

    file = FileField(_l("File"))
    lines = LinesField(_l("Or paste the lines"))

    def read(self, uploaded: bytes) -> list[tuple[str, Target]]:
        """Return old addresses and their targets, from the file if there is one, else from the pasted lines.

        Raises ValidationError with what is wrong, line by line.
        """
        if len(uploaded) > MOST_BYTES:
            raise ValidationError(_("The file is too large: at most 200 kB"))
        lines = [*_pairs(_decoded(uploaded) if uploaded else self.lines.data or "")]
        if not lines:
            raise ValidationError(_("Choose a file, or paste the lines"))
        if len(lines) > MOST_LINES:
            raise ValidationError(_("Use at most %(number)s lines", number=MOST_LINES))
        read = [_read(number, parts) for number, parts in lines]
        faults = [fault for fault in read if isinstance(fault, str)]
        times = Counter(plain_path(parts[0]) for _number, parts in lines)
        faults += [
            _("%(path)s is there %(times)s times", path=path, times=number)
            for path, number in times.items()
            if number > 1
        ]
        if faults:
            raise ValidationError("\n".join(faults[:SHOWN_ERRORS]))
        return [row for row in read if not isinstance(row, str)]


def target_of(words: str) -> Target:
    """Return the target that a path of this site names. Raises LeadsNowhere also for a path without a page.

    A path that is itself redirected is refused, too: two redirects could lead to each other for ever.
    """
    target = redirects.target_of(words)
    if target.leads_to:
        endpoint = find_endpoint(target.leads_to.partition("#")[0])
        if endpoint is None or endpoint.startswith(FIRST_SITE):
            raise LeadsNowhere
    return target


def find_endpoint(path: str) -> str | None:
    """Return the name of the route that answers a path, also with a slash more or less at its end; None without one."""
    try:
        return current_app.url_map.bind("").match(unquote(path), method="GET")[0]
    except RequestRedirect as there:
        return find_endpoint(urlsplit(there.new_url).path)
    except HTTPException:
        return None


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _pairs(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each line's number and its parts, tidied like form fields; skip blank lines and a first line of headings.

    A part that is longer than an address may be is not tidied, and is refused later.
    """
    for number, line in enumerate(text.splitlines(), 1):
        tidied = (part if len(part) > LONGEST else tidy(part) for part in BETWEEN.split(line))
        parts = [part.strip(' "') for part in tidied if part.strip(' "')]
        parts[:1] = [path_of(part) for part in parts[:1]]
        if parts and not (number == 1 and not parts[0].startswith("/")):
            yield number, parts


def _read(number: int, parts: list[str]) -> tuple[str, Target] | str:
    """Return a line's old address and its target, or what is wrong with the line."""
    if len(parts) != 2:
        return _("Line %(number)s: write the old address, a comma, and a path of this site", number=number)
    try:
        target = target_of(parts[1])
    except LeadsNowhere:
        return _("Line %(number)s: %(path)s is no page of this site", number=number, path=parts[1])
    if not is_old(parts[0]) or redirects.leads_to_itself(parts[0], target):
        return _("Line %(number)s: %(path)s is no old address", number=number, path=parts[0])
    if has_page(parts[0]):
        return _("Line %(number)s: %(path)s has a page already", number=number, path=parts[0])
    return parts[0], target
