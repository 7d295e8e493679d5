"""`forum content export` and `forum content import`: the site's content as a folder of files."""

from collections.abc import Sequence
from pathlib import Path

import click
from flask.cli import with_appcontext

from forum import clock
from forum.content import exporting, folder, importing, originals
from forum.content.errors import BadFile, ContentRefused, FolderRefused
from forum.counting import counted
from forum.database import start_write
from forum.extensions import db
from forum.images.errors import StorageAway

NAMED = 5


@click.group()
def content() -> None:
    """The site's content as files: events, pages, images, posts, categories, hashtags and the glossary."""


@content.command("export")
@click.argument("place", metavar="FOLDER", type=click.Path(path_type=Path))
@with_appcontext
def export_(place: Path) -> None:
    """Write all content into FOLDER: new, empty, or an earlier export that nobody has changed since."""
    if db.engine.dialect.name == "postgresql":
        # Let every query on PostgreSQL read one snapshot of the database, as queries on SQLite do.
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        texts = exporting.export_files()
        images = originals.list_stored()
        folder.write(place, texts, images)
    except (BadFile, FolderRefused) as problem:
        raise click.ClickException(f"{problem}.") from problem
    click.echo(f"{place}: {counted(len(texts) + len(images), 'file', 'files')}.")


@content.command("import")
@click.argument("place", metavar="FOLDER", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option(
    "--delete", is_flag=True, help="Remove pages of these events, posts and their terms that FOLDER lacks."
)
@with_appcontext
def import_(place: Path, dry_run: bool, delete: bool) -> None:
    """Make the content what the files in FOLDER say, all of it or nothing; registrations stay as they are."""
    try:
        texts, unread = folder.read(place)
        taken = originals.take(place, keep=not dry_run)
        start_write(db.session)
        outcome = importing.import_files(
            texts, unread, taken, delete=delete, actor="command", now=clock.now()
        )
    except FolderRefused as problem:
        raise click.ClickException(f"{problem}.") from problem
    except StorageAway as problem:
        raise click.ClickException("The storage of images does not answer; nothing was changed.") from problem
    except ContentRefused as refusal:
        db.session.rollback()
        for sentence in refusal.problems:
            click.echo(f"{sentence}.", err=True)
        raise click.ClickException("Nothing was imported.") from refusal
    if dry_run:
        db.session.rollback()
    else:
        db.session.commit()
    _tell(outcome, dry_run=dry_run)


def _tell(outcome: importing.Outcome, *, dry_run: bool) -> None:
    for difference in outcome.differences:
        click.echo(str(difference))
    if outcome.kept:
        click.echo(f"The folder lacks {_some(outcome.kept)}; kept as stored.")
    number = counted(len(outcome.differences), "difference", "differences")
    click.echo(f"{number}; nothing was changed (dry run)." if dry_run else f"{number} imported.")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
