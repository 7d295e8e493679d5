"""The `forum` command."""

import sys

import click
from flask.cli import ScriptInfo, with_appcontext

from forum import create_app
from forum.commands import preparing, running
from forum.commands.backups import backup, restore
from forum.commands.database import database
from forum.commands.doctor import doctor
from forum.commands.organisers import create_organiser, disable_organiser
from forum.config import PROJECT, UnsafeSettings, new_data_keys
from forum.web.static import build_static


@click.group()
def cli() -> None:
    """Run the forum's website."""


for command in (
    running.run,
    running.dev,
    running.serve,
    running.worker,
    database,
    doctor,
    backup,
    restore,
    create_organiser,
    disable_organiser,
):
    cli.add_command(command)


@cli.command("new-keys")
def new_keys() -> None:
    """Print fresh data keys for FORUM_DATA_KEYS."""
    click.echo(new_data_keys())


@cli.command()
@with_appcontext
def static() -> None:
    """Build the static files and compile the translations."""
    app = click.get_current_context().obj.load_app()
    manifest = build_static(PROJECT / "static", app.config["STATIC"])
    compiled = preparing.compile_translations(PROJECT)
    click.echo(f"{len(manifest.names)} static files, {compiled} catalogues compiled")


def main() -> None:
    """Run a command; an unsafe setting ends it with the setting's name and status 2 (S05)."""
    try:
        cli.main(standalone_mode=True, obj=ScriptInfo(create_app=create_app, set_debug_flag=False))
    except UnsafeSettings as refusal:
        for problem in refusal.problems:
            click.echo(f"forum: {problem}", err=True)
        sys.exit(2)
