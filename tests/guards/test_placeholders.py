"""Stored texts are never evaluated as templates, formats or placeholders, but shown as written (S37).

The one placeholder that a text may hold is {{field-register}}, on a line of its own in a standing page.
"""

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, update

from forum.columns import Text
from forum.database import start_write
from forum.events.models import Event, Page
from forum.extensions import db
from forum.news.models import PostText
from forum.outbox.models import OutboxMessage
from forum.registration.models import Registration
from tests.guards.test_canaries import queue_every_mail
from tests.guards.test_templates import fetch
from tests.guards.world import ADMIN, HERE, PERSON, VISITOR, World
from tests.registration.reading import read

NAUGHTY = (
    "{event.__init__.__code__} {0.__class__.__mro__} {email} {link}",
    "{{config}} {{ 7*'7' }} {% include 'layouts/base.html' %} ${7*7}",
    "%(email)s %(link)s %s %d %% {{field-register}} and more",
)
GIVEN_AWAY = ("SECRET_KEY", "code object", "7777777", "<class", "only-for-tests")


@pytest.fixture(params=NAUGHTY)
def naughty(request, fresh_world) -> str:
    """Store a hostile text wherever a visitor or an organiser can write, and give this text."""
    text, both = request.param, Text(en=request.param, sv=request.param)
    with fresh_world.app.app_context():
        start_write(db.session)
        db.session.execute(
            update(Registration).values(
                given_name=text[:100], family_name="", organisation=text[:200], title=text[:150],
                email="sound@example.org", language="en",
            )
        )  # fmt: skip
        db.session.execute(
            update(Event).values(
                name=both, short_name=both, lead=both, place=both, contact_email="o@example.org"
            )
        )
        db.session.execute(update(Page).values(title=both, summary=both, body=both))
        db.session.execute(update(PostText).values(headline=text, lead=text, body=text))
        db.session.commit()
    return text


def words(world: World, audience: str, path: str) -> str:
    """Return the text of a page with collapsed white space."""
    fetch(world, audience, path)
    soup = BeautifulSoup(world.browsers[audience].get(path).data, "html.parser")
    return " ".join(soup.get_text(" ").split())


def plain(text: str) -> str:
    return " ".join(text.replace("'", "’").replace("\u2018", "’").split())


def test_pages_show_it_as_it_is(fresh_world, naughty):
    reference = fresh_world.references["twin"]
    for audience, path in (
        (VISITOR, "/en/"),
        (VISITOR, "/en/pages/practical"),
        (VISITOR, "/en/news/2016/11/25/public-en"),
        (PERSON, "/en/r/"),
        (ADMIN, f"/console/{HERE}/registrations/{reference}"),
        (ADMIN, f"/console/{HERE}/registrations/{reference}/cancel"),
        (ADMIN, f"/console/{HERE}/attendees"),
    ):
        shown = words(fresh_world, audience, path)
        assert plain(naughty) in plain(shown), path
        assert [given for given in GIVEN_AWAY if given in shown] == [], path


def test_mails_show_it_as_it_is(fresh_world, naughty):
    with fresh_world.app.app_context():
        before = set(db.session.scalars(select(OutboxMessage.id)))
        queue_every_mail(fresh_world)
        mails = [
            read(row)
            for row in db.session.scalars(select(OutboxMessage).where(OutboxMessage.id.not_in(before)))
            if row.content is not None
        ]
    assert len(mails) > 8
    assert any(plain(naughty) in plain(mail.text) for mail in mails)
    for mail in mails:
        told = mail.subject + mail.text + mail.html
        assert [given for given in GIVEN_AWAY if given in told] == [], mail.subject


def test_the_one_placeholder_is_filled_in_once(fresh_world):
    """Control: the placeholder works, and the texts that replace it are not searched for placeholders again."""
    body = "Before.\n\n{{field-register}}\n\nBetween.\n\n{{field-register}}\n\nAfter."
    with fresh_world.app.app_context():
        start_write(db.session)
        db.session.execute(update(Page).where(Page.slug == "privacy").values(body=Text(en=body, sv=body)))
        db.session.commit()
    soup = BeautifulSoup(fresh_world.browsers[VISITOR].get("/en/pages/privacy").data, "html.parser")
    assert (len(soup.select("main table")), soup.main.text.count("{{field-register}}")) == (1, 1)
