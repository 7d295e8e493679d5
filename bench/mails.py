"""Measures making and sending mails to many people, beside a bare loop of smtplib, and the memory that this takes.

Measures, too, how soon somebody who registers meanwhile gets the mail that asks to confirm the address.
"""

import smtplib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

from flask import Flask
from sqlalchemy import select

from bench import load, serving, turns
from bench.files import measured
from bench.report import Row, in_turns
from forum import clock
from forum.columns import Text
from forum.database import start_write
from forum.events.queries import find_current
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.mailings import own_words
from forum.mailings.own_words import Written
from forum.outbox import delivery
from forum.outbox.models import OutboxMessage
from tools.servers import free_port

MAKING = [job for job in JOBS if job.name in ("begin mailings", "queue mailings")]
# The worker makes and sends at most so many mails at a time.
BATCH = 50
WRITTEN = Written(
    Text(sv="Välj din grupp", en="Choose your group"),
    Text(sv="Hej {given name}!\n\nVälj här: {own page}", en="Dear {given name},\n\nChoose here: {own page}"),
)
# This pace is too fast to delay a mail, so that the benchmark shows only what keeping a pace costs.
FAST = {"BULK_MAILS_PER_MINUTE": 600_000, "BULK_MAILS_PER_MINUTE_AND_DOMAIN": 600_000}


@dataclass
class Spent:
    """The seconds of making and of sending mails, how many were sent, and by how many MB the process grew at most."""

    making: float = 0.0
    sending: float = 0.0
    sent: int = 0
    grown: float = 0.0

    @property
    def made_and_sent(self) -> float:
        return self.making + self.sending


# The domain of the people who register while a message to many is sent, and how many of them are measured.
WATCHED, REGISTERING = "watched.example.net", 40


@dataclass
class Sink:
    """A running mail server: its port, and its output, which names the recipients of mails to the domain WATCHED."""

    port: int
    arrived: IO[str]


@contextmanager
def sink() -> Iterator[Sink]:
    """Run a mail server that keeps nothing, in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "bench.sink", str(port), WATCHED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stdin
        server.stdout.readline()
        try:
            yield Sink(port, server.stdout)
        finally:
            server.stdin.close()


def send(app: Flask, port: int, number: int) -> Spent:
    """Write a message to everybody; make and send its first `number` mails like the worker; return time and memory."""
    begin(app, port)
    with app.app_context():
        spent = Spent()
        _seconds, _result, spent.grown = measured(lambda: _work_off(spent, number))
    return spent


def begin(app: Flask, port: int) -> None:
    """Write a message to everybody; make and send its first batch, which includes work that is done only once."""
    _point(app, port)
    with app.app_context():
        start_write(db.session)
        event, now = find_current(), clock.now()
        by = {"actor": "command", "now": now}
        mailing = own_words.draft(event, WRITTEN, audience={}, **by)
        own_words.send(mailing, begins_at=None, user_id=None, **by)
        mailing.begins_at = now - timedelta(seconds=1)
        db.session.commit()
        _work_off(Spent(), BATCH)


def rows(app: Flask, port: int, number: int, group: str) -> Iterator[Row]:
    """Return the rates of making and sending mails, beside a bare loop that sends the same bytes."""
    begin(app, port)
    with app.app_context():
        _make()
        waiting = select(OutboxMessage).where(OutboxMessage.sealed_content.is_not(None)).limit(1)
        sample = db.session.scalars(waiting).one().content
        db.session.rollback()
        _seconds, (spent, bare), grown = measured(lambda: _in_turns(port, sample, number))
        app.config.update(FAST)
        paced, paced_bare = _in_turns(port, sample, number)
    for what, each, beside in (
        ("mails sent", [turn.sent / turn.sending for turn in spent], bare),
        ("mails sent, a pace kept", [turn.sent / turn.sending for turn in paced], paced_bare),
        ("mails made and sent", [turn.sent / turn.made_and_sent for turn in spent], bare),
    ):
        alone = f"smtplib alone: {statistics.median(beside):,.0f}"
        yield Row(group, what, f"{statistics.median(each):,.0f} a second", alone, **in_turns(each, beside))
    made = statistics.median(turn.sent / turn.making for turn in spent)
    yield Row(group, "mails made: words, links, sealed bytes", f"{made:,.0f} a second")
    yield Row(group, f"memory, {number:,} mails", f"{grown:+.1f} MB")


def _in_turns(port: int, content: bytes, number: int) -> tuple[list[Spent], list[float]]:
    """Make and send `number` mails in turns with a bare loop; return what each turn took, and the bare loop's rates."""
    spent, rates, part = [], [], number // turns.TURNS
    for _turn in range(turns.TURNS):
        spent.append(Spent())
        _work_off(spent[-1], part)
        rates.append(part / _bare_loop(port, content, part))
    return spent, rates


def confirming(folder: Path, url: str, sink: Sink, group: str, people: int) -> Row:
    """Measure how soon people get the mail that asks to confirm the address, while a message to many is being sent.

    The forum serves pages and sends mails in processes of its own. The time begins with the response to the last form.
    """
    pace = {"BULK_MAILS_PER_MINUTE": "0", "BULK_MAILS_PER_MINUTE_AND_DOMAIN": "0"}
    to_sink = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(sink.port), "MAIL_USE_TLS": "0"}
    with serving.forum(folder, url, web_only=False, **pace, **to_sink) as server:
        # The first registration is not measured: the worker's process may not have started yet.
        _first, *seconds = [_register(server.url, sink, number) for number in range(1 + REGISTERING)]
    seconds.sort()
    told = f"p50 {seconds[len(seconds) // 2]:.2f}, at most {seconds[-1]:.2f} s, of {len(seconds)}"
    return Row(group, f"to confirm an address, while {people:,} wait", told, aim="≤ 1 s")


def _register(url: str, sink: Sink, number: int) -> float:
    """Register somebody over HTTP; return the seconds until the mail has arrived."""
    address = f"p{number}@{WATCHED}"
    if not load.register(url, address):
        raise RuntimeError("a registration was refused")
    began = time.perf_counter()
    for line in sink.arrived:
        if line.strip() == address:
            return time.perf_counter() - began
    raise RuntimeError("the mail server has ended")


def _point(app: Flask, port: int) -> None:
    state = app.extensions["mail"]
    app.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=port)
    state.server, state.port = "127.0.0.1", port


def _make() -> None:
    for job in MAKING:
        run_job(job)


def _work_off(spent: Spent, number: int) -> None:
    """Make and send mails in turns, as the worker does, until `number` mails are sent."""
    while spent.sent < number:
        began = time.perf_counter()
        _make()
        made = time.perf_counter()
        done = delivery.deliver_due()
        spent.making += made - began
        spent.sending += time.perf_counter() - made
        spent.sent += done
        if not done:
            raise RuntimeError(f"{spent.sent} mails were sent, not {number}")


def _bare_loop(port: int, content: bytes, number: int) -> float:
    """Send one mail's bytes `number` times with smtplib, fifty mails over each connection; return the seconds."""
    began = time.perf_counter()
    for start in range(0, number, BATCH):
        with smtplib.SMTP("127.0.0.1", port) as client:
            for each in range(start, min(start + BATCH, number)):
                client.sendmail("forum@example.org", [f"p{each}@example.org"], content)
    return time.perf_counter() - began
