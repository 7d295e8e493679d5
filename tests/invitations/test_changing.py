"""Changing an invitation that has not been answered, also when somebody else changes it meanwhile (R30)."""

from datetime import UTC, datetime, timedelta

import pytest

from forum import clock
from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.invitations import answering, queries
from forum.invitations.forms import ChangeForm
from forum.outbox.models import OutboxMessage
from forum.registration.enums import Status
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, write
from tests.invitations.test_invitations import invite, last_mail, link_of, path_in, send_all
from tests.invitations.test_reminding import remind_all

SAVE = "Save the invitation"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(capacity=1, sectors=[make_sector("tech", ceiling=1, position=1)])


@pytest.fixture
def invitation(event):
    return invite(event, "tech")


@pytest.fixture
def page(organiser, invitation):
    return organiser.get("invitations.index", event="nf27").follow("Change … Kim Andersen, kim@example.org")


def move(event, starts_at, ends_at):
    event.starts_at, event.ends_at = starts_at, ends_at


@pytest.mark.parametrize("until", ["2027-03-30", "2027-04-01"])
def test_days_before_the_end_are_those_of_the_events_clocks(event, organiser, until):
    """Days are counted by the event's clock, although the night to 28 March 2027 is an hour shorter."""
    clock.freeze(datetime(2027, 3, 1, 12, tzinfo=UTC))
    write(lambda: move(event, datetime(2027, 3, 31, 6, tzinfo=UTC), datetime(2027, 4, 1, 6, tzinfo=UTC)))
    invitation = invite(event, "tech")
    link = ("Change … Kim Andersen, kim@example.org", "Save the invitation")
    for _saved_again in range(2):
        page = organiser.get("invitations.index", event="nf27").follow(link[0])
        page.submit({"until": until, "remind_days": "7"}, button=link[1], expect=303)
        assert ChangeForm.stored(invitation)["remind_days"] == 7
    left = (
        invitation.expires_at.astimezone(event.zone).date()
        - invitation.remind_at.astimezone(event.zone).date()
    )
    assert left == timedelta(days=7)


def test_what_is_changed_stands_behind_the_link_and_the_sent_message_stays(page, pages, event, invitation):
    link = link_of(invitation)
    write(mark_all_sent)
    told = {"until": "2027-05-12", "words": "Du får gärna ringa.", "language": "en", "remind_days": "2"}
    done = page.submit(told, button=SAVE, follow=True)
    assert done.flashes == ["The invitation is changed. A message that has left already stays as it was."]
    assert (invitation.language, invitation.words) == ("en", "Du får gärna ringa.")
    assert invitation.expires_at.date().isoformat() == "2027-05-12"
    assert invitation.expires_at - invitation.remind_at == timedelta(days=2)
    assert "12 maj 2027" in pages.get(link).text
    assert db.session.query(OutboxMessage).count() == 1
    entry = db.session.query(AuditEntry).filter_by(action="invitation.changed").one()
    assert set(entry.details.payload["fields"]) == {"language", "words", "expires_at", "remind_at"}
    same = page.submit(told, button=SAVE, expect=409).submit(button=SAVE, follow=True)
    assert same.flashes == ["Nothing was different, so nothing was changed."]


def test_a_message_that_has_not_left_is_made_anew(page, pages, invitation):
    old = link_of(invitation)
    page.submit({"language": "en", "words": "Please come."}, button=SAVE, expect=303)
    assert (invitation.link_digest, invitation.message_id) == (None, None)
    assert send_all() == 1
    mail = last_mail()
    assert (db.session.query(OutboxMessage).count(), "Please come." in mail.text) == (1, True)
    assert path_in(mail.text).startswith("/en/")
    assert pages.get(old, expect=404).h1
    assert pages.get(path_in(mail.text)).h1 == "You are invited"


def test_a_place_is_held_or_given_back(page, event, invitation):
    page = page.submit({"holds_place": "y"}, button=SAVE, follow=True)
    assert (event.taken, event.sectors[0].reserved, invitation.holds_place) == (1, 1, True)
    waiter = confirmed(event, "tech")
    assert waiter.status == Status.WAITING
    page = page.follow("Change … Kim Andersen, kim@example.org")
    page.submit({"holds_place": None}, button=SAVE, expect=303)
    assert (event.sectors[0].reserved, waiter.status) == (0, Status.OFFERED)
    page = page.submit({"holds_place": None}, button=SAVE, expect=409)
    refused = page.submit({"holds_place": "y"}, button=SAVE, expect=409)
    assert "No place is free in the sector that could be held" in refused.text
    assert (event.taken, invitation.holds_place) == (1, False)


def test_two_organisers_see_what_the_other_has_saved(page, invitation):
    page.submit({"words": "From the first."}, button=SAVE, expect=303)
    shown = page.submit({"words": "From the second.", "holds_place": "y"}, button=SAVE, expect=409)
    assert "Somebody else has saved meanwhile" in shown.text
    assert "From the first." in shown.text
    assert "From the second." in shown.text
    assert (invitation.words, invitation.holds_place) == ("From the first.", False)
    shown.submit(button=SAVE, expect=303)
    assert (invitation.words, invitation.holds_place) == ("From the second.", True)


def test_an_answered_invitation_stays_as_it_is(page, organiser, invitation):
    write(answering.decline, invitation, "", now=NOW)
    done = page.submit({"words": "Too late."}, button=SAVE, follow=True)
    assert done.flashes == ["Nothing was changed: the invitation has been answered or has ended meanwhile."]
    assert invitation.words == ""
    assert (
        "Nothing can be changed"
        in organiser.get("invitations.change", event="nf27", number=invitation.id).text
    )


def test_wrong_values_are_refused_and_kept(page, invitation):
    wrong = {"until": "2020-01-01", "remind_days": "99", "words": "x " * 1001 + "x"}
    refused = page.submit(wrong, button=SAVE, expect=422)
    for why in (
        "Choose a day from today until",
        "Enter a number from 1 to 60",
        "Use at most 2,000 characters",
    ):
        assert why in refused.text
    assert refused.form().data["remind_days"] == ["99"]
    assert invitation.words == ""


def test_who_was_reminded_is_not_reminded_again(organiser, invitation):
    write(setattr, invitation, "reminded_at", NOW)
    page = organiser.get("invitations.change", event="nf27", number=invitation.id)
    assert "Each person is reminded once at most" in page.text
    page.submit({"words": "New."}, button=SAVE, expect=303)
    assert (invitation.words, invitation.remind_at) == ("New.", None)


def test_whoever_is_never_reminded_is_not_reminded_after_the_deadline_has_moved(organiser, event, invitation):
    """In an old backup a reminder's moment may be the invitation's end, which means that nobody is reminded (R12)."""
    send_all()
    write(mark_all_sent)
    end = invitation.expires_at
    write(setattr, invitation, "remind_at", end)
    page = organiser.get("invitations.change", event="nf27", number=invitation.id)
    page.submit({"until": "2027-06-12"}, button=SAVE, expect=303)
    assert (invitation.expires_at > end, invitation.own_reminder_at) == (True, None)
    assert "Reminder " not in " ".join(organiser.get("invitations.index", event="nf27").all("tbody td"))
    assert queries.list_reminder_moments(event, NOW) == []
    for moment in (end, invitation.expires_at - timedelta(minutes=1)):
        assert remind_all(moment) == 0
    page = organiser.get("invitations.change", event="nf27", number=invitation.id)
    page.submit({"remind_days": "2"}, button=SAVE, expect=303)
    assert (
        queries.list_reminder_moments(event, NOW)
        == [invitation.own_reminder_at]
        == [invitation.expires_at - timedelta(days=2)]
    )
