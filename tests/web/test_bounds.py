"""Rare limits: ids beyond every row, cookies too long for a server's headers, and functions with nothing to report."""

import pytest
from flask import Response, current_app
from flask_babel import force_locale

from forum import sealed_cookies
from forum.delegations import queries as delegations
from forum.delegations import unanswered
from forum.delegations.models import DelegationLink
from forum.events import previews
from forum.events.enums import NameOrder
from forum.home import site
from forum.mailings import queries as mailings
from forum.mailings.enums import MailingKind
from forum.news import revisions
from forum.outbox.listing import Trouble
from forum.registration import deadlines, door_list, kept_exports, saved_views
from forum.tasks import queries as tasks
from forum.web import quotation_marks
from tests.factories.events import NOW
from tests.factories.news import make_post
from tests.factories.registrations import confirmed, write
from tools.organisers import make_user

BEYOND = 2**63  # a number that no database can store as an id


def test_a_number_beyond_every_row_finds_nothing(event):
    assert previews.find_link(event, BEYOND) is None
    assert mailings.find(event, BEYOND, MailingKind.OWN_WORDS) is None
    assert tasks.find(event, BEYOND) is None
    assert kept_exports.find_own(event, 1, BEYOND) is None
    assert revisions.of(make_post()).find(BEYOND) is None


def test_a_cookie_that_is_too_long_for_the_headers_is_not_set(app):
    with app.test_request_context():
        answer = Response()
        told = {"bound_to": "user 1", "paths": ["/a"]}
        assert not sealed_cookies.put(answer, "kept", "x" * 5000, **told)
        answer.headers["X-Long"] = "x" * 2000
        assert not sealed_cookies.put(answer, "kept", "x" * 500, **told)
        assert answer.headers.getlist("Set-Cookie") == []


def test_what_there_is_nothing_of(event):
    person = confirmed(event)
    assert not write(unanswered.take_back, person, actor="person", now=NOW)
    assert deadlines.find_later_offer(person, [], NOW) is None
    assert delegations.older_links(DelegationLink(created_at=None), NOW) == ()
    assert not Trouble(failed=0, waiting=3, is_late=False, is_silent=False, relay=None)
    with current_app.test_request_context(), force_locale("en"):
        assert site._make_register_label(None) == "Registration"


def test_the_same_view_of_a_list_is_saved_once_and_another_one_not_under_its_name(event):
    user = make_user()
    told = {"user_id": user.id, "name": "Mine", "is_shared": False, "now": NOW}
    shown = saved_views.Content({"status": ["waiting"]}, ["title"])
    first, second = (write(saved_views.save, event, shown, **told) for _each in range(2))
    assert first is second
    with pytest.raises(saved_views.NameTaken):
        write(saved_views.save, event, saved_views.Content({}, []), **told)


@pytest.mark.parametrize("order", NameOrder)
def test_names_that_begin_with_a_digit_or_with_nothing_have_a_heading(order):
    assert [door_list._letter(key, order) for key in ("9 lives", "", "ek")] == ["0–9", "–", "E"]


def test_a_quotation_mark_is_mended_only_where_one_fits():
    assert quotation_marks._fitting("a", "b", "en") == ""
    assert quotation_marks._fitting("", "b", "en") == "“"
    assert list(quotation_marks._mended('a "b', "de")) == []
