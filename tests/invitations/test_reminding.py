"""Reminders of invitations: once, some days before the end or when organisers ask, never after an answer."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.invitations import actions, answering, changing, reminding
from forum.outbox import delivery
from forum.outbox.enums import Lane, MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration.enums import Status
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import make_applicant, write
from tests.invitations.test_invitations import FILLED, invite, last_mail, link_of, path_in, send_all

DUE = NOW + timedelta(days=11)
REMINDED = {"remind_at": DUE}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(sectors=[make_sector("tech", position=1)])


def remind_all(now):
    """Let the worker make the reminders that are due; return how many it made."""
    made = 0
    while due := reminding.list_next(now=now):
        made += sum(write(reminding.queue_one, number, now=now) for number in due)
    return made


def kinds():
    return [kind for (kind,) in db.session.query(OutboxMessage.kind).order_by(OutboxMessage.id)]


def test_whoever_is_silent_is_reminded_once_in_the_language_of_the_invitation(organiser, pages, event):
    invitation = invite(event, "tech", terms=REMINDED, words="Vi hoppas att du kan komma.")
    first = link_of(invitation)
    write(mark_all_sent)
    assert "Reminder 1" in organiser.get("invitations.index", event="nf27").text
    assert remind_all(DUE - timedelta(minutes=1)) == 0
    assert remind_all(DUE) == 1
    assert (remind_all(DUE), remind_all(DUE + timedelta(days=1))) == (0, 0)
    mail = last_mail("invitation-reminder")
    assert (mail.subject, mail.row.lane, mail.row.recipient) == (
        "Vi väntar på ditt svar",
        Lane.BULK,
        invitation.email,
    )
    assert "Vi hoppas att du kan komma." in mail.text
    assert "Kim" not in mail.text
    second = path_in(mail.text)
    assert first != second
    assert invitation.reminder_digest not in (None, invitation.link_digest)
    assert [pages.get(link).h1 for link in (first, second)] == ["Du är inbjuden"] * 2
    assert "Reminded " in organiser.get("invitations.index", event="nf27").text
    assert db.session.query(AuditEntry).filter_by(action="invitation.reminded").count() == 1


def left() -> list[str]:
    """Send what is due by the frozen clock; return the kinds of all mails that have left."""
    db.session.rollback()
    delivery.deliver_due()
    sent = select(OutboxMessage.kind).where(OutboxMessage.status == MessageStatus.SENT)
    return sorted(db.session.scalars(sent))


def test_no_mail_leaves_after_the_deadline_from_a_worker_that_was_away(event):
    """The worker sends before it ends invitations, but mails of an invitation are not due after its deadline (R18)."""
    silent = invite(event, "tech", terms=REMINDED)
    send_all(), write(mark_all_sent)
    unsent = invite(event, "tech", email="bo@example.org")
    assert (send_all(), remind_all(DUE)) == (1, 1)
    clock.freeze(silent.expires_at)
    assert left() == ["invitation"]
    assert write(actions.expire, silent.id, now=silent.expires_at) == 1
    write(actions.expire, unsent.id, now=silent.expires_at)
    assert [one.status for one in (silent.reminder, unsent.message)] == [MessageStatus.ABORTED] * 2


@pytest.mark.parametrize("way", ["later", "earlier", "prolonged"])
def test_unsent_mails_leave_until_the_deadline_that_holds(event, way):
    silent = invite(event, "tech", terms=REMINDED)
    send_all(), write(mark_all_sent)
    remind_all(DUE)
    before = silent.expires_at
    if way == "prolonged":
        write(actions.prolong_open, event, timedelta(days=2), now=DUE)
    else:
        until = before + timedelta(days=1 if way == "later" else -1)
        write(changing.change, silent, {"expires_at": until}, actor="user:1", now=DUE)
    assert silent.expires_at != before
    assert [silent.message.not_after, silent.reminder.not_after] == [silent.expires_at] * 2
    clock.freeze(silent.expires_at - timedelta(minutes=1))
    assert "invitation-reminder" in left()


def test_both_links_end_with_the_answer_and_the_mails_are_the_persons(pages, event):
    invitation = invite(event, "tech", terms=REMINDED)
    links = [link_of(invitation)]
    write(mark_all_sent)
    remind_all(DUE)
    clock.freeze(DUE)
    links.append(path_in(last_mail("invitation-reminder").text))
    person = write(answering.accept, invitation, make_applicant(email=invitation.email), now=DUE)
    assert person.status == Status.CONFIRMED
    assert [pages.get(link).h1 for link in links] == ["Du har tackat ja"] * 2
    mails = {one.kind: one.registration_id for one in (invitation.message, invitation.reminder)}
    assert mails == {"invitation": person.id, "invitation-reminder": person.id}
    # Accepting the invitation has cancelled the reminder, which was not sent yet.
    assert invitation.reminder.status == MessageStatus.ABORTED


ENDS = {
    "yes": lambda one: write(answering.accept, one, make_applicant(email=one.email), now=NOW),
    "no": lambda one: write(answering.decline, one, "", now=NOW),
    "withdrawn": lambda one: write(actions.withdraw, one, actor="user:1", now=NOW),
    "over": lambda one: write(setattr, one, "expires_at", DUE),
    "hidden": lambda one: write(setattr, one.event, "is_published", False),
    "cancelled": lambda one: write(setattr, one.event, "cancelled_at", DUE),
}


@pytest.mark.parametrize("end", ENDS)
def test_nobody_is_reminded_of_what_has_ended_or_is_not_public(event, end):
    invitation = invite(event, "tech", terms=REMINDED)
    send_all()
    write(mark_all_sent)
    assert reminding.list_next(now=DUE) == [invitation.id]
    ENDS[end](invitation)
    assert reminding.list_next(now=DUE) == []
    assert write(reminding.queue_one, invitation.id, now=DUE) == 0
    assert "invitation-reminder" not in kinds()


@pytest.mark.parametrize("status", [None, MessageStatus.QUEUED, MessageStatus.FAILED])
def test_nobody_is_reminded_whose_invitation_has_not_arrived(event, status):
    invitation = invite(event, "tech", terms=REMINDED)
    if status:
        send_all()
        write(setattr, invitation.message, "status", status)
    assert reminding.list_next(now=DUE) == []


def test_organisers_remind_all_who_are_silent_after_reading_how_many(organiser, event):
    silent = [invite(event, "tech", email=f"guest{number}@example.org") for number in range(3)]
    send_all()
    write(mark_all_sent)
    invite(event, "tech", email="unsent@example.org")
    write(answering.decline, silent[2], "", now=NOW)
    page = organiser.get("invitations.index", event="nf27").follow("Remind 2 people who have not answered …")
    assert "2 people have got an invitation" in page.text
    write(answering.decline, silent[1], "", now=NOW)
    changed = page.submit(button="Remind 2 people", follow=True)
    assert changed.flashes == ["Nobody was reminded: the number of people has changed. Look at it again."]
    assert reminding.list_next(now=NOW) == []
    done = changed.submit(button="Remind 1 person", follow=True)
    assert done.flashes == ["1 reminder is on its way."]
    assert remind_all(NOW) == 1
    assert kinds().count("invitation-reminder") == 1
    again = organiser.get("invitations.remind", event="nf27")
    assert "There is nobody to remind" in again.text
    asked = db.session.query(AuditEntry).filter_by(action="invitation.reminder_asked").one()
    assert asked.actor.startswith("user:")


def test_a_reminder_is_chosen_with_the_invitation(organiser, event):
    page = organiser.get("invitations.invite", event="nf27")
    told = {**FILLED, "sector": "tech", "until": "2027-05-10"}
    for wrong, why in (
        ("0", "Enter a number from 1 to 60"),
        ("61", "Enter a number from 1 to 60"),
        ("9" * 5000, "Enter a"),
        ("soon", "Enter a whole number, in digits"),
        ("60", "The reminder would have been due already. Choose fewer days, or none"),
    ):
        refused = page.submit({**told, "remind_days": wrong}, button="Send the invitation", expect=422)
        assert why in refused.text
    page.submit({**told, "remind_days": "3"}, button="Send the invitation", expect=303)
    invitation = db.session.query(actions.Invitation).one()
    assert invitation.expires_at - invitation.remind_at == timedelta(days=3)


def test_reminders_are_forgotten_with_invitations_that_nobody_answered(event):
    invite(event, "tech", terms=REMINDED)
    send_all()
    write(mark_all_sent)
    remind_all(DUE)
    assert set(kinds()) == {"invitation", "invitation-reminder"}
    assert write(actions.forget_unanswered, now=event.ends_at + timedelta(days=31)) == 1
    assert kinds() == []
