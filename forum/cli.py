"""The `forum` command."""

import os
import sqlite3
import sys

import click
from flask import Flask
from flask.cli import ScriptInfo, with_appcontext
from limits.errors import ConfigurationError
from sqlalchemy.exc import DBAPIError

from forum import create_app, presence
from forum.commands import preparing, settings_file, starting
from forum.commands.after_restore import release_mail
from forum.commands.audit import audit
from forum.commands.backups import backup, restore
from forum.commands.bounces import bounces
from forum.commands.content import content
from forum.commands.counters import mend_counters
from forum.commands.database import database
from forum.commands.doctor import doctor
from forum.commands.events import create_event
from forum.commands.images import make_avif
from forum.commands.keys import new_keys, refuse_wrong_keys, rotate_keys
from forum.commands.mail import mail_test
from forum.commands.organisers import create_organiser, disable_organiser
from forum.commands.search import rebuild_search
from forum.commands.seeding import seed
from forum.settings.errors import UnsafeSettings
from forum.settings.loading import refuse_to_guess
from forum.settings.project import PROJECT, VERSION
from forum.web.static import build_static


class TryLater(click.ClickException):
    """Ends `forum bounces` with the exit status by which a mail server knows to deliver the report again later."""

    exit_code = os.EX_TEMPFAIL


class PlainWords(click.Group):
    """Ends a command with a sentence, not a traceback, when a database, a file or the rate limits' storage fails."""

    def invoke(self, context: click.Context) -> object:
        """Run the command. Raises click.ClickException when a database, a file or the rate limits' storage fails.

        The command `forum bounces` raises the subclass TryLater.
        """
        try:
            return self._invoke(context)
        except click.ClickException as refusal:
            if context.invoked_subcommand == bounces.name:
                raise TryLater(refusal.format_message()) from refusal
            raise

    def _invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except (DBAPIError, sqlite3.Error) as problem:
            # Show only the first line of the database's message: later lines may quote stored values, such as a name.
            said = str(getattr(problem, "orig", problem)).partition("\n")[0]
            raise click.ClickException(f"The database cannot be used: {said}.{_advice(said)}") from problem
        except OSError as problem:
            raise click.ClickException(f"{problem.filename or 'A file'}: {problem.strerror}.") from problem
        except presence.DatabaseIsTaken as problem:
            raise click.ClickException("A restore is running. Try again when it has ended.") from problem
        except ConfigurationError as problem:
            raise click.ClickException(f"FORUM_LIMITER_STORAGE cannot be used: {problem}") from problem


def _advice(said: str) -> str:
    if said.startswith("permission denied for "):
        return " `forum doctor` names the rights that are missing."
    lacks_tables = "no such table" in said or ("relation" in said and "does not exist" in said)
    return " `forum db upgrade` makes the tables." if lacks_tables else ""


@click.group(cls=PlainWords)
@click.version_option(VERSION, prog_name="forum", message="%(prog)s %(version)s")
def cli() -> None:
    """Run the forum's website."""


for command in (
    starting.run,
    starting.dev,
    starting.serve,
    starting.worker,
    database,
    doctor,
    audit,
    content,
    mail_test,
    bounces,
    mend_counters,
    rebuild_search,
    make_avif,
    backup,
    restore,
    release_mail,
    create_event,
    create_organiser,
    disable_organiser,
    seed,
    new_keys,
    rotate_keys,
):
    cli.add_command(command)


@cli.command()
@with_appcontext
def static() -> None:
    """Build the static files and compile the translations."""
    app = click.get_current_context().obj.load_app()
    manifest = build_static(PROJECT / "static", app.config["STATIC"])
    compiled = preparing.compile_translations(PROJECT)
    click.echo(f"{len(manifest.names)} static files, {compiled} catalogues compiled")


# These commands run even with wrong data keys: they use no keys, report wrong keys, or replace the database.
WITH_ANY_KEYS = (doctor, database, static, restore)


def main() -> None:
    """Run the command; for an unsafe setting, print its name and exit with status 2 (S05).

    `forum bounces`, which a mail server calls, exits with 75 instead, so that the mail server keeps the report.

    All files that the command and its child processes write are readable by their owner only (P28).
    """
    os.umask(0o077)
    try:
        settings_file.read_into(os.environ)
        cli.main(standalone_mode=True, obj=ScriptInfo(create_app=_create_app, set_debug_flag=False))
    except UnsafeSettings as refusal:
        for problem in refusal.problems:
            click.echo(f"forum: {problem}", err=True)
        sys.exit(os.EX_TEMPFAIL if sys.argv[1:2] == [bounces.name] else 2)


def _create_app() -> Flask:
    """Create the app for a command; all commands but `run` and `dev` need FORUM_CONFIG or FORUM_ENV.

    Raises UnsafeSettings when the data keys belong to another database, before anything is encrypted with them.
    """
    refuse_to_guess()
    app, command = create_app(), click.get_current_context().command
    if command is not restore:
        presence.share(app.config["INSTANCE"])
    if command not in WITH_ANY_KEYS:
        refuse_wrong_keys(app)
    return app
