"""The worker: one thread sends mail, another runs the periodic jobs; neither can block the other.

Any number of workers may run: each mail is claimed by one of them, and a lock lets only one worker at a time run a job.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from zlib import crc32

from flask import Flask
from sqlalchemy import text

from forum import clock
from forum.database import TURN_SECONDS, start_write
from forum.extensions import db
from forum.health import steady_clock
from forum.jobs.clock_jumps import JumpWatch
from forum.jobs.table import JOBS, Job
from forum.outbox import delivery, heartbeats
from forum.outbox.outstanding import Outstanding

LOOK_SECONDS = 0.5
BEAT_SECONDS = 10
# Seconds that a stopped worker has to finish sending a mail, and to hear late answers of the mail server. A mail that
# is cut off is sent again when the worker's claim on it (its lease) ends.
FINISH_SECONDS = 10
# How long the worker pauses after an unexpected error, such as a database that cannot be reached.
PAUSE_SECONDS = 5
# When parts of a job have taken LONG_SECONDS together, the worker leaves the database alone for REST_SECONDS: another
# process that waits for SQLite's lock can then try several times to get it.
LONG_SECONDS, REST_SECONDS = 0.1, 10 * TURN_SECONDS
log = logging.getLogger("forum.worker")


class Worker:
    """Sends mail and runs jobs until `stop` is called; a mail that is just being sent is finished then."""

    def __init__(self, app: Flask, jobs: Sequence[Job] = JOBS):
        self.name = f"{socket.gethostname()[:40]}:{os.getpid()}"
        self._app = app
        self._jobs = [Job("heartbeat", BEAT_SECONDS, self._beat), *jobs]
        self._due = dict.fromkeys((job.name for job in self._jobs), 0.0)
        self._jumps = JumpWatch()
        self._stopped = threading.Event()
        self._outstanding = Outstanding()

    def run(self) -> None:
        """Send mail and run jobs until `stop` is called."""
        log.info("worker %s begins", self.name)
        sender = threading.Thread(target=self._send, name="mail", daemon=True)
        sender.start()
        self._loop(self.run_jobs)
        sender.join(FINISH_SECONDS)
        self._in_context(self._say_goodbye)
        log.info("worker %s has ended", self.name)

    def stop(self, *_signal) -> None:
        """Make `run` return soon; can be used as a signal handler."""
        self._stopped.set()

    def send_mail(self) -> bool:
        """Send a batch of due mails; return whether more may be due."""
        stopped = self._stopped
        return delivery.deliver_due(self._outstanding, stopped=stopped.is_set, rest=stopped.wait) > 0

    def run_jobs(self) -> bool:
        """Run the jobs that are due, each in its own transaction; a job that fails stops no other."""
        for job in self._jobs:
            is_settled = self._jumps.is_settled(clock.now(), time.monotonic())
            if job.rests_after_jump and not is_settled:
                continue
            if not self._stopped.is_set() and time.monotonic() >= self._due[job.name]:
                self._due[job.name] = time.monotonic() + job.seconds
                run_job(job)
        return False

    def _send(self) -> None:
        """Send mail until `stop` is called; then give the mail server a moment to answer to mails that it has."""
        self._loop(self.send_mail)
        self._in_context(partial(self._outstanding.settle_all, within=FINISH_SECONDS))

    def _loop(self, step: Callable[[], bool]) -> None:
        while not self._stopped.is_set():
            try:
                more = self._in_context(step)
            # The worker must survive any error: the next try may succeed.
            except Exception:
                log.exception("worker: %s failed", step.__name__)
                self._stopped.wait(PAUSE_SECONDS)
                continue
            if not more:
                self._stopped.wait(LOOK_SECONDS)

    def _in_context(self, step: Callable):
        with self._app.app_context():
            return step()

    def _beat(self, *, now) -> int:
        heartbeats.beat(self.name, now=now)
        return 0

    def _say_goodbye(self) -> None:
        try:
            start_write(db.session)
            heartbeats.forget(self.name)
            db.session.commit()
        # An error does no harm: a heartbeat that is not deleted grows old, which shows, too, that the worker has ended.
        except Exception:
            log.exception("worker: goodbye failed")


def run_job(job: Job) -> int:
    """Run one job, each of its parts in a transaction of its own; return how many rows or mails it handled.

    A failure is logged and stops neither the other parts nor other jobs; the job is run again at its next time.
    """
    if job.is_final and not _is_clock_steady():
        return 0
    if job.each is None:
        return _run_part(job, job.run, job.name)
    try:
        ids = job.each(now=clock.now())
    # The other jobs must run all the same; this job is run again at its next time.
    except Exception:
        log.exception("job %s failed", job.name)
        return 0
    finally:
        db.session.rollback()
    done, began = 0, time.monotonic()
    for part in ids:
        done += _run_part(job, partial(job.run, part), f"{job.name}, {part}")
        if time.monotonic() - began >= LONG_SECONDS:
            _let_others_write()
            began = time.monotonic()
    return done


def _is_clock_steady() -> bool:
    try:
        return steady_clock.is_steady(clock.now())
    finally:
        db.session.rollback()


def _let_others_write() -> None:
    """Wait a moment without a transaction: without pauses between parts no other process would get SQLite's lock."""
    time.sleep(REST_SECONDS)


def _run_part(job: Job, run: Callable[..., int], name: str) -> int:
    try:
        start_write(db.session)
        done = run(now=clock.now()) if _is_ours(job) else 0
        db.session.commit()
    # The other parts of the job must run all the same; this part is run again at the job's next time.
    except Exception:
        db.session.rollback()
        log.exception("job %s failed", name)
        return 0
    if done:
        log.info("job %s: %s", name, done)
    return done


def _is_ours(job: Job) -> bool:
    """Try to take the lock on this job until the commit; return False while another worker holds it.

    On SQLite the write lock, which is held already, is enough.
    """
    if db.session.get_bind().dialect.name != "postgresql":
        return True
    lock = text("SELECT pg_try_advisory_xact_lock(:key)")
    return bool(db.session.scalar(lock, {"key": crc32(job.name.encode())}))
