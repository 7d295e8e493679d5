"""Which values organisers may store in an event: programme hours, help lines, the organiser's address."""

from copy import deepcopy

import pytest
from flask_babel import force_locale

from forum.columns import Text, UnsafeLink
from forum.events.help_lines import list_help_lines
from forum.events.organisers import organiser_data, organiser_of
from tests.factories.events import HELP_LINES, ORGANISER, new_event


@pytest.fixture
def english(app):
    """Run the test with English as the language of texts."""
    with app.app_context(), force_locale("en"):
        yield


def point(title: str, **when) -> dict:
    return {"title": {"sv": f"{title} sv", "en": title}, **when}


def test_a_start_that_no_clock_shows_is_refused():
    with pytest.raises(ValueError, match="hour"):
        new_event(programme_points=[point("x", day=1, starts="25:00")])


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example", ""])
def test_a_help_line_that_leads_to_an_unsafe_address_is_refused(url):
    with pytest.raises(UnsafeLink):
        new_event(help_lines=[{"country": "SE", "report": {"name": {"en": "x"}, "url": url}}])


@pytest.mark.usefixtures("english")
def test_an_unsafe_address_that_got_into_the_row_is_not_shown():
    event = new_event(help_lines=deepcopy(HELP_LINES[:1]))
    event.help_lines[0]["report"] = {"name": {"en": "x"}, "url": "javascript:alert(1)"}
    assert list_help_lines(event)[0].report_url == ""


@pytest.mark.usefixtures("english")
def test_machines_read_who_arranges_the_event():
    assert organiser_data(organiser_of(new_event(**ORGANISER))) == {
        "@type": "Organization",
        "name": "The secretariat",
        "url": "https://office.example/",
        "email": "forum@example.org",
        "telephone": "+46 8 465 004 40",
        "address": {
            "@type": "PostalAddress",
            "streetAddress": "Exempelgatan 12",
            "postalCode": "111 22",
            "addressLocality": "Stockholm",
            "addressCountry": "SE",
        },
    }


@pytest.mark.usefixtures("english")
def test_an_organiser_of_whom_only_the_name_is_known_has_no_empty_parts():
    organiser = organiser_of(
        new_event(organiser_name=Text(en="The office"), organiser_address={}, contact_email="")
    )
    assert (organiser.address, organiser_data(organiser)) == (
        "",
        {"@type": "Organization", "name": "The office"},
    )
    assert organiser_of(new_event()) is None
