"""The report of a benchmark: a table and JSON, with each figure beside that of its reference server."""

import json
import os
import platform
import re
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from bench import turns
from bench.load import Figures

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SPREAD = re.compile(r"±(\d+) %")
# A ratio is reported as worse than the published one only if it is so by more than this many per cent, even where the
# runs of both measurements differ by less.
LEAST_SPREAD = 10
# Rows with these names measure something else for comparison, not the forum.
BESIDE = ("without turns at computing", "the same bytes from nginx")

Key = tuple[str, str]  # the group and name of a row


@dataclass(frozen=True)
class Row:
    """One measurement; `ratio` is its ratio to `reference`, measured in the same run; `errors` are refused requests;
    `fault` says why the measurement is a failure whatever was published, or is empty.

    A smaller ratio is the worse one, unless the aim is an upper bound, the figures are durations, or `is_cost` says
    that the ratio is one of costs.
    """

    group: str
    what: str
    value: str
    reference: str = ""
    ratio: str = ""
    aim: str = ""
    errors: int = 0
    is_cost: bool = False
    fault: str = ""
    ratio_spread: float | None = (
        None  # how much the ratio differs from turn to turn, in per cent; None where it was measured once
    )

    @property
    def key(self) -> Key:
        """The group and name by which this row is found in another report."""
        return self.group, self.what

    @property
    def name(self) -> str:
        return f"{self.group}, {self.what}"

    @property
    def spread(self) -> float:
        """How much the ratio to the reference varies from turn to turn (`turns.spread`), in per cent.

        For a ratio that was measured only once, it is how much the forum's own rate varies (`Figures.spread`).
        """
        if self.ratio_spread is not None:
            return self.ratio_spread
        told = SPREAD.search(self.value)
        return float(told[1]) if told else 0.0

    def is_worse_than(self, other: "Row") -> bool:
        """Return whether this ratio is worse than that of `other` by more than the `spread` of the two rows."""
        if not self.ratio or not other.ratio or self.what.endswith(BESIDE):
            return False
        apart = float(self.ratio) / float(other.ratio) - 1
        worse = 100 * (apart if self._grows_worse() else -apart)
        return worse > max(self.spread + other.spread, LEAST_SPREAD)

    def _grows_worse(self) -> bool:
        return self.is_cost or "≤" in self.aim or self.value.startswith("p50 ")


def per_second(
    group: str, what: str, figures: Figures, reference: tuple[str, Figures] | None = None, aim: str = ""
) -> Row:
    """Return a row for a rate: the median, the spread over the runs, the 50th and 99th percentile of the durations.

    Turns that were measured apart and then combined (`load.together`) have the medians of their percentiles instead.
    """
    value = f"{figures.median:,.0f} a second ±{figures.spread:.0f} %, p50 {figures.p50:.1f}, p99 {figures.p99:.1f} ms"
    if figures.errors:
        value += f", {figures.errors} errors"
    if reference is None:
        return Row(group, what, value, aim=aim, errors=figures.errors)
    name, other = reference
    beside = f"{name}: {other.median:,.0f}"
    return Row(
        group, what, value, beside, aim=aim, errors=figures.errors, **in_turns(figures.rates, other.rates)
    )


def in_turns(ours: Sequence[float], beside: Sequence[float]) -> dict[str, str | float]:
    """Return a row's `ratio` and `ratio_spread` for our figures and the reference's, one of each a turn."""
    ratios = turns.ratios(ours, beside)
    return {"ratio": in_digits(statistics.median(ratios)), "ratio_spread": round(turns.spread(ratios), 1)}


def in_digits(ratio: float) -> str:
    """Return a ratio with two decimals, and with three significant digits where it is small.

    With two decimals 0.085 and 0.094 would both be 0.09, although they are a tenth apart.
    """
    return f"{ratio:.2f}" if ratio >= 1 else f"{ratio:#.3g}"


class Report:
    """Collects the rows and prints each when it is added."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.part = ""  # the part of the run whose rows are being added
        self._part_of: dict[Key, str] = {}
        self._group = ""

    def add(self, row: Row) -> None:
        """Add a row and print it."""
        if row.group != self._group:
            self._group = row.group
            sys.stdout.write(f"\n{row.group}\n")
        notes = "  ".join(
            part
            for part in (row.reference, row.ratio and f"ratio {row.ratio}", row.aim and f"aim {row.aim}")
            if part
        )
        sys.stdout.write(f"  {row.what:<44} {row.value:<52} {notes}\n")
        sys.stdout.flush()
        self.rows.append(row)
        self._part_of[row.key] = self.part

    def refused(self) -> list[str]:
        """Return the measurements with refused requests or another fault, in words."""
        refused = [f"{row.name}: {row.errors} requests were refused" for row in self.rows if row.errors]
        return refused + [f"{row.name}: {row.fault}" for row in self.rows if row.fault]

    def worse(self, published: Path | None) -> dict[Key, str]:
        """Return the rows whose ratio is worse than in the published JSON, in words, by their group and name."""
        before = _read(published) if published else {}
        pairs = [(row, before[row.key]) for row in self.rows if row.key in before]
        return {
            row.key: f"{row.name}: ratio {row.ratio}, published {was.ratio}"
            for row, was in pairs
            if row.is_worse_than(was)
        }

    def still_worse(self, again: "Report", published: Path | None) -> list[str]:
        """Return the rows that are worse than published here and in a second report, or refused in the second."""
        first, second = self.worse(published), again.worse(published)
        return [
            *again.refused(),
            *(f"{words}, again: {second[key]}" for key, words in first.items() if key in second),
        ]

    def missing(self, published: Path | None) -> list[str]:
        """Return the published rows with a ratio that this report lacks, in words.

        They may have been renamed, and a row with a new name is compared with nothing.
        """
        measured = {row.key for row in self.rows}
        before = _read(published) if published else {}
        return [
            f"{row.name}: published, and not measured"
            for key, row in before.items()
            if row.ratio and key not in measured
        ]

    def parts_of(self, keys: Iterable[Key]) -> list[str]:
        """Return the parts of the run in which the rows were measured, in the order of the run."""
        return list(dict.fromkeys(self._part_of[key] for key in keys))

    def save(self, folder: Path) -> Path:
        """Write the rows as JSON and return the file."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
        path.write_text(self._json())
        return path

    def publish(self, docs: Path) -> Path:
        """Write the rows into docs/benchmarks.md, between its markers, and into a JSON file; return the page's path."""
        page = docs / "benchmarks.md"
        before, _, rest = page.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        page.write_text(f"{before}{BEGIN}\n{self._tables()}\n{END}{after}")
        (docs / "benchmarks.json").write_text(self._json() + "\n")
        return page

    def _json(self) -> str:
        rows = [asdict(row) for row in self.rows]
        return json.dumps({**machine(), "rows": rows}, indent=1, ensure_ascii=False)

    def _tables(self) -> str:
        about = machine()
        where = f"{about['processor']}, {about['cores']} logical cores, Python {about['python']}"
        lines = [f"Measured on {str(about['at'])[:10]}: {where}."]
        for group, rows in groupby(self.rows, key=lambda row: row.group):
            lines += [
                "",
                f"### {group}",
                "",
                "| what | measured | beside it | ratio | aim |",
                "|---|---|---|---|---|",
            ]
            lines += [
                f"| {row.what} | {row.value} | {row.reference} | {row.ratio} | {row.aim} |" for row in rows
            ]
        return "\n".join(lines)


def _read(published: Path) -> dict[Key, Row]:
    rows = [Row(**row) for row in json.loads(published.read_text())["rows"]]
    return {row.key: row for row in rows}


def machine() -> dict[str, str | int]:
    """Return a description of the machine and the date of the measurement."""
    models = re.findall(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    return {
        "python": platform.python_version(),
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count() or 1,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
