"""Registering over HTTP, measured alternately on an empty forum, on one with many registrations, and on one that
does not serialise requests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from flask import Flask

from bench import filling, load, loop, measures, serving
from bench.filling import Asks
from bench.load import Figures
from bench.report import Report, Row, in_digits, in_turns, per_second
from tools import servers

AIMS = {"SQLite": "≥ 80 a second, p99 ≤ 400 ms", "PostgreSQL": "≥ 60 a second, p99 ≤ 400 ms"}
# For each load: how many clients register at once, and how many registrations a run makes.
LOADS = ((1, 200), (8, 400), (64, 512))
EMPTY, FULL, FREE = "empty", "full", "without-turns"
BESIDE_CORE = ((Asks.DEMO, "the demo's questions", ""), (Asks.TEN_MORE, "ten questions more", "≥ 0.85"))


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


def measure_questions(report: Report, folder: Path, quick: bool) -> None:
    """Compare forms on SQLite, in turns: with the core questions alone, with the demo's as well, with ten more.

    The clients answer every question.
    """
    group, runs = "Registrations with more questions, on SQLite", 1 if quick else 3
    with ExitStack() as stack:
        forums = {}
        for asks in Asks:
            place = folder / asks.name
            place.mkdir()
            url = f"sqlite:///{place / 'forum.sqlite3'}"
            filling.new_app(place, url, asks=asks)
            forums[asks.name] = stack.enter_context(serving.forum(place, url))
        urls = {name: forum.url for name, forum in forums.items()}
        for clients, total in LOADS[:2]:
            taken: list[dict[str, Figures]] = []
            cpu: dict[str, list[float]] = {name: [] for name in forums}
            for _turn in range(runs):
                before = {name: forum.cpu_seconds() for name, forum in forums.items()}
                taken.append(load.registrations(urls, clients=clients, total=64 if quick else total, runs=1))
                for name, forum in forums.items():
                    milliseconds = 1000 * (forum.cpu_seconds() - before[name])
                    cpu[name].append(milliseconds / taken[-1][name].number)
            figures = load.together(taken)
            who, core = f"{clients} client{'s' if clients > 1 else ''}", figures[Asks.CORE.name]
            report.add(per_second(group, f"{who}, core questions", core))
            for asks, what, aim in BESIDE_CORE:
                beside = ("core questions", core)
                report.add(per_second(group, f"{who}, {what}", figures[asks.name], beside, aim))
                report.add(_cpu_row(group, f"{who}, {what}, CPU time", cpu[asks.name], cpu[Asks.CORE.name]))


def _cpu_row(group: str, what: str, milliseconds: list[float], core: list[float]) -> Row:
    told = f"{median(milliseconds):.1f} ms in the forum's processes"
    beside = f"core questions: {median(core):.1f} ms"
    return Row(group, what, told, beside, aim="≤ 1.15", **in_turns(milliseconds, core))


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
    """Yield the report's rows for one load; `cpu` is the CPU time of the empty forum's processes in seconds."""
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
    """Return the report's row for registering without HTTP; ratio: CPU time of a bare transaction / the forum's."""
    bare = loop.transactions(bare_url, times)
    rate, own = measures.transactions(app, times)
    value, beside = (
        f"{own:.1f} ms of CPU, {rate:,.0f} a second",
        f"a bare SQLAlchemy transaction: {bare:.1f} ms",
    )
    return Row(group, "without HTTP, CPU time of a registration", value, beside, in_digits(bare / own))
