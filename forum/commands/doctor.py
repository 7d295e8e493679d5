"""`forum doctor`: check the installation and print the findings; the exit status is 1 when something is wrong."""

import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from forum import clock, presence
from forum.commands.underscores import ask_proxy
from forum.counting import counted
from forum.database import start_write
from forum.extensions import db
from forum.health import checks, dns_lookups, mail_checks
from forum.health.checks import Finding
from forum.health.missing import list_missing
from forum.news import reindexing
from forum.outbox.addresses import parse_mailbox
from forum.outbox.errors import ServerUnreachable, UnsafeMessage
from forum.outbox.transport import ServerTransport
from forum.privacy import queries as privacy
from forum.registration import locating_answers, text_index
from forum.settings.project import PROJECT
from forum.web.static import is_built


@click.group(invoke_without_command=True)
@click.option("--offline", is_flag=True, help="Do not ask the mail server or the proxy.")
@click.pass_context
@with_appcontext
def doctor(context: click.Context, offline: bool) -> None:
    """Check settings, database, mail, worker, disk and files; print no secret."""
    if context.invoked_subcommand:
        return
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy, though typed as Flask
    findings = [
        *(each for each in checks.examine((*checks.STATUS, *checks.SLOW), clock.now()) if not each.follows),
        *list_missing(),
        *_search_index(),
        *_people_index(),
        *_requests(),
        *_whereabouts(),
        *_settings(app),
        *_private_files(app),
    ]
    if not offline:
        findings += [*ask_proxy(app), _mail_server(app)]
    _tell(findings)


@doctor.command("mail")
@with_appcontext
def mail_doctor() -> None:
    """Check what receivers of mail look at (SPF, DKIM, DMARC, PTR, TLS); say what to change, and where."""
    _tell(mail_checks.examine(current_app, dns_lookups.ask))


def _tell(findings: list[Finding]) -> None:
    """Print the findings; exit with status 1 when something is wrong."""
    for finding in findings:
        click.echo(f"{_mark(finding)} {finding.check}: {finding.words}")
    if not all(finding.is_well for finding in findings):
        raise click.exceptions.Exit(1)


def _mark(finding: Finding) -> str:
    if finding.is_to_do:
        return click.style("TODO", fg="yellow")
    return click.style("ok  ", fg="green") if finding.is_well else click.style("BAD ", fg="red")


def _search_index() -> Iterator[Finding]:
    """Check that the search finds what posts and pages say; yield nothing where the tables cannot be used."""
    try:
        start_write(db.session)
        outdated, is_whole = reindexing.count_outdated(), reindexing.is_index_whole()
    except SQLAlchemyError:
        return
    finally:
        db.session.rollback()
    if outdated or not is_whole:
        missing = counted(outdated, "text is missing or outdated", "texts are missing or outdated")
        damage = "" if is_whole else ", and the database's index differs from its entries"
        yield Finding("search", False, f"{missing}{damage}: forum rebuild-search")
    else:
        yield Finding("search", True, "finds what posts and pages say")


def _people_index() -> Iterator[Finding]:
    """Check that a search for people finds everybody; yield nothing where the tables cannot be used."""
    try:
        start_write(db.session)
        is_used, is_whole = text_index.is_used(), text_index.is_whole()
    except SQLAlchemyError:
        return
    finally:
        db.session.rollback()
    if not is_whole:
        yield Finding(
            "people", False, "the database's index differs from the registrations: forum rebuild-search"
        )
    else:
        how = "" if is_used else "out"
        yield Finding("people", True, f"a search finds everybody, with{how} an index of the database")


def _requests() -> Iterator[Finding]:
    """Warn of requests about personal data that wait for an answer longer than the month that the law gives."""
    try:
        overdue = privacy.count_overdue(clock.now())
    except SQLAlchemyError:
        return
    finally:
        db.session.rollback()
    if overdue:
        waits = counted(overdue, "person waits", "people wait")
        yield Finding(
            "requests", False, f"{waits} for an answer about erasure or restriction, for more than a month"
        )
    else:
        yield Finding("requests", True, "no answer about erasure or restriction is overdue")


def _whereabouts() -> Iterator[Finding]:
    """Warn of answers that tell where people are and that the worker should have deleted by now (P27)."""
    try:
        late = len(locating_answers.list_due(now=clock.now() - locating_answers.MAY_BE_LATE))
    except SQLAlchemyError:
        return
    finally:
        db.session.rollback()
    if late:
        words = (
            f"answers to {counted(late, 'event', 'events')} that tell where people are should have been deleted:"
            " let the worker run for a day without a pause of half an hour, by a clock that is right"
        )
        yield Finding("whereabouts", False, words)
    else:
        yield Finding("whereabouts", True, "no answer that tells where people are is kept too long")


def _settings(app: Flask) -> Iterator[Finding]:
    """Check settings that are safe but may be wrong; unsafe settings stop the program at its start (S05)."""
    yield Finding("environment", True, app.config["ENV"])
    try:
        parse_mailbox(app.config["MAIL_DEFAULT_SENDER"])
        yield Finding("sender", True, "FORUM_MAIL_DEFAULT_SENDER is an address")
    except UnsafeMessage as refusal:
        yield Finding("sender", False, f"FORUM_MAIL_DEFAULT_SENDER: {refusal}")
    built = is_built(PROJECT / "static", app.config["STATIC"])
    yield Finding(
        "static files", built, "are built" if built else "are not built; `forum static` builds them"
    )


def _private_files(app: Flask) -> list[Finding]:
    """Check that only their owner may read database, counters and keys, and enter the images' folder (P28).

    A key file outside the instance folder may also be readable by its group.
    """
    instance: Path = app.config["INSTANCE"]
    made = {path for path in (*instance.iterdir(), *_database_files()) if path.is_file()}
    images = app.config["IMAGES"]
    folders = [instance, *([images] if isinstance(images, Path) and images.is_dir() else ())]
    faults = [
        *_of_others(sorted(made), instance),
        *_wide_open(folders, 0o007, "o-rwx", "entered by every user of this machine"),
        *_wide_open(sorted(made), 0o077, "go-rwx", "read by others"),
        *_wide_open(app.config["SECRET_FILES"], 0o007, "o-rwx", "read by every user of this machine"),
    ]
    return faults or [Finding("files", True, "are their owner's alone")]


def _database_files() -> list[Path]:
    """Return the files of an SQLite database, which may lie outside the instance folder."""
    path = db.engine.url.database if db.engine.dialect.name == "sqlite" else None
    return [Path(f"{path}{ending}") for ending in ("", "-wal", "-shm")] if path else []


def _of_others(paths: list[Path], instance: Path) -> Iterator[Finding]:
    """Report files that belong to another user, such as root: the forum cannot read or write them."""
    for path in paths:
        if path.stat().st_uid != instance.stat().st_uid:
            user = presence.owner(instance)
            command = f"chown {shlex.quote(user)} {shlex.quote(str(path))}"
            yield Finding(str(path), False, f"is {presence.owner(path)}'s, the folder is {user}'s: {command}")


def _wide_open(paths: list[Path], forbidden: int, change: str, act: str) -> Iterator[Finding]:
    """Report files and folders whose mode gives one of the `forbidden` permissions, with the chmod that removes it."""
    for path in paths:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & forbidden:
            command = f"chmod {change} {shlex.quote(str(path))}"
            yield Finding(str(path), False, f"may be {act} (mode {mode:04o}): {command}")


def _mail_server(app: Flask) -> Finding:
    if not app.config["MAIL_SERVER"]:
        return Finding(
            "mail server", not app.config["PRODUCTION"], "none is set; messages are written as files"
        )
    try:
        with ServerTransport(app.extensions["mail"]) as transport:
            transport.connect()
    except ServerUnreachable as problem:
        return Finding("mail server", False, str(problem))
    return Finding("mail server", True, "answers, and lets us in")
