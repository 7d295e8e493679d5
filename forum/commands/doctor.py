"""`forum doctor`: is everything in order, said in sentences; the exit status is 1 when something is not."""

import stat
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from forum import clock
from forum.outbox.addresses import parse_mailbox
from forum.outbox.errors import ServerUnreachable, UnsafeMessage
from forum.outbox.transport import ServerTransport
from forum.web import health
from forum.web.health import Finding

KEYS = ("secret_key", "data_keys.json")


@click.command()
@click.option("--offline", is_flag=True, help="Do not ask the mail server.")
@with_appcontext
def doctor(offline: bool) -> None:
    """Examine settings, database, mail, worker, disk and files; print no secret."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    findings = [*health.examine(clock.now()), *_settings(app), *_private_files(app.config["INSTANCE"])]
    if not offline:
        findings.append(_mail_server(app))
    for finding in findings:
        mark = click.style("ok  ", fg="green") if finding.is_well else click.style("BAD ", fg="red")
        click.echo(f"{mark} {finding.check}: {finding.words}")
    if not all(finding.is_well for finding in findings):
        raise click.exceptions.Exit(1)


def _settings(app: Flask) -> Iterator[Finding]:
    """The unsafe ones have stopped the start already (S05); these are safe and yet wrong."""
    yield Finding("environment", True, app.config["ENV"])
    try:
        parse_mailbox(app.config["MAIL_DEFAULT_SENDER"])
        yield Finding("sender", True, "FORUM_MAIL_DEFAULT_SENDER is an address")
    except UnsafeMessage as refusal:
        yield Finding("sender", False, f"FORUM_MAIL_DEFAULT_SENDER: {refusal}")
    built = (app.config["STATIC"] / "manifest.json").exists()
    yield Finding(
        "static files", built, "are built" if built else "are not built; `forum static` builds them"
    )


def _private_files(instance: Path) -> Iterator[Finding]:
    """Keys are their owner's alone; the folder with the database is nobody else's (P28)."""
    for path, forbidden, wanted in (
        (instance, 0o007, "0700"),
        *((instance / name, 0o077, "0600") for name in KEYS),
    ):
        if path.exists():
            mode = stat.S_IMODE(path.stat().st_mode)
            is_private = not mode & forbidden
            words = f"mode {mode:04o}{'' if is_private else f'; should be {wanted}'}"
            yield Finding(path.name, is_private, words)


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
