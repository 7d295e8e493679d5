"""The reminder after some days of silence: by the event's rule, once, on its day or not at all (R12, R18)."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.audit.models import AuditEntry
from forum.columns import Text
from forum.events import cancelling, changes
from forum.extensions import db
from forum.invitations import actions, reminding, silence
from forum.outbox.enums import MessageStatus
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import write
from tests.invitations.test_invitations import invite, send_all
from tests.invitations.test_reminding import kinds, remind_all

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PAGES = ("invitations.invite", "invitations.invite_many")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(
        sectors=[make_sector("tech", position=1)], invitation_reminder_days=4, invitation_reminder_hour=9
    )


def due_of(invitation) -> datetime:
    day = invitation.message.sent_at.astimezone(invitation.event.zone).date() + 4 * DAY
    return datetime(day.year, day.month, day.day, 9, tzinfo=invitation.event.zone)


def mailed(event, **differing):
    invitation = invite(event, "tech", **differing)
    send_all()
    write(mark_all_sent)
    db.session.refresh(invitation)
    return invitation


def test_the_silent_are_reminded_once_on_the_day_of_the_rule(event):
    invitation = mailed(event)
    due = due_of(invitation)
    assert silence.list_moments(event, NOW) == {invitation.id: due}
    assert remind_all(due - HOUR) == 0
    assert remind_all(due + HOUR) == 1
    for again in (timedelta(0), -HOUR, DAY):  # the worker's clock was set back: nobody is reminded twice
        assert remind_all(due + again) == 0
    assert kinds().count("invitation-reminder") == 1


@pytest.mark.parametrize("late", [silence.WINDOW, DAY])
def test_a_missed_hour_is_left_out(event, late):
    invitation = mailed(event)
    assert remind_all(due_of(invitation) + late) == 0


def test_the_days_count_from_when_the_mail_has_left(event):
    invitation = invite(event, "tech")
    send_all()
    late = NOW + 4 * DAY
    assert remind_all(late) == 0
    sent = {"status": MessageStatus.SENT, "sent_at": late, "content": None}
    for name, value in sent.items():
        write(setattr, invitation.message, name, value)
    assert remind_all(late + HOUR) == 0
    assert remind_all(due_of(invitation)) == 1


def test_a_day_of_its_own_holds_and_no_reminder_comes_after_the_end(event):
    own = mailed(event, terms={"remind_at": NOW + 9 * DAY})
    short = mailed(event, days=3, email="short@example.org")
    assert silence.list_moments(event, NOW) == {}
    assert remind_all(due_of(short)) == 0
    assert remind_all(NOW + 9 * DAY) == 1
    assert own.reminded_at


@pytest.mark.parametrize("end", ["withdrawn", "cancelled", "no rule"])
def test_nobody_is_reminded_of_what_has_ended(event, end):
    invitation = mailed(event)
    due, by = due_of(invitation), {"actor": "user:1", "now": NOW}
    assert reminding.list_next(now=due) == [invitation.id]
    match end:
        case "withdrawn":
            write(actions.withdraw, invitation, **by)
        case "cancelled":
            write(cancelling.cancel, event, Text(sv="Snö", en="Snow"), **by)
        case _:
            write(silence.set_rule, event, None, 9, **by)
    assert reminding.list_next(now=due) == []
    assert write(reminding.queue_one, invitation.id, now=due) == 0


def test_an_organiser_changes_the_rules_and_reads_them_in_the_plan(organiser, event):
    mailed(event)
    page = organiser.get("reminders.index", event="nf27")
    assert "after 4 days without an answer, at 09:00" in page.text
    assert page.all("td.num") == ["1"]
    page = organiser.get("reminder_rules.of_invitations", event="nf27")
    wrong = page.form("form.form").submit({"way": "after", "number": ""}, expect=422)
    assert wrong.errors == {"number": "Enter a number of days"}
    page = wrong.form("form.form").submit({"number": "6", "hour": "7"}, follow=True)
    assert (page.h1, page.flashes) == ("Reminders", ["Saved."])
    assert "after 6 days without an answer, at 07:00" in page.text
    page = organiser.get("reminder_rules.of_offers", event="nf27")
    wrong = page.form("form.form").submit({"way": "before", "number": "1"}, expect=422)
    assert wrong.errors == {"number": "Enter a whole number from 2 to 336"}
    page = wrong.form("form.form").submit({"number": "24"}, follow=True)
    assert "24 hours before the end of the offer" in page.text
    page = (
        organiser.get("reminder_rules.of_offers", event="nf27")
        .form("form.form")
        .submit({"way": "never"}, follow=True)
    )
    assert "never" in page.text


def test_a_reminder_whose_hour_was_in_a_cancellation_leaves_after_it(event):
    """Nobody can answer while the event is cancelled: the reminder waits that much longer, as the deadline does."""
    invitation = mailed(event)
    due = due_of(invitation)
    write(cancelling.cancel, event, Text(sv="Snö", en="Snow"), actor="user:1", now=due - HOUR)
    assert remind_all(due) == 0
    write(cancelling.take_up_again, event, actor="user:1", now=due + DAY)
    write(actions.prolong_open, event, DAY + HOUR, now=due + DAY)
    assert remind_all(due + DAY) == 0
    assert remind_all(due + DAY + HOUR) == 1


def test_pages_of_invitations_say_when_the_rule_reminds(organiser, event):
    """An invitation without a reminder's day follows the event's rule: pages must not say that nobody is reminded."""
    invitation = mailed(event)
    rule = "the event’s rule holds: after 4 days without an answer, at 09:00"
    page = organiser.get("invitations.index", event="nf27")
    assert f"Reminder {due_of(invitation):%-d %b %Y} 09:00" in page.text
    changing = organiser.get("invitations.change", event="nf27", number=invitation.id)
    for one in (changing, *(organiser.get(name, event="nf27") for name in PAGES)):
        assert rule in one.text
        assert "Nobody is reminded" not in one.text
    write(silence.set_rule, event, None, 9, actor="user:1", now=NOW)
    assert (
        "Nobody is reminded if you leave it empty" in organiser.get("invitations.invite", event="nf27").text
    )


def test_an_invitation_can_be_exempted_from_the_rule(organiser, event):
    invitation = mailed(event)
    due = due_of(invitation)
    page = organiser.get("invitations.change", event="nf27", number=invitation.id)
    page.submit({"exempt_from_rule": "y"}, button="Save the invitation", expect=303)
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).unique().one()
    assert entry.action == "invitation.changed"
    assert "exempt_from_rule" in entry.details.payload["fields"]
    assert (silence.list_moments(event, NOW), remind_all(due)) == ({}, 0)
    assert "Not reminded by the event’s rule" in organiser.get("invitations.index", event="nf27").text
    page = organiser.get("invitations.change", event="nf27", number=invitation.id)
    page.submit({"exempt_from_rule": None}, button="Save the invitation", expect=303)
    assert remind_all(due) == 1
    write(setattr, invitation, "exempt_from_rule", True)
    # Once the person was reminded, the form has no field for the exemption, and saving the form does not change it.
    page = organiser.get("invitations.change", event="nf27", number=invitation.id)
    assert "exempt_from_rule" not in page.form("form.form").values()
    page.submit({"words": "Welcome."}, button="Save the invitation", expect=303)
    db.session.refresh(invitation)
    assert (invitation.words, invitation.exempt_from_rule) == ("Welcome.", True)


@pytest.mark.parametrize(
    ("rule", "mine", "theirs", "both"),
    [
        ("of_offers", {"way": "before", "number": "12"}, {"offer_reminder_hours": 24}, ["24", "12"]),
        ("of_invitations", {"way": "after", "number": "9"}, {"invitation_reminder_days": 6}, ["6", "9"]),
    ],
)
def test_a_colleagues_change_of_a_rule_is_shown_before_it_is_replaced(
    organiser, event, rule, mine, theirs, both
):
    """The second organiser to save reads what the first has saved (R30)."""
    page = organiser.get(f"reminder_rules.{rule}", event="nf27")
    write(changes.change, event, theirs, actor="user:2", now=NOW)
    refused = page.form("form.form").submit(mine, expect=409)
    assert "Somebody else has saved meanwhile" in refused.text
    assert refused.form("form.form").values()["number"] == [mine["number"]]
    assert refused.all(".compared td") == both
    db.session.refresh(event)
    assert {name: getattr(event, name) for name in theirs} == theirs
    again = refused.form("form.form").submit(follow=True)
    assert again.flashes == ["Saved."]


def test_the_labels_of_the_rules_are_true_whatever_is_chosen(organiser, event):
    """The label of the number names the only choice that needs the number, because no script changes the label."""
    for rule, label in (
        ("of_offers", "Hours before the end, if you choose a number of hours"),
        ("of_invitations", "Days, if you choose a number of days"),
    ):
        page = organiser.get(f"reminder_rules.{rule}", event="nf27")
        assert page.soup.select_one("label[for=number]").text.strip() == label
