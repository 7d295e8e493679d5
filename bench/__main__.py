"""`make bench`: run the benchmarks and print each figure beside that of a reference server.

ARGS=--quick is a short run; ARGS="pages lists" measures only these parts; ARGS=--publish writes docs/benchmarks.md.
A part with a ratio that is worse than the published ratio by more than the runs of the two measurements differ is
measured once more. The exit status is 1 when a ratio is worse both times, when a request was refused, or when a whole
run lacks a published ratio.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from bench import crowds, desk, filling, load, mails, measures, registering, serving, statements
from bench.load import Asked
from bench.report import Report, Row, per_second
from bench.turns import TURNS
from forum.commands.preparing import compile_translations
from tools import servers

PARTS = (
    "start",
    "pages",
    "registrations",
    "questions",
    "lists",
    "statements",
    "crowds",
    "mails",
    "news",
    "bytes",
)
RESULTS = serving.PROJECT / "bench/results"
BARE, FRONT = "bare Flask view", "front page, cached, compressed"
PACKED = {"Accept-Encoding": "br"}


def main() -> None:
    """Measure the parts that the command line names, or all parts when it names none."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure")
    parser.add_argument("--quick", action="store_true", help="shorter and fewer runs")
    parser.add_argument("--publish", action="store_true", help="write the figures into docs/benchmarks.md")
    arguments = parser.parse_args()
    if arguments.publish and (arguments.parts or arguments.quick):
        parser.error("what is published is a whole run")
    # Compile first: without translations all pages would be in English, and faster to render.
    compile_translations(serving.PROJECT)
    report = _measure(arguments.parts or PARTS, arguments.quick)
    # A quick run has too few measurements to be compared with a published whole run.
    published = None if arguments.quick else serving.PROJECT / "docs/benchmarks.json"
    faults = [*report.refused(), *([] if arguments.parts else report.missing(published))]
    if worse := report.worse(published):
        parts = report.parts_of(worse)
        sys.stdout.write("\n".join(["", *worse.values(), f"So once more: {', '.join(parts)}.", ""]))
        faults += report.still_worse(_measure(parts, arguments.quick), published)
    if arguments.publish:
        report.publish(serving.PROJECT / "docs")
    print(f"\nwritten to {report.save(RESULTS).relative_to(serving.PROJECT)}")
    if faults:
        raise SystemExit(
            "\n".join(["Refused requests, or ratios worse than the published ones or missing:", *faults])
        )


def _measure(parts: Sequence[str], quick: bool) -> Report:
    report = Report()
    with tempfile.TemporaryDirectory(prefix="forum-bench-") as name:
        Path(name).chmod(0o755)  # nginx runs as another user and has to read a page in this folder
        for part in parts:
            folder = Path(name) / part
            folder.mkdir()
            report.part = part
            globals()[f"measure_{part}"](report, folder, quick)
    return report


def measure_start(report: Report, folder: Path, quick: bool) -> None:
    """Measure the time from the start to the first page, and the memory."""
    url = f"sqlite:///{folder / 'forum.sqlite3'}"
    filling.new_app(folder, url)
    with serving.forum(folder, url, web_only=False) as server:
        load.pages({"front": Asked(f"{server.url}/en/")}, seconds=1)
        sizes, whole = server.memory(), server.proportional_memory()
        report.add(Row("Start", "from the command to the first page", f"{server.seconds:.1f} s", aim="≤ 2 s"))
        report.add(
            Row(
                "Start",
                "memory of each process, after load",
                ", ".join(f"{size:.0f} MB" for size in sizes),
                aim="≤ 120 MB a worker",
            )
        )
        report.add(Row("Start", "memory of all processes, what they share counted once", f"{whole:.0f} MB"))


def measure_pages(report: Report, folder: Path, quick: bool) -> None:
    """Measure cached pages, 304 answers and rendered pages, beside a minimal Flask view and nginx."""
    url, runs, seconds = f"sqlite:///{folder / 'forum.sqlite3'}", 2 if quick else 5, 1 if quick else 3
    app = filling.new_app(folder, url)
    with ExitStack() as stack:
        server = stack.enter_context(serving.forum(folder, url))
        asked = _kept_pages(server.url)
        body = measures.fetch(f"{server.url}/en/", PACKED).read()
        if other := stack.enter_context(serving.nginx(folder / "nginx", body)):
            asked["the same bytes from nginx"] = Asked(f"{other.url}/index.html")
        turns = []
        for _ in range(runs):
            # Start the reference server anew for each turn: one process may be a quarter faster than the next one.
            with serving.bare_flask() as bare:
                turns.append(load.pages({BARE: Asked(f"{bare.url}/"), **asked}, seconds=seconds))
        figures = load.together(turns)
        for what in asked:
            aim = "≥ 2.0" if what == FRONT else ""
            report.add(per_second("Pages", what, figures[what], (BARE, figures[BARE]), aim))
    milliseconds, queries = measures.uncached(app, "/en/", 20 if quick else 200)
    value = f"{milliseconds:.1f} ms of CPU, {queries} queries"
    report.add(Row("Pages", "front page, rendered", value, aim="≤ 6 ms, ≤ 8 queries"))


def _kept_pages(forum: str) -> dict[str, Asked]:
    front = f"{forum}/en/"
    unchanged = {**PACKED, "If-None-Match": measures.fetch(front, PACKED).headers["ETag"]}
    return {
        FRONT: Asked(front, PACKED),
        "front page, 304": Asked(front, unchanged),
        "post, cached, compressed": Asked(forum + measures.first_post(f"{forum}/en/news/"), PACKED),
        "style sheet, compressed": Asked(forum + measures.first_sheet(front), PACKED),
    }


def measure_registrations(report: Report, folder: Path, quick: bool) -> None:
    """Measure complete registrations over HTTP, on both databases, empty and with 20,000 registrations."""
    registering.measure(report, folder, quick)


def measure_questions(report: Report, folder: Path, quick: bool) -> None:
    """Measure what an event's own questions cost a registration over HTTP."""
    registering.measure_questions(report, folder, quick)


def measure_lists(report: Report, folder: Path, quick: bool) -> None:
    """Measure the organisers' list, files of it, acts on many people and an import, on both databases."""
    number, times = (2_000, 5) if quick else (100_000, 40)
    with servers.run_postgres(durable=True) as server:
        for name, url in (
            ("SQLite", f"sqlite:///{folder / 'forum.sqlite3'}"),
            ("PostgreSQL", server.url(server.create())),
        ):
            (folder / name).mkdir()
            app = filling.new_app(folder / name, url)
            filling.add_registrations(app, number)
            group = f"Console with {number:,} registrations, {name}"
            for row in chain(
                measures.lists(app, group, times, desk.answers(app)),
                desk.exports(app, group),
                desk.many(app, group),
                desk.imports(app, group, 20 if quick else 500),
                desk.long_import(app, group, 600 if quick else 2_000),
            ):
                report.add(row)


def measure_statements(report: Report, folder: Path, quick: bool) -> None:
    """Count the SQL statements of each act on the list, for three people and for many, on both databases."""
    number = 2_000 if quick else 100_000
    with servers.run_postgres() as server:
        for name, url in (
            ("SQLite", f"sqlite:///{folder / 'forum.sqlite3'}"),
            ("PostgreSQL", server.url(server.create())),
        ):
            (folder / name).mkdir()
            app = filling.new_app(folder / name, url)
            for row in statements.rows(app, f"SQL statements of the attendee list, {name}", number):
                report.add(row)


def measure_crowds(report: Report, folder: Path, quick: bool) -> None:
    """Measure 200 invitations from a table, a review of 500 people and a delegation of 20, on both databases."""
    invited, reviewed = (20, 50) if quick else (200, 500)
    with servers.run_postgres(durable=True) as server:
        for name, url in (
            ("SQLite", f"sqlite:///{folder / 'forum.sqlite3'}"),
            ("PostgreSQL", server.url(server.create())),
        ):
            (folder / name).mkdir()
            app = filling.new_app(folder / name, url)
            for what, value in crowds.invitations(app, invited):
                report.add(Row(f"{invited} invitations at once, {name}", what, value))
            for what, value in crowds.review(app, reviewed):
                report.add(Row(f"{reviewed} people in review, {name}", what, value))
            for what, value in crowds.delegation(app, 20):
                report.add(Row(f"A delegation of 20, {name}", what, value))


def measure_mails(report: Report, folder: Path, quick: bool) -> None:
    """Measure making and sending mails to many people, and the memory for few and for many, on both databases.

    Measure, too, how soon a mail for which somebody waits leaves while a message to many is being sent.
    """
    number, many = (100, 1_000) if quick else (1_000, 20_000)
    with servers.run_postgres(durable=True) as server, mails.sink() as sink:
        for name in ("SQLite", "PostgreSQL"):
            group = f"Mails to many, {name}"
            for people in (number, many):
                place = folder / f"{name}-{people}"
                place.mkdir()
                is_file = name == "SQLite"
                url = f"sqlite:///{place / 'forum.sqlite3'}" if is_file else server.url(server.create())
                app = filling.new_app(place, url)
                # Add more people than mails are measured: a first batch is sent before the measurement, and each turn
                # sends whole batches.
                filling.add_registrations(app, people + 2 * number + 2 * TURNS * mails.BATCH)
                if people == number:
                    for row in mails.rows(app, sink.port, number, group):
                        report.add(row)
                else:
                    grown = mails.send(app, sink.port, number).grown
                    what = f"memory, {number:,} mails while {people:,} wait"
                    report.add(Row(group, what, f"{grown:+.1f} MB", aim="≤ +10 MB"))
                    report.add(mails.confirming(place, url, sink, group, people))


def measure_news(report: Report, folder: Path, quick: bool) -> None:
    """Measure lists, archive and search of many posts, rendered anew, on both databases."""
    number = 1_000 if quick else 10_000
    with servers.run_postgres() as server:
        for name, url in (
            ("SQLite", f"sqlite:///{folder / 'forum.sqlite3'}"),
            ("PostgreSQL", server.url(server.create())),
        ):
            (folder / name).mkdir()
            app = filling.new_app(folder / name, url)
            filling.add_posts(app, number)
            for what, path in measures.NEWS_PATHS:
                milliseconds, queries = measures.uncached(app, path, 5)
                value = f"{milliseconds:.0f} ms of CPU, {queries} queries"
                report.add(Row(f"News with {number:,} posts, {name}", what, value, aim="≤ 8 queries"))


def measure_bytes(report: Report, folder: Path, quick: bool) -> None:
    """Count the requests and bytes of each public page for a browser with an empty cache."""
    url = f"sqlite:///{folder / 'forum.sqlite3'}"
    filling.new_app(folder, url)
    with serving.forum(folder, url) as server:
        for path, requests, size in measures.transfers(server.url):
            aim = "≤ 100 kB, ≤ 6 requests"
            report.add(
                Row(
                    "Bytes of a page in a browser",
                    path,
                    f"{size / 1000:.1f} kB in {requests} requests",
                    aim=aim,
                )
            )


if __name__ == "__main__":
    main()
