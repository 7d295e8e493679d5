"""A file of many people takes no more memory than one of few, given at once or prepared by the worker (R26)."""

import gc
import tracemalloc
from collections.abc import Callable
from contextvars import Context

import pytest
from sqlalchemy import delete

from forum import seldom_garbage
from forum.demo import crowd
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.registration.kept_export_models import KeptExport
from tests.factories.events import NOW
from tests.factories.registrations import write

pytestmark = pytest.mark.slow  # this module is slow, because it adds thousands of people
EXPORT, FILES = "/console/nf27/attendees/export", "/console/nf27/exports/"
WHY = {"purpose": "everything", "recipient": "office"}
FEW, MANY = 1_000, 6_000
# How many more bytes may be in use at once for MANY people than for FEW; the files differ by more than a million bytes.
MORE = 500_000
OFTEN = seldom_garbage.USUAL  # how often web processes and workers collect garbage
MAKE = next(job for job in JOBS if job.name == "make exports")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def peak(act: Callable[[], int]) -> tuple[int, int]:
    """Call a function; return its result, and the most bytes that Python had in use for it at once.

    Garbage is collected as often as in a server: the test suite collects it so seldom that the peak would vary.
    """
    seldom = gc.get_threshold()
    gc.collect()
    gc.set_threshold(*OFTEN)
    tracemalloc.start()
    try:
        return act(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.set_threshold(*seldom)


def given(organiser, page, **data) -> int:
    """Send the page's form and read the file as a network would, without keeping it; return its size."""
    form = page.form() if data else page.form("form[action$=take]")

    def send() -> int:
        answer = organiser.client.post(form.target(None), data=form.values(data))
        assert answer.status_code == 200
        size = sum(map(len, answer.iter_encoded()))
        answer.close()
        return size

    # Close the answer in a context of its own, because closing it would also close the test's own database session.
    return Context().run(send)


def prepared() -> int:
    return sum(iter(lambda: run_job(MAKE), 0))


def measured(organiser) -> dict[str, tuple[int, int]]:
    told = {}
    for shape in ("csv", "xlsx"):
        page = organiser.get(EXPORT)
        given(organiser, page, **WHY, shape=shape)
        told[shape] = peak(lambda page=page, shape=shape: given(organiser, page, **WHY, shape=shape))
    organiser.get(EXPORT).submit({**WHY, "shape": "csv", "kept": "y"})
    db.session.rollback()
    told["worker"] = peak(prepared)
    page = organiser.get(FILES)
    told["taking"] = peak(lambda: given(organiser, page))
    write(lambda: db.session.execute(delete(KeptExport)))
    return told


def add(event, people: int) -> None:
    for _part in range(people // 1000):
        write(crowd.Crowd(event, NOW).add, 1000)
    write(crowd.make_room, event)


def test_memory_does_not_grow_with_the_number_of_people(organiser, event):
    add(event, FEW)
    few = measured(organiser)
    add(event, MANY - FEW)
    many = measured(organiser)
    for way, (size, most) in many.items():
        assert size > 5 * few[way][0], way
        assert most < few[way][1] + MORE, (way, most, few[way][1])
