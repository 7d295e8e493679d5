"""Files that came with a form which has to be sent again: no page can give a browser the files back."""

from collections.abc import Iterable, Sequence

from flask import request
from flask_babel import ngettext
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException

LONGEST = 100  # the most characters of a file's name that a page shows
MOST_NAMED = 5  # how many files a page names


def names() -> Sequence[str]:
    """Return the names of the files that came with the request; () for a body that cannot be read."""
    try:
        return names_of(request.files.values())
    except HTTPException:
        return ()


def names_of(files: Iterable[FileStorage]) -> Sequence[str]:
    """Return the names of those files that were chosen: a browser sends an empty field as a file without a name."""
    return [file.filename[:LONGEST] for file in files if file.filename]


def to_choose_again(lost: Sequence[str]) -> str:
    """Return a sentence that says which files have to be chosen again, "" for none."""
    if not lost:
        return ""
    return ngettext(
        "The file that you had chosen is not kept. Choose it again: %(files)s.",
        "The files that you had chosen are not kept. Choose them again: %(files)s.",
        len(lost),
        files=_listed(lost),
    )


def _listed(lost: Sequence[str]) -> str:
    """Return the first names in words, and how many more there are: anybody can send a form with hundreds of files."""
    named, more = ", ".join(lost[:MOST_NAMED]), len(lost) - MOST_NAMED
    if more <= 0:
        return named
    return ngettext("%(names)s and %(num)s more", "%(names)s and %(num)s more", more, names=named)
