"""A contact's page once answers are frozen or the event is over, and the first mail to a person named by a contact."""

from datetime import timedelta

import pytest

from forum import clock
from forum.database import start_write
from forum.delegations.asking import Person
from forum.extensions import db
from tests.delegations.test_delegations import ALONE, OWN, newest, registered
from tests.factories.events import NOW
from tests.registration.reading import newest_mail_to

ACTS = ("change", "correct", "replace", "withdraw")


@pytest.fixture(autouse=True)
def frozen():
    clock.freeze(NOW)


def words_of_links(page):
    return {text for text in page.links if "…" in text}


def test_frozen_page_offers_only_what_can_still_be_done(pages, event):
    start_write(db.session)
    event.freezes_at = NOW + timedelta(minutes=9)
    db.session.commit()
    registered(event, [ALONE, OWN, Person("Dan", "Elm", "")])
    page = pages.get(f"/en/r/delegation/{newest('delegation-registered')}", follow=True)
    assert {text.split(" …")[0] for text in words_of_links(page)} >= {
        "Change",
        "Correct the address",
        "Withdraw",
    }
    clock.freeze(NOW + timedelta(minutes=9))
    page = pages.get("/en/r/delegation")
    assert {text.split(" …")[0] for text in words_of_links(page)} == {
        "Add a person",
        "Erase me as the contact",
        "Withdraw",
    }
    for act, number in (("change", 1), ("instead", 1), ("address", 2)):
        page = pages.get(f"/en/r/delegation/{number}/{act}", follow=True)
        assert page.flashes == ["Nothing has been changed: it was too late to change anything here."], act


def test_page_says_that_the_event_is_over(pages, event):
    registered(event)
    pages.get(f"/en/r/delegation/{newest('delegation-registered')}", follow=True)
    clock.freeze(event.ends_at + timedelta(hours=1))
    page = pages.get(f"/en/r/delegation/{newest('delegation-registered')}", follow=True)
    assert "The forum is over: nothing can be changed here" in page.text
    assert ("Had a place" in page.text, "we write to you." in page.text) == (True, False)


def test_named_person_reads_that_a_contact_has_named_them(event):
    registered(event)
    text = newest_mail_to(OWN.email, "received").text
    assert "A contact who registers several people, perhaps a colleague of yours," in text
    assert ("Somebody, probably you" in text, "If you do not want to come" in text) == (False, True)


def test_contacts_page_says_when_it_closes_and_asking_puts_that_off(pages, event):
    """The contact's pages announce their end like a person's own, and have an address of their own to ask (A11)."""
    registered(event)
    page = pages.get(f"/en/r/delegation/{newest('delegation-registered')}", follow=True)
    (told,) = page.all(".page-end")
    assert told == (
        "This page closes in this browser on 3 May 2027 at 14:30 (CEST), unless you open a page here before."
        " Keep it open longer (new tab)"
    )
    frame = page.soup.select_one("[data-sign-in-end]")
    assert (frame["data-ask"].partition("?of=")[0], page.soup.select_one(".page-end a")["href"]) == (
        "/en/r/delegation/time-left",
        "/en/r/delegation",
    )
    clock.freeze(NOW + timedelta(minutes=29))
    assert pages.client.get(frame["data-ask"]).json == {"seconds": 1800, "longest": 41460}
    clock.freeze(NOW + timedelta(minutes=58))
    assert pages.get("/en/r/delegation").h1 == page.h1
    clock.freeze(NOW + timedelta(minutes=88))
    assert pages.client.get(frame["data-ask"]).status_code == 404
