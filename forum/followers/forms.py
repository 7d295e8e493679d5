"""The forms for following the news and for choosing anew what to get."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, RadioField, SelectMultipleField
from wtforms.fields.choices import SelectChoice

from forum.followers.choices import Choices
from forum.followers.enums import Pace
from forum.web.forms import TidyForm, is_email, required
from forum.web.languages import NAMES

PACES = (
    SelectChoice(Pace.AT_ONCE.value, _l("Each post when it has come out")),
    SelectChoice(Pace.WEEKLY.value, _l("Once a week, if there is something new")),
)


class ChoicesForm(TidyForm):
    """What a follower gets: the language of the posts, their categories, and when."""

    language = RadioField(_l("Language"))
    categories = SelectMultipleField(_l("Categories"))
    pace = RadioField(_l("When"), choices=list(PACES), default=Pace.AT_ONCE.value)

    def __init__(self, *args: Any, languages: Sequence[str], categories: Mapping[str, str], **options: Any):
        super().__init__(*args, **options)
        self.language.choices = [SelectChoice(code, NAMES[code]) for code in languages]
        self.categories.choices = [SelectChoice(key, name) for key, name in categories.items()]

    @staticmethod
    def filled(choices: Choices) -> dict[str, Any]:
        """Return a follower's choices as values of the form's fields."""
        chosen = list(choices.categories)
        return {"language": choices.language, "pace": choices.pace.value, "categories": chosen}

    def choices(self) -> Choices:
        """Return the follower's choices as the form has them."""
        return Choices(self.language.data, Pace(self.pace.data), self.categories.data or [])


class FollowForm(ChoicesForm):
    """The form that asks to follow the news."""

    email = EmailField(_l("E-mail address"), [required(_l("Enter your e-mail address")), is_email])
