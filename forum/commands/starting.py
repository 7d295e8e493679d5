"""`forum run`, `dev`, `serve` and `worker`: starting the forum on this machine."""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

import click
from flask import Flask
from werkzeug.serving import is_running_from_reloader, run_simple

from forum import create_app, logs, presence
from forum.commands import preparing, serving
from forum.commands.erasures import erase_again
from forum.commands.keys import note_signing_key, refuse_wrong_keys
from forum.commands.supervisor import follow_parent
from forum.jobs.worker import Worker
from forum.settings import own_address
from forum.settings.loading import refuse_to_guess
from forum.settings.project import PROJECT

WATCHED = ("templates/**/*.*", "static/**/*.*", "translations/**/*.po", "forum/demo/**/*.*")


def address_options(command: Callable) -> Callable:
    """Add the options for the address and port to listen on."""
    port = click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
    return click.option("--host", default="127.0.0.1", show_default=True)(port(command))


def log_option(default: str) -> Callable:
    """Return a decorator that adds the option for the log level."""
    levels = click.Choice(["debug", "info", "warning", "error"])
    return click.option(
        "--log-level", default=default, show_default=True, type=levels, envvar="FORUM_LOG_LEVEL"
    )


@click.command()
@address_options
@log_option("warning")
def run(host: str, port: int, log_level: str) -> None:
    """Prepare tables, texts, static files and, in an empty database, the demo; then serve."""
    serving.refuse_taken_address(host, port)
    app = _prepared_app(host, port, log_level)
    lines = _welcome(app)
    web = serving.Web(host, port, log_level, drain=3)
    serving.serve(web, ready=lambda: click.echo("\n".join(lines)))


@click.command()
@address_options
@log_option("warning")
def dev(host: str, port: int, log_level: str) -> None:
    """Serve from one process that restarts when a file changes."""
    if not is_running_from_reloader():
        serving.refuse_taken_address(host, port)
    app = _prepared_app(host, port, log_level)
    if is_running_from_reloader():
        follow_parent()
        click.echo("\n".join(_welcome(app)))
        threading.Thread(target=Worker(app).run, name="worker", daemon=True).start()
    watched = [str(path) for pattern in WATCHED for path in PROJECT.glob(pattern)]
    _log_requests_plainly()
    # Create the app again: the first one was made before the static files were built.
    app = create_app()
    elsewhere = ["*/tests/*", "*/bench/*"]
    run_simple(
        host, port, app, use_reloader=True, threaded=True, extra_files=watched, exclude_patterns=elsewhere
    )


@click.command()
@address_options
@log_option("info")
@click.option("--workers", default=serving.WEB_PROCESSES, show_default=True, type=click.IntRange(1, 64))
@click.option("--web-only", is_flag=True, help="Leave mail and jobs to `forum worker` elsewhere.")
def serve(host: str, port: int, log_level: str, workers: int, web_only: bool) -> None:
    """Serve what `forum db upgrade` and `forum static` have prepared, with the worker beside it."""
    refuse_to_guess()
    _use_own_address(host, port)
    app = create_app()  # an unsafe setting raises UnsafeSettings, which ends the command
    presence.share(app.config["INSTANCE"])
    _note_own_address(app)
    refuse_wrong_keys(app)
    preparing.refuse_missing_tables(app)
    preparing.refuse_missing_files(app)
    note_signing_key(app)
    erase_again(app)
    serving.serve(serving.Web(host, port, log_level, processes=workers), with_worker=not web_only)


@click.command()
@log_option("info")
def worker(log_level: str) -> None:
    """Send mail and run the periodic jobs, until told to end."""
    refuse_to_guess()
    app = create_app()
    refuse_wrong_keys(app)
    preparing.refuse_missing_tables(app)
    erase_again(app)
    serving.run_worker(log_level)


def _prepared_app(host: str, port: int, log_level: str) -> Flask:
    logs.configure(log_level)
    _use_own_address(host, port)
    app = create_app()
    presence.share(app.config["INSTANCE"])
    _note_own_address(app)
    preparing.prepare(app)
    refuse_wrong_keys(app)
    note_signing_key(app)
    erase_again(app)
    return app


def _log_requests_plainly() -> None:
    """Log plain text instead of JSON in development."""
    log = logging.getLogger("werkzeug")
    log.handlers, log.propagate = [logging.StreamHandler()], False
    log.setLevel(logging.INFO)


def _use_own_address(host: str, port: int) -> None:
    """Outside production, set FORUM_BASE_URL, where it is not set, to this server's URL, also for child processes."""
    if os.environ.get("FORUM_ENV") != "production":
        os.environ.setdefault("FORUM_BASE_URL", serving.own_address(host, port))


def _note_own_address(app: Flask) -> None:
    """Outside production, let commands such as `create-organiser` print links with this server's port."""
    if not app.config["PRODUCTION"]:
        own_address.note(app.config["INSTANCE"], app.config["BASE_URL"])


def _welcome(app: Flask) -> list[str]:
    """Return lines that say where the forum is and, in the demo, the one-time link that opens its console."""
    lines = ["", f"The forum:   {app.config['BASE_URL']}/"]
    if app.config["DEMO"]:
        lines.append(f"The console: {preparing.demo_link(app)} (opens once, on this machine)")
    if not app.config["MAIL_SERVER"]:
        lines.append(
            f"Mail:        no server is set; messages are files in {_short(app.config['INSTANCE'] / 'mail')}/"
        )
    return [*lines, "End it with Ctrl-C.", ""]


def _short(path: Path) -> str:
    """Return the path relative to the current folder where possible, else the whole path."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
