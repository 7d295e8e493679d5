"""`forum db`: the tables and their migrations."""

import click
from flask.cli import with_appcontext
from flask_migrate import cli as migrations

from forum.commands.preparing import migrate

KEPT = ("downgrade", "check", "current", "heads", "history", "revision", "migrate")
database = click.Group("db", help="The tables and their migrations.")


@database.command()
@with_appcontext
def upgrade() -> None:
    """Bring the tables up to date; two at once take turns."""
    migrate()


for name in KEPT:
    database.add_command(migrations.db.commands[name])
