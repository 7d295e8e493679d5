"""`forum db`: the tables and their migrations."""

import click
import flask_migrate
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import cli as migrations

from forum.commands.preparing import one_at_a_time

KEPT = ("downgrade", "check", "current", "heads", "history", "revision", "migrate")
database = click.Group("db", help="The tables and their migrations.")


@database.command()
@with_appcontext
def upgrade() -> None:
    """Bring the tables up to date; two at once take turns."""
    with one_at_a_time(current_app._get_current_object()):  # type: ignore[attr-defined]
        flask_migrate.upgrade()


for name in KEPT:
    database.add_command(migrations.db.commands[name])
