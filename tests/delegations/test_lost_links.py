"""A contact who has lost the link gets another one, also once registration is closed; newer links end older ones."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.delegations import admitting, contact_links, queries
from forum.delegations.asking import Person
from forum.delegations.enums import ContactLink
from forum.delegations.models import DelegationLink
from forum.extensions import db
from forum.registration import links_by_mail
from forum.registration.errors import LinkRefused
from tests.delegations.test_delegations import CONTACT, asked, newest, registered
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, too_many, write
from tests.registration.reading import last_id, newest_mail, newest_mail_to, queued
from tests.registration.test_same_work import work_of_link
from tools.pages import Pages

LATER = NOW + timedelta(days=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0, LIMITS_ENABLED=True)


@pytest.fixture(autouse=True)
def frozen():
    clock.freeze(NOW)


def tokens_in(mail):
    """Return the tokens of the links to delegations in a mail."""
    return [line.rpartition("/")[2] for line in mail.text.splitlines() if "/r/delegation/" in line]


def opens(token):
    """Return the delegation of a contact's link, or None."""
    try:
        return contact_links.follow(token, ContactLink.MANAGE, now=clock.now())
    except LinkRefused:
        return None


def test_contact_asks_for_the_lost_link_once_registration_is_closed(pages, event):
    first, second = registered(event), registered(event, sector="justice", key="second")
    start_write(db.session)
    event.closes_at = NOW + timedelta(hours=1)
    db.session.commit()
    clock.freeze(LATER)
    since = last_id()
    for address in (" ANNA@example.org", "nobody@example.org"):
        page = pages.get("/en/register/link").submit({"email": address}, follow=True)
        assert f"If {address.strip()} is registered" in page.text
    assert queued(since) == [("delegation-link", CONTACT.email)]
    assert [opens(token) for token in tokens_in(newest_mail_to(CONTACT.email, "delegation-link"))] == [
        first,
        second,
    ]


def test_contact_who_comes_too_reads_both_links_in_one_message(event):
    """One mailbox gets at most three mails an hour, however many registrations and delegations its owner has."""
    anna = confirmed(event, "tech", email=CONTACT.email)
    delegation, since = registered(event, sector="justice"), last_id()
    write(links_by_mail.send_fresh_link, event, CONTACT.email, now=NOW)
    assert queued(since) == [("link", CONTACT.email)]
    assert [opens(token) for token in tokens_in(newest_mail(anna))] == [delegation]
    write(links_by_mail.send_fresh_link, event, CONTACT.email, may_mail=too_many, now=NOW)
    assert db.session.scalar(select(func.count()).where(DelegationLink.expires_at <= NOW)) == 1


def test_contact_who_has_not_confirmed_gets_the_confirming_link_anew(pages, event):
    """Of equal unconfirmed delegations the newest gets a link; after the deadline, or once one is confirmed, none."""
    asked(event, key="first")
    asked(event, key="second")
    since = last_id()
    page = pages.get("/en/register/link").submit({"email": CONTACT.email}, follow=True)
    assert f"If {CONTACT.email} is registered" in page.text
    assert queued(since) == [("delegation-asked", CONTACT.email)]
    (token,) = tokens_in(newest_mail_to(CONTACT.email, "delegation-asked"))
    asked(event, sector="justice", key="third")
    delegation = write(admitting.confirm, token, now=NOW)
    assert delegation.form_key == "second"
    write(links_by_mail.send_fresh_link, event, CONTACT.email, now=NOW)
    text = newest_mail_to(CONTACT.email, "delegation-link").text
    assert text.count("/r/delegation/") == 2
    assert (
        "Several people in the sector Justice are not registered until you confirm. The list, entered "
        in text
    )
    clock.freeze(NOW + timedelta(hours=48))
    write(links_by_mail.send_fresh_link, event, CONTACT.email, now=clock.now())
    assert newest_mail_to(CONTACT.email, "delegation-link").text.count("/r/delegation/") == 1


def test_list_that_a_stranger_sent_with_the_contacts_address_hides_none(event):
    asked(event, key="own")
    asked(event, key="strangers", people=(Person("Mallory", "Ek", ""), Person("Eve", "Ek", "")))
    asked(event, key="evil", contact=replace(CONTACT, organisation="Evil"), now=NOW + timedelta(minutes=1))
    assert sorted(linked_lists(event)) == ["evil", "own", "strangers"]
    text = newest_mail_to(CONTACT.email, "delegation-asked").text
    moments = re.findall(r"entered on (.*)[.:]$", text, re.MULTILINE)
    # Two of the three delegations were entered at the same time.
    assert (len(moments), len(set(moments))) == (3, 2)


def test_number_of_linked_lists_is_bounded_and_hides_none_from_before_or_sent_anew(event):
    for number in range(9):
        asked(event, key=str(number), contact=replace(CONTACT, organisation=str(number)))
    assert sorted(linked_lists(event)) == list("012678")


def linked_lists(event):
    """Let the contact ask for the lost link; return the keys of the delegations that the mail's links confirm."""
    write(links_by_mail.send_fresh_link, event, CONTACT.email, now=NOW)
    tokens = tokens_in(newest_mail_to(CONTACT.email, "delegation-asked"))
    return [contact_links.follow(token, ContactLink.CONFIRM, now=NOW).form_key for token in tokens]


def test_asking_takes_as_many_statements_for_contacts_and_for_strangers(database):
    event = make_event(sectors=[make_sector("tech"), make_sector("justice")])
    registered(event)
    both = replace(CONTACT, email="both@example.org")
    registered(event, contact=both, key="both")
    confirmed(event, "justice", email=both.email)
    open_ = replace(CONTACT, email="open@example.org")
    asked(event, contact=open_, key="open")
    emails = [confirmed(event, "tech").email, CONTACT.email, both.email, open_.email, "nobody@example.org"]
    work = [len(work_of_link(email)) for email in emails]
    assert work == [work[0]] * 5


def test_newer_link_ends_the_older_ones_once_its_owner_opens_it(app, pages, event):
    """Asking alone revokes no link, as a stranger could ask; a session begun by an older link ends with it (S20)."""
    delegation = registered(event)
    older = newest("delegation-registered")
    other = Pages(app)
    other.get(f"/en/r/delegation/{older}", follow=True)
    clock.freeze(NOW + timedelta(minutes=1))
    write(links_by_mail.send_fresh_link, event, CONTACT.email, now=clock.now())
    newer = newest("delegation-link")
    page = pages.get(f"/en/r/delegation/{newer}", follow=True)
    assert (page.h1, opens(older), other.get("/en/r/delegation").h1) == (
        "Open your delegation",
        delegation,
        "Your delegation",
    )
    assert page.submit(follow=True).h1 == "Your delegation"
    assert (opens(older), opens(newer)) == (None, delegation)
    assert other.get("/en/r/delegation", expect=404).h1 == "This page is no longer open"
    assert pages.get(f"/en/r/delegation/{newer}", follow=True).h1 == "Your delegation"


def test_organiser_sends_the_contact_a_new_link_three_times_an_hour(organiser, event):
    delegation = registered(event, sector="justice")
    since = last_id()
    for _time in range(3):
        page = organiser.get("delegations_console.index", event="nf27")
        page = page.form("section form").submit(button="Send Anna Berg a new link", follow=True)
        assert page.flashes == ["A message with a new link is on its way to anna@example.org."]
    page = page.form("section form").submit(follow=True)
    assert page.flashes[0].startswith("Nothing was sent")
    start_write(db.session)
    event.starts_at, event.ends_at = NOW - timedelta(days=1), NOW
    db.session.commit()
    assert page.form("section form").submit(follow=True).flashes == ["The forum is over."]
    assert queued(since) == [("delegation-link", CONTACT.email)] * 3
    (token,) = tokens_in(newest_mail_to(CONTACT.email, "delegation-link"))
    assert opens(token) == delegation
    entries = select(AuditEntry.subject_id, AuditEntry.actor).where(
        AuditEntry.action == "delegation.link_sent"
    )
    assert {(row[0], row[1].partition(":")[0]) for row in db.session.execute(entries)} == {
        (delegation.id, "user")
    }


def test_list_is_paged_and_asks_as_much_for_every_number_of_people(monkeypatch, organiser, event):
    """A page of the list of delegations takes as many SQL statements for more people; a person's page leads there."""
    seen = []
    start_write(db.session)
    event.capacity = 1
    db.session.commit()
    for number in (1, 2):
        people = [Person("Bo", f"Ek {each}", "") for each in range(number * 2)]
        contact = replace(CONTACT, email=f"contact{number}@example.org")
        delegation = registered(event, people, sector="justice", key=str(number), contact=contact)
        page = organiser.get("delegations_console.index", event="nf27")
        seen.append((len(page.statements), len(page.soup.select("main section li"))))
    assert seen == [(seen[0][0], 2), (seen[0][0], 6)]
    monkeypatch.setattr(queries, "SIZE", 1)
    older, newer = "Send Anna Berg a new link", "contact2@example.org"
    page = organiser.get("delegations_console.index", event="nf27").follow("Older")
    assert (older in page.text, newer in page.text) == (True, False)
    assert newer in page.follow("Newer").text
    last = delegation.people[-1].registration.reference
    page = organiser.get("attendees.show", event="nf27", reference=last)
    assert newer in page.follow("Anna Berg, Exempelbyrån").text
