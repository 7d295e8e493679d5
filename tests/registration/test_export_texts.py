"""Whole columns of texts for CSV files say exactly what the cells of the exported rows say, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from forum.events.models import Event
from forum.extensions import db
from forum.people import notes
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer
from forum.registration import export_columns, export_texts, streaming
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save

# Time zones whose offset is no whole number of hours or changes by half an hour, and the event's usual time zone.
ZONES = ("Europe/Stockholm", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns")
GIVEN = {
    QuestionKind.TEXT: ("=1+1", "5", None),
    QuestionKind.NUMBER: (0, 7, None),
    QuestionKind.YES_NO: ("yes", "no", "gone"),
    QuestionKind.SEVERAL_OF: (["one", "two"], ["gone"], []),
    QuestionKind.DATE: ("2027-05-03", "soon", None),
    QuestionKind.COUNTRY: ("SE", "??", None),
    QuestionKind.FILE: ({"key": "k", "name": "cv.pdf", "size": 20480}, None, None),
}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def fill(event: Event) -> None:
    people = [
        confirmed(
            event, "ngo", family_name="Ek; Öst", phone="+46 8 123", organisation="@Ø, =x", country="FO"
        ),
        confirmed(event, family_name="'t Hooft", title="-\u200bchef", language="sv"),
        register(event, "tech", family_name="Ängström", organisation=""),
    ]
    for kind, values in GIVEN.items():
        choices = ("one", "two") if kind == QuestionKind.SEVERAL_OF else ()
        asked = make_question(event, kind.replace("_", "-"), kind, choices=choices)
        rows = zip(people, values, strict=True)
        save(*(Answer(registration_id=one.id, question_id=asked.id, value=value) for one, value in rows))
    write(notes.set_tags, people[0], ["vip", "press"], actor="command", now=NOW)


def in_rows(event: Event, plan: export_columns.Plan) -> list[tuple[str, ...]]:
    """Return the texts of the cells, row by row."""
    rows = export_columns.rows(plan, event, Filters())
    return [tuple(export_texts.plain(cell) or "" for cell in row) for row in rows]


def in_columns(event: Event, plan: export_columns.Plan) -> list[tuple[str, ...]]:
    """Return the texts of the columns, row by row."""
    return [row for batch in export_texts.columns(plan, event, Filters()) for row in zip(*batch, strict=True)]


def plans(event: Event) -> list[export_columns.Plan]:
    keys = list(
        export_columns.list_columns.offered(export_columns.narrowing.list_asked(event), has_delegations=True)
    )
    needed = [
        export_columns.needed(event, purpose) for purpose in ("everything", "groups", "contact", "door")
    ]
    return [*needed, export_columns.chosen(event, "groups", keys)]


@pytest.mark.parametrize("language", ["en", "sv"])
def test_columns_say_what_the_cells_of_the_rows_say(app, database, language, monkeypatch):
    event = make_event()
    fill(event)
    monkeypatch.setattr(streaming, "ROWS_AT_ONCE", 2)
    with app.test_request_context("/console/", headers={"Accept-Language": language}):
        for plan in plans(event):
            assert in_columns(event, plan) == in_rows(event, plan)
        assert len(in_rows(event, plan)) == 3


@pytest.mark.parametrize("zone", ZONES)
def test_moments_are_in_the_zone_of_the_event_in_every_hour(app, database, zone, monkeypatch):
    """Columns and rows say the same for each half hour around a clock change, in more hours than the cache holds."""
    event, person = make_event(timezone=zone), None
    person = confirmed(event)
    monkeypatch.setattr(export_texts, "MOST_KEPT", 3)
    with app.test_request_context("/console/"):
        plan = export_columns.needed(event, "contact")
        for begin in (datetime(2027, 3, 28, tzinfo=UTC), datetime(2027, 4, 3, 14, tzinfo=UTC)):
            for step in range(8):
                at = begin + timedelta(minutes=17 + 30 * step, seconds=59, microseconds=999_999)
                write(
                    db.session.execute,
                    update(Registration).where(Registration.id == person.id).values(confirmed_at=at),
                )
                assert in_columns(event, plan) == in_rows(event, plan)
