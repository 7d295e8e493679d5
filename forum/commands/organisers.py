"""Organisers' accounts from the command line, the only way to create the first one (S05)."""

import click
from flask import current_app
from flask.cli import with_appcontext

from forum import addresses, clock
from forum.accounts import management, queries
from forum.accounts.enums import Role
from forum.accounts.models import User
from forum.database import start_write
from forum.extensions import db
from forum.tidying import tidy
from forum.web.languages import DEFAULT, NAMES

ACTOR = "command"
# The roles that a command can give; a reviewer is invited in the console, where their sectors are chosen.
ROLES = [role.value for role in Role if role != Role.REVIEWER]
NO_EVENT = "There is no event with the short name {slug!r}."
LONGEST_NAME = 200
WRONG_NAME = f"A name has 1 to {LONGEST_NAME} characters that can be seen, and no encoded word (=? … ?=)."
KNOWN = "{email} has an account. With --again it gets a fresh link, and the role if it lacks it."


@click.command("create-organiser")
@click.argument("email")
@click.option("--name", help="The person's name; needed for a new account.")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    default=Role.ORGANISER.value,
    show_default=True,
)
@click.option("--event", "slug", help="The event's short name, such as nf16; without it the role is for all.")
@click.option("--language", type=click.Choice(list(NAMES)), default=DEFAULT, show_default=True)
@click.option("--again", is_flag=True, help="For an account that exists: a fresh link, the earlier one dies.")
@click.option(
    "--new-second-factor", is_flag=True, help="With --again: forget the authenticator and its codes."
)
@with_appcontext
def create_organiser(
    email: str,
    name: str | None,
    role: str,
    slug: str | None,
    language: str,
    again: bool,
    new_second_factor: bool,
) -> None:
    """Create an account and print a link that sets its password, once, within 24 hours."""
    now = clock.now()
    start_write(db.session)
    event_id = _event_id(slug)
    user = queries.find_by_email(email)
    if user is None:
        user = _create(email, name, language)
    elif not again:
        raise click.ClickException(KNOWN.format(email=user.email))
    if not user.active:
        management.enable(user, actor=ACTOR, now=now)
    if new_second_factor:
        management.forget_second_factor(user, actor=ACTOR, now=now)
    management.give_role(user, Role(role), event_id=event_id, actor=ACTOR, now=now)
    token = management.invite(user, actor=ACTOR, now=now)
    db.session.commit()
    click.echo("Open this link within 24 hours to set the password; it works once:")
    click.echo(f"{current_app.config['BASE_URL']}/account/welcome/{token}?lang={user.language}")


@click.command("disable-organiser")
@click.argument("email")
@with_appcontext
def disable_organiser(email: str) -> None:
    """Disable an organiser's account at once; `create-organiser --again` enables it again."""
    start_write(db.session)
    user = queries.find_by_email(email)
    if user is None:
        raise click.ClickException(f"There is no account for {email}.")
    management.disable(user, actor=ACTOR, now=clock.now())
    db.session.commit()
    click.echo(f"{user.email} is signed out everywhere and cannot sign in.")


def _create(email: str, name: str | None, language: str) -> User:
    if not name:
        raise click.UsageError("--name is needed for a new account.")
    try:
        address = addresses.read(addresses.trimmed(email), takes_utf8=current_app.config["MAIL_SMTPUTF8"])
    except addresses.NotAnAddress as refusal:
        raise click.BadParameter(f"{email!r} {refusal}.", param_hint="EMAIL") from None
    return management.create_organiser(
        address, name=_name(name), language=language, actor=ACTOR, now=clock.now()
    )


def _name(typed: str) -> str:
    """Return the typed name tidied, as mails show it before the address; refuse one that mails cannot hold."""
    name = tidy(typed)
    if not name or len(name) > LONGEST_NAME or addresses.is_unsafe_in_header(name):
        raise click.BadParameter(WRONG_NAME, param_hint="--name")
    return name


def _event_id(slug: str | None) -> int | None:
    if slug is None:
        return None
    event_id = queries.find_event_id(slug)
    if event_id is None:
        raise click.ClickException(NO_EVENT.format(slug=slug))
    return event_id
