"""The report: a table for people, JSON for machines; every figure with its reference beside it."""

import json
import platform
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.load import Figures


@dataclass(frozen=True)
class Row:
    """One measured thing; `ratio` is against `reference`, measured in the same run."""

    group: str
    what: str
    value: str
    reference: str = ""
    ratio: str = ""
    aim: str = ""


def per_second(
    group: str, what: str, figures: Figures, reference: tuple[str, Figures] | None = None, aim: str = ""
) -> Row:
    """Return a row for a rate, with its spread over the runs and its slowest hundredth."""
    value = f"{figures.median:,.0f} a second ±{figures.spread:.0f} %, p99 {figures.p99:.1f} ms"
    if figures.errors:
        value += f", {figures.errors} errors"
    if reference is None:
        return Row(group, what, value, aim=aim)
    name, other = reference
    return Row(
        group, what, value, f"{name}: {other.median:,.0f}", f"{figures.median / other.median:.2f}", aim
    )


class Report:
    """Prints each row as it comes."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._group = ""

    def add(self, row: Row) -> None:
        """Take a row and print it."""
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

    def save(self, folder: Path) -> Path:
        """Write the rows as JSON and return the file."""
        folder.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC)
        path = folder / f"{now:%Y%m%dT%H%M%S}.json"
        machine = {"python": platform.python_version(), "machine": platform.machine(), "at": now.isoformat()}
        path.write_text(
            json.dumps({**machine, "rows": [asdict(row) for row in self.rows]}, indent=1, ensure_ascii=False)
        )
        return path
