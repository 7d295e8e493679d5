"""/status and `forum doctor` list what organisers have not done yet; this makes neither of them fail."""

import pytest

from forum.commands.doctor import doctor
from forum.health.missing import list_missing
from tests.factories.events import make_archive, make_event

pytestmark = pytest.mark.usefixtures("frozen", "database")


def told() -> list[str]:
    return [finding.words for finding in list_missing()]


def test_site_without_an_event_is_told_how_to_make_one(app):
    assert told() == ["there is none: make it in the console (New event), or by `forum create-event`"]
    output = app.test_cli_runner().invoke(doctor, ["--offline"]).output
    assert "TODO event: there is none" in output


def test_event_that_is_not_published_is_named():
    make_archive()
    make_event(is_published=False)
    assert told() == [
        "none is published as the front page: http://127.0.0.1:8000/console/nf27/ says what is missing"
    ]


def test_published_front_page_leaves_nothing_to_do():
    make_event()
    assert told() == []
