"""Measuring what organisers do besides reading the list: a filter by answers, files, many people at once, an import."""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator

from flask import Flask
from sqlalchemy import func, select, text

from bench import filling, turns
from bench.crowds import TimedPages, told
from bench.files import copy_as_csv, copy_as_xlsx, exports_of_all, prepared
from bench.report import Row, in_turns
from forum import clock
from forum.accounts.enums import Role
from forum.database import start_write
from forum.events.queries import find_current
from forum.extensions import db
from forum.imports import table_work
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.questions.enums import QuestionKind
from forum.registration.models import Registration
from forum.tasks.models import TaskPerson
from tools import organisers
from tools.page_forms import Form

JOBS_OF_TASKS = [job for job in JOBS if job.name in ("work off tasks", "end tasks")]
COLUMNS = "reference, status, given_name, family_name, organisation, title, country, email, phone, language"
# Export two sectors only: the worker, not the request, makes a list of more than 50,000 people.
SECTORS = "sector=politics&sector=justice"
SOME = "organisation=Exempelmyndigheten+7&organisation=Exempelmyndigheten+8"
IMPORTED = {"sector": "ngo", "country": "SE", "language": "sv", "links": "send", "if_full": "wait"}
IMPORTED |= {"which": "good", "reason": "Our list of last year.", "organisation": ""}
HEADINGS = "Förnamn;Efternamn;E-post;Organisation;Sektor;Land;Telefon"


def sign_in(app: Flask) -> tuple[TimedPages, str]:
    """Return an admin's browser and the address of the current event's attendee list."""
    with app.app_context():
        pages = TimedPages(app)
        organisers.sign_in(pages, organisers.make_user(Role.ADMIN))
        return pages, f"/console/{find_current().slug}/attendees"


def answers(app: Flask) -> str:
    """Let every third person answer a question with choices; return the URL's filter for one of the choices."""
    with app.app_context():
        start_write(db.session)
        question = filling.question(find_current(), 200, QuestionKind.ONE_OF)
        db.session.add(question)
        db.session.flush()
        some = db.session.scalars(select(Registration.id).where(Registration.id % 3 == 0)).all()
        filling.add_answers(question, {each: filling.CHOSEN[each % 2] for each in some})
        db.session.commit()
        return f"answer={question.key}:{filling.CHOSEN[0]}"


def exports(app: Flask, group: str) -> Iterator[Row]:
    """Export everybody with twelve columns, two sectors with every column, and everybody by the worker."""
    yield from exports_of_all(app, group)
    yield from _every_column(app, group)
    yield from prepared(app, *sign_in(app), group)


def _every_column(app: Flask, group: str) -> Iterator[Row]:
    """Compare an export with every column with a bare loop that copies twelve columns: CPU time of a million cells.

    Each turn signs in anew: files are given to those who have entered their second factor within five minutes, and all
    turns together may take longer.
    """
    cells = 0
    for shape, name, copy in (
        ("csv", "a bare csv loop", copy_as_csv),
        ("xlsx", "a bare loop of XlsxWriter", copy_as_xlsx),
    ):
        chosen, taken, beside = {"purpose": "everything", "recipient": "office", "shape": shape}, [], []
        _export_form(app).submit(chosen, expect=200)  # run once before measuring, so that caches are filled
        for _turn in range(turns.TURNS):
            form = _export_form(app)
            began = time.process_time()
            answer = form.submit(chosen, expect=200)
            taken.append(time.process_time() - began)
            beside.append(_bare(app, copy))
        lines = answer.data.splitlines() if shape == "csv" else []
        # The CSV file and the XLSX file have the same cells, so those of the CSV file are counted.
        cells = cells or (len(lines) - 1) * (lines[0].count(b";") + 1)
        millions, seconds = [1e6 * each / cells for each in taken], statistics.median(taken)
        bare, here = statistics.median(beside), statistics.median(millions)
        yield Row(
            group,
            f"export of every column as {shape.upper()}, CPU time",
            f"{cells:,} cells, {len(answer.data) / 1000:,.0f} kB in {seconds:.1f} s",
            f"{name}, for a million cells {bare:.2f} s, here {here:.2f}",
            # No ratio is aimed at for CSV: unlike the bare loop, the export also reads other tables, such as consents.
            # Reading them takes long beside writing CSV, and little beside writing XLSX.
            aim="" if shape == "csv" else "≤ 1.3",
            is_cost=True,
            **in_turns(millions, beside),
        )


def _export_form(app: Flask) -> Form:
    pages, base = sign_in(app)
    return pages.get(f"{base}/export?{SECTORS}").form()


def _bare(app: Flask, copy: Callable[[Iterable], int]) -> float:
    with app.app_context():
        began = time.process_time()
        rows = db.session.execute(text(f"SELECT {COLUMNS}, requested_at, confirmed_at FROM registrations"))
        cells = copy(rows)
        return 1e6 * (time.process_time() - began) / cells


def many(app: Flask, group: str) -> Iterator[Row]:
    """Measure tagging everybody of two organisations: the page that asks, the start of the task, the worker's work."""
    pages, base = sign_in(app)
    pages.get(base)
    pages.spent()
    asked = pages.get(f"{base}/many/tag?whom=all&{SOME}")
    yield Row(group, "tagging people: the page that says how many", f"{1000 * pages.spent():.0f} ms")
    asked.submit({"tags": "bench"}, expect=303)
    yield Row(group, "starting it", f"{1000 * pages.spent():.0f} ms")
    began = time.perf_counter()
    with app.app_context():
        while any(run_job(job) for job in JOBS_OF_TASKS):
            db.session.rollback()
        done = db.session.scalar(select(func.count()).where(TaskPerson.outcome == "done"))
    yield Row(group, "the worker's part", told(time.perf_counter() - began, done))


def imports(app: Flask, group: str, number: int) -> Iterator[Row]:
    """Measure an import of people from pasted rows: choosing the columns, the dry run, and the import itself."""
    pages, base = sign_in(app)
    page = pages.get(f"{base.removesuffix('/attendees')}/imports/new")
    pages.spent()
    columns = page.submit({"lines": table("import", number)}, button="Go on to the columns", expect=200)
    yield Row(group, "importing: the columns", told(pages.spent(), number))
    dry = columns.submit(IMPORTED, button="Look at what would happen", expect=200)
    yield Row(group, "the dry run", told(pages.spent(), number))
    dry.submit(button=f"Import {number} people", expect=303)
    yield Row(group, "importing them, with a message each", told(pages.spent(), number))


def long_import(app: Flask, group: str, number: int) -> Iterator[Row]:
    """Measure the worker's check and import of a long table, and its longest part, for which other writers wait."""
    pages, base = sign_in(app)
    page = pages.get(f"{base.removesuffix('/attendees')}/imports/new")
    file = table("long", number).encode()
    columns = page.submit(files={"file": file}, button="Go on to the columns", follow=True)
    columns.submit(IMPORTED, button="Look at what would happen", follow=True)
    yield Row(group, "a long table: the worker's dry run", told(sum(_parts(app)), number))
    pages.get(columns.path).submit(button=f"Import {number} people", follow=True)
    # The import begins with a check of the whole table, which holds no lock.
    check, *parts = _parts(app)
    yield Row(group, "the worker's import, with a message each", told(check + sum(parts), number))
    yield Row(group, "the longest part, during which nobody else writes", f"{1000 * max(parts):.0f} ms")


def table(name: str, number: int) -> str:
    """Return a table of people as text; two tables with different names have different people."""
    # Give each person another name: an import leaves out people with the name and organisation of a registered person.
    rows = (
        f"{name.title()};Ek {each};{name}{each}@example.org;Tinget;ngo;Norge;\n" for each in range(number)
    )
    return f"{HEADINGS}\n{''.join(rows)}"


def _parts(app: Flask) -> list[float]:
    """Let the worker go on with a long table until nothing is left to do; return the seconds of each part."""
    taken = []
    with app.app_context():
        while tables := table_work.list_next(now=clock.now()):
            began = time.perf_counter()
            start_write(db.session)
            table_work.work(tables[0], now=clock.now())
            db.session.commit()
            taken.append(time.perf_counter() - began)
    return taken
