"""What naming a colleague tells whom: neither the person nor a stranger learns who is registered (S24, P11)."""

import json

import pytest

from forum import clock
from forum.delegations import substituting
from forum.privacy import hanging
from forum.registration import own_data
from tests.factories.events import NOW
from tests.factories.registrations import confirmed, register, write

KNOWN, FREE = "known@example.org", "other@example.org"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def held_about(person, named) -> tuple[str, list[str], list[list[str]]]:
    """Return all that the person can read of themselves, with the address that was named in other words."""
    told = json.dumps([own_data.collect(person)["mails"], hanging.tell(person)["outbox_messages"]])
    history = [entry["action"] for entry in own_data.collect(person)["history"]]
    asked = [sorted(row) for row in hanging.tell(person)["substitutions"]]
    return told.replace(person.email, "mine").replace(named, "named"), history, asked


@pytest.mark.parametrize("known_as", [register, confirmed], ids=["pending", "confirmed"])
def test_own_data_do_not_tell_whether_the_colleague_is_registered(event, known_as):
    clock.freeze(NOW)
    known_as(event, email=KNOWN, is_protected=True)
    told = []
    for named in (KNOWN, FREE):
        person = confirmed(event)
        write(substituting.ask, person, named, now=NOW)
        told.append(held_about(person, named))
    assert told[0] == told[1]
    assert "named" not in told[0][0]
