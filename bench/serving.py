"""The measured servers, on 127.0.0.1 only: the forum, a minimal Flask app, and nginx with the same content."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from forum.web.lobby import Lobby
from tools.running import children
from tools.servers import free_port

PROJECT = Path(__file__).resolve().parent.parent
WORKERS = "2"
START_SECONDS = 30
NGINX = """
worker_processes {workers}; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{ access_log off; server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
"""


@dataclass
class Server:
    """A running server; `seconds` is the time from its start to its first page."""

    url: str
    process: subprocess.Popen
    seconds: float

    def memory(self) -> list[float]:
        """Return the resident memory of each child process in MB, the largest first."""
        sizes = [_memory(pid, "status", "VmRSS:") for pid in _descendants(self.process.pid)]
        return sorted((size for size in sizes if size), reverse=True)

    def proportional_memory(self) -> float:
        """Return the memory of all processes in MB, with what several of them share counted once."""
        return sum(_memory(pid, "smaps_rollup", "Pss:") for pid in _descendants(self.process.pid))

    def cpu_seconds(self) -> float:
        """Return the CPU time that the child processes have used so far."""
        return sum(_cpu(pid) for pid in _descendants(self.process.pid))


@contextmanager
def forum(folder: Path, database_url: str, *, web_only: bool = True, **settings: str) -> Iterator[Server]:
    """Serve the forum with an existing database; only the rate limits by client address are off.

    `settings` are further FORUM_* variables without their prefix.
    """
    port = free_port()
    environment = {
        **os.environ,
        "FORUM_ENV": "development",
        "FORUM_INSTANCE": str(folder),
        "FORUM_DATABASE_URL": database_url,
        "FORUM_LIMITS_ENABLED": "0",
        "FORUM_FORM_MIN_SECONDS": "0",
        "FORUM_BASE_URL": f"http://127.0.0.1:{port}",
        **{f"FORUM_{name}": value for name, value in settings.items()},
    }
    command = [str(PROJECT / ".venv/bin/forum"), "serve", "--port", str(port), "--workers", WORKERS]
    with _started([*command, *(["--web-only"] if web_only else [])], port, environment, "/en/") as server:
        yield server


@contextmanager
def bare_flask() -> Iterator[Server]:
    """Serve a view that returns a constant, with the forum's web server and the same number of workers and threads."""
    port, threads = free_port(), str(Lobby.THREADS)
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port)]
    command += ["--workers", WORKERS, "--blocking-threads", threads]
    with _started(
        [*command, "--log-level", "error", "bench.bare:app"], port, dict(os.environ), "/"
    ) as server:
        yield server


@contextmanager
def nginx(folder: Path, body: bytes) -> Iterator[Server | None]:
    """Serve a page as a file with nginx; give None when nginx is not installed."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        yield None
        return
    port = free_port()
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    (folder / "index.html").write_bytes(body)
    (folder / "nginx.conf").write_text(NGINX.format(workers=WORKERS, folder=folder, port=port))
    with _started(
        [program, "-c", str(folder / "nginx.conf")], port, dict(os.environ), "/index.html"
    ) as server:
        yield server


@contextmanager
def _started(command: list[str], port: int, environment: dict[str, str], path: str) -> Iterator[Server]:
    began, options = time.perf_counter(), {"cwd": PROJECT, "env": environment, "stdout": subprocess.DEVNULL}
    # The server writes into a file: a pipe that nobody reads would block it once the pipe is full.
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stderr=log, text=True, **options)
        try:
            seconds = _wait(f"http://127.0.0.1:{port}{path}", process, began, log)
            yield Server(f"http://127.0.0.1:{port}", process, seconds)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen, began: float, log: IO[str]) -> float:
    while time.perf_counter() - began < START_SECONDS:
        if process.poll() is not None:
            log.seek(0)
            raise RuntimeError(f"{process.args} ended: {log.read()}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return time.perf_counter() - began
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"{process.args} did not answer at {url}")


def _descendants(pid: int) -> list[int]:
    found, left = [], [pid]
    while left:
        parent = left.pop()
        found.append(parent)
        left.extend(children(parent))
    return found


def _memory(pid: int, file: str, heading: str) -> float:
    for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(heading):
            return int(line.split()[1]) / 1024
    return 0.0


def _cpu(pid: int) -> float:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in after_name[11:13]) / os.sysconf("SC_CLK_TCK")
