"""Sending a contact's form as a program does: with the trap field filled, or faster than a person can (S28)."""

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.delegations.models import Delegation
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from tests.delegations.test_delegations import FIELDS
from tests.factories.events import NOW

SEND = "Send us the list"
TRAPPED = {"website": "x"}


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def form(pages, event):
    clock.freeze(NOW)
    return pages.get("registration.details", sector="justice").follow("Register several people")


def stored():
    """Return how many delegations and mails there are."""
    return [db.session.scalar(select(func.count()).select_from(one)) for one in (Delegation, OutboxMessage)]


def test_a_bot_in_the_trap_is_told_what_a_person_is_told(pages, form):
    trapped = form.submit(FIELDS, forged=TRAPPED, button=SEND, expect=303)
    assert (stored(), pages.open(trapped.location).h1) == ([0, 0], "Check the contact’s e-mail")
    person = form.submit(FIELDS, button=SEND, expect=303)
    assert (trapped.location, trapped.data) == (person.location, person.data)
    assert stored() == [1, 1]


def test_a_form_that_comes_back_at_once_asks_for_one_more_press(form, app):
    app.config["FORM_MIN_SECONDS"] = 60
    page = form.submit(FIELDS, button=SEND, expect=409)
    assert (page.form().data["given_name"], stored()) == ([FIELDS["given_name"]], [0, 0])
    app.config["FORM_MIN_SECONDS"] = 0
    page.submit(button=SEND, expect=303)
    assert stored() == [1, 1]


def test_a_bot_that_is_quick_sees_what_a_patient_one_sees(form, app):
    patient = form.submit(FIELDS, forged=TRAPPED, button=SEND, expect=303)
    app.config["FORM_MIN_SECONDS"] = 60
    quick = form.submit(FIELDS, forged=TRAPPED, button=SEND, expect=303)
    assert (quick.location, quick.data, stored()) == (patient.location, patient.data, [0, 0])


def test_a_bot_in_the_trap_uses_up_the_limit_of_its_address(form, app):
    app.config |= {"LIMITS_ENABLED": True, "REGISTRATIONS_PER_ADDRESS": "1 per hour"}
    form.submit(FIELDS, forged=TRAPPED, button=SEND, expect=303)
    form.submit(FIELDS, forged=TRAPPED, button=SEND, expect=429)
    assert stored() == [0, 0]
