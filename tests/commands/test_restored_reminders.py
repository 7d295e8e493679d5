"""No reminder leaves twice by itself after a restore: the backup may not know that it has left already (R12)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.commands import after_restore
from forum.database import start_write
from forum.extensions import db
from forum.invitations import actions as invitations
from forum.invitations import queries, silence
from forum.invitations.enums import Standing
from forum.invitations.models import Invitation
from forum.mailings import reminder_times
from forum.mailings.enums import Anchor, MailingStatus, Skipped
from forum.mailings.models import Mailing
from forum.outbox.models import OutboxMessage
from forum.registration import actions, expiry
from tests.factories.events import NOW, room
from tests.factories.invitations import new_invitation
from tests.factories.mailings import make_under_way
from tests.factories.mails import mark_all_sent
from tests.factories.own_words import make_draft, make_planned, make_reminder
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.invitations.test_invitations import send_all
from tests.invitations.test_reminding import remind_all
from tests.mailings.test_reminders import state, told, work
from tests.registration.reading import kinds_for

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def restore(now) -> None:
    """Pause mails and reminders in the present database, as restoring it from a backup does.

    For PostgreSQL a restore runs a script of SQL, here with the test's time in place of the database's now().
    """
    clock.freeze(now)
    start_write(db.session)
    make_safe(db.session.connection(), now)
    db.session.commit()
    db.session.expire_all()


def make_safe(connection, now) -> None:
    """Pause mails and reminders in the database as a restore does, on this connection and without a commit."""
    if connection.dialect.name == "postgresql":
        script = after_restore.PAUSING.replace("MADE_AT", NOW.isoformat())
        connection.exec_driver_sql(script.replace("now()", f"'{now.isoformat()}'::timestamptz"))
    else:
        after_restore.quiet(connection, NOW)


def test_messages_wait_for_an_organiser_and_past_reminders_are_left_out(event):
    person = confirmed(event, now=NOW - 10 * DAY)
    begun, past, ahead = make_planned(event), make_reminder(event, days=3), make_reminder(event, days=2)
    due = reminder_times.due_at(past)
    restore(due + HOUR)
    assert db.session.get_one(Mailing, begun.id).status == MailingStatus.PAUSED
    work(due + 2 * HOUR)
    assert (told(past), state(past)) == ([], (MailingStatus.PROPOSED, Skipped.LATE))
    work(due + DAY)
    assert [address for address, _subject in told(ahead)] == [person.email]


def test_pages_of_messages_say_since_when_people_may_have_got_them(event, sign_in_as):
    """The pages that resume a paused message or send a draft say that people may have got the message already (R12)."""
    confirmed(event, now=NOW - 10 * DAY)
    begun, change, draft = make_planned(event), make_under_way(event), make_draft(event)
    ended = write_status(make_planned(event), MailingStatus.DONE)

    def notes(organiser) -> list[bool]:
        where = (
            *(("sent_mailings.show", begun), ("mailings.show", change)),
            *(("sent_mailings.send", draft), ("sent_mailings.show", ended)),
        )
        pages = [organiser.get(name, event=event.slug, mailing=one.id).text for name, one in where]
        return [
            "The forum was restored from the backup of 3 May 2027 at 14:00 (CEST)." in page for page in pages
        ]

    assert notes(sign_in_as(Role.ORGANISER, event, at=NOW)) == [False] * 4
    restore(NOW + HOUR)

    organiser = sign_in_as(Role.ORGANISER, event, at=NOW + HOUR)
    assert notes(organiser) == [True, True, True, False]
    paused = organiser.get("sent_mailings.show", event=event.slug, mailing=begun.id).text
    assert (
        "Those of them who seem to wait get it once more when it goes on. If they are not to, end it."
        in paused
    )
    assert "Nothing has left yet" not in paused
    assert "If the forum was restored" not in paused
    assert (
        "They get it once more when you send it."
        in organiser.get("sent_mailings.send", event=event.slug, mailing=draft.id).text
    )


def test_message_of_an_older_restore_keeps_the_older_moment(event):
    confirmed(event, now=NOW - 10 * DAY)
    mailing = write_status(make_planned(event), MailingStatus.PAUSED)
    write(setattr, mailing, "restored_from", NOW - DAY)

    restore(NOW + HOUR)

    assert db.session.get_one(Mailing, mailing.id).restored_from == NOW - DAY


def test_old_backup_without_the_moment_is_restored_all_the_same(event):
    confirmed(event, now=NOW - 10 * DAY)
    make_planned(event)
    start_write(db.session)
    connection = db.session.connection()
    connection.exec_driver_sql("ALTER TABLE mailings DROP COLUMN restored_from")
    make_safe(connection, NOW + HOUR)
    status = connection.scalar(select(Mailing.status))
    db.session.rollback()

    assert status == MailingStatus.PAUSED


def write_status(mailing: Mailing, status: MailingStatus) -> Mailing:
    """Set the state of a mailing, and return the mailing."""
    write(setattr, mailing, "status", status)
    return mailing


def test_whoever_may_have_been_reminded_after_registering_is_not_reminded_again(event):
    reminder = make_reminder(event, anchor=Anchor.REGISTERED, days=2, hour=9)
    confirmed(event, now=NOW + HOUR)
    later = confirmed(event, now=NOW + DAY + HOUR)
    due = reminder_times.due_for(reminder, NOW + HOUR)
    restore(due + HOUR)
    for moment in (due + 2 * HOUR, due + DAY):
        work(moment)
    assert [address for address, _subject in told(reminder)] == [later.email]


def test_invitations_are_not_reminded_again_by_their_day_or_by_the_rule(event):
    write(setattr, event, "invitation_reminder_days", 4)
    write(setattr, event, "invitation_reminder_hour", 9)
    terms = {"own": {"remind_at": NOW + 4 * DAY}, "ruled": {}, "later": {"made_at": NOW + DAY}}
    terms["far"] = {"remind_at": NOW + 5 * DAY}
    rows = {
        name: save(new_invitation(event, "ngo", f"{name}@example.org", token=name, **values))
        for name, values in terms.items()
    }
    at = silence.list_moments(event, NOW)[rows["ruled"].id]
    now = max(at, NOW + 4 * DAY) + HOUR
    restore(now)
    assert remind_all(now + MINUTE) == 0
    assert remind_all(at + DAY + HOUR) == 1
    assert remind_all(NOW + 5 * DAY) + remind_all(NOW + 5 * DAY + HOUR) == 1
    reminded = select(Invitation.email).where(Invitation.reminded_at.is_not(None)).order_by(Invitation.email)
    assert db.session.scalars(reminded).all() == ["far@example.org", "later@example.org"]


def test_an_old_backup_without_exemptions_reminds_nobody_of_an_invitation_again(event):
    """In a backup without the column for exemptions, too, people whose reminder was due before the restore get none."""
    write(setattr, event, "invitation_reminder_days", 4)
    write(setattr, event, "invitation_reminder_hour", 9)
    terms = {"own": {"remind_at": NOW + 4 * DAY}, "ruled": {}, "later": {"made_at": NOW + DAY}}
    rows = {
        name: save(new_invitation(event, "ngo", f"{name}@example.org", token=name, **values))
        for name, values in terms.items()
    }
    at = silence.list_moments(event, NOW)[rows["ruled"].id]
    now = max(at, NOW + 4 * DAY) + HOUR
    clock.freeze(now)
    start_write(db.session)
    connection = db.session.connection()
    connection.exec_driver_sql("ALTER TABLE invitations DROP COLUMN exempt_from_rule")
    make_safe(connection, now)
    moments = select(Invitation.email, Invitation.remind_at == Invitation.expires_at).order_by(
        Invitation.email
    )
    ended = [tuple(row) for row in connection.execute(moments)]
    db.session.rollback()
    assert ended == [("later@example.org", None), ("own@example.org", True), ("ruled@example.org", True)]
    for name in ("own", "ruled"):
        write(setattr, rows[name], "remind_at", rows[name].expires_at)
    assert remind_all(now) == 0
    assert remind_all(rows["own"].expires_at - MINUTE) == 0


def test_invitations_that_may_have_left_wait_for_an_organiser(event, sign_in_as):
    """A restore pauses invitations that may have left: the console lists them, and one press sends them (R12)."""
    sent = save(new_invitation(event, "ngo", "sent@example.org", token="sent"))
    paused = [save(new_invitation(event, "ngo", f"paused{number}@example.org")) for number in range(3)]
    restore(NOW + HOUR)
    send_all()
    assert db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "invitation")).all() == []
    assert queries.count_by_standing(event) == {Standing.PAUSED: 3, Standing.SENT: 1}
    assert queries.count_conversion(event).sent == 1
    assert queries.count_silent(event, NOW + HOUR) == 1
    organiser = sign_in_as(Role.ORGANISER, event, at=NOW + HOUR)
    page = organiser.get("/console/nf27/invitations/?status=paused")
    assert "3 invitations may have been sent before the forum was restored from a backup" in page.text
    assert sent.email not in page.text
    write(invitations.withdraw, paused[2], actor="user:1", now=NOW + HOUR)
    asked = organiser.get("invitations.release", event="nf27")
    write(invitations.withdraw, paused[1], actor="user:1", now=NOW + HOUR)
    assert asked.form("form.form").submit(button="Send 2 invitations", follow=True).flashes == [
        "Nothing was sent: the number of invitations has changed. Look at it again."
    ]
    done = organiser.get("invitations.release", event="nf27").form("form.form").submit(follow=True)
    assert done.flashes == ["1 invitation is on its way."]
    assert "restored from a backup" not in done.text
    for _again in range(2):
        send_all()
    mails = select(OutboxMessage.recipient).where(OutboxMessage.kind == "invitation")
    assert db.session.scalars(mails).all() == [paused[0].email]
    released = select(AuditEntry.action).where(AuditEntry.action == "invitation.released")
    assert db.session.scalars(released).all() == ["invitation.released"]
    assert queries.count_by_standing(event)[Standing.WAITING] == 1


def test_an_offer_is_not_reminded_again(database):
    event = room()
    holder, first = (confirmed(event, "justice", now=NOW + number * MINUTE) for number in range(2))
    write(actions.cancel, holder, actor="person", now=NOW + HOUR)
    mark_all_sent()
    due = first.offer_expires_at - timedelta(hours=12)
    restore(due + MINUTE)
    write(expiry.expire_due, now=due + HOUR)
    assert "offer-reminder" not in kinds_for(first)
