"""Forms of the editor's desk: a post in every language, when to publish it, a correction."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, ValidationError

from forum.columns import is_link, leads_somewhere
from forum.images.offering import ImageField
from forum.news.drafts import SAID, Draft
from forum.news.enums import PostState
from forum.news.models import Post
from forum.news.tagging import read_names
from forum.news.tags import fold
from forum.web.edits import ShowsStored, digest
from forum.web.forms import LinesField, NumberedFields, PartForm, TidyForm, new_form_key
from forum.web.languages import NAMES

MOST_TAGS, MOST_SOURCES, BLANK_SOURCES = 12, 30, 2
# A post's text in a language counts as begun when one of these fields is filled in. `author` is not among them,
# because the form fills it in.
BEGUN = ("headline", "lead", "body", "label", "content_note", "action_label", "action_url", "slug")
NOW, LATER = "now", "later"
LACKING = {
    "headline": _l("Write a headline"),
    "lead": _l("Write a lead: one or two sentences that stand alone"),
    "body": _l("Write the text"),
    "author": _l("Say who has written this"),
}


def _at_most(number: int) -> Length:
    return Length(max=number, message=_l("Use at most %(max)d characters"))


class PostTextForm(PartForm):
    """The fields of a post's text in one language."""

    headline = StringField(_l("Headline"), [_at_most(200)])
    lead = TextAreaField(_l("Lead"), [_at_most(600)])
    body = LinesField(_l("Text"))
    label = StringField(_l("Label above the headline"), [_at_most(60)])
    content_note = TextAreaField(_l("Content note"), [_at_most(600)])
    action_label = StringField(_l("Button after the text"), [_at_most(60)])
    action_url = StringField(_l("Where the button leads"), [_at_most(500)])
    author = StringField(_l("Author"), [_at_most(200)])
    slug = StringField(_l("Address"), [_at_most(80)])

    def validate_action_label(self, field: StringField) -> None:
        """Refuse a button that has an address but no words."""
        if self.action_url.data and not field.data:
            raise ValidationError(_l("Write what the button says, or empty its address"))

    def validate_action_url(self, field: StringField) -> None:
        """Refuse an address to which pages may not link, and a button that has words but no address (S32)."""
        if field.data and not leads_somewhere(field.data):
            raise ValidationError(_l("Enter a path such as /en/register, or an address with https://"))
        if self.action_label.data and not field.data:
            raise ValidationError(_l("Enter where the button leads, or empty its words"))


class SourceForm(PartForm):
    """A source of a post's facts: its title in each language, a link, and the day of its publication."""

    url = StringField(_l("Link"), [_at_most(500)])
    published_on = StringField(_l("Published on"))

    def validate_url(self, field: StringField) -> None:
        """Refuse an address to which pages may not link (S32)."""
        if field.data and not is_link(field.data):
            raise ValidationError(_l("Enter an address that begins with https://, http:// or mailto:"))

    def validate_published_on(self, field: StringField) -> None:
        """Refuse a text that is not a date."""
        if field.data and _day(field.data) is None:
            raise ValidationError(_l("Enter a day such as 2027-09-16"))

    def said(self) -> dict[str, str]:
        """Return the typed source in the form of an entry of `Draft.sources`."""
        fields = {name: field.data or "" for name, field in self._fields.items()}
        titles = {code: fields[code] for code in NAMES if fields[code]}
        return {**titles, "url": fields["url"], "published_on": fields["published_on"]}


class PostForm(ShowsStored, TidyForm):
    """A post: its text in each language (a part named by the language's code), and what all languages share."""

    # Identifies the form, so that a form sent twice creates one post.
    key = HiddenField()
    event = SelectField(_l("Forum"))
    categories = SelectMultipleField(_l("Categories"))
    tags = StringField(_l("Hashtags"), [_at_most(600)])
    has_help_box = BooleanField(_l("Show the help box after the text"))
    cover = ImageField(_l("Cover image"))
    sources = NumberedFields(FormField(SourceForm), max_entries=MOST_SOURCES)

    def __init__(
        self,
        *args: Any,
        events: Mapping[str, str],
        categories: Mapping[str, str],
        **options: Any,
    ):
        super().__init__(*args, **options)
        self.key.data = self.key.data or new_form_key()
        self.event.choices = [SelectChoice(slug, name) for slug, name in events.items()]
        self.categories.choices = [SelectChoice(key, name) for key, name in categories.items()]
        for code in NAMES:
            for field in self[code].form:
                field.render_kw = {"lang": code}

    @staticmethod
    def filled(draft: Draft) -> dict[str, Any]:
        """Return a draft as the initial values of a form's fields, with blank fields for more sources."""
        room: list[dict[str, str]] = [
            {} for _number in range(min(BLANK_SOURCES, MOST_SOURCES - len(draft.sources)))
        ]
        return {
            **draft.texts,
            "event": draft.event,
            "categories": list(draft.categories),
            "tags": ", ".join(draft.tags),
            "has_help_box": draft.has_help_box,
            "cover": draft.cover,
            "sources": [*draft.sources, *room],
        }

    def draft(self) -> Draft:
        """Return the typed values as a draft."""
        return Draft(
            texts={code: said for code in NAMES if any((said := self._said(code))[name] for name in BEGUN)},
            event=self.event.data or "",
            has_help_box=self.has_help_box.data,
            cover=self.cover.data or "",
            categories=self.categories.data or [],
            tags=read_names(self.tags.data or ""),
            sources=[said for entry in self.sources if any((said := entry.form.said()).values())],
        )

    def own_key(self) -> str:
        """Return a digest of the form's key and the typed values, which is the same when the form is sent twice."""
        return digest({"form": self.key.data, **self.draft().values()})[:16]

    def validate_tags(self, field: StringField) -> None:
        """Refuse more hashtags than a post shows, and one that is too long to be stored."""
        names = read_names(field.data or "")
        if len(names) > MOST_TAGS:
            raise ValidationError(_l("Use at most 12 hashtags"))
        if any(max(len(name), len(fold(name))) > 80 for name in names):
            raise ValidationError(_l("Use at most 80 characters in a hashtag; commas stand between them"))

    def validate_sources(self, field: NumberedFields) -> None:
        """Refuse a source without a title in any language."""
        for entry in field:
            said = entry.form.said()
            if any(said.values()) and not any(said.get(code) for code in NAMES):
                entry.form[next(iter(NAMES))].errors = [_("Name the source")]
                raise ValidationError(_l("Name the source"))

    def validate(self, extra_validators: Any = None) -> bool:
        """Refuse wrong values, a post without any headline, and a begun text without a headline."""
        is_right = super().validate(extra_validators)
        begun = self.draft().texts
        for code in begun or [next(iter(NAMES))]:
            if not self[code].form.headline.data and not self[code].form.headline.errors:
                self.refuse_lacking([(code, "headline")])
                is_right = False
        return is_right

    def refuse_lacking(self, lacking: list[tuple[str, str]]) -> None:
        """Add an error to each field that is empty although readers need it."""
        for code, name in lacking:
            self[code].form[name].errors = [LACKING[name]]

    def _said(self, code: str) -> dict[str, str]:
        part = self[code].form
        return {name: part[name].data or "" for name in SAID}


for _code, _name in NAMES.items():
    setattr(SourceForm, _code, StringField(_name, [_at_most(300)]))
    setattr(PostForm, _code, FormField(PostTextForm, _name))


class PublicationForm(ShowsStored, TidyForm):
    """When readers may see a post: from now on, or from a moment on the event's clock.

    If somebody has changed the post since the form was shown, it is not published (R30).
    """

    when = RadioField(
        _l("When"), choices=[SelectChoice(NOW, _l("Now")), SelectChoice(LATER, _l("Later"))], default=NOW
    )
    day = StringField(_l("Day"))
    hour = StringField(_l("Time"))
    to_followers = BooleanField(_l("Send it to those who follow the news by e-mail"))

    @staticmethod
    def filled(post: Post, zone: ZoneInfo) -> dict[str, Any]:
        """Return the initial values of the form: the planned time of publication, if the post has one."""
        told: dict[str, Any] = {"to_followers": post.goes_by_mail}
        if post.state != PostState.SCHEDULED:
            return told
        local = post.public_since.astimezone(zone)
        return {**told, "when": LATER, "day": local.date().isoformat(), "hour": f"{local:%H:%M}"}

    def moment(self, zone: ZoneInfo) -> datetime | None:
        """Return the chosen moment in UTC; None for now. Raises ValidationError, with errors at the fields."""
        if self.when.data != LATER:
            return None
        day, hour = _day_to_come(self.day.data or ""), _hour(self.hour.data or "")
        if day is None:
            self.day.errors = [_("Enter a day such as 2027-09-16")]
        if hour is None:
            self.hour.errors = [_("Enter a time such as 09:00")]
        if day is None or hour is None:
            raise ValidationError
        local = datetime.combine(day, hour, zone)
        moment = local.astimezone(UTC)
        # Refuse a time that does not exist, because clocks skip an hour when they are put forward.
        if moment.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
            self.hour.errors = [_("The clocks are put forward that night, and this time does not exist")]
            raise ValidationError
        return moment


class CorrectionForm(TidyForm):
    """The text of a correction, which says what was wrong in a post or has changed, in each of the post's languages."""

    def said(self) -> dict[str, str]:
        """Return the text of the correction by language."""
        return {code: self[code].data for code in NAMES if self[code].data}


for _code, _name in NAMES.items():
    setattr(CorrectionForm, _code, TextAreaField(_name, [_at_most(600)]))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _day_to_come(text: str) -> date | None:
    """Return the day that a text such as "2027-09-16" names; None for any other text.

    Days of the years 1 and 9999 count as none: a moment of such a day may have no time in UTC.
    """
    day = _day(text)
    return day if day is not None and date.min.year < day.year < date.max.year else None


def _hour(text: str) -> time | None:
    try:
        hour = time.fromisoformat(text)
    except ValueError:
        return None
    return hour if hour.tzinfo is None else None
