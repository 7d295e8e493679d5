"""Load generators: `wrk` for pages, and a client for registrations. Each run has a limit of time or number."""

import html
import http.client
import multiprocessing
import random
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email.message import Message
from multiprocessing.pool import Pool
from urllib.parse import urlencode, urlsplit

GIVEN_NAMES = (
    "Åsa",
    "Björn",
    "Cecilia",
    "Dag",
    "Elín",
    "Þorsteinn",
    "Frida",
    "Göran",
    "Hanne",
    "Ilkka",
    "Jóhanna",
    "Käthe",
)
FAMILY_NAMES = (
    "Ahlström",
    "Bækkelund",
    "Dahl",
    "Eskelinen",
    "Guðmundsdóttir",
    "Hämäläinen",
    "Iversen",
    "Östlund",
    "Łukasik",
)
PROCESSES = 4  # how many processes of the load generator send registrations
SECTORS = ("politics", "justice", "tech", "ngo", "other")
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
# Matches a field of an event's own questions in the form's HTML: its name, and for a choice also its value.
ASKED = re.compile(r'<(?:input|textarea)[^>]* name="(q-[^"]+)"(?: value="([^"]*)")?')
TYPED = "2"


class NoWrk(RuntimeError):
    """`wrk` is not installed."""


@dataclass
class Figures:
    """The results of repeated runs of one measurement."""

    rates: list[float] = field(default_factory=list)
    p50: float = 0.0
    p99: float = 0.0
    errors: int = 0
    number: int = 0  # how many registrations all runs made together
    client_seconds: float = 0.0  # the CPU time that the load generator itself used for the registrations

    @property
    def median(self) -> float:
        return statistics.median(self.rates)

    @property
    def spread(self) -> float:
        """Half the difference between the slowest and the fastest run, in per cent of the median."""
        return 50 * (max(self.rates) - min(self.rates)) / self.median


@dataclass(frozen=True)
class Asked:
    """What `wrk` asks for: a URL, and request headers."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


def pages(asked: Mapping[str, Asked], *, seconds: int = 3) -> dict[str, Figures]:
    """Request each page over 16 connections, as fast as its server answers; return the figures by the page's name."""
    return {name: _ask_for_a_while(each, seconds) for name, each in asked.items()}


def together(taken: Sequence[Mapping[str, Figures]]) -> dict[str, Figures]:
    """Combine the figures of several turns, name by name: all rates, medians of percentiles, sums of the rest."""
    return {name: _together([turn[name] for turn in taken]) for name in taken[0]}


def registrations(urls: dict[str, str], *, clients: int, total: int, runs: int = 3) -> dict[str, Figures]:
    """Make `total` registrations, each of four requests, with `clients` at once.

    The compared servers are measured alternately, run by run, so that a slow minute of the machine affects all.
    """
    figures = {name: Figures() for name in urls}
    times: dict[str, list[float]] = {name: [] for name in urls}
    with multiprocessing.Pool(min(clients, PROCESSES)) as pool:
        for _ in range(runs):
            for name, url in urls.items():
                times[name] += _round(pool, url, [total // clients] * clients, figures[name])
    for name, taken in times.items():
        taken.sort()
        figures[name].p50, figures[name].p99 = (
            1000 * taken[len(taken) // 2],
            1000 * taken[len(taken) * 99 // 100],
        )
    return figures


def _ask_for_a_while(asked: Asked, seconds: int) -> Figures:
    program = shutil.which("wrk")
    if program is None:
        raise NoWrk("install wrk (Debian: apt-get install wrk)")
    headers = [part for name, value in asked.headers.items() for part in ("-H", f"{name}: {value}")]
    command = [program, "-t1", "-c16", f"-d{seconds}s", "--latency", *headers, asked.url]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    half, slow = (re.search(rf"^ +{share}% +(\S+)", output, re.MULTILINE)[1] for share in (50, 99))
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    return Figures(
        [float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])],
        _milliseconds(half),
        _milliseconds(slow),
        int(refused[1]) if refused else 0,
    )


def _together(runs: list[Figures]) -> Figures:
    return Figures(
        [rate for run in runs for rate in run.rates],
        statistics.median(run.p50 for run in runs),
        statistics.median(run.p99 for run in runs),
        sum(run.errors for run in runs),
        sum(run.number for run in runs),
        sum(run.client_seconds for run in runs),
    )


def _round(pool: Pool, url: str, each: list[int], figures: Figures) -> list[float]:
    """Let each client make its number of registrations; return the seconds that each registration took."""
    batches = [(url, each[start::PROCESSES]) for start in range(min(len(each), PROCESSES))]
    began, times = time.perf_counter(), []
    for taken, errors, seconds in pool.imap_unordered(_walk_in_thread_batches, batches):
        times += taken
        figures.errors += errors
        figures.client_seconds += seconds
    figures.number += sum(each)
    figures.rates.append(sum(each) / (time.perf_counter() - began))
    return times


def _walk_in_thread_batches(batch: tuple[str, list[int]]) -> tuple[list[float], int, float]:
    """Make registrations in several threads; return their durations, the number of failures, and the CPU time."""
    url, counts = batch
    began = time.process_time()
    with ThreadPoolExecutor(len(counts)) as pool:
        results = list(pool.map(lambda number: _walk(url, number), counts))
    times = [seconds for taken, _ in results for seconds in taken]
    return times, sum(errors for _, errors in results), time.process_time() - began


def _walk(url: str, number: int) -> tuple[list[float], int]:
    """Make `number` registrations one after the other; return their durations and the number of failures."""
    taken, errors = [], 0
    for _ in range(number):
        began = time.perf_counter()
        errors += not register(url)
        taken.append(time.perf_counter() - began)
    return taken, errors


def register(url: str, address: str = "") -> bool:
    """Make one registration as a new visitor, with a random address if none is given; return whether it succeeded."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    path = f"/sv/register/{random.choice(SECTORS)}"
    connection.request("GET", path)
    answer = connection.getresponse()
    cookie, form = answer.headers["Set-Cookie"].split(";")[0], answer.read().decode()
    answers = {
        **_hidden(form),
        **_answers(form),
        "given_name": random.choice(GIVEN_NAMES),
        "family_name": random.choice(FAMILY_NAMES),
        "email": address or f"{random.getrandbits(80):x}@example.org",
        "organisation": f"Exempelmyndigheten {random.randrange(400)}",
        "country": "SE",
        "language": "sv",
    }
    answer = _ask(connection, "POST", f"{path}/check", cookie, answers)
    if answer.status == 303:
        # Send the cookie of this answer with the next requests: it holds the encrypted answers of the form.
        cookie += "; " + answer.headers["Set-Cookie"].split(";")[0]
        check = _ask(connection, "GET", f"{path}/check", cookie)
        answer = _ask(connection, "POST", path, cookie, _hidden(check.page))
    connection.close()
    return answer.status == 303


@dataclass
class Answer:
    """A response: status, headers and body."""

    status: int
    headers: Message
    page: str


def _ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    cookie: str,
    data: dict[str, str] | None = None,
) -> Answer:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    connection.request(method, path, urlencode(data) if data else None, headers)
    answer = connection.getresponse()
    return Answer(answer.status, answer.headers, answer.read().decode())


def _hidden(page: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in HIDDEN.findall(page)}


def _answers(page: str) -> dict[str, str]:
    """Return an answer to each of the event's own questions: the last choice, or a text that is also a valid number."""
    return {name: html.unescape(value) or TYPED for name, value in ASKED.findall(page)}


def _milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
