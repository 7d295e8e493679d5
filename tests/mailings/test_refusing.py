"""Refusing messages from organisers by one press, and what is never refused (M06–M08, M10)."""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.database import start_write
from forum.extensions import db
from forum.mailings import actions as mailings
from forum.mailings import address_digests, leaving, own_words
from forum.mailings import refusals as rules
from forum.mailings.enums import Category, Refused
from forum.mailings.models import LeaveLink, MailRefusal
from forum.mailings.queries import Counts
from forum.outbox import suppression
from forum.outbox.enums import MessageStatus, SuppressionCause
from forum.outbox.models import OutboxMessage
from forum.privacy import erasing
from forum.registration import mails as registration_mails
from forum.registration import suppressions
from forum.registration.enums import LiftReason
from forum.registration.errors import NotSuppressed
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event
from tests.factories.mails import mark_all_sent, mark_for_all
from tests.factories.own_words import WRITTEN, make_draft, make_planned
from tests.factories.registrations import confirmed, register_elsewhere, write
from tests.mailings.test_own_words import BEGUN, PRESSED, counts, mails_of, parse, work
from tools.pages import Pages

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
PRACTICAL, FURTHER = "Practical information about the event", "News and invitations beyond the event"
KIM = "kim@example.org"
INVITING = replace(WRITTEN, category=Category.FURTHER)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def link_in(mail: OutboxMessage) -> str:
    """Return the path of the link by which the mail's reader refuses messages."""
    header = parse(mail)["List-Unsubscribe"]
    return "/" + header.strip("<>").split("/", 3)[3]


def refusals() -> int:
    db.session.rollback()
    return len(db.session.scalars(select(MailRefusal)).all())


def test_the_headers_offer_to_refuse_by_one_press(event, frozen):
    person = confirmed(event)
    mailing = make_planned(event)
    work()
    mail = mails_of(mailing)[person.email]
    read = parse(mail)
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert read["Precedence"] == "bulk"
    assert f"List-Unsubscribe: {read['List-Unsubscribe']}\r\n".encode() in mail.content
    queued = write(registration_mails.queue_confirmed, person, now=NOW)
    assert "List-Unsubscribe" not in parse(queued)


def test_a_mail_program_refuses_without_cookie_or_token_of_a_form(app, event, frozen):
    person = confirmed(event)
    first = make_planned(event)
    work()
    link = link_in(mails_of(first)[person.email])
    pages = Pages(app)
    assert "Which messages do you want?" in pages.get(link).h1
    assert refusals() == 0
    page = pages.open(link, method="POST", data=ONE_CLICK)
    assert (page.status, page.h1, page.headers.getlist("Set-Cookie")) == (
        200,
        f"You get no more: {PRACTICAL}",
        [],
    )
    pages.open(link, method="POST", data=ONE_CLICK)
    assert refusals() == 1
    assert person.email not in str(db.session.scalars(select(MailRefusal)).one().__dict__)

    second = make_draft(event)
    confirmed(event)
    write(own_words.send, second, **{**PRESSED, "user_id": None})
    assert (second.people, second.left_out) == (1, {"unsubscribed": 1})
    again = page.form("form.form").submit(button=f"Get it again: {PRACTICAL}", expect=200)
    assert (again.h1, refusals()) == ("You get these messages again", 0)


def states(page) -> list[str]:
    """Return what the page says of each kind of message, such as "Comes to you"."""
    return page.all("form .status")


def test_each_kind_is_refused_apart_and_comes_again(app, event, frozen):
    person, _other = confirmed(event), confirmed(event)
    practical, further = make_planned(event), make_planned(event, written=INVITING)
    work()
    first, second = (mails_of(one)[person.email] for one in (practical, further))
    assert parse(first)["List-Id"] != parse(second)["List-Id"]
    pages, link = Pages(app), link_in(first)
    page = pages.open(link_in(second), method="POST", data=ONE_CLICK)
    assert (page.h1, states(page)) == (
        f"You get no more: {FURTHER}",
        ["Does not come to you", "Comes to you"],
    )
    for mail in (first, second):
        db.session.refresh(mail)
    assert (first.status, second.status) == (MessageStatus.QUEUED, MessageStatus.ABORTED)
    assert (make_planned(event).people, make_planned(event, written=INVITING).left_out) == (
        2,
        {"unsubscribed": 1},
    )
    page = page.form("form.form").submit(button="No more messages of any kind", expect=200)
    assert states(page) == ["Does not come to you"] * 2
    assert "No more messages of any kind" not in page.text
    page = pages.get(link).form("form.form").submit(button=f"Get it again: {FURTHER}", expect=200)
    assert (page.h1, states(page)) == (f"You get again: {FURTHER}", ["Does not come to you", "Comes to you"])
    assert make_planned(event).left_out == {"unsubscribed": 1}
    page = page.form("form.form").submit(button=f"Get it again: {PRACTICAL}", expect=200)
    assert (states(page), refusals()) == (["Comes to you"] * 2, 0)


def test_the_kind_of_the_message_with_the_link_stands_first(app, event, frozen):
    person = confirmed(event)
    sent = make_planned(event), make_planned(event, written=INVITING)
    work()
    pages, said = Pages(app), "The message with this link was of this kind."
    for mailing, order in zip(sent, ([PRACTICAL, FURTHER], [FURTHER, PRACTICAL]), strict=True):
        page = pages.get(link_in(mails_of(mailing)[person.email]))
        assert page.all("form h2") == order
        first, second = page.soup.select("form section")
        assert (said in first.text, said in second.text) == (True, False)


def test_a_refusal_of_all_messages_from_before_there_were_kinds_holds_for_each(app, event, frozen):
    person = confirmed(event)
    first = make_planned(event)
    work()
    link, pages = link_in(mails_of(first)[person.email]), Pages(app)
    pages.open(link, method="POST", data={"leave": "messages"})
    confirmed(event)
    for written in (WRITTEN, INVITING):
        assert make_planned(event, written=written).left_out == {"unsubscribed": 1}
    # A page that an earlier version made, and that is still open, has a button that sends `act=again`.
    page = pages.open(link, method="POST", data={"act": "again"})
    assert states(page) == ["Comes to you", "Does not come to you"]
    nonsense = pages.open(link, method="POST", data={"leave": "everything"})
    assert states(nonsense) == ["Does not come to you"] * 2


def test_a_refusal_takes_back_what_has_not_left_and_holds_when_the_mail_is_made(app, event, frozen):
    person = confirmed(event)
    first, second = make_planned(event), make_planned(event, now=NOW + timedelta(minutes=5))
    third = make_planned(event)
    work()
    mail = mails_of(first)[person.email]
    Pages(app).open(link_in(mail), method="POST", data=ONE_CLICK)
    assert {one.status for one in (*mails_of(first).values(), *mails_of(third).values())} == {
        MessageStatus.ABORTED
    }
    work(BEGUN + timedelta(minutes=6))
    assert mails_of(second) == {}
    confirmation = write(registration_mails.queue_confirmed, person, now=NOW)
    assert confirmation.status == MessageStatus.QUEUED


def test_the_results_say_that_somebody_wants_no_messages(organiser, event, frozen):
    person = confirmed(event)
    mailing = make_planned(event)
    work()
    organiser.open(link_in(mails_of(mailing)[person.email]), method="POST", data=ONE_CLICK)
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    assert page.all("td[data-label=Result], td[data-label=Why]") == [
        "Left out",
        "wants no messages of this kind",
    ]


def test_a_refusal_outlives_an_erasure_and_a_new_registration(app, event, frozen):
    person = confirmed(event, email="a@example.org")
    mailing = make_planned(event)
    work()
    Pages(app).open(link_in(mails_of(mailing)[person.email]), method="POST", data=ONE_CLICK)
    start_write(db.session)
    db.session.delete(person)
    db.session.commit()
    confirmed(event, email="A@example.org")
    other = confirmed(event)
    again = make_planned(event)
    work()
    assert mails_of(again).keys() == {other.email}


def test_a_link_decides_about_the_address_that_got_it_and_no_later_one(app, event, frozen):
    person, pages = confirmed(event, email="former@example.org"), Pages(app)
    first = make_planned(event)
    work()
    link = link_in(mails_of(first)[person.email])
    start_write(db.session)
    person.email = person.email_canonical = "present@example.org"
    db.session.commit()
    pages.open(link, method="POST", data=ONE_CLICK)
    second = make_planned(event)
    work()
    own = link_in(mails_of(second)["present@example.org"])
    pages.open(own, method="POST", data=ONE_CLICK)
    assert refusals() == 2
    pages.open(link, method="POST", data={"act": "again"})
    confirmed(event, email="former@example.org")
    third = make_planned(event)
    assert (third.people, third.left_out) == (1, {"unsubscribed": 1})


def test_two_presses_at_once_refuse_once(app, event, frozen, monkeypatch):
    person = confirmed(event)
    mailing = make_planned(event)
    work()
    link = link_in(mails_of(mailing)[person.email])
    # Neither of two simultaneous presses sees the refusal that the other one has not stored yet.
    monkeypatch.setattr("forum.mailings.refusals._list", lambda _digests: [])
    for _press in range(2):
        Pages(app).open(link, method="POST", data=ONE_CLICK)
    assert refusals() == 1


def test_a_token_that_nobody_has_is_answered_in_the_same_way(app, event, frozen):
    person = confirmed(event)
    mailing = make_planned(event)
    work()
    link, pages = link_in(mails_of(mailing)[person.email]), Pages(app)
    strange = link.rpartition("/")[0] + "/" + "x" * 43
    for ask in (
        pages.get,
        lambda path: pages.open(path, method="POST", data=ONE_CLICK),
        lambda path: pages.open(path, method="POST", data={"act": "again"}),
    ):
        known, unknown = ask(link), ask(strange)
        assert (known.status, known.text) == (unknown.status, unknown.text)


def test_an_address_from_which_mail_comes_back_is_left_out(event, frozen):
    gone, goes_meanwhile, other = (confirmed(event) for _number in range(3))
    write(suppression.suppress, gone.email, SuppressionCause.BOUNCED, event_id=event.id, now=NOW)
    mailing = make_planned(event)
    assert mailing.left_out == {"suppressed": 1}
    complained = SuppressionCause.COMPLAINED
    write(suppression.suppress, goes_meanwhile.email, complained, event_id=event.id, now=NOW)
    work()
    assert mails_of(mailing).keys() == {other.email}


@pytest.fixture
def other(event):
    """Give a second event, for which Kim is registered, too."""
    elsewhere = make_event(slug="nf28", is_current=False)
    register_elsewhere(elsewhere, "justice", given_name="Kim", email=KIM)
    return elsewhere


def draft_page(sign_in_as, event) -> str:
    """Return the text of the page of a new draft to everybody of the event, as its organiser reads it."""
    browser = sign_in_as(Role.ORGANISER, event)
    return browser.get("own_mailings.write", event=event.slug, mailing=make_draft(event).id).text


def test_a_refusal_tells_organisers_of_another_event_nothing(app, sign_in_as, event, other, frozen):
    """Kim refuses all messages about one event; the other event's messages come, and its draft counts Kim (S13)."""
    kim, stays = confirmed(event, email=KIM), confirmed(event)
    here, there = make_planned(event), make_planned(other)
    work()
    waiting = mails_of(there)[KIM]
    Pages(app).open(link_in(mails_of(here)[kim.email]), method="POST", data={"leave": "messages"})
    db.session.refresh(waiting)
    assert waiting.status == MessageStatus.QUEUED
    assert "1 person is left out: wants no messages of this kind." in draft_page(sign_in_as, event)
    page = draft_page(sign_in_as, other)
    assert "1 person gets it." in page
    assert "left out:" not in page
    again, also = make_planned(event), make_planned(other)
    work()
    assert (mails_of(again).keys(), mails_of(also).keys()) == ({stays.email}, {KIM})


@pytest.mark.parametrize("cause", [*SuppressionCause])
def test_a_mark_tells_organisers_of_another_event_nothing(sign_in_as, event, other, frozen, cause):
    """Mail about one event came back or was unwanted: for another event the address has no mark (S13)."""
    kim = confirmed(event, email=KIM)
    write(suppression.suppress, KIM, cause, event_id=event.id, code="5.1.1", now=NOW)
    (twin,) = db.session.scalars(select(Registration).where(Registration.event_id == other.id))
    pages = {
        person: sign_in_as(Role.ORGANISER, person.event).get(
            "attendees.show", event=person.event.slug, reference=person.reference
        )
        for person in (kim, twin)
    }
    said = ["Messages to many leave this address out" in page.text for page in pages.values()]
    assert said == [True, False]
    assert "left out:" in draft_page(sign_in_as, event)
    assert "left out:" not in draft_page(sign_in_as, other)
    with pytest.raises(NotSuppressed):
        write(suppressions.lift, twin, LiftReason.ASKED, actor="user:1", now=NOW)
    db.session.rollback()
    write(suppressions.note_reached, twin)
    assert suppression.find(KIM, event.id)


def hold_for_all(what: str) -> None:
    """Store a refusal or a mark of Kim's address that belongs to no event, as an earlier version did."""
    if what == "refusal":
        write(rules._store, address_digests.of_no_event(KIM)[0], Refused.ALL, NOW)
    else:
        mark_for_all(KIM, SuppressionCause.COMPLAINED)


def named_in(browser, mailing, only: str = "") -> list[str]:
    """Return who of Kim and Robin is named in the list of a message's results."""
    narrowed = {"only": only} if only else {}
    page = browser.get("sent_mailings.show", event=mailing.event.slug, mailing=mailing.id, **narrowed)
    assert "such as people who were erased" in page.text
    return [name for name in ("Kim", "Robin") if name in " ".join(page.all("tbody th"))]


@pytest.mark.parametrize("what", ["refusal", "mark"])
def test_a_refusal_or_mark_of_no_event_holds_for_all_and_is_not_named(
    app, sign_in_as, event, other, frozen, what
):
    """A refusal or mark of an earlier version still holds; a message's results count Kim and name only others (S13)."""
    confirmed(event, email=KIM, given_name="Kim"), confirmed(event, given_name="Robin")
    hold_for_all(what)
    for one, people in ((event, ["Robin"]), (other, [])):
        assert "left out:" not in draft_page(sign_in_as, one)
        mailing, browser = make_planned(one), sign_in_as(Role.ORGANISER, one)
        work()
        assert KIM not in mails_of(mailing)
        assert counts(mailing) == Counts(waiting=len(people), left_out=1)
        assert named_in(browser, mailing) == people
        assert [named_in(browser, mailing, only) for only in ("troubled", "omitted")] == [[], []]


@pytest.mark.parametrize("what", ["refusal", "mark"])
def test_a_message_that_is_ended_names_nobody_left_out_by_what_belongs_to_no_event(
    sign_in_as, event, frozen, what
):
    """The results name whoever lost the mail when the message was ended, and not Kim, who was left out before (S13)."""
    confirmed(event, email=KIM, given_name="Kim"), confirmed(event, given_name="Robin")
    hold_for_all(what)
    mailing = make_planned(event)
    work()
    write(mailings.stop, mailing, actor="user:1", now=BEGUN)
    browser = sign_in_as(Role.ORGANISER, event)
    assert [named_in(browser, mailing, only) for only in ("", "troubled")] == [["Robin"], []]
    assert counts(mailing) == Counts(left_out=2)


def test_a_refusal_of_an_earlier_version_is_seen_and_taken_back_by_its_link(app, event, frozen):
    """The page behind a mail's link shows a refusal that belongs to no event, and ends it for one kind of message."""
    person = confirmed(event, email=KIM)
    mailing = make_planned(event)
    work()
    write(rules._store, address_digests.of_no_event(KIM)[0], Refused.ALL, NOW)
    page = Pages(app).get(link_in(mails_of(mailing)[person.email]))
    assert states(page) == ["Does not come to you"] * 2
    page = page.form("form.form").submit(button=f"Get it again: {PRACTICAL}", expect=200)
    assert states(page) == ["Comes to you", "Does not come to you"]
    assert rules.is_refused(None, KIM, Category.FURTHER)


def test_a_refusal_stays_when_another_event_s_link_takes_back_one_for_all(app, event, other, frozen):
    """Kim has refused all events' messages, refuses one event's by its link, and wants those of the other again.

    Each event's page says which refusals hold for all forums, as long as they do.
    """
    confirmed(event, email=KIM)
    mailings = make_planned(event), make_planned(other)
    work()
    here, there = (link_in(mails_of(mailing)[KIM]) for mailing in mailings)
    write(rules._store, address_digests.of_no_event(KIM)[0], Refused.ALL, NOW)
    pages, for_all = Pages(app), "that refusal ends for all of them."
    page = pages.open(here, method="POST", data={"leave": "messages"})
    assert page.text.count(for_all) == 2
    page = pages.get(there).form("form.form").submit(button=f"Get it again: {PRACTICAL}", expect=200)
    assert (states(page), page.text.count(for_all)) == (["Comes to you", "Does not come to you"], 1)
    assert "Unless it says otherwise above" in page.text
    page = page.form("form.form").submit(button=f"Get it again: {FURTHER}", expect=200)
    assert (states(page), for_all in page.text) == (["Comes to you"] * 2, False)
    page = pages.get(here)
    assert (states(page), for_all in page.text) == (["Does not come to you"] * 2, False)


@pytest.mark.parametrize("way", ["link", "mail"])
def test_a_refusal_by_an_erased_person_s_mail_is_kept(app, event, frozen, way):
    """An erased person who refuses by an old mail gets no messages when the address is registered again (M07, M10)."""
    app.config["MAIL_BOUNCE_ADDRESS"] = "bounces@post.example.org"
    kim, stays = confirmed(event, email=KIM), confirmed(event)
    mailing = make_planned(event)
    work()
    link, address = re.findall(r"<(?:mailto:)?([^>?]+)", parse(mails_of(mailing)[KIM])["List-Unsubscribe"])
    mark_all_sent()
    write(erasing.erase, kim, actor="command", now=NOW)
    pages, path = Pages(app), urlsplit(link).path
    assert states(pages.get(path)) == ["Comes to you"] * 2
    if way == "link":
        pages.open(path, method="POST", data=ONE_CLICK)
    else:
        assert write(leaving.note, address, now=NOW)
    confirmed(event, email=KIM)
    again = make_planned(event)
    assert (again.people, again.left_out) == (1, {"unsubscribed": 1})
    work()
    assert mails_of(again).keys() == {stays.email}
    page = pages.get(path)
    assert states(page) == ["Does not come to you", "Comes to you"]
    page = page.form("form.form").submit(button=f"Get it again: {PRACTICAL}", expect=200)
    assert (states(page), make_planned(event).people) == (["Comes to you"] * 2, 2)


def test_an_erasure_keeps_no_link_of_a_mail_that_has_not_left(app, event, frozen):
    """Nobody has read the link of a mail that never left, so an erasure keeps nothing of the link."""
    kim = confirmed(event, email=KIM)
    make_planned(event)
    work()
    write(erasing.erase, kim, actor="command", now=NOW)
    assert db.session.scalars(select(LeaveLink)).all() == []


def send_to_kim(event) -> tuple[Registration, str]:
    """Send Kim and another person a message; return Kim and the path of Kim's link for refusing further ones."""
    kim, _stays = confirmed(event, email=KIM), confirmed(event)
    mailing = make_planned(event)
    work()
    path = link_in(mails_of(mailing)[KIM])
    mark_all_sent()
    return kim, path


def test_a_refusal_reads_alike_once_the_person_is_erased(app, event, frozen):
    """The link by which a person has refused says after their erasure, too, that this forum's messages are refused."""
    kim, path = send_to_kim(event)
    pages = Pages(app)
    before = pages.open(path, method="POST", data=ONE_CLICK)
    write(erasing.erase, kim, actor="command", now=NOW)
    page = pages.get(path)
    assert states(page) == states(before) == ["Does not come to you", "Comes to you"]
    assert "What you choose holds for the forum that the message was about" in page.text
    assert "all forums" not in page.text


def test_an_erased_person_s_link_is_answered_like_a_token_that_nobody_has(app, event, frozen):
    """A link that is kept after an erasure, and by which nobody has refused anything, tells nothing (M07)."""
    kim, path = send_to_kim(event)
    write(erasing.erase, kim, actor="command", now=NOW)
    pages, strange = Pages(app), path.rpartition("/")[0] + "/" + "x" * 43
    for ask in (pages.get, lambda one: pages.open(one, method="POST", data=ONE_CLICK)):
        known, unknown = ask(path), ask(strange)
        assert (known.status, known.text) == (unknown.status, unknown.text)


@pytest.mark.parametrize("moved", ["before", "after"])
def test_an_erased_person_s_link_refuses_its_own_event_s_messages_when_events_move(
    app, event, other, frozen, moved
):
    """Another event gets the end that the link's event had: the link still refuses its own event's messages alone."""
    former = event.ends_at
    write(setattr, other, "ends_at", former + timedelta(days=2))
    kim, path = send_to_kim(event)
    write(erasing.erase, kim, actor="command", now=NOW)
    confirmed(event, email=KIM)
    here, there = make_planned(event), make_planned(other)
    work()
    waiting, pages = [mails_of(one)[KIM] for one in (here, there)], Pages(app)

    def move() -> None:
        write(setattr, event, "ends_at", former + timedelta(days=1))
        write(setattr, other, "ends_at", former)

    def refuse() -> None:
        pages.open(path, method="POST", data=ONE_CLICK)

    for step in (move, refuse) if moved == "before" else (refuse, move):
        step()
    for mail in waiting:
        db.session.refresh(mail)
    assert [mail.status for mail in waiting] == [MessageStatus.ABORTED, MessageStatus.QUEUED]
    assert (make_planned(event).left_out, make_planned(other).left_out) == ({"unsubscribed": 1}, {})
    page = pages.get(path)
    assert states(page) == ["Does not come to you", "Comes to you"]
    page = page.form("form.form").submit(button=f"Get it again: {PRACTICAL}", expect=200)
    assert (states(page), make_planned(event).people, refusals()) == (["Comes to you"] * 2, 2, 0)
