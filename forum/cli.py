"""The `forum` command."""

import sys

import click
from flask.cli import FlaskGroup

from forum import create_app
from forum.config import UnsafeSettings, new_data_keys


@click.group(cls=FlaskGroup, create_app=create_app, add_default_commands=False, add_version_option=False)
def cli() -> None:
    """Run the forum's website."""


@cli.command("new-keys", with_appcontext=False)
def new_keys() -> None:
    """Print fresh data keys for FORUM_DATA_KEYS."""
    click.echo(new_data_keys())


def main() -> None:
    """Run a command; an unsafe setting ends it with the setting's name and status 2 (S05)."""
    try:
        cli.main(standalone_mode=True)
    except UnsafeSettings as refusal:
        for problem in refusal.problems:
            click.echo(f"forum: {problem}", err=True)
        sys.exit(2)
