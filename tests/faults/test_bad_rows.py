"""Rows that no form would store break no page, file, mail or job of the person in the row or of anybody else (R27).

Hostile texts on pages are tested in tests/guards/test_hostile.py on both databases. This file runs on SQLite, because
only SQLite stores a NUL.
"""

import pytest
from sqlalchemy import text

from forum.database import start_write
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.outbox import delivery
from forum.registration import actions, export_columns, links
from forum.registration.enums import ExportPurpose, TokenPurpose
from forum.registration.listing import Filters
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed, write
from tests.registration.reading import kinds_for

pytestmark = pytest.mark.usefixtures("frozen")
BAD = "a\0b\u202e\ufeff\U0001f9d2" + "x" * 10_000
WORDS = ("given_name", "family_name", "organisation", "title", "phone", "search_text", "sort_key")


@pytest.fixture
def people(database):
    """Save a registration full of bad texts, and a normal one beside it."""
    event = make_event()
    bad, good = confirmed(event), confirmed(event)
    start_write(db.session)
    columns = ", ".join(f"{name} = :bad" for name in WORDS)
    db.session.execute(text(f"UPDATE registrations SET {columns} WHERE id = :id"), {"bad": BAD, "id": bad.id})  # noqa: S608
    db.session.commit()
    return bad, good


def test_own_pages_come(app, people):
    bad, _good = people
    start_write(db.session)
    token = links.issue(bad, TokenPurpose.MANAGE, now=NOW)
    db.session.commit()
    client = app.test_client()
    client.get(f"/en/r/{token}")
    paths = (
        "/en/r/",
        "/en/r/change",
        "/en/r/cancel",
        "/en/r/own-data",
        "/en/r/own-data?format=json",
        "/en/r/forum.ics",
    )
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_file_has_both(app, people):
    bad, good = people
    with app.test_request_context("/console/"):
        plan = export_columns.needed(bad.event, ExportPurpose.EVERYTHING)
        rows = list(export_columns.rows(plan, bad.event, Filters()))
    assert {row[0] for row in rows} == {bad.reference, good.reference}


def test_mail_is_made_and_jobs_go_on(app, people, caplog):
    bad, good = people
    delivery.deliver_due()
    write(actions.cancel, db.session.get(Registration, bad.id), actor="person", now=NOW)
    write(actions.cancel, db.session.get(Registration, good.id), actor="person", now=NOW)
    assert (kinds_for(bad)[-1], kinds_for(good)[-1]) == ("cancelled", "cancelled")
    for job in JOBS:
        run_job(job)
    assert [record.getMessage() for record in caplog.records if record.name == "forum.worker"] == []
    db.session.rollback()
    assert delivery.deliver_due() == 2
