"""`forum bounces`: read reports of mail servers, and refusals of messages, from a pipe, an mbox file or a Maildir."""

import mailbox
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.followers import leaving as leaving_news
from forum.mailings import leaving
from forum.outbox import bounces as rules
from forum.outbox import reports
from forum.outbox.reports import LONGEST

CHUNK = 64 * 1024
REFUSED = "a recipient wants no more messages"


@click.command()
@click.option("--recipient", default="", metavar="ADDRESS", help="The address to which the report came.")
@click.option(
    "--mbox",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read all messages of this mbox file, which stays as it is.",
)
@click.option(
    "--maildir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Read the new messages of this Maildir and file them as seen.",
)
@with_appcontext
def bounces(recipient: str, mbox: Path | None, maildir: Path | None) -> None:
    """Read reports of mail servers about messages that did not arrive, complaints, and mail of recipients who want no
    more messages: one from standard input.

    Exits with status 75 (try again later) when a report cannot be noted now, so that a mail server keeps it.
    """
    if mbox and maildir:
        raise click.UsageError("Choose one of --mbox and --maildir.")
    if maildir:
        counts, left = _read_maildir(maildir)
    else:
        mails = _in_mbox(mbox) if mbox else iter([_all_of(sys.stdin.buffer)])
        counts, left = _read_all(mails, recipient)
    for noted, number in sorted(counts.items()):
        click.echo(f"{number}: {noted}")
    if left:
        click.echo(f"{left}: cannot be noted now; try again later", err=True)
        raise click.exceptions.Exit(os.EX_TEMPFAIL)


def _read_all(mails: Iterator[bytes], recipient: str) -> tuple[Counter[str], int]:
    """Note each mail; return the number of mails for each result, and how many mails have to be read again later."""
    counts: Counter[str] = Counter()
    left = 0
    for raw in mails:
        noted = _note(raw, recipient)
        if noted is None:
            left += 1
        else:
            counts[noted] += 1
    return counts, left


def _read_maildir(folder: Path) -> tuple[Counter[str], int]:
    """Note new mails of a Maildir, and move noted ones to `cur` as seen.

    Return the number of mails for each result, and how many have to be read again later.
    """
    counts: Counter[str] = Counter()
    left = 0
    for path in sorted((folder / "new").iterdir()):
        if path.name.startswith(".") or not path.is_file():
            continue
        with path.open("rb") as file:
            noted = _note(file.read(LONGEST), "")
        if noted is None:
            left += 1
        else:
            counts[noted] += 1
            path.rename(folder / "cur" / f"{path.name.partition(':')[0]}:2,S")
    return counts, left


def _note(raw: bytes, recipient: str) -> str | None:
    """Note one mail and commit; return the result as a word, or None when the mail has to be read again later.

    The mail is read before the database is locked for writing, because reading a hostile one takes time.
    """
    report, addresses = reports.read(raw), f"{recipient} {reports.addressed_to(raw)}"
    try:
        start_write(db.session)
        now = clock.now()
        is_refused = leaving.note(addresses, now=now) or leaving_news.note(addresses, now=now)
        noted = REFUSED if is_refused else rules.note_report(report, sent_to=recipient, now=now).value
        db.session.commit()
    except (rules.StillLeaving, DBAPIError, sqlite3.Error):
        db.session.rollback()
        return None
    return noted


def _in_mbox(path: Path) -> Iterator[bytes]:
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            with box.get_file(key) as file:
                yield file.read(LONGEST)
    finally:
        box.close()


def _all_of(file: BinaryIO) -> bytes:
    """Return the beginning of a file, but read it to its end: a mail server's write to a closed pipe would fail."""
    kept = file.read(LONGEST)
    while file.read(CHUNK):
        pass
    return kept
