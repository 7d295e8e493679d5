"""A list of people is whole or absent after a process that made it was killed, never a part of one (R12, R26)."""

import pytest
from sqlalchemy import func, select

from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.audit.queries import REGISTRATIONS_EXPORTED
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.registration import kept_exports
from forum.registration.kept_export_models import KeptExport, KeptExportPart
from tests.factories.registrations import confirmed

pytestmark = pytest.mark.slow  # this module is slow, because each list is made by processes that are killed
LIST, FILES = "/console/nf27/attendees", "/console/nf27/exports/"
WHY = {"recipient": "office"}
NAMES = ("Åberg", "=1+1", "Øst", "Ŧŋ", "Zzz")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def page(organiser, event):
    """Give the page that asks why a list of five people is exported."""
    for name in NAMES:
        confirmed(event, family_name=name, phone="+46 8 123")
    return organiser.get(f"{LIST}/export")


def lists() -> list[tuple[int, int, bool]]:
    """Return for each prepared list how many people it has so far, how many parts it has, and whether it is ready."""
    db.session.rollback()
    parts = select(func.count()).where(KeptExportPart.export_id == KeptExport.id, KeptExportPart.number >= 0)
    query = select(KeptExport.done, parts.scalar_subquery(), KeptExport.ready_at.is_not(None))
    return [tuple(row) for row in db.session.execute(query)]


def recorded() -> int:
    """Return how many exports the audit trail records; fail if its chain is broken."""
    db.session.rollback()
    assert audit.verify() is None
    asked = AuditEntry.action == REGISTRATIONS_EXPORTED
    return db.session.scalar(select(func.count()).select_from(AuditEntry).where(asked))


@pytest.mark.parametrize("shape", ["csv", "xlsx"])
def test_a_killed_worker_goes_on_with_a_prepared_list(organiser, page, crash, monkeypatch, shape):
    """After a kill at each commit nobody is given a part; the next run makes the same file as an immediate export."""
    why = {**WHY, "purpose": "everything", "shape": shape}
    at_once = page.submit(why, expect=200)
    page.submit({**why, "kept": "y"})
    came = []
    for moment in ("before", "after", "before", "after"):
        assert crash("make exports", moment, 1)
        came += lists()
        assert organiser.get(FILES).soup.select("form[action$=take]") == []
    assert came == [(0, 0, False), (2, 1, False), (2, 1, False), (4, 2, False)]
    monkeypatch.setattr(kept_exports, "ROWS_AT_ONCE", 2)
    run_job(next(job for job in JOBS if job.name == "make exports"))
    assert lists() == [(5, 3, True)]
    assert organiser.get(FILES).form("form[action$=take]").submit(expect=200).data == at_once.data


@pytest.mark.parametrize(("moment", "kept"), [("before", 0), ("after", 1)])
def test_a_list_is_asked_for_completely_or_not_at_all(page, press, moment, kept):
    assert press(page, None, moment, 1, **WHY, purpose="door", shape="xlsx", kept="y")
    assert (lists(), recorded()) == ([(0, 0, False)] * kept, kept)
    people = db.session.scalars(select(KeptExport.people)).all()
    assert list(map(len, people)) == [len(NAMES)] * kept


@pytest.mark.parametrize(("moment", "recorded_then"), [("before", 0), ("after", 1)])
def test_a_door_list_is_recorded_before_it_is_given_and_nothing_of_it_stays(
    page, press, tmp_path, moment, recorded_then
):
    """A killed server gives no PDF: a list may be recorded without being given, but is never given without a record."""
    assert press(page, None, moment, 1, **WHY, purpose="door", shape="pdf")
    assert (recorded(), lists()) == (recorded_then, [])
    left = [path for path in tmp_path.rglob("*") if path.is_file() and b"%PDF" in path.read_bytes()]
    assert left == []
