"""Registering over HTTP, measured alternately on an empty forum, on one with many registrations, and on one that
does not serialise requests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from flask import Flask

from bench import filling, load, loop, measures, serving
from bench.load import Figures
from bench.report import Report, Row, per_second
from tools import servers

AIMS = {"SQLite": "≥ 80 a second, p99 ≤ 400 ms", "PostgreSQL": "≥ 60 a second, p99 ≤ 400 ms"}
LOADS = ((1, 200), (8, 400), (64, 512))  # pairs: clients at once, registrations in a run
EMPTY, FULL, FREE = "empty", "full", "without-turns"


def measure(report: Report, folder: Path, quick: bool) -> None:
    """Measure registrations on each kind of database, and add a group of rows for each to the report."""
    with servers.run_postgres(durable=True) as server:
        for kind in AIMS:
            place = folder / kind
            place.mkdir()
            if kind == "SQLite":
                _measure_database(
                    report, place, kind, lambda name, place=place: f"sqlite:///{place / name}.sqlite3", quick
                )
            else:
                _measure_database(report, place, kind, lambda _name: server.url(server.create()), quick)


def _measure_database(
    report: Report, folder: Path, kind: str, new_url: Callable[[str], str], quick: bool
) -> None:
    group = f"Registrations on {kind}: form, answers, check, send; the client shares the cores"
    existing, runs = (2_000, 1) if quick else (20_000, 3)
    with ExitStack() as stack:
        forums = {}
        for name in (EMPTY, FULL, FREE):
            place, url = folder / name, new_url(name)
            place.mkdir()
            app = filling.new_app(place, url)
            if name == EMPTY:
                report.add(_without_http(group, app, new_url("bare"), 100 if quick else 500))
            if name == FULL:
                filling.add_registrations(app, existing)
            settings = {"TURNS": "off"} if name == FREE else {}
            forums[name] = stack.enter_context(serving.forum(place, url, **settings))
        for clients, total in LOADS:
            before = forums[EMPTY].cpu_seconds()
            urls = {name: forum.url for name, forum in forums.items()}
            figures = load.registrations(urls, clients=clients, total=64 if quick else total, runs=runs)
            cpu = forums[EMPTY].cpu_seconds() - before
            for row in _rows(group, kind, clients, existing, figures, cpu):
                report.add(row)


def _rows(
    group: str, kind: str, clients: int, existing: int, figures: dict[str, Figures], cpu: float
) -> Iterator[Row]:
    """Yield the rows for one load; `cpu` is the CPU time of the empty forum's processes in seconds."""
    empty, full, free = (figures[name] for name in (EMPTY, FULL, FREE))
    who, is_aimed_at = f"{clients} client{'s' if clients > 1 else ''}", clients == 8
    yield per_second(group, who, empty, aim=AIMS[kind] if is_aimed_at else "")
    aim = "≥ 0.90" if is_aimed_at else ""
    yield per_second(group, f"{who}, {existing:,} registrations there", full, ("when empty", empty), aim)
    yield per_second(group, f"{who}, without turns at computing", free, ("with turns", empty))
    server, client = (1000 * seconds / empty.number for seconds in (cpu, empty.client_seconds))
    yield Row(
        group,
        f"{who}, CPU time of a registration",
        f"{server:.1f} ms in the forum's processes",
        f"in the client's: {client:.1f} ms",
    )


def _without_http(group: str, app: Flask, bare_url: str, times: int) -> Row:
    """Yield the rows for registering without HTTP, in one thread."""
    bare, rate = loop.transactions(bare_url, times), measures.transactions(app, times)
    reference = f"bare SQLAlchemy transactions: {bare:,.0f}"
    return Row(
        group, "one thread in a loop, without HTTP", f"{rate:,.0f} a second", reference, f"{rate / bare:.2f}"
    )
