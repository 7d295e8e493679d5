"""The organisers' page of mails and failed mails."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from forum import clock
from forum.accounts.enums import Role
from forum.database import start_write
from forum.extensions import db
from forum.outbox import heartbeats, listing, relay
from forum.outbox.enums import Lane, MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.factories.mails import make_mail
from tests.factories.registrations import confirmed, register, register_elsewhere
from tests.tables import names, rows

ACCOUNT = {"site_name": "forum.example"}


@pytest.fixture
def mails(event):
    """Save three mails: two to Åsa, and a failed one to Bo."""
    confirmed(event, "ngo", email="asa@example.org")
    register(event, "ngo", email="bo@example.org")
    return mark("bo@example.org", status=MessageStatus.FAILED, attempts=9, last_error="550 no such mailbox")


def mark(recipient, **values):
    start_write(db.session)
    db.session.execute(update(OutboxMessage).where(OutboxMessage.recipient == recipient).values(**values))
    db.session.commit()
    return db.session.scalars(select(OutboxMessage).where(OutboxMessage.recipient == recipient)).first()


def reference_of(mail):
    return db.session.get(Registration, mail.registration_id).reference


def log(organiser, query="", **options):
    return organiser.get(f"/console/nf27/mail{query}", **options)


def test_log_says_to_whom_what_and_how_it_went_the_newest_first(organiser, mails):
    mark("asa@example.org", status=MessageStatus.SENT, attempts=1, sent_at=NOW + timedelta(minutes=2))
    it = ": Confirm your address, bo@example.org, 3 May 2027 14:00"
    reasons = (
        "Reason for putting it aside Choose a reason The address is wrong"
        " The person was told in another way It is not needed any more"
    )
    failed = f"Failed 550 no such mailbox Try again {it} {reasons} Put it aside {it}"
    sent = ["Sent 3 May 2027 14:02", "1", "3 May 2027 14:00"]
    assert rows(log(organiser)) == [
        ["bo@example.org", "Confirm your address", failed, "9", "3 May 2027 14:00"],
        ["asa@example.org", "Place confirmed", *sent],
        ["asa@example.org", "Confirm your address", *sent],
    ]


def test_mail_leads_to_the_person_that_it_is_about(organiser, mails):
    page = log(organiser, "?status=failed")
    assert page.follow("bo@example.org").path == (
        f"/console/nf27/registrations/{reference_of(mails)}?from=mail"
    )
    (link,) = page.soup.select("tbody th a")
    assert link["aria-label"] == f"bo@example.org, {reference_of(mails)}"


def test_mail_about_nobody_who_registered_leads_nowhere(sign_in_as, event):
    make_mail(kind="account-password-changed", recipient="o@example.org", context=ACCOUNT)
    page = log(sign_in_as(Role.ADMIN))
    assert (names(page), page.soup.select("tbody th a")) == (["o@example.org"], [])


def test_address_carries_no_field_that_was_left_empty(organiser, mails):
    assert log(organiser, "?q=&status=failed", expect=302).location == "/console/nf27/mail?status=failed"


def test_log_is_filtered_by_status_and_address(organiser, mails):
    assert names(log(organiser, "?status=failed")) == ["bo@example.org"]
    assert names(log(organiser, "?q=ASA@")) == ["asa@example.org", "asa@example.org"]
    assert names(log(organiser, "?q=asa&status=failed")) == []
    assert log(organiser, "?q=%25").all(".empty-title") == ["No message matches"]


def test_unknown_status_is_no_list(organiser, mails):
    log(organiser, "?status=lost", expect=404)


def test_hostile_parameters_are_only_text(organiser, mails):
    for parameter in ("q", "after", "before"):
        for value in ("'", "1;--", "\x00", "9" * 30, "²", "-1", "ø"):
            log(organiser, f"?{parameter}={value}".replace("\x00", "%00"))


def test_log_pages_forwards_and_backwards(organiser, mails, monkeypatch):
    whole = rows(log(organiser))
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    first = log(organiser)
    second = first.follow("Older")
    assert [*rows(first), *rows(second)] == whole
    assert rows(second.follow("Newer")) == rows(first)


def test_log_never_shows_or_loads_what_a_mail_says(organiser, mails):
    mark("bo@example.org", subject="Canary subject")
    page = log(organiser)
    words = db.session.scalars(select(OutboxMessage)).all()
    assert words[0].content is not None
    assert "Canary" not in page.data.decode()
    assert "/r/" not in page.data.decode()
    assert [statement for statement in page.statements if "outbox_messages.content" in statement] == []


def test_failed_mail_is_tried_again_in_the_organisers_name(organiser, mails):
    page = log(organiser, "?status=failed").submit(follow=True)
    assert page.flashes == ["The message is in the queue again."]
    db.session.refresh(mails)
    assert (mails.status, mails.attempts, mails.last_error) == (MessageStatus.QUEUED, 0, None)


def test_trying_again_keeps_the_filters(organiser, mails):
    page = log(organiser, "?status=failed&q=bo").submit()
    assert page.location == "/console/nf27/mail?q=bo&status=failed"


def test_mail_that_has_not_failed_is_not_tried_again(organiser, mails):
    page = log(organiser)
    mark("bo@example.org", status=MessageStatus.SENT)
    assert page.submit(follow=True).flashes == [
        "The message is not in that state any more. Nothing was changed."
    ]


def test_mail_without_words_cannot_be_tried_again(organiser, mails):
    mark("bo@example.org", content=None)
    assert log(organiser).submit(follow=True).flashes == [
        "The message could not be written, so it cannot be sent. Send the person a new one."
    ]


def test_waiting_mail_is_sent_before_all_others(organiser, mails):
    mark("bo@example.org", status=MessageStatus.AWAITING_RETRY, next_attempt_at=NOW + timedelta(hours=5))
    page = log(organiser, "?q=bo").form("form[action*=send]").submit(follow=True)
    assert page.flashes == ["The message goes before all others, as soon as the mail server takes mail."]
    db.session.refresh(mails)
    assert (mails.status, mails.lane, mails.next_attempt_at) == (MessageStatus.QUEUED, Lane.NOW, NOW)


def test_dead_letter_is_put_aside_with_a_reason_from_the_list(organiser, mails):
    page = (
        log(organiser, "?q=bo")
        .form("form[action*=dismiss]")
        .submit({"reason": "told_otherwise"}, follow=True)
    )
    assert page.flashes == ["The message is put aside. It will not be sent."]
    db.session.refresh(mails)
    assert (mails.status, mails.abort_reason, mails.content) == (
        MessageStatus.ABORTED,
        "told_otherwise",
        None,
    )
    assert (
        "Put aside 550 no such mailbox The person was told in another way" in rows(log(organiser, "?q=bo"))[0]
    )


def test_no_reason_is_chosen_beforehand(organiser, mails):
    page = log(organiser, "?q=bo").form("form[action*=dismiss]").submit(follow=True)
    assert page.flashes == ["Choose a reason for putting the message aside. Nothing was changed."]
    db.session.refresh(mails)
    assert mails.status == MessageStatus.FAILED


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("ConnectionRefusedError: [Errno 111] refused", "Nothing answers at the address and port"),
        ("421 busy.", "It says: 421 busy. The next"),
        (
            "OddError: [Errno 7] odd",
            "The connection to it fails; whoever runs the server finds why in the log.",
        ),
    ],
)
def test_list_and_overview_say_alike_why_no_mail_leaves(organiser, event, reason, told):
    start_write(db.session)
    relay.pause(reason, now=NOW)
    heartbeats.beat("worker", now=NOW)
    db.session.commit()
    for page in (log(organiser), organiser.get("console.overview", event="nf27")):
        (words,) = [text for text in page.all(".note p, .task-detail") if "has not taken mail" in text]
        assert (told in words, "Errno" in words) == (True, False)
        assert words.endswith("The next attempt comes within a minute; no message is lost.")
    clock.freeze(NOW - timedelta(hours=1))
    assert "The next attempt is at 3 May 2027 14:00; no message is lost." in log(organiser).text


@pytest.mark.parametrize("reason", ["outdated", "Anna Berg called"])
def test_reason_that_is_not_in_the_list_is_refused(organiser, mails, reason):
    form = log(organiser, "?q=bo").form("form[action*=dismiss]")
    form.submit({}, forged={"reason": reason}, expect=400)
    db.session.refresh(mails)
    assert mails.status == MessageStatus.FAILED


def test_failed_account_mail_is_seen_by_who_looks_after_the_accounts_alone(sign_in_as, event):
    """The mail with a link for a new password belongs to no event, so only admins of all events see that it failed."""
    register(event, "ngo", email="theirs@example.org")
    failed = make_mail(kind="account-password-changed", recipient="o@example.org", context=ACCOUNT)
    mark("o@example.org", status=MessageStatus.FAILED, last_error="550 no such mailbox")
    shown = {}
    for role, of in ((Role.ADMIN, None), (Role.ADMIN, event), (Role.ORGANISER, None)):
        pages = sign_in_as(role, of)
        overview = pages.get("console.overview", event=event.slug)
        shown[role, of is None] = (names(log(pages))[:-1], "1 message has failed" in overview.text)
    assert shown == {
        (Role.ADMIN, True): (["o@example.org"], True),
        (Role.ADMIN, False): ([], False),
        (Role.ORGANISER, True): ([], False),
    }
    token = log(pages).form().data["csrf_token"]
    path = f"/console/{event.slug}/mail/{failed.id}/retry"
    pages.open(path, method="POST", data={"csrf_token": token}, expect=404)
    db.session.refresh(failed)
    assert failed.status == MessageStatus.FAILED


def test_mail_of_another_event_is_neither_shown_nor_tried_again(organiser, mails, archive):
    register_elsewhere(archive, "ngo", email="theirs@example.org")
    theirs = mark("theirs@example.org", status=MessageStatus.FAILED)
    assert "theirs@example.org" not in log(organiser).text
    token = log(organiser).form().data["csrf_token"]
    for slug in ("nf27", "nf16"):
        path = f"/console/{slug}/mail/{theirs.id}/retry"
        organiser.open(path, method="POST", data={"csrf_token": token}, expect=404)
    db.session.refresh(theirs)
    assert theirs.status == MessageStatus.FAILED


def test_empty_log_says_what_comes(organiser):
    assert log(organiser).all(".empty-title") == ["No messages yet"]


def test_number_of_queries_is_the_same_for_one_and_for_more(organiser, event):
    register(event, "ngo")
    # Recording the first view within an hour takes statements, so open the page once before they are counted.
    log(organiser)
    one = len(log(organiser).statements)
    confirmed(event, "ngo")
    assert len(log(organiser).statements) == one


def test_person_reached_from_the_messages_leads_back_to_them(organiser, event):
    person = register(event, "ngo", email="bo@example.org")
    shown = log(organiser).follow("bo@example.org")
    assert shown.path.startswith(f"/console/nf27/registrations/{person.reference}")
    assert [(link.text, link["href"]) for link in shown.soup.select(".breadcrumbs a")] == [
        ("Messages", "/console/nf27/mail")
    ]
