"""`forum db`: the tables and their migrations."""

import click
from flask import current_app, g
from flask.cli import with_appcontext
from flask_migrate import cli as migrations

from forum.commands.erasures import erase_again
from forum.commands.preparing import one_at_a_time, upgrade_tables

KEPT = ("downgrade", "check", "current", "heads", "history", "revision", "migrate")


@click.group("db")
@with_appcontext
def database() -> None:
    """The tables and their migrations."""
    # Flask-Migrate's commands read these two values. Only Flask-Migrate's own command group sets them, and `forum db`
    # does not use that group.
    g.directory, g.x_arg = None, ()


@database.command()
@with_appcontext
def upgrade() -> None:
    """Bring the tables up to date, and erase again whom a restored backup has brought back.

    This may run on several machines at once.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy, though typed as Flask
    with one_at_a_time(app):
        click.echo(upgrade_tables())
    if told := erase_again(app):
        click.echo(told)


for name in KEPT:
    database.add_command(migrations.db.commands[name])
