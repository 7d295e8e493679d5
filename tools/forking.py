"""Processes of the forum that are forked from one which has imported it: importing takes three seconds of a core.

process = Forked(FORUM, "serve", env={…}, stdout=file)     as subprocess.Popen([python, "-c", FORUM, "serve"], …)
done = run(FORUM, "backup", folder, env={…})                as subprocess.run, with its output captured

A forked process runs as `python -c CODE` in the project's folder: with its own environment and streams, in a session of
its own, up to Python's ordinary end. Its parent has imported modules and nothing else: it has no app, no connection, no
thread and no open file that the processes could share. They share the seed of Python's hashes, though.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from forum.settings.project import PROJECT

FORUM = "from forum.cli import main; main()"
IMPORTED = ("forum.cli", "forum.demo", "sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql.psycopg")
SERVER = "from tools import forking; exec(forking.serve({}))"
STATUS = struct.Struct("=q")
SECONDS = 120


class Forked:
    """A running process; its methods are those of subprocess.Popen.

    Streams are files, PIPE (text), or None for no stream. `umask` is this process's when it is not given.
    """

    def __init__(
        self,
        code: str,
        *arguments: str,
        env: Mapping[str, str],
        stdin: Any = None,
        stdout: Any = None,
        stderr: Any = None,
        umask: int | None = None,
    ):
        self.returncode: int | None = None
        self.arguments = [code, *arguments]
        told = {"arguments": self.arguments, "env": dict(env), "umask": _umask() if umask is None else umask}
        self._status, status = os.pipe()
        self.stdin, its_input = _stream(stdin, is_input=True)
        self.stdout, its_output = _stream(stdout)
        self.stderr, its_errors = _stream(stderr)
        streams = (its_input, its_output, its_errors)
        with tempfile.TemporaryFile() as request, os.fdopen(status, "wb"):
            request.write(json.dumps(told).encode())
            request.flush()
            socket.send_fds(_server(), [b"+"], [request.fileno(), status, *(one.fileno() for one in streams)])
        for stream, given in zip(streams, (stdin, stdout, stderr), strict=True):
            if stream is not given:
                stream.close()
        self.pid = self._read()

    def __enter__(self) -> "Forked":
        return self

    def __exit__(self, *_) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream:
                stream.close()
        self.wait()

    def poll(self) -> int | None:
        """Return the exit status (minus the signal's number after a signal), or None while the process runs."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self._end()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.arguments, timeout or 0)
            self._end()
        return self.returncode or 0

    def send_signal(self, number: int) -> None:
        """Send the signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the process."""
        self.send_signal(signal.SIGKILL)

    def _end(self) -> None:
        self.returncode = os.waitstatus_to_exitcode(self._read())
        os.close(self._status)

    def _read(self) -> int:
        told = os.read(self._status, STATUS.size)
        if not told:
            raise RuntimeError("the parent of the forked processes has ended")
        return STATUS.unpack(told)[0]


def run(
    code: str, *arguments: str, env: Mapping[str, str], timeout: float = SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run a process to its end and return its status and output. Raises subprocess.TimeoutExpired, and kills it."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = Forked(code, *arguments, env=env, stdout=output, stderr=errors)
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
        for file in (output, errors):
            file.seek(0)
        return subprocess.CompletedProcess(process.arguments, status, output.read(), errors.read())


def serve(control: int) -> str:
    """Import the forum and fork a process for each request; return, in the forked process only, the code to run.

    A request is a byte with descriptors: a file with what is asked for, the pipe for the status, and the streams.
    """
    for name in IMPORTED:
        import_module(name)
    gc.collect()
    gc.freeze()  # exempt all objects made so far from garbage collection in the child processes
    with socket.socket(fileno=control) as requests:
        while True:
            asked, descriptors, *_ = socket.recv_fds(requests, 1, 5)
            _reap()
            if not asked:
                os._exit(0)
            if os.fork() == 0:
                break
            for descriptor in descriptors:
                os.close(descriptor)
    request, status, *streams = descriptors
    _fork_and_keep(status, [request, *streams])
    return _begin(request, streams)


def _fork_and_keep(status: int, others: list[int]) -> None:
    """Fork the requested process and return in it; the parent, its keeper, reports its process id and exit status."""
    if pid := os.fork():
        for descriptor in others:
            os.close(descriptor)
        os.write(status, STATUS.pack(pid))
        os.write(status, STATUS.pack(os.waitpid(pid, 0)[1]))
        os._exit(0)
    os.close(status)


def _reap() -> None:
    """Wait for the keepers that have ended: none stays a zombie, and this process's CPU times then include theirs."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _begin(request: int, streams: list[int]) -> str:
    """Set up this forked process as requested (streams, environment, arguments); return the code to run."""
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    with open(request, "rb") as file:
        file.seek(0)
        told = json.load(file)
    code, *arguments = told["arguments"]
    os.umask(told["umask"])
    os.environ.clear()
    os.environ.update(told["env"])
    sys.argv = ["-c", *arguments]
    sys.orig_argv = [sys.executable, "-c", code, *arguments]
    return code


@cache
def _server() -> socket.socket:
    """Start the parent of the forked processes, once in a process, and return the socket for requests."""
    ours, theirs = socket.socketpair()
    plain = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER.format(theirs.fileno())],
            cwd=PROJECT, env=plain, pass_fds=[theirs.fileno()], start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def end() -> None:
        ours.close()
        process.wait(SECONDS)

    atexit.register(end)
    return ours


def _stream(given: Any, *, is_input: bool = False) -> tuple[IO[str] | None, IO]:
    """Return this process's end of a pipe, if one is requested, and the stream for the forked process."""
    if given is None:
        return None, Path(os.devnull).open("rb" if is_input else "wb")
    if given != subprocess.PIPE:
        return None, given
    reader, writer = os.pipe()
    if is_input:
        return os.fdopen(writer, "w", buffering=1), os.fdopen(reader, "rb")
    return os.fdopen(reader), os.fdopen(writer, "wb")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
