"""No page suggests registering again if that is impossible: by invitation, in a closed sector, after the closing."""

from datetime import timedelta

import pytest

from forum import clock
from forum.events.enums import SectorPolicy
from forum.registration import actions, links
from forum.registration.enums import TokenPurpose
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tests.registration.reading import newest_mail

INVITATION, LATER = SectorPolicy.INVITATION, NOW + timedelta(days=30)
# For each case: the sector's settings, the closing of registration, and the text of the page before cancelling.
SECTORS = {
    "open": ({}, LATER, "You can register again while registration is open."),
    "by invitation": ({"policy": INVITATION}, LATER, "Your sector takes people by invitation only"),
    "closed": ({"ceiling": 0}, LATER, "Your sector takes nobody any more"),
    "after the closing": ({}, NOW, "Registration is closed, so you cannot register again."),
}


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    sectors = [
        make_sector("justice", position=1, policy=SectorPolicy.REVIEW),
        make_sector("tech", position=2),
    ]
    return make_event(sectors=sectors, closes_at=LATER, starts_at=NOW + timedelta(days=60))


@pytest.mark.parametrize("how", SECTORS)
def test_words_after_a_cancellation_are_true_in_the_persons_sector(organiser, pages, event, how):
    values, closes_at, said = SECTORS[how]
    person = confirmed(event, "justice", language="en")
    for name, value in values.items():
        write(setattr, person.sector, name, value)
    write(setattr, event, "closes_at", closes_at)
    pages.get(f"/en/r/{write(links.issue, person, TokenPurpose.MANAGE, now=NOW)}", follow=True)
    assert said in pages.get("self_service.cancel", language="en").text
    console = organiser.get("attendees.cancel", event="nf27", reference=person.reference).text
    write(actions.cancel, person, actor="person", now=NOW)
    mail, after = newest_mail(person, "cancelled"), pages.get("/en/r/cancelled").text
    told = ["register again" in text for text in (console, mail.text, mail.html)]
    assert told == [how == "open"] * 3
    assert ("Register again" in after, "See who can register" in after) == (
        how == "open",
        how in ("by invitation", "closed"),
    )
