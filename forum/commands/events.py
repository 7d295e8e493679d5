"""`forum create-event`: making an event from the command line, as the console's page New event does."""

from datetime import date, datetime, timedelta
from zoneinfo import available_timezones

import click
from flask import current_app
from flask.cli import with_appcontext

from forum import addresses, clock
from forum.database import start_write
from forum.events import making
from forum.events.enums import SectorTemplate
from forum.events.errors import EventExists, SlugRefused
from forum.events.making import Plan
from forum.extensions import db
from forum.tidying import tidy
from forum.web.languages import DEFAULT, NAMES

ACTOR = "command"
DAY = click.DateTime(["%Y-%m-%d"])
LONGEST_TEXT = 120
LONGEST_EVENT = timedelta(days=31)
EXISTS = "There is an event with this name on these days already."
SLUG_REFUSED = "--slug {slug!r} is taken, or it is not made of small letters, digits and single hyphens."


@click.command("create-event")
@click.argument("name")
@click.option("--first-day", type=DAY, required=True, help="Such as 2027-11-16.")
@click.option("--last-day", type=DAY, help="The first day, where it is left out.")
@click.option("--zone", default="Europe/Stockholm", show_default=True, help="The time zone at the venue.")
@click.option("--place", required=True, help="The town is enough.")
@click.option("--places", type=click.IntRange(1, 100_000), required=True, help="How many there are in all.")
@click.option(
    "--sectors",
    type=click.Choice([template.value for template in SectorTemplate]),
    default=SectorTemplate.NORDIC.value,
    show_default=True,
    help="nordic: five; open: one for everybody; blank: none.",
)
@click.option("--organiser", default="", help="The organisation that arranges the event.")
@click.option("--contact", default="", help="The e-mail address for questions.")
@click.option(
    "--language", type=click.Choice(list(NAMES)), default=DEFAULT, show_default=True, help="Of NAME."
)
@click.option("--languages", default=",".join(NAMES), show_default=True, help="Of its texts, with commas.")
@click.option("--slug", default="", help="Its short name in addresses; made from NAME where it is left out.")
@with_appcontext
def create_event(
    name: str,
    first_day: datetime,
    last_day: datetime | None,
    zone: str,
    place: str,
    places: int,
    sectors: str,
    organiser: str,
    contact: str,
    language: str,
    languages: str,
    slug: str,
) -> None:
    """Make the event NAME, with drafts of its pages; nobody but its organisers sees it until it is published."""
    first, last = _days(first_day, last_day)
    plan = Plan(
        name=_text(name, "NAME"),
        language=language,
        languages=_languages(languages),
        first_day=first,
        last_day=last,
        timezone=_zone(zone),
        place=_text(place, "--place"),
        capacity=places,
        template=SectorTemplate(sectors),
        organiser_name=_text(organiser, "--organiser") if organiser else "",
        contact_email=_address(contact) if contact else "",
        slug=slug,
    )
    start_write(db.session)
    try:
        event = making.make_event(plan, actor=ACTOR, now=clock.now())
    except EventExists:
        raise click.ClickException(EXISTS) from None
    except SlugRefused:
        raise click.ClickException(SLUG_REFUSED.format(slug=slug)) from None
    db.session.commit()
    click.echo(f"{event.slug} is made. What it lacks before it is published, and the button for it:")
    click.echo(f"{current_app.config['BASE_URL']}/console/{event.slug}/")


def _days(first_day: datetime, last_day: datetime | None) -> tuple[date, date]:
    first, last = first_day.date(), (last_day or first_day).date()
    if last < first or last - first > LONGEST_EVENT:
        raise click.BadParameter(
            "is before --first-day, or more than 31 days after it.", param_hint="--last-day"
        )
    return first, last


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise click.BadParameter(f"{name!r} is no time zone, such as Europe/Oslo.", param_hint="--zone")
    return name


def _languages(typed: str) -> tuple[str, ...]:
    codes = tuple(typed.split(","))
    if not NAMES.keys() >= set(codes):
        raise click.BadParameter(f"has one or more of {', '.join(NAMES)}.", param_hint="--languages")
    return codes


def _text(typed: str, hint: str) -> str:
    text = tidy(typed)
    if not text or len(text) > LONGEST_TEXT:
        raise click.BadParameter(f"has 1 to {LONGEST_TEXT} characters that can be seen.", param_hint=hint)
    return text


def _address(typed: str) -> str:
    try:
        return addresses.read(addresses.trimmed(typed), takes_utf8=current_app.config["MAIL_SMTPUTF8"])
    except addresses.NotAnAddress as refusal:
        raise click.BadParameter(f"{typed!r} {refusal}.", param_hint="--contact") from None
