"""No page or mail calls a place offered from the status alone: the time to accept it may be over.

Until the worker has ended such an offer, or lengthened it, its status is still "offered". Each template and each file
with texts that asks for this status has to ask whether the time is over, too (`deadlines.is_past_offer`), or stands
below with the reason why it need not.
"""

import re

import pytest

from forum.settings.project import PROJECT

IN_TEMPLATE = re.compile(r"""status\s*(==|!=|in)[^%}]*["']offered["']""")
BY_STATUS_ALONE = re.compile(r"status_name\(\s*\w+\.status\s*\)")
RULES = ("past_offer", "state_name(")
EXEMPT = {
    # These name acts or open their pages: an organiser can extend or withdraw an offer after its time, too.
    "templates/console/attendees/_acts.html",
    "forum/registration/row_menu.py",
    "forum/registration/waiting_pages.py",
    # This module tells an organiser what the act has done at this very moment.
    "forum/registration/organisers_undoing.py",
    # These modules hand over a value that another text shows only after asking whether the time is over.
    "forum/registration/list_pages.py",
    "forum/registration/own_page.py",
    # These modules count the registrations of each status: a place is held until the worker has ended the offer.
    "forum/console/agenda.py",
    "forum/console/figure_files.py",
    "forum/console/overview.py",
}


def files_that_ask_for_the_status() -> dict[str, str]:
    """Return by path the templates and files with texts that ask whether a registration's status is "offered"."""
    templates = {path: path.read_text() for path in (PROJECT / "templates").rglob("*.*")}
    sources = {path: path.read_text() for path in (PROJECT / "forum").rglob("*.py")}
    asking = {path: text for path, text in templates.items() if IN_TEMPLATE.search(text)} | {
        path: text for path, text in sources.items() if "Status.OFFERED" in text and "flask_babel" in text
    }
    return {str(path.relative_to(PROJECT)): text for path, text in asking.items()}


def test_every_text_about_an_offered_place_asks_whether_the_time_is_over():
    asking = files_that_ask_for_the_status()
    assert {path for path, text in asking.items() if not any(rule in text for rule in RULES)} == EXEMPT
    assert len(asking) > len(EXEMPT) + 5


def test_no_text_names_the_state_of_a_registration_by_its_status_alone():
    """`wording.state_name` names it: it knows whether the time is over."""
    texts = [*(PROJECT / "templates").rglob("*.html"), *(PROJECT / "forum").rglob("*.py")]
    alone = {str(path.relative_to(PROJECT)) for path in texts if BY_STATUS_ALONE.search(path.read_text())}
    assert alone == {"forum/registration/wording.py"}


@pytest.mark.parametrize(
    "asked",
    ['registration.status == "offered"', "status != 'offered'", 'status in ("waiting", "offered")'],
)
def test_a_template_that_asks_for_the_status_is_found(asked):
    """Control: the pattern finds each way of asking."""
    assert IN_TEMPLATE.search(f"{{% if {asked} %}}")
