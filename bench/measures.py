"""Measurements without a load generator: rendering, transactions, lists, bytes."""

import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import sync_playwright
from sqlalchemy import event, text

from bench.bare import list_app
from bench.report import Row
from forum import clock
from forum.accounts.enums import Role
from forum.database import start_write
from forum.events.queries import find_current
from forum.extensions import db
from forum.registration import intake, places
from forum.registration.applicant import Applicant
from tools import organisers, servers
from tools.pages import Pages, counted_statements

PATHS = (
    "/en/",
    "/sv/register",
    "/sv/register/justice",
    "/sv/news/",
    "/sv/pages/practical",
    "/sv/pages/privacy",
)

NEWS_PATHS = (
    ("the newest posts", "/sv/news/"),
    ("the last page of the list", "/sv/news/page/1000"),
    ("a year", "/sv/news/2019/"),
    ("a month", "/sv/news/2019/05/"),
    ("search for a frequent word", "/sv/news/search?q=barn"),
    ("search for a rare word", "/sv/news/search?q=post77"),
    ("search without a hit", "/sv/news/search?q=nothingatall"),
)


def fetch(url: str, headers: dict[str, str]):
    """Send one request and return the response."""
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10)


def first_post(url: str) -> str:
    """Return the path of the first post that the news page links to."""
    return re.search(r'href="(/en/news/\d+/\d+/\d+/[^"]+)"', fetch(url, {}).read().decode())[1]


def first_sheet(url: str) -> str:
    """Return the path of the style sheet of a page."""
    return re.search(r'href="(/static/[^"]+\.css)"', fetch(url, {}).read().decode())[1]


def uncached(app: Flask, path: str, times: int) -> tuple[float, int]:
    """Return the CPU time in ms and the number of queries for rendering a page without the cache."""
    statements: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    client, kept = app.test_client(), app.extensions["page_cache"]
    client.get(path)
    statements.clear()
    began = time.process_time()
    for _ in range(times):
        kept.clear()
        client.get(path)
    return 1000 * (time.process_time() - began) / times, len(statements) // times


def transactions(app: Flask, times: int) -> tuple[float, float]:
    """Register people in one thread by calling the actions, without HTTP.

    Returns how many registrations are made per second, and the CPU time of one in ms.
    """
    with app.app_context():
        current = find_current()
        began, cpu = time.perf_counter(), time.process_time()
        for number in range(times):
            start_write(db.session)
            applicant = _applicant(number)
            sector = current.sectors[number % len(current.sectors)]
            places.lock(current)
            intake.register(current, sector, applicant, now=clock.now())
            db.session.commit()
        spent = time.process_time() - cpu
        return times / (time.perf_counter() - began), 1000 * spent / times


def _applicant(number: int) -> Applicant:
    return Applicant(
        given_name="Åsa",
        family_name=f"Bergström {number}",
        organisation=f"Exempelstads myndighet {number}",
        title="Handläggare",
        country="SE",
        language="en",
        phone=None,
        email=f"loop{number}@example.org",
        submission_key=f"loop{number}",
    )


def lists(app: Flask, group: str, times: int, answered: str) -> Iterator[Row]:
    """Measure the attendee list, filters and searches, without HTTP; `times` pages of each.

    `answered` is a filter by the answer to a question. Each page is asked for in turns with a bare list of 50 rows, and
    the report has both median times, and how many queries the page makes. The CPU time is that of this process and of
    PostgreSQL's process for it together: unlike the time, it does not grow while other programs use the cores.
    """
    with app.app_context():
        slug, pages = find_current().slug, Pages(app)
        organisers.sign_in(pages, organisers.make_user(Role.ADMIN))
        bare, spent = list_app(db.engine).test_client(), _cpu_clock()
    client = pages.client
    base = f"/console/{slug}/attendees"
    for what, path in (
        ("attendee list, the first page", base),
        ("attendee list, in the middle", f"{base}?after=B005-0000"),
        ("attendee list, filtered by sector and status", f"{base}?sector=justice&status=confirmed"),
        ("attendee list, sorted by organisation, from the end", f"{base}?sort=-organisation"),
        ("attendee list, search for a rare word", f"{base}?q=bergstrom3880"),
        ("attendee list, search for words that all have", f"{base}?q=asa+bergstrom"),
        ("attendee list, search without a hit", f"{base}?q=nobodyatall"),
        ("attendee list, filtered by an answer", f"{base}?{answered}"),
        (
            "attendee list, filtered, searched and sorted",
            f"{base}?{answered}&q=bergstrom3880&sort=-organisation",
        ),
    ):
        both = [(*_timed(client, path, spent), _timed(bare, "/", spent)[0]) for _ in range(times)]
        taken, computed, reference = (sorted(one) for one in zip(*both, strict=True))
        p50, p95 = (1000 * taken[round(share * (times - 1))] for share in (0.5, 0.95))
        cpu = 1000 * computed[round(0.95 * (times - 1))]
        least = 1000 * reference[times // 2]
        beside = f"a bare list: {least:.1f} ms", f"{p50 / least:.1f}"
        # Count the queries in a request of its own: counting would slow the timed requests.
        with counted_statements(app) as statements:
            client.get(path)
        value = f"p50 {p50:.0f}, p95 {p95:.0f} ms, of CPU p95 {cpu:.0f} ms, {len(statements)} queries"
        yield Row(group, what, value, *beside, aim="p95 ≤ 25 ms")
    size = f"{len(client.get(base).data) / 1000:.0f} kB before compression"
    yield Row(group, "the first page's size", size)


def transfers(url: str) -> Iterator[tuple[str, int, int]]:
    """Yield for each public page the number of a browser's requests and of the bytes that are transferred."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=servers.chromium_path(), args=list(servers.CHROMIUM_FLAGS)
        )
        for path in (*PATHS, first_post(f"{url}/en/news/")):
            page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
            sizes: list[int] = []
            session = page.context.new_cdp_session(page)
            session.send("Network.enable")
            session.on(
                "Network.loadingFinished",
                lambda event, sizes=sizes: sizes.append(int(event["encodedDataLength"])),
            )
            page.goto(url + path, wait_until="networkidle")
            yield path, len(sizes), sum(sizes)
        browser.close()


def _timed(client: FlaskClient, path: str, spent: Callable[[], float]) -> tuple[float, float]:
    """Fetch a page; return the seconds that it took, and the seconds of CPU time by the clock `spent`."""
    before, began = spent(), time.perf_counter()
    answer = client.get(path)
    seconds = time.perf_counter() - began
    if answer.status_code != 200:
        raise RuntimeError(f"{path}: {answer.status_code}")
    return seconds, spent() - before


def _cpu_clock() -> Callable[[], float]:
    """Return a clock of the CPU time of this process and of PostgreSQL's process for the session's connection.

    A single thread has one connection, which the pool gives back each time.
    """
    if db.engine.dialect.name != "postgresql":
        return time.process_time
    process = db.session.scalar(text("SELECT pg_backend_pid()"))
    db.session.rollback()
    # The first number in schedstat is the process's CPU time in nanoseconds. /proc/…/stat counts it in steps of 10 ms,
    # longer than a statement takes.
    told = Path(f"/proc/{process}/schedstat")
    return lambda: time.process_time() + int(told.read_text().split()[0]) / 1e9
