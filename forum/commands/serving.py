"""Running the web processes and the worker under one command.

Two web processes use two cores, because Python's global lock lets one thread of a process compute at a time. Granian
starts threads on demand and ends idle ones, so a high limit costs nothing: a server with 128 threads served as many
cached pages a second as one with five. Most threads may serve requests that wait (`web/lobby`); the others give only
answers that need no waiting.
"""

import gc
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import click
from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

from forum import create_app, logs, presence, seldom_garbage
from forum.commands.supervisor import START_METHOD, Program, follow_parent, supervise
from forum.jobs.worker import Worker
from forum.web.lobby import Lobby

WEB_PROCESSES = 2
BACKLOG = 2048
HEADER_MILLISECONDS = 10_000  # time limit for a client to send its headers (R26)
# A request whose first line and headers are longer than about this is not read at all (S35). Cached pages and static
# files are served up to this length; a request that reaches the app may have half as much (`web/door`).
HEADER_BYTES = 32 * 1024
# TCP keep-alive: seconds of silence before the first probe, seconds between probes, lost probes until the end.
LOST = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
GRANIAN_LOGS = {"loggers": {"_granian": {"handlers": [], "propagate": True}}, "handlers": {}}


@dataclass(frozen=True)
class Web:
    """Settings of the web processes; `drain` is how many seconds running requests get at shutdown (R24)."""

    host: str
    port: int
    log_level: str
    processes: int = WEB_PROCESSES
    drain: int = 10


def serve(web: Web, *, with_worker: bool = True, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT. Raises click.ClickException when the address is taken."""
    refuse_taken_address(web.host, web.port)
    logs.configure(web.log_level)
    programs = [Program("web", run_web, (web,))]
    if with_worker:
        programs.append(Program("worker", run_worker, (web.log_level,)))
    _share_memory()
    supervise(programs, ready)


def _share_memory() -> None:
    """Exempt present objects from garbage collection: it would write to them, and child processes would copy them.

    Afterwards Python collects garbage as often as by default: it only looks at objects made from then on.
    """
    gc.collect()
    gc.freeze()
    seldom_garbage.end()


class WebServer(MPServer):
    """Granian's server of several processes, which knows of each whether it still runs (`runs`).

    While it ends, Granian itself asks `Process.is_alive`. On a busy machine it so warned of a web process that refused
    to stop, although that had ended in time.
    """

    def _spawn_worker(self, *given: Any, **named: Any) -> Any:
        worker = super()._spawn_worker(*given, **named)
        worker.is_alive = partial(runs, worker.inner)  # type: ignore[method-assign]  # one object only
        return worker


def runs(process: BaseProcess) -> bool:
    """Return whether a started process still runs, also while another thread waits for its end.

    `Process.is_alive` says yes in the moment in which that thread has learnt the exit status and not yet stored it.
    """
    return not wait([process.sentinel], timeout=0)


def run_web(web: Web) -> None:
    """Run the web processes. Granian restarts one that dies, and lets running requests finish before it ends."""
    multiprocessing.set_start_method(START_METHOD, force=True)
    server = WebServer(
        "forum",
        address=web.host,
        port=web.port,
        interface=Interfaces.WSGI,
        # No HTTP/2: its bodies need no declared length, on which `web/receiving` relies.
        http=HTTPModes.http1,
        workers=web.processes,
        blocking_threads=Lobby.THREADS,
        backlog=BACKLOG,
        backpressure=BACKLOG,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=HEADER_BYTES),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=web.drain,
        log_level=LogLevels.warning,
        log_dictconfig=GRANIAN_LOGS,
    )
    server.serve(target_loader=partial(load_app, web), wrap_loader=False)


def load_app(web: Web) -> Flask:
    """Create the app in a web process, which ends when its parent process does."""
    logs.configure(web.log_level)
    follow_parent()
    app, listens = create_app(), threading.Event()
    seldom_garbage.end()
    presence.share(app.config["INSTANCE"])
    inner = app.wsgi_app

    def serve_first(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # Set TCP keep-alive at the first request, because Granian opens its socket only after it has loaded the app.
        if not listens.is_set():
            listens.set()
            notice_lost_clients(web.port)
        return inner(environ, start_response)

    app.wsgi_app = serve_first  # type: ignore[method-assign]  # Flask documents replacing wsgi_app
    return app


def notice_lost_clients(port: int) -> None:
    """Turn on TCP keep-alive, so that a client that vanished does not hold a thread that waits for its body (R26).

    Granian has no setting for it. New connections inherit it from the listening socket.
    """
    sockets = [int(path.name) for path in Path("/dev/fd").iterdir() if path.is_socket()]
    for descriptor in sockets:
        # The socket may have been closed meanwhile; then no option has to be set on it.
        with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as copy:
            if copy.type == socket.SOCK_STREAM and copy.getsockname()[1:2] == (port,):
                copy.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                for name, value in LOST.items():
                    if hasattr(socket, name):
                        copy.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def run_worker(log_level: str) -> None:
    """Run the worker until SIGTERM or SIGINT."""
    logs.configure(log_level)
    app = create_app()
    seldom_garbage.end()
    presence.share(app.config["INSTANCE"])
    worker = Worker(app)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, worker.stop)
    worker.run()


def refuse_taken_address(host: str, port: int) -> None:
    """Raise click.ClickException when the port is in use; Granian itself would silently share it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise click.ClickException(
                f"{host}:{port} cannot be used ({os.strerror(problem.errno or 0)}). Choose another port:"
                f" PORT={port + 1} make run, or forum serve --port {port + 1}"
            ) from problem


def own_address(host: str, port: int) -> str:
    """Return the server's URL for a browser on this machine."""
    reached_at = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared with, not listened on
    return f"http://{reached_at.get(host, f'[{host}]' if ':' in host else host)}:{port}"
