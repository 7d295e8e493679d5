"""A link's token opens only the addresses of its own purpose; elsewhere it is as invalid as any other text (S19)."""

import re

import pytest
from sqlalchemy import func, select

from forum.database import start_write
from forum.events import previews
from forum.events.models import Event
from forum.extensions import db
from forum.mailings.models import MailRefusal
from tests.factories.events import NOW
from tests.guards.world import LEAVING, UNSEEN

SAME = "/en/r/messages/{}"  # this page is the same for each token, so that it tells nobody which of them are real
WRONG = "w" * 43
ADDRESSES = {  # by the name of a token in the test data: the addresses that the token opens
    "newer": ["/en/r/{}"],
    "feed": ["/en/r/calendar/{}/forum.ics"],
    "pending": ["/en/r/confirm/{}"],
    "everything": ["/en/r/everything/{}"],
    "new address": ["/en/r/address/{}"],
    "substitute of twin": ["/en/r/instead/{}"],
    "newer delegation of twin": ["/en/r/delegation/{}"],
    "asked delegation": ["/en/r/delegation/confirm/{}"],
    "invitation": [f"/en/r/invitation/{{}}{act}" for act in ("", "/yes", "/no", "/colleague")],
    "leaving": [SAME],
    "preview": ["/en/preview-link/{}"],
    "reset of admin": ["/account/reset/{}"],
    "welcome of admin": ["/account/welcome/{}"],
    "open": [],  # no URL has this token: it stands in a cookie only
}
EVERY = [address for own in ADDRESSES.values() for address in own]
# Matches what differs in each answer: tokens, hidden fields, and the reference under which the log lists the answer.
SECRETS = re.compile(r'[A-Za-z0-9_-]{43}|<input[^>]*type="hidden"[^>]*>|\b[0-9a-f]{8}\b')


@pytest.fixture
def tokens(fresh_world) -> dict[str, str]:
    """Give a token of each purpose by its name."""
    with fresh_world.app.app_context():
        start_write(db.session)
        event = db.session.scalars(select(Event).where(Event.slug == UNSEEN)).one()
        preview = previews.make_link(event, days=7, actor="command", now=NOW)
        db.session.commit()
    return {**fresh_world.tokens, "leaving": LEAVING, "preview": preview}


def answers(world, path: str, token: str) -> list[tuple]:
    """Return the answers at the address with this token: to a new browser's visit, and to a form that is sent there."""
    browser, address = world.app.test_client(), path.format(token)
    opened = browser.get(address)
    page = opened.text + browser.get("/en/register/ngo").text
    csrf_token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)[1]
    sent = browser.post(address, data={"csrf_token": csrf_token})
    return [
        (answer.status_code, *(SECRETS.sub("…", text) for text in (answer.location or "", answer.text)))
        for answer in (opened, sent)
    ]


def refused(world) -> int:
    """Return how many mail addresses have refused messages from organisers."""
    with world.app.app_context():
        return db.session.scalar(select(func.count()).select_from(MailRefusal))


def test_a_token_opens_its_own_address_only(fresh_world, tokens):
    fresh_world.app.config["LIMITS_ENABLED"] = False
    before = refused(fresh_world)
    wrong = {path: answers(fresh_world, path, WRONG) for path in EVERY}
    assert {path for path, told in wrong.items() if {told[0][0], told[1][0]} & {200, 500}} == {SAME}
    foreign = [(name, path) for name, own in ADDRESSES.items() for path in EVERY if path not in own]
    opened = [one for one in foreign if answers(fresh_world, one[1], tokens[one[0]]) != wrong[one[1]]]
    assert (opened, refused(fresh_world)) == ([], before)
    # Although each token was tried at all other addresses, it still opens its own.
    mine = [(name, path) for name, own in ADDRESSES.items() for path in own]
    shut = [one for one in mine if answers(fresh_world, one[1], tokens[one[0]])[0] == wrong[one[1]][0]]
    assert shut == [("leaving", SAME)]
