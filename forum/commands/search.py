"""`forum rebuild-search`: make the searches' indexes of posts, pages and people anew."""

import click
from flask.cli import with_appcontext

from forum.counting import counted
from forum.database import start_write
from forum.extensions import db
from forum.news import reindexing
from forum.registration import text_index


@click.command("rebuild-search")
@with_appcontext
def rebuild_search() -> None:
    """Make the searches' indexes of posts, pages and people anew from what is stored."""
    start_write(db.session)
    written = reindexing.rebuild()
    text_index.rebuild()
    db.session.commit()
    click.echo(
        f"The index is made anew; {counted(written, 'text was', 'texts were')} missing or outdated in it."
    )
