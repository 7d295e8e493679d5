"""A person's download of their own file, by the personal link."""

from flask.typing import ResponseReturnValue

from forum.registration import file_answers
from forum.registration.own_care import bp
from forum.registration.own_forms import mine
from forum.web.routes import localised


@localised(bp, "/r/files/<file_key>")
def file(file_key: str) -> ResponseReturnValue:
    """Return a file that the person has sent as an answer."""
    return file_answers.give(file_answers.find_or_404(mine(), file_key))
