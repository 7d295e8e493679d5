"""A protected person counts in an organisation like any other; organisations' pages do not show who (P21, P22)."""

import re

import pytest

from forum.accounts.enums import Role
from forum.database import start_write
from forum.extensions import db
from forum.organisations import merging
from forum.organisations.actions import Written
from tests.factories.events import make_event, make_sector
from tests.factories.registrations import confirmed
from tests.organisations.test_actions import store
from tests.organisations.test_merging import do

REAL_NAME = "Canary Realname"
# Values that differ between two events without meaning: URLs, ids, tokens, references, and which event of the menu is
# the page's own.
OWN = re.compile(
    r'/organisations"(?: aria-current="true")?|nf2[78]|organisations/\d+|(merge|apart|again)/\d+|of=[\w-]+|'
    r'[\w-]+@example.org|value="[\w.-]{30,}"'
)
PAGES = (
    "organisations",
    "organisations/new?of={reference}",
    "organisations/{police}?of={reference}",
    "organisations/{police}/removal",
    "organisations/{police}/merge",
    "organisations/{similar}/merge/{police}",
    "organisations/{police}/merge/{similar}",
    "organisations/{merged}/unmerge",
)


@pytest.fixture
def admin(database, sign_in_as):
    return sign_in_as(Role.ADMIN)


@pytest.mark.parametrize("written", ["Polisen", "Polisen nord", "Polisenn", "Polisenz", "Unit"])
def test_every_page_is_the_same_for_both_whatever_they_have_written(admin, database, written):
    # Make both events before any page is opened, because each page of the console lists the events.
    twins = [people(slug, written, is_protected) for slug, is_protected in (("nf27", True), ("nf28", False))]
    seen = [look(admin, *twin) for twin in twins]
    assert seen[0] == seen[1]
    assert not any(REAL_NAME in text for text, _statements in seen[0])
    # Control: the texts compared do show the registered person.
    assert any(number in seen[0][0][0] for number in ("1 of at most", "Polisenz", "Unit"))


def people(slug, organisation, is_protected):
    """Save an event with a person and organisations with similar names, one of them merged; return URL values."""
    event = make_event(slug=slug, organisation_cap=3, sectors=[make_sector("ngo", ceiling=5)])
    police, merged, similar = (
        store(event, Written(name, sector_caps=(("ngo", 2),))).organisation
        for name in ("Polisen", "Polisen nord", "Polisenn")
    )
    secret = {"is_protected": True, "real_name": REAL_NAME} if is_protected else {}
    person = confirmed(
        event, "ngo", organisation=organisation, given_name="Kim", family_name="Alias", **secret
    )
    do(event, merging.merge, merged, police, 2)
    numbers = {"police": police.id, "merged": merged.id, "similar": similar.id, "reference": person.reference}
    start_write(db.session)
    event.is_current = False
    db.session.commit()
    return slug, numbers


def look(admin, slug, numbers):
    # Forget what the process remembers: otherwise only the pages of the first event would read the names of events.
    admin.app.extensions.get("kept_values", {}).clear()
    pages = [admin.get(f"/console/{slug}/{path.format(**numbers)}") for path in PAGES]
    return [(OWN.sub("OWN", page.data.decode()), len(page.statements)) for page in pages]
