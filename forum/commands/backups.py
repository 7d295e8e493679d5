"""`forum backup` and `forum restore`: one file with everything but the data keys, verified before a restore (R21, R22).

The keys decrypt the sealed columns, so `--keys` writes them to a separate file, to be stored elsewhere.
A backup is a tar of `manifest.json`, a dump (a copy of the SQLite file, or PostgreSQL's custom format) and the images.
"""

import base64
import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from psycopg.conninfo import make_conninfo
from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.engine import URL

from forum import clock, migrating, presence
from forum.audit import heads
from forum.commands import after_restore, archives, backup_images, erasures
from forum.commands.archives import BrokenBackup
from forum.counting import counted
from forum.extensions import db
from forum.images.errors import StorageAway
from forum.postgres import libpq_arguments
from forum.settings.keys import write_private

PRIVATE = 0o600
DUMPS = {"sqlite": "forum.sqlite3", "postgresql": "forum.pgdump"}
BACKUPS, SCRATCH = "forum-*Z.tar", ".forum-backup-"
OTHERS = (  # SQL that counts users' connections: PostgreSQL's own processes, such as autovacuum, have no usesysid.
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL"
)
TAKEN = "somebody else works on the database"
REFUSE_OTHERS = f"DO $$ BEGIN IF ({OTHERS}) > 0 THEN RAISE EXCEPTION '{TAKEN}'; END IF; END $$;\n"
POSTGRES_FOLDERS = "/usr/lib/postgresql/*/bin"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--keys", type=click.Path(dir_okay=False, path_type=Path), help="Write the data keys to this new file."
)
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Then remove all but the N newest backups in FOLDER.",
)
@with_appcontext
def backup(folder: Path, keys: Path | None, keep: int | None) -> None:
    """Write a backup into FOLDER while the forum runs; only its owner may read it.

    When the storage of images cannot be reached, the backup lacks their files, older backups are kept, and the exit
    status is 1.
    """
    if keys and keys.exists():
        raise click.ClickException(f"{keys} exists; nothing was written.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = clock.now()
    target = folder / f"forum-{now:%Y%m%dT%H%M%SZ}.tar"
    with _scratch(folder) as scratch:
        dump, packed = scratch / DUMPS[db.engine.dialect.name], scratch / backup_images.NAME
        images = backup_images.Images(packed)
        images.add()
        _dump(dump)
        images.add()
        manifest = {"made_at": now.isoformat(), "revision": _revision(), **archives.fingerprint(dump)}
        archives.write(
            scratch / "whole", (dump, packed), {**manifest, "images": archives.fingerprint(packed)}
        )
        _sync(scratch / "whole")
        (scratch / "whole").replace(target)
        _sync(folder)
    click.echo(f"{target}: {manifest['bytes']:,} bytes. The keys are not in it.")
    if keys:
        _write_keys(keys)
        click.echo(f"{keys}: the data keys. Keep this file away from the backups.")
    if images.lacking:
        raise click.ClickException(
            f"The storage of images does not answer: {target} has the database, but not the files of"
            f" {counted(len(images.lacking), 'image', 'images')} ({', '.join(images.lacking)})."
        )
    _note(now)
    for old in sorted(folder.glob(BACKUPS))[: -keep if keep else 0]:
        old.unlink()
        click.echo(f"{old}: removed.")


def _note(now: datetime) -> None:
    """Note when the backup was made, for the health checks; a note that fails does not spoil the backup."""
    try:
        presence.note_backup(current_app.config["INSTANCE"], now)
    except OSError as problem:
        click.echo(f"When it was made could not be noted: {problem.strerror}.", err=True)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="SQLite: give up the database that is there now.")
@with_appcontext
def restore(file: Path, replace: bool) -> None:
    """Restore a backup while the forum is stopped; an existing SQLite database is replaced only with --replace."""
    try:
        with presence.alone(current_app.config["INSTANCE"]), _scratch(file.parent) as scratch:
            dump, manifest = archives.unpack(file, scratch, DUMPS.values())
            _refuse_unfitting(dump, manifest)
            # Restore the images before the database: files without rows harm nobody, but rows without files are broken
            # images.
            if (packed := scratch / backup_images.NAME).exists():
                backup_images.put_back(packed)
            after_restore.forget_counted_views()
            made_at = datetime.fromisoformat(manifest["made_at"])
            is_sqlite = dump.suffix == ".sqlite3"
            quieted = (
                _restore_sqlite(dump, replace, made_at) if is_sqlite else _restore_postgres(dump, made_at)
            )
    except presence.DatabaseIsTaken as problem:
        raise click.ClickException("The forum runs. Stop all its processes, then restore.") from problem
    except StorageAway as problem:
        raise click.ClickException("The storage of images does not answer; nothing is restored.") from problem
    click.echo(f"Restored as of {manifest['made_at']}. {quieted}")
    _note_restore(made_at)
    click.echo(erasures.tell_since(made_at))
    click.echo("Next: `forum db upgrade` and `forum static`, then `forum doctor`.")


def _note_restore(made_at: datetime) -> None:
    """Record the restore in the file of audit heads (newest hashes): the chain is now shorter, as if cut off (S46)."""
    try:
        heads.note_restore(made_at, now=clock.now())
    except OSError as problem:
        click.echo(f"That it was restored could not be noted in {heads.FILE}: {problem.strerror}.", err=True)


def _refuse_unfitting(dump: Path, manifest: dict[str, Any]) -> None:
    """Raise BrokenBackup for a backup of another kind of database or of a newer version."""
    if dump.name != DUMPS[db.engine.dialect.name]:
        raise BrokenBackup(f"it holds {dump.name}, and FORUM_DATABASE_URL leads to {db.engine.dialect.name}")
    if manifest.get("revision") not in migrating.known_revisions():
        raise BrokenBackup(
            f"its tables are those of another version ({manifest.get('revision')}), which this one does not know;"
            " install the version that made it, or a newer one"
        )


def _dump(target: Path) -> None:
    url = db.engine.url
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "").absolute()
        address = f"{path.as_uri()}?mode=ro"  # open read-only, because SQLite would create a missing file
        with closing(sqlite3.connect(address, uri=True)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)  # SQLite's backup is a consistent copy, even while other processes write
            copy.execute("PRAGMA journal_mode=DELETE")
        _check_sqlite(target)
    else:
        what = ("--format=custom", "--no-owner", "--no-privileges", "--no-comments", f"--file={target}")
        _run_postgres("pg_dump", *what, url=url)


def _check_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as copy:
        answer = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if answer != "ok":
        raise BrokenBackup(f"the database is damaged: {answer}")


def _restore_sqlite(dump: Path, replace: bool, made_at: datetime) -> after_restore.Quieted:
    """Replace the database file in one step, without the old file's journal, which would damage the new one."""
    _check_sqlite(dump)
    target = Path(db.engine.url.database or "")
    if target.exists() and not replace:
        raise click.ClickException(f"{target} exists; --replace gives it up.")
    if target.exists():
        erasures.note_before_replacing()
    copy = create_engine(URL.create("sqlite", database=str(dump)))
    event.listen(copy, "connect", _delete_whole)
    with copy.begin() as connection:
        quieted = after_restore.quiet(connection, made_at)
    copy.dispose()
    db.engine.dispose()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.restored")
    try:
        shutil.copyfile(dump, beside)
        beside.chmod(PRIVATE)
        _sync(beside)
        for leftover in (f"{target}-wal", f"{target}-shm"):
            Path(leftover).unlink(missing_ok=True)
        beside.replace(target)
        _sync(target.parent)
    finally:
        beside.unlink(missing_ok=True)
    return quieted


def _delete_whole(raw: Any, _record: Any) -> None:
    """Make deletions cascade to referring rows, and overwrite deleted content in the SQLite file with zeros (F8)."""
    # With foreign keys off, rows that refer to the deleted ones would stay, and the next migration would be refused.
    raw.execute("PRAGMA foreign_keys = ON")
    raw.execute("PRAGMA secure_delete = ON")


def _restore_postgres(dump: Path, made_at: datetime) -> after_restore.Quieted:
    """Load the dump, delete its sign-ins and hold its mail, in one transaction: no worker sees a part of it."""
    with db.engine.connect() as connection:
        if inspect(connection).get_table_names():
            raise click.ClickException("The database has tables; restore into an empty one (createdb).")
        if connection.scalar(text(OTHERS)):
            raise presence.DatabaseIsTaken
    db.engine.dispose()
    script = dump.with_suffix(".sql")
    _run_postgres("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(dump))
    with script.open("a") as file:  # The dump's script has emptied search_path, so reset it.
        quieting = after_restore.quieting_script(db.engine.dialect, made_at)
        file.write(f"\nRESET search_path;\n{quieting}{REFUSE_OTHERS}")
    options = ("--no-psqlrc", "--set=ON_ERROR_STOP=1", "--single-transaction", f"--file={script}")
    return after_restore.read_answers(_run_postgres("psql", *options, url=db.engine.url))


def _run_postgres(program: str, *arguments: str, url: URL | None = None) -> str:
    """Run a client program of PostgreSQL, on the database at `url` if given; return its output.

    The password is passed in the environment, because other users can see a program's arguments.
    """
    address = libpq_arguments(url) if url else {}
    secret = {"PGPASSWORD": address.pop("password")} if "password" in address else {}
    where = [f"--dbname={make_conninfo(**address)}"] if url else []
    answer = subprocess.run(  # noqa: S603 - no argument comes from a visitor
        [_find_program(program), *where, *arguments],
        env={**os.environ, **secret}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if TAKEN in answer.stderr:
        raise presence.DatabaseIsTaken
    if answer.returncode:
        said = (answer.stderr.strip().splitlines() or [f"ended with status {answer.returncode}"])[0]
        raise click.ClickException(f"{program}: {said.removeprefix(f'{program}: ')}")
    return answer.stdout


def _find_program(name: str) -> str:
    program = shutil.which(name) or next(
        iter(sorted(Path("/").glob(f"{POSTGRES_FOLDERS[1:]}/{name}"))[::-1]), None
    )
    if program is None:
        raise click.ClickException(f"{name} is missing (Debian: apt-get install postgresql-client).")
    return str(program)


def _revision() -> str:
    return str(db.session.scalar(text("SELECT version_num FROM alembic_version")))


def _write_keys(path: Path) -> None:
    keys = {
        purpose: [base64.b64encode(key).decode() for key in listed]
        for purpose, listed in current_app.config["DATA_KEYS"].items()
    }
    write_private(path, json.dumps(keys))


def _sync(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, is safely on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Give a private temporary folder on the same disk, so that no incomplete file is ever left in `folder`.

    One command at a time works in `folder`, so the leftovers of a killed command can be deleted first.
    """
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        for left in folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=SCRATCH) as name:
            yield Path(name)
    finally:
        os.close(descriptor)
        signal.signal(signal.SIGTERM, before)
