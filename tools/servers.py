"""Real servers for tests and checks, on this machine only, which are stopped when the block ends."""

import base64
import hashlib
import hmac
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import psycopg
from aiosmtpd.controller import Controller
from psycopg import sql
from sqlalchemy.engine import URL
from werkzeug.serving import make_server

POSTGRES_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
)
POSTGRES_SETTINGS = {
    "listen_addresses": "",  # PostgreSQL listens only on a socket in its folder
    "fsync": "off",  # the data of tests need not survive a crash
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "32MB",
    # Four processes that race have 60 connections, and a busy machine takes its time to end closed ones: allow more.
    "max_connections": "200",
    "autovacuum": "off",
}
# The password of the test server's superuser has all characters that mean something in URLs, shells and connection
# strings.
POSTGRES_PASSWORD = "a@:/%#?&=+ '\\\"$é"
UNSAFE = {"fsync", "full_page_writes", "synchronous_commit"}
# PostgreSQL 15 and newer copy a database through their log unless told to copy its files, as older ones always do.
# A migrated database of 12 MB in memory takes 0.05 s of CPU time through the log, and 0.02 s by its files.
COPIES_FILES = "STRATEGY FILE_COPY"
CHOOSES_STRATEGY = 15_00_00  # the first version of PostgreSQL whose CREATE DATABASE has the option STRATEGY
CHROMIUM_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=PreloadTopChromeWebUI",
)


class MissingProgram(RuntimeError):
    """A program that the tests drive is not installed."""


class PostgresServer:
    """A running PostgreSQL server and its databases."""

    def __init__(self, folder: Path, programs: Path, account: Mapping[str, Any]):
        self.folder = folder
        self._programs = programs
        self._account = account
        self._numbers = count(1)

    def url(self, database: str) -> str:
        """Return the URL of a database for FORUM_DATABASE_URL, with the password."""
        address = URL.create(
            "postgresql", "postgres", POSTGRES_PASSWORD, database=database, query={"host": str(self.folder)}
        )
        return address.render_as_string(hide_password=False)

    def create(self, template: str = "template0") -> str:
        """Create a database as a copy of `template` and return its name; nobody may be connected to the template."""
        name = f"forum_{next(self._numbers)}"
        with self.connect() as connection:
            strategy = COPIES_FILES if connection.info.server_version >= CHOOSES_STRATEGY else ""
            names = map(sql.Identifier, (name, template))
            connection.execute(sql.SQL(f"CREATE DATABASE {{}} TEMPLATE {{}} {strategy}").format(*names))
        return name

    def drop(self, name: str) -> None:
        """Drop a database and end the connections to it."""
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def make(self, settings: Mapping[str, str], secret_text: str = POSTGRES_PASSWORD) -> None:
        """Make the server's data folder; the server listens only on a socket beside it, and asks for the password.

        `secret_text` is the password, or its verifier, by which a server recognises the password.
        """
        secret = self.folder / "password"
        secret.write_text(secret_text)
        # Let the server's account read the file with the superuser's password: this process may have a narrow umask.
        secret.chmod(0o644)
        self._call(
            "initdb", "--no-sync", "--auth=scram-sha-256", f"--pwfile={secret}",
            "--username=postgres", "--encoding=UTF8", "--locale=C",
        )  # fmt: skip
        secret.unlink()
        lines = {**settings, "unix_socket_directories": str(self.folder)}
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in lines.items())

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        self._call("pg_ctl", "start", "--log", self.folder / "log", "--wait", "--timeout=60")

    def stop(self) -> None:
        """Stop the server immediately, as a power cut would, without a checkpoint."""
        self._call("pg_ctl", "stop", "--mode=immediate", "--wait", "--timeout=60")

    def restart(self) -> None:
        """Stop the server immediately and start it again; committed changes are recovered from the log."""
        self._call(
            "pg_ctl", "restart", "--mode=immediate", "--log", self.folder / "log", "--wait", "--timeout=60"
        )

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Suspend the server's processes: connections stay open and new ones are accepted, but nothing is answered."""
        first = (self.folder / "data" / "postmaster.pid").read_text().split()[0]
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", first], capture_output=True, text=True, check=True
        )
        processes = [int(first), *map(int, found.stdout.split())]
        try:
            for process in processes:
                os.kill(process, signal.SIGSTOP)
            yield
        finally:
            for process in reversed(processes):
                os.kill(process, signal.SIGCONT)

    @property
    def was_started(self) -> bool:
        """Return whether the server was started and not stopped since."""
        return (self.folder / "data" / "postmaster.pid").exists()

    def end_connections(self, name: str) -> int:
        """End every connection to a database, whatever it is doing; return how many there were."""
        ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        with self.connect() as connection:
            return len(connection.execute(ends, [name]).fetchall())

    def connect(self, name: str = "postgres") -> psycopg.Connection:
        """Connect to a database as its superuser; each statement is a transaction of its own."""
        return psycopg.connect(
            host=str(self.folder), user="postgres", password=POSTGRES_PASSWORD, dbname=name, autocommit=True
        )

    def _call(self, program: str, *arguments: str | Path) -> None:
        """Run one of PostgreSQL's programs. Raises RuntimeError with the program's output and the server's log."""
        command = [self._programs / program, *arguments, "--pgdata", self.folder / "data"]
        with (self.folder / "calls").open("ab") as said:
            ended = subprocess.run(
                command, check=False, stdout=said, stderr=said, cwd=self.folder, **self._account
            )
        if ended.returncode:
            files = [self.folder / name for name in ("calls", "log")]
            words = [file.read_text(errors="replace") for file in files if file.exists()]
            raise RuntimeError("\n".join([f"{program} {arguments[0]} failed", *words]))


def quick_verifier(password: str) -> str:
    """Return a password as PostgreSQL stores it (SCRAM-SHA-256), but hashed once instead of 4,096 times.

    At each connection the client hashes the password as often, and tests open many thousands of connections.
    """
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1)
    of_client, of_server = (hmac.digest(salted, words, "sha256") for words in (b"Client Key", b"Server Key"))
    parts = (salt, hashlib.sha256(of_client).digest(), of_server)
    return "SCRAM-SHA-256$1:{}${}:{}".format(*(base64.b64encode(part).decode() for part in parts))


class SmtpServer:
    """A mail server that keeps all messages."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.contents: list[bytes] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.port = 0

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd calls it by this name
        """Keep the message and its envelope (sender, recipients)."""
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        self.contents.append(envelope.content)
        self.messages.append(message_from_bytes(envelope.content, policy=modern))
        return "250 OK"

    def clear(self) -> None:
        """Delete all messages and envelopes."""
        self.messages.clear()
        self.contents.clear()
        self.envelopes.clear()


@contextmanager
def run_postgres(*, durable: bool = False, within: Path | None = None) -> Iterator[PostgresServer]:
    """Start a PostgreSQL server in a new folder, as a user other than root; the folder is made within `within`.

    With `durable` fsync and synchronous_commit keep their defaults, so that commits survive a crash, as in production.
    Without it, connections cost less, too: see `quick_verifier`.
    """
    folder = Path(tempfile.mkdtemp(prefix="forum-pg-", dir=within))
    settings = {name: value for name, value in POSTGRES_SETTINGS.items() if not durable or name not in UNSAFE}
    if within:
        settings["max_wal_size"] = (
            "256MB"  # `within` may lie in memory: keep less of the log than the usual gigabyte
        )
    try:
        server = PostgresServer(folder, _postgres_programs(), _account_for_postgres(folder))
        server.make(settings, POSTGRES_PASSWORD if durable else quick_verifier(POSTGRES_PASSWORD))
        server.start()
        try:
            yield server
        finally:
            if server.was_started:
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def run_redis() -> Iterator[tuple[str, Callable[[], None]]]:
    """Start a Redis on a free port; give its URL and a function that ends it early. Raises MissingProgram."""
    program = shutil.which("redis-server")
    if program is None:
        raise MissingProgram("redis-server is missing (Debian: apt-get install redis-server)")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server,
    ):
        for line in server.stdout or ():
            if "Ready to accept connections" in line:
                break

        def end() -> None:
            server.kill()
            server.wait()

        try:
            yield f"redis://127.0.0.1:{port}", end
        finally:
            end()


@contextmanager
def run_s3() -> Iterator[str]:
    """Start an S3 server on a free port, with the empty bucket "forum"; give its URL. Raises MissingProgram."""
    program = shutil.which("moto_server", path="/usr/bin:/usr/local/bin")
    if program is None:
        raise MissingProgram(
            "moto_server is missing (Debian: apt-get install python3-moto python3-flask-cors)"
        )
    url = f"http://127.0.0.1:{free_port()}"
    command = [program, "-H", "127.0.0.1", "-p", url.rpartition(":")[2]]
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, stdout=log, stderr=log) as server,
    ):
        try:
            _make_bucket(f"{url}/forum", until=time.monotonic() + 30)
            yield url
        finally:
            server.kill()


def _make_bucket(url: str, until: float) -> None:
    """Make a bucket as soon as its server answers."""
    while True:
        try:
            with urlopen(Request(url, method="PUT"), timeout=5):
                return
        except URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@contextmanager
def run_smtp() -> Iterator[SmtpServer]:
    """Start a mail server on a free port."""
    server = SmtpServer()
    server.port = free_port()
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@contextmanager
def run_web(app, port: int = 0) -> Iterator[str]:
    """Serve a WSGI application with threads and give its URL."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def free_port() -> int:
    """Return a port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def chromium_path() -> str:
    """Return the path of Chromium: from CHROMIUM, or the first found in PATH. Raises MissingProgram."""
    return _found_chromium("chromium", "chromium-browser", "google-chrome")


def headless_path() -> str:
    """Return the path of the headless Chromium, from CHROMIUM or found in PATH; without it, that of Chromium itself.

    The headless Chromium has the same engine in the same version, but opens a page in a third less CPU time.
    """
    return _found_chromium("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def _found_chromium(*names: str) -> str:
    for name in (os.environ.get("CHROMIUM"), *names):
        if name and (path := shutil.which(name)):
            return path
    raise MissingProgram("Chromium is missing; bin/test-needs says how to get it")


def _postgres_programs() -> Path:
    """Return the folder of initdb and postgres, the newest where there are several. Raises MissingProgram."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [folder for pattern in POSTGRES_FOLDERS for folder in Path("/").glob(pattern.lstrip("/"))]
    usable = [folder for folder in folders if (folder / "initdb").exists()]
    if not usable:
        raise MissingProgram("PostgreSQL's server is missing; bin/test-needs says how to get it")
    return max(usable, key=lambda folder: [int(digits) for digits in _numbers(str(folder))])


def _numbers(text: str) -> list[str]:
    return "".join(letter if letter.isdigit() else " " for letter in text).split()


def _account_for_postgres(folder: Path) -> dict[str, Any]:
    """Return the arguments for subprocess that run PostgreSQL as another user when this process is root's."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
