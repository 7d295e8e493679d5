"""Measuring the files of the attendee list: their CPU time beside that of bare loops, and the memory that they take."""

import csv
import gc
import io
import re
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import xlsxwriter
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import func, select, text

from bench import turns
from bench.crowds import TimedPages, told
from bench.report import Row, in_turns
from forum import clock
from forum.events.queries import find_current
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.registration import exports
from forum.registration.enums import ExportPurpose, ExportRecipient
from forum.registration.export_columns import Plan
from forum.registration.exports import Mark
from forum.registration.filtering import Filters
from forum.registration.kept_export_models import KeptExport
from forum.registration.models import Registration

MAKE = next(job for job in JOBS if job.name == "make exports")
COLUMNS = (
    *("reference", "family_name", "given_name", "organisation", "title", "sector_id", "country", "email"),
    *("phone", "language", "status", "requested_at"),
)
EVERYBODY = f"SELECT {', '.join(COLUMNS)} FROM registrations ORDER BY sort_key, id"
PEAK = re.compile(r"VmHWM:\s*(\d+) kB")
KEPT = {"purpose": "contact", "recipient": "office", "shape": "csv", "kept": "y"}


def exports_of_all(app: Flask, group: str) -> Iterator[Row]:
    """Stream everybody with twelve columns, beside loops that only read and write these columns."""
    for shape, name, copy, aim in (
        ("csv", "a bare csv loop", copy_as_csv, "≤ 2"),
        ("xlsx", "a bare loop of XlsxWriter", copy_as_xlsx, "≤ 1.3"),
    ):
        ours, beside, grown = [], [], []
        with app.test_request_context("/"), force_locale("en"):
            _stream(shape, limit=1)  # run once before measuring, so that caches are filled
            for _turn in range(turns.TURNS):
                seconds, (people, size), more = measured(lambda shape=shape: _stream(shape))
                ours.append(seconds)
                grown.append(more)
                beside.append(measured(lambda copy=copy: copy(db.session.execute(text(EVERYBODY))))[0])
        what = f"everybody as {shape.upper()}, {people:,} × {len(COLUMNS)}"
        yield Row(
            group,
            f"{what}, CPU time",
            f"{statistics.median(ours):.2f} s, {size / 1e6:.1f} MB",
            f"{name}: {statistics.median(beside):.2f} s",
            aim=aim,
            **in_turns(ours, beside),
        )
        yield Row(group, f"{what}, memory", f"{max(grown):+.0f} MB", aim="≤ +30 MB")


def prepared(app: Flask, pages: TimedPages, base: str, group: str) -> Iterator[Row]:
    """Have the worker prepare everybody's addresses as a file, and download the file."""
    asked = pages.get(f"{base}/export")
    pages.spent()
    asked.submit(KEPT, expect=303)
    yield Row(group, "a prepared file of everybody: asking for it", f"{1000 * pages.spent():.0f} ms")
    with app.app_context():
        people = db.session.scalar(select(KeptExport.total))
        seconds, _done, grown = measured(_make)
        yield Row(group, "the worker’s part of it, CPU time", told(seconds, people))
        yield Row(group, "the worker’s part of it, memory", f"{grown:+.0f} MB", aim="≤ +30 MB")
    page = pages.get(f"{base.removesuffix('attendees')}exports/")
    seconds, answer, _grown = measured(lambda: page.form("form[action$=take]").submit(expect=200))
    yield Row(group, "taking it, CPU time", f"{seconds:.2f} s, {len(answer.data) / 1e6:.1f} MB")


def _make() -> None:
    while run_job(MAKE):
        db.session.rollback()


def measured(act: Callable[[], object]) -> tuple[float, object, float]:
    """Call `act`; return its CPU time, its result, and by how many MB the process has grown at most while it ran."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # resets the recorded peak of memory to what is in use now
    before, began = _peak(), time.process_time()
    result = act()
    return time.process_time() - began, result, _peak() - before


def _peak() -> float:
    peak = PEAK.search(Path("/proc/self/status").read_text())
    return int(peak[1]) / 1024 if peak else 0.0


def _stream(shape: str, limit: int | None = None) -> tuple[int, int]:
    """Export everybody into a file whose bytes are not kept; return how many people and bytes the file has."""
    event = find_current()
    people = db.session.scalar(select(func.count()).where(Registration.event_id == event.id)) or 0
    told_of = (ExportPurpose.EVERYTHING, ExportRecipient.OFFICE, people)
    answer = exports.file(
        Filters(),
        Plan(ExportPurpose.EVERYTHING, COLUMNS),
        Mark(event, "Alva", clock.now(), *told_of),
        shape=shape,
    )
    size = 0
    for number, piece in enumerate(answer.iter_encoded()):
        size += len(piece)
        if number == limit:
            break
    answer.close()
    return people, size


def copy_as_csv(rows: Iterable) -> int:
    """Write the rows as CSV without changing any; return how many cells there were."""
    written, cells = io.StringIO(), 0
    writer = csv.writer(written, delimiter=";", quoting=csv.QUOTE_ALL)
    for row in rows:
        writer.writerow(row)
        cells += len(row)
    written.getvalue().encode()
    return cells


def copy_as_xlsx(rows: Iterable) -> int:
    """Write the rows with XlsxWriter without changing any; return how many cells there were."""
    book, cells = xlsxwriter.Workbook(io.BytesIO(), {"constant_memory": True}), 0
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            sheet.write_string(number, place, "" if cell is None else str(cell))
        cells += len(row)
    book.close()
    return cells
