"""Keeping child processes alive until the command is told to end; no child outlives the command."""

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

GRACE_SECONDS = 20.0
LOOK_SECONDS = 0.25
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
SETTLED_SECONDS = 60.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)
log = logging.getLogger("forum.supervisor")

# A forked process starts fast and shares memory. Forking is safe only on Linux, and while one thread runs.
START_METHOD = "fork" if sys.platform == "linux" else "spawn"


@dataclass
class Program:
    """A function that runs in a process of its own until SIGTERM."""

    name: str
    run: Callable[..., None]
    arguments: tuple = ()
    process: BaseProcess | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    start_at: float = field(default_factory=time.monotonic)


def supervise(programs: Sequence[Program], ready: Callable[[], None] = lambda: None) -> None:
    """Run the programs until SIGTERM or SIGINT; a program that ends earlier is started again after a pause.

    On the signal each program gets SIGTERM and time to finish; on a second signal they are killed at once.
    """
    signals: list[int] = []
    for number in SIGNALS:
        signal.signal(number, lambda received, _frame: signals.append(received))
    for program in programs:
        _start(program)
    ready()
    while not signals:
        _tend(programs)
    _end(programs, signals)


def follow_parent() -> None:
    """End this process when its parent process is gone: by SIGTERM, and by SIGKILL after GRACE_SECONDS.

    Call this function in the child process.
    """
    # Compare with the parent's id from before the fork: if the parent has died meanwhile, os.getppid() already returns
    # the id of another process.
    started_by = multiprocessing.parent_process()
    parent = started_by.pid if started_by else os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="follow-parent", daemon=True).start()


def _start(program: Program) -> None:
    program.process = multiprocessing.get_context(START_METHOD).Process(  # type: ignore[attr-defined]  # typed for literal names only
        target=_run, args=(program.run, program.arguments), name=program.name
    )
    program.process.start()
    program.started = time.monotonic()


def _run(run: Callable[..., None], arguments: tuple) -> None:
    """Run the program in the child, in a session of its own: Ctrl-C reaches the parent only, which ends the child."""
    os.setsid()
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    follow_parent()
    run(*arguments)


def _tend(programs: Sequence[Program]) -> None:
    """Wait briefly for a program to end; plan its restart, or start it again when its pause is over."""
    running = [program.process.sentinel for program in programs if program.process]
    wait(running, LOOK_SECONDS) if running else time.sleep(LOOK_SECONDS)
    for program in programs:
        if program.process is None:
            if time.monotonic() >= program.start_at:
                _start(program)
        elif program.process.exitcode is not None:
            _plan_restart(program, program.process.exitcode)


def _plan_restart(program: Program, exitcode: int) -> None:
    """Plan the restart of a program, after a pause that doubles while the program ends soon after its start."""
    lived = time.monotonic() - program.started
    program.pause = FIRST_PAUSE if lived > SETTLED_SECONDS else min(program.pause * 2, LONGEST_PAUSE)
    program.start_at = time.monotonic() + program.pause
    program.process = None
    log.error("%s ended with %s; starting it again in %.0f s", program.name, exitcode, program.pause)


def _end(programs: Sequence[Program], signals: list[int]) -> None:
    alive = [program.process for program in programs if program.process]
    for process in alive:
        process.terminate()
    asked = len(signals)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(process.is_alive() for process in alive):
        if time.monotonic() > deadline or len(signals) > asked:
            for process in alive:
                process.kill()
        wait([process.sentinel for process in alive if process.is_alive()], LOOK_SECONDS)
