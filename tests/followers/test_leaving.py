"""A mail of the news names an address for leaving by mail, and `forum bounces` reads the mail sent there (M06)."""

import pytest
from sqlalchemy import select

from forum.extensions import db
from forum.followers import leaving
from forum.followers.models import Follower, FollowerLink
from tests.commands.test_bounces import run
from tests.factories.events import NOW
from tests.factories.followers import make_follower
from tests.factories.registrations import write
from tests.followers.test_sending import fresh, told, work
from tests.mailings.test_leaving import LEAVING, address_in
from tests.registration.reading import newest_mail_to

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, MAIL_BOUNCE_ADDRESS="bounces@post.example.org")


def test_mail_to_the_address_of_a_mail_ends_the_news_of_its_follower_alone(app, event):
    make_follower(event, "asa@example.org")
    make_follower(event, "bo@example.org")
    fresh()
    work()
    addresses = [address_in(newest_mail_to(f"{name}@example.org", "news-post").row) for name in ("asa", "bo")]
    assert len(set(addresses)) == 2
    noted = run(app, "--recipient", addresses[0].upper(), given=LEAVING % b"somebody@example.org")
    assert noted == (0, "1: a recipient wants no more messages\n")
    assert run(app, "--recipient", addresses[0], given=LEAVING % b"somebody@example.org")[0] == 0
    db.session.rollback()
    assert [one.email for one in db.session.scalars(select(Follower))] == ["bo@example.org"]
    assert {link.follower.email for link in db.session.scalars(select(FollowerLink))} == {"bo@example.org"}
    assert [address for address, _kind in told()] == ["bo@example.org"]


def test_the_address_of_who_has_left_ends_nobody_who_has_the_same_number(app, event):
    make_follower(event, "asa@example.org")
    fresh()
    work()
    address = address_in(newest_mail_to("asa@example.org", "news-post").row)
    assert write(leaving.note, f"{address} x@example.org", now=NOW)
    make_follower(event, "bo@example.org")
    assert not write(leaving.note, f"{address} x@example.org", now=NOW)
    assert [one.email for one in db.session.scalars(select(Follower))] == ["bo@example.org"]
