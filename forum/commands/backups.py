"""`forum backup` and `forum restore`: one file with everything but the keys, checked before it is believed (R21, R22).

The keys open the sealed columns, so they are kept somewhere else: `--keys` writes them to a file of their own.
A backup is a tar of `manifest.json` and one dump, which is SQLite's own copy or PostgreSQL's custom format.
"""

import base64
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import inspect, text
from sqlalchemy.engine import URL

from forum import clock
from forum.extensions import db

MANIFEST, PRIVATE = "manifest.json", 0o600
DUMPS = {"sqlite": "forum.sqlite3", "postgresql": "forum.pgdump"}
POSTGRES_FOLDERS = "/usr/lib/postgresql/*/bin"


class BrokenBackup(click.ClickException):
    """The file is not a whole backup."""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--keys", type=click.Path(dir_okay=False, path_type=Path), help="Write the data keys to this new file."
)
@with_appcontext
def backup(folder: Path, keys: Path | None) -> None:
    """Write a backup into FOLDER while the forum runs; only its owner may read it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    now = clock.now()
    target = folder / f"forum-{now:%Y%m%dT%H%M%SZ}.tar"
    with _scratch(folder) as scratch:
        dump = scratch / DUMPS[db.engine.dialect.name]
        _dump(dump)
        manifest = {"made_at": now.isoformat(), "revision": _revision(), **_fingerprint(dump)}
        _write_tar(scratch / "whole", dump, manifest)
        (scratch / "whole").replace(target)
    click.echo(f"{target}: {manifest['bytes']:,} bytes. The keys are not in it.")
    if keys:
        _write_keys(keys)
        click.echo(f"{keys}: the data keys. Keep this file away from the backups.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="SQLite: give up the database that is there now.")
@with_appcontext
def restore(file: Path, replace: bool) -> None:
    """Bring a backup back, with the forum not running; refuses to overwrite anything unless told to."""
    with _scratch(file.parent) as scratch:
        dump, manifest = _open(file, scratch)
        if dump.name != DUMPS[db.engine.dialect.name]:
            raise BrokenBackup(
                f"it holds {dump.name}, and FORUM_DATABASE_URL leads to {db.engine.dialect.name}"
            )
        if db.engine.dialect.name == "sqlite":
            _restore_sqlite(dump, replace)
        else:
            _restore_postgres(dump)
    click.echo(f"Restored as of {manifest['made_at']}. Next: `forum db upgrade`, then `forum doctor`.")


def _dump(target: Path) -> None:
    url = db.engine.url
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(url.database or "")) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)  # a consistent copy, whoever writes meanwhile
            copy.execute("PRAGMA journal_mode=DELETE")
        _check_sqlite(target)
    else:
        _run_postgres("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def _check_sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as copy:
        found = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if found != "ok":
        raise BrokenBackup(f"the database is damaged: {found}")


def _restore_sqlite(dump: Path, replace: bool) -> None:
    """Put the copy in place in one step; what the old database left beside it would damage the new one."""
    _check_sqlite(dump)
    target = Path(db.engine.url.database or "")
    if target.exists() and not replace:
        raise click.ClickException(f"{target} exists; --replace gives it up.")
    db.engine.dispose()
    for leftover in (f"{target}-wal", f"{target}-shm"):
        Path(leftover).unlink(missing_ok=True)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.restored")
    shutil.copyfile(dump, beside)
    beside.chmod(PRIVATE)
    beside.replace(target)


def _restore_postgres(dump: Path) -> None:
    if inspect(db.engine).get_table_names():
        raise click.ClickException("The database has tables; restore into an empty one (createdb).")
    options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
    _run_postgres("pg_restore", db.engine.url, *options, str(dump))


def _run_postgres(program: str, url: URL, *arguments: str) -> None:
    """Run PostgreSQL's own program; the password goes by the environment, where other users cannot see it."""
    found = shutil.which(program) or next(
        iter(sorted(Path("/").glob(f"{POSTGRES_FOLDERS[1:]}/{program}"))[::-1]), None
    )
    if found is None:
        raise click.ClickException(f"{program} is missing (Debian: apt-get install postgresql-client).")
    address = url.set(drivername="postgresql", password=None).render_as_string()
    answer = subprocess.run(  # noqa: S603 - the program's own name, arguments of ours
        [found, f"--dbname={address}", *arguments],
        env={**os.environ, "PGPASSWORD": url.password or ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if answer.returncode:
        raise click.ClickException(f"{program}: {answer.stderr.strip()}")


def _write_tar(target: Path, dump: Path, manifest: dict[str, Any]) -> None:
    with tarfile.open(target, "w") as tar:
        content = json.dumps(manifest, indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(content), PRIVATE
        tar.addfile(entry, io.BytesIO(content))
        tar.add(dump, arcname=dump.name)
    target.chmod(PRIVATE)


def _open(file: Path, scratch: Path) -> tuple[Path, dict[str, Any]]:
    """Return the dump, unpacked, and the manifest that it agrees with. Raises BrokenBackup."""
    try:
        with tarfile.open(file) as tar:
            manifest = json.loads(tar.extractfile(MANIFEST).read())  # type: ignore[union-attr]
            dump = scratch / next(name for name in DUMPS.values() if name in tar.getnames())
            with tar.extractfile(dump.name) as packed, dump.open("wb") as unpacked:  # type: ignore[union-attr]
                shutil.copyfileobj(packed, unpacked)
    except (tarfile.TarError, KeyError, ValueError, StopIteration, AttributeError) as problem:
        raise BrokenBackup(f"{file} is not a backup of the forum") from problem
    if _fingerprint(dump) != {name: manifest.get(name) for name in ("bytes", "sha256")}:
        raise BrokenBackup(f"{file} is damaged: what is in it is not what was put into it")
    return dump, manifest


def _fingerprint(dump: Path) -> dict[str, Any]:
    with dump.open("rb") as file:
        return {"bytes": dump.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _revision() -> str:
    return str(db.session.scalar(text("SELECT version_num FROM alembic_version")))


def _write_keys(path: Path) -> None:
    keys = {
        purpose: [base64.b64encode(key).decode() for key in listed]
        for purpose, listed in current_app.config["DATA_KEYS"].items()
    }
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "w") as file:
        file.write(json.dumps(keys))


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A private folder on the same disk, gone afterwards, so that no half file is ever left."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".forum-") as name:
        yield Path(name)
