"""The results of a message begin with the people whom it has not reached, each part of the list by name."""

import pytest

from forum.accounts.enums import Role
from forum.extensions import db
from forum.mailings import results
from forum.outbox import suppression
from forum.outbox.enums import MessageStatus, SuppressionCause
from forum.registration import actions
from tests.factories.events import NOW
from tests.factories.own_words import make_planned
from tests.factories.registrations import confirmed, write
from tests.mailings.test_own_words import BEGUN, mails_of, mark, work

# By the person's family name, the state that a test gives to the mail; Kull's mail stays in the queue.
STATES = {
    "Ahl": MessageStatus.SENT,
    "Berg": MessageStatus.SENT,
    "Ek": MessageStatus.AWAITING_RETRY,
    "Falk": MessageStatus.FAILED,
    "Gran": MessageStatus.AWAITING_RETRY,
    "Holm": MessageStatus.FAILED,
    "Lind": MessageStatus.INFLIGHT,
}
SORTED = ["Falk", "Holm", "Ek", "Gran", "Dahl", "Moe", "Ny", "Kull", "Lind", "Ahl", "Berg"]


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def mailing(event, frozen):
    """Send a message to people of every result, who registered in another order than that of their names.

    Dahl cancels before the mail has left, mail to Moe comes back before hers is made, and Ny’s is taken back.
    """
    people = {
        name: confirmed(event, family_name=name, email=f"{name}@example.org".lower())
        for name in sorted(SORTED, reverse=True)
    }
    mailing = make_planned(event)
    write(suppression.suppress, people["Moe"].email, SuppressionCause.BOUNCED, event_id=event.id, now=NOW)
    work()
    for name, state in {**STATES, "Ny": MessageStatus.ABORTED}.items():
        mark(mails_of(mailing)[people[name].email], state)
    write(actions.cancel, people["Dahl"], actor="person", now=BEGUN)
    return mailing


def names_on(page) -> list[str]:
    """Return the family names on a page of results, from top to bottom."""
    return [next(name for name in SORTED if name in row) for row in page.all("tbody th")]


def test_whoever_reads_addresses_alone_reads_them_in_no_order_of_names(sign_in_as, mailing):
    """In an order of names, the position of an address would tell how its owner's name begins (P21)."""
    mailer = sign_in_as(Role.MAILER, mailing.event)
    page = mailer.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    found = [name for row in page.all("tbody th") for name in SORTED if name.lower() in row]
    # People with equal results come in the order of registering, which is the reverse of the order of names.
    assert found[:4] == ["Holm", "Falk", "Gran", "Ek"]


def test_those_with_trouble_come_first_and_equals_by_name(organiser, mailing):
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    assert names_on(page) == SORTED
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id, only="troubled")
    assert names_on(page) == SORTED[:7]


def test_somebody_whose_mail_is_reported_as_returned_moves_to_the_top(organiser, mailing):
    """Mail servers may report hours after a mail has left that it was not delivered."""
    mark(mails_of(mailing)["berg@example.org"], MessageStatus.FAILED)
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    assert names_on(page)[:3] == ["Berg", "Falk", "Holm"]


def test_every_page_goes_on_where_the_last_one_ended(organiser, mailing, monkeypatch):
    monkeypatch.setattr(results, "ROWS", 4)
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    pages = [page]
    while "Next" in page.links:
        page = page.follow("Next")
        pages.append(page)
    read = [names_on(page) for page in pages]
    assert read == [SORTED[:4], SORTED[4:8], SORTED[8:]]
    back = page.follow("Previous")
    assert names_on(back) == SORTED[4:8]
    assert names_on(back.follow("Previous")) == SORTED[:4]


def test_nobody_is_missing_from_the_pages_when_a_mail_leaves_meanwhile(organiser, mailing, monkeypatch):
    """Kull ends the second page and gets the mail: Lind, the next who waits, still begins the third."""
    monkeypatch.setattr(results, "ROWS", 4)
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id).follow("Next")
    assert names_on(page)[-1] == "Kull"
    mark(mails_of(mailing)["kull@example.org"], MessageStatus.SENT)
    assert names_on(page.follow("Next"))[:2] == ["Lind", "Ahl"]


def test_a_page_beside_a_row_that_is_not_there_is_the_first(organiser, event, mailing):
    others = make_planned(event, {"sector": ["justice"]})
    other = results.read_results(others, None).rows[0]
    db.session.rollback()
    for key in (other.key, f"{other.recipient.id}", "0-0", "999999999-4", "1234567890-1", "x-y", "1-10"):
        page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id, after=key)
        assert names_on(page) == SORTED, key


def test_a_page_takes_as_many_statements_for_many_people_as_for_few(organiser, mailing, monkeypatch):
    read = {}
    for number in (50, 2):
        monkeypatch.setattr(results, "ROWS", number)
        page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
        # Statements that record a view of the page are left out: not every view gets an entry in the audit trail.
        read[len(names_on(page))] = [
            one for one in page.statements if "registrations" in one or "outbox" in one
        ]
    assert len(read[len(SORTED)]) == len(read[2]) > 0
