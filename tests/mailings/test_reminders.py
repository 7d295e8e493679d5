"""Reminders leave on their day, once, in the reader's language, or not at all (R12, R18, P26)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.columns import Text
from forum.database import start_write
from forum.events import cancelling
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.mailings import actions as mailings
from forum.mailings import chosen_audience, own_words, queries, refusals, reminder_times, reminders
from forum.mailings.enums import Anchor, MailingStatus, Skipped
from forum.mailings.errors import DayOver, DayTooLate, NeedsFilters, Planned, WordsMissing
from forum.mailings.models import MailingRecipient
from forum.mailings.own_words import Written
from forum.mailings.queries import Counts
from forum.mailings.reminders import Rule
from forum.outbox.enums import SuppressionCause
from forum.outbox.models import OutboxMessage
from forum.registration import actions
from tests.factories.events import NOW, room
from tests.factories.mails import mark_for_all
from tests.factories.own_words import WRITTEN, make_draft, make_planned, make_reminder
from tests.factories.registrations import confirmed, write
from tests.mailings.test_own_words import mails_of, parse, text_of

OF_REMINDERS = {"send reminders", "leave people out of late reminders"}
JOBS_OF_MAILINGS = [job for job in JOBS if "mailings" in job.name or job.name in OF_REMINDERS]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def work(at: datetime) -> None:
    """Run the worker's jobs about mailings at a moment, and again a minute later, when the mails leave."""
    for moment in (at, at + own_words.TO_STOP):
        clock.freeze(moment)
        db.session.rollback()
        for job in JOBS_OF_MAILINGS:
            run_job(job)


def told(reminder) -> list[tuple[str, str]]:
    """Return address and subject of each mail that was made for the reminder."""
    db.session.rollback()
    db.session.expire_all()
    query = select(OutboxMessage).join(MailingRecipient, MailingRecipient.message_id == OutboxMessage.id)
    mine = query.where(MailingRecipient.mailing_id == reminder.mailing_id).order_by(OutboxMessage.id)
    return [(mail.recipient, mail.subject) for mail in db.session.scalars(mine)]


def state(reminder):
    db.session.rollback()
    db.session.expire_all()
    return reminder.mailing.status, reminder.skipped_because


def move(event, name, value) -> None:
    start_write(db.session)
    setattr(event, name, value)
    db.session.commit()


def test_it_leaves_on_its_day_once_to_those_whom_it_is_for_then(event):
    early = confirmed(event, language="sv")
    reminder = make_reminder(event, days=3, hour=9)
    due = reminder_times.due_at(reminder)
    assert due == datetime(2027, 11, 13, 8, 0, tzinfo=UTC)  # 9 o'clock in Stockholm
    work(due - MINUTE - own_words.TO_STOP)
    assert told(reminder) == []
    late = confirmed(event, language="en")
    work(due)
    assert told(reminder) == [(early.email, "Välj din grupp"), (late.email, "Choose your group")]
    for again in (MINUTE, -HOUR, HOUR, DAY):  # the worker's clock was set back: nothing is sent twice
        work(due + again)
    assert (len(told(reminder)), state(reminder)[1]) == (2, None)


@pytest.mark.parametrize("late", [reminder_times.WINDOW, timedelta(days=2), timedelta(days=800)])
def test_a_missed_hour_is_left_out_and_said(event, organiser, late):
    confirmed(event)
    reminder = make_reminder(event, days=3)
    work(reminder_times.due_at(reminder) + late)
    over = late > timedelta(days=3)  # after the event the reminder is not sent at all
    assert (told(reminder), state(reminder)) == (
        [],
        (MailingStatus.PROPOSED, None if over else Skipped.LATE),
    )
    clock.freeze(NOW)
    if not over:
        assert "Left out: its hour was missed" in organiser.get("reminders.index", event="nf27").text


def test_a_reminder_that_was_left_out_is_sent_by_hand(event, organiser):
    person = confirmed(event)
    reminder = make_reminder(event, days=3)
    mailing = reminder.mailing
    sent_by_hand = {"begins_at": None, "user_id": None, "actor": "command", "now": NOW}
    with pytest.raises(Planned):
        write(own_words.send, mailing, **sent_by_hand)
    work(reminder_times.due_at(reminder) + reminder_times.WINDOW)
    clock.freeze(NOW)
    page = organiser.get("own_mailings.write", event="nf27", mailing=mailing.id)
    assert "Send to 1 person…" in page.text
    assert write(own_words.send, mailing, **sent_by_hand) == 1
    assert (queries.find_reminder(mailing), mailing.people) == (None, 1)
    work(NOW + own_words.TO_STOP)
    assert list(
        db.session.scalars(select(OutboxMessage.recipient).where(OutboxMessage.kind == "own-words"))
    ) == [person.email]


def test_a_restart_within_the_window_still_sends(event):
    person = confirmed(event)
    reminder = make_reminder(event, days=3)
    work(reminder_times.due_at(reminder) + reminder_times.WINDOW - HOUR)
    assert [address for address, _subject in told(reminder)] == [person.email]


def test_it_moves_with_the_event_and_never_leaves_after_it_has_begun(event):
    confirmed(event)
    reminder = make_reminder(event, days=0, hour=8)
    move(event, "starts_at", event.starts_at - 2 * HOUR)
    work(reminder_times.due_at(reminder))  # the event began an hour before this moment
    assert (told(reminder), state(reminder)) == ([], (MailingStatus.PROPOSED, Skipped.LATE))
    other = make_reminder(event, days=3)
    move(event, "starts_at", event.starts_at + DAY)
    assert reminder_times.due_at(other) == datetime(2027, 11, 14, 8, 0, tzinfo=UTC)


def test_a_mistyped_day_destroys_no_reminder_and_writes_to_nobody(organiser, event):
    """A start by which a reminder's hour has just passed leaves the reminder out; the corrected one plans it again."""
    person = confirmed(event)
    reminder, right = make_reminder(event, days=3), event.starts_at
    for day in (NOW + 3 * DAY, NOW - 300 * DAY):
        page = save_days(organiser, event, day)
        assert (
            "the hour of this reminder has passed, so it does not leave: “Choose your group”."
            in page.flashes[0]
        )
        work(NOW)
        assert state(reminder) == (MailingStatus.PROPOSED, Skipped.LATE)
        page = save_days(organiser, event, right)
        assert "had been left out and is planned again: “Choose your group”." in page.flashes[0]
        assert state(reminder) == (MailingStatus.PROPOSED, None)
    assert told(reminder) == []
    work(reminder_times.due_at(reminder))
    assert [address for address, _subject in told(reminder)] == [person.email]


def test_a_new_day_by_which_a_reminder_is_still_ahead_says_nothing_of_it(organiser, event):
    make_reminder(event, days=3)
    begun = make_reminder(event, days=3)
    start_write(db.session)
    begun.mailing.status = MailingStatus.DONE
    db.session.commit()
    page = save_days(organiser, event, event.starts_at + DAY)
    assert "reminder" not in page.flashes[0]
    page = save_days(organiser, event, NOW + 3 * DAY)
    assert page.flashes[0].count("Choose your group") == 1


def save_days(organiser, event, start):
    """Save two days from this one on in the settings of the event; return the page after it."""
    clock.freeze(NOW)
    days = {f"days-{number}-day": f"{(start + number * DAY).date()}" for number in (0, 1)}
    saved = organiser.get("settings.facts", event=event.slug).submit(days, follow=True)
    db.session.expire_all()
    return saved


def test_each_person_is_reminded_after_registering_and_nobody_twice(event):
    old = confirmed(event, now=NOW - 10 * DAY)
    reminder = make_reminder(event, anchor=Anchor.REGISTERED, days=2, hour=9, now=NOW)
    first = confirmed(event, now=NOW + HOUR)
    due = reminder_times.due_for(reminder, NOW + HOUR)
    second = confirmed(event, now=NOW + DAY + HOUR)
    work(due - HOUR)
    assert told(reminder) == []
    for moment in (due, due + HOUR, due + DAY, due + DAY + HOUR):
        work(moment)
    assert [address for address, _subject in told(reminder)] == [first.email, second.email]
    assert old.email not in dict(told(reminder))
    # The reminder goes on for people who register later.
    assert state(reminder) == (
        MailingStatus.SENDING,
        None,
    )


def test_whom_no_page_names_is_counted_in_a_reminder_once(event):
    """A person left out by a mark that belongs to no event is counted once, not each time the worker looks (R12)."""
    reminder = make_reminder(event, anchor=Anchor.REGISTERED, days=1, hour=9)
    person = confirmed(event, now=NOW + HOUR)
    mark_for_all(person.email, SuppressionCause.COMPLAINED)
    due = reminder_times.due_for(reminder, NOW + HOUR)
    for moment in (due, due + HOUR):
        work(moment)
    assert told(reminder) == []
    mailing = reminder.mailing
    assert (mailing.people, queries.count_by_result([mailing])[mailing.id]) == (1, Counts(left_out=1))


def test_a_reminder_after_registering_that_was_missed_is_not_made_up(event):
    reminder = make_reminder(event, anchor=Anchor.REGISTERED, days=2, hour=9)
    confirmed(event, now=NOW + HOUR)
    work(reminder_times.due_for(reminder, NOW + HOUR) + reminder_times.WINDOW)
    assert told(reminder) == []


def test_nobody_is_reminded_after_registering_once_the_event_begins(event):
    reminder = make_reminder(event, anchor=Anchor.REGISTERED, days=2, hour=9)
    person = confirmed(event, now=NOW + HOUR)
    due = reminder_times.due_for(reminder, NOW + HOUR)
    move(event, "starts_at", due + own_words.TO_STOP)
    work(due)
    assert told(reminder) == []
    move(event, "starts_at", due + HOUR)
    work(due)
    assert [address for address, _subject in told(reminder)] == [person.email]


def test_nobody_is_reminded_after_registering_by_a_worker_that_comes_back_during_the_event(event, organiser):
    """The reminder was due before the event began, and its twelve hours are not over when the worker is back."""
    early = NOW - 2 * DAY
    reminder = make_reminder(event, anchor=Anchor.REGISTERED, days=2, hour=9, now=early)
    confirmed(event, now=early)
    due = reminder_times.due_for(reminder, early)
    move(event, "starts_at", due + HOUR)
    assert due + HOUR < NOW < due + reminder_times.WINDOW
    work(NOW)
    assert (told(reminder), reminder.mailing.people) == ([], 0)
    clock.freeze(NOW)
    [line] = organiser.get("reminders.index", event="nf27").all("tbody tr")
    assert line.endswith("1 person got none: the hour was missed. 0")


def test_the_worker_looks_only_at_those_who_are_due(event, monkeypatch):
    """The job holds the event's lock twice a minute: if the job read everybody each time, few could register."""
    reminder = make_reminder(event, anchor=Anchor.REGISTERED, days=5, hour=9)
    confirmed(event, now=NOW + HOUR)
    due, looked = reminder_times.due_for(reminder, NOW + HOUR), []
    ask = chosen_audience.audience_of
    monkeypatch.setattr(chosen_audience, "audience_of", lambda *args: looked.append(ask(*args)) or looked[-1])
    for moment in (due - 3 * DAY, due, due + HOUR):
        write(reminders.run, reminder.id, now=moment)
    assert [len(one.people) for one in looked] == [0, 1, 0]


def test_it_goes_on_when_an_earlier_version_has_ended_it(event):
    reminder = make_reminder(event, anchor=Anchor.REGISTERED, days=1, hour=9)
    for number in range(2):
        confirmed(event, now=NOW + number * DAY + HOUR)
    due = reminder_times.due_for(reminder, NOW + HOUR)
    work(due)
    write(mailings.finish, reminder.mailing, now=due + HOUR)
    work(due + DAY)
    assert (len(told(reminder)), state(reminder)[0]) == (2, MailingStatus.SENDING)


def test_it_goes_on_when_the_reason_for_leaving_it_out_is_gone(event):
    """A reminder is not sent while its subject names the event's new town, and is sent once the former town is back."""
    reminder = make_reminder(event, anchor=Anchor.REGISTERED, days=1, hour=9)
    for number in range(3):
        confirmed(event, now=NOW + number * DAY + HOUR)
    due = reminder_times.due_for(reminder, NOW + HOUR)
    work(due)
    usual = event.place
    move(event, "place", Text(sv="Gruppen", en="The group"))
    work(due + DAY)
    assert (len(told(reminder)), state(reminder)) == (1, (MailingStatus.SENDING, Skipped.SUBJECT))
    noted = reminder.skipped_at
    work(due + DAY + HOUR)
    assert (state(reminder)[1], reminder.skipped_at) == (Skipped.SUBJECT, noted)
    move(event, "place", usual)
    work(due + 2 * DAY)
    assert (len(told(reminder)), state(reminder)) == (2, (MailingStatus.SENDING, None))


def test_it_can_be_paused_and_ended(event):
    reminder = make_reminder(event, anchor=Anchor.REGISTERED, days=1, hour=9)
    for number in range(3):
        confirmed(event, now=NOW + number * DAY + HOUR)
    due = reminder_times.due_for(reminder, NOW + HOUR)
    work(due)
    write(mailings.pause, reminder.mailing, actor="user:1", now=due)
    work(due + DAY)
    assert len(told(reminder)) <= 1
    write(mailings.resume, reminder.mailing, actor="user:1", now=due + DAY)
    write(mailings.stop, reminder.mailing, actor="user:1", now=due + DAY)
    work(due + 2 * DAY)
    assert state(reminder)[0] == MailingStatus.STOPPED


def test_what_cannot_be_planned_is_refused(event):
    half = make_draft(event, written=Written(Text(en="Choose"), Text(en="Dear")))
    plan = {"actor": "user:1", "now": NOW}
    with pytest.raises(WordsMissing):
        reminders.plan(half, Rule(Anchor.START, 3, 9), **plan)
    draft = make_draft(event)
    with pytest.raises(DayOver):
        reminders.plan(draft, Rule(Anchor.START, 365, 9), **{**plan, "now": event.starts_at - DAY})
    with pytest.raises(DayTooLate):
        reminders.plan(draft, Rule(Anchor.START, 0, 20), **plan)
    chosen = make_draft(event, people=[confirmed(event).id])
    with pytest.raises(NeedsFilters):
        reminders.plan(chosen, Rule(Anchor.REGISTERED, 3, 9), **plan)
    planned = make_reminder(event).mailing
    with pytest.raises(Planned):
        own_words.send(planned, begins_at=None, user_id=None, **plan)


def test_a_language_that_was_removed_holds_it_back(event):
    confirmed(event, language="sv")
    reminder = make_reminder(event)
    write(
        own_words.rewrite,
        reminder.mailing,
        Written(Text(en="Choose"), Text(en="Dear")),
        actor="user:1",
        now=NOW,
    )
    work(reminder_times.due_at(reminder))
    assert (told(reminder), state(reminder)[1]) == ([], Skipped.WORDS)


def test_stopping_it_in_its_minute_takes_it_out_of_the_plan(event):
    confirmed(event)
    reminder = make_reminder(event)
    mailing, due = reminder.mailing, reminder_times.due_at(reminder)
    write(reminders.run, reminder.id, now=due)
    write(own_words.take_back, mailing, actor="user:1", now=due + MINUTE / 2)
    work(due + MINUTE)
    assert mailing.status == MailingStatus.PROPOSED


def test_nobody_is_reminded_of_a_cancelled_event(event, organiser):
    confirmed(event)
    reminder = make_reminder(event)
    write(cancelling.cancel, event, Text(sv="Snö", en="Snow"), actor="user:1", now=NOW)
    work(reminder_times.due_at(reminder))
    assert told(reminder) == []
    clock.freeze(NOW)
    page = organiser.get("reminders.index", event=event.slug)
    assert page.all("tbody td[data-label=Status]") == ["Does not leave"]


def test_whoever_wants_no_messages_gets_none_and_a_protected_person_the_same_mail(event):
    same = {"language": "en", "given_name": "A", "family_name": "B", "organisation": "C"}
    refusing = confirmed(event, **same)
    earlier = make_planned(event, people=[refusing.id])
    work(NOW + own_words.TO_STOP)
    recipient = db.session.scalars(select(MailingRecipient).filter_by(mailing_id=earlier.id)).one()
    assert write(refusals.refuse_for, recipient, now=NOW)
    plain, hidden = confirmed(event, **same), confirmed(event, **same, is_protected=True, real_name="Kanarie")
    reminder = make_reminder(event, days=4)
    work(reminder_times.due_at(reminder))
    mails = mails_of(reminder.mailing)
    assert mails.keys() == {plain.email, hidden.email}
    texts = []
    for person in (plain, hidden):
        words = text_of(mails[person.email]).replace(person.reference, "REFERENCE")
        headers = parse(mails[person.email])
        # Leave out lines with personal links, which differ for every person.
        texts.append([line for line in words.splitlines() if "/r/" not in line])
        texts[-1] += [*headers.keys(), headers["Subject"], headers["From"]]
    assert texts[0] == texts[1]


def test_an_organiser_plans_a_reminder_and_takes_it_off(organiser, event):
    confirmed(event, "ngo")
    confirmed(event, "justice")
    draft = make_draft(event, {"sector": ["ngo"]}, written=WRITTEN)
    page = organiser.get("own_mailings.write", event="nf27", mailing=draft.id)
    page = page.follow("Plan it as a reminder…")
    assert "1 person gets it." in page.text
    page = page.form("form.form").submit({"days": "400"}, expect=422)
    assert page.errors == {"days": "Enter a whole number from 0 to 365"}
    page = page.form("form.form").submit({"anchor": "registered", "days": "0"}, expect=422)
    assert page.errors == {"days": "After confirming, enter at least 1 day"}
    page = page.form("form.form").submit({"anchor": "start", "days": "300", "hour": "7"}, expect=422)
    assert page.errors == {
        "days": "It would leave on 20 January 2027 at 07:00 (CET), which has passed. Enter fewer days."
    }
    page = page.form("form.form").submit({"anchor": "start", "days": "0", "hour": "20"}, expect=422)
    assert page.errors == {
        "days": "It would leave on 16 November 2027 at 20:00 (CET), when the forum has begun."
        " Enter more days, or choose an earlier hour."
    }
    assert page.form("form.form").values()["hour"] == ["20"]
    page = page.form("form.form").submit({"anchor": "start", "days": "3", "hour": "9"}, follow=True)
    assert page.h1 == "Reminders"
    assert "3 days before the forum, at 09:00" in page.text
    assert page.all("td[data-label=Day], td.num") == ["13 November 2027 at 09:00 (CET)", "1"]
    page = organiser.get("own_mailings.write", event="nf27", mailing=draft.id)
    assert "It is in the plan of reminders" in page.text
    assert "Drafts" not in organiser.get("/console/nf27/mail").text
    page = organiser.get("reminders.plan", event="nf27", mailing=draft.id)
    page = page.form("form[action$=end]").submit(follow=True)
    assert page.flashes == ["Taken out of the plan. It is a draft again, and nobody gets it."]
    assert "No reminder is planned" in organiser.get("reminders.index", event="nf27").text


def test_a_colleagues_change_of_a_planned_day_is_shown_before_it_is_replaced(organiser, event):
    """The second organiser to save reads what the first has saved, also for a draft that had no day yet (R30)."""
    confirmed(event, "ngo")
    draft = make_draft(event, {"sector": ["ngo"]}, written=WRITTEN)
    for days, theirs in ((5, "5"), (4, "4")):
        page = organiser.get("reminders.plan", event="nf27", mailing=draft.id)
        plan = {"actor": "user:2", "now": NOW}
        write(reminders.plan, draft, Rule(Anchor.START, days, 9), **plan)
        mine = {"anchor": "start", "days": "3", "hour": "9"}
        refused = page.form("form.form").submit(mine, expect=409)
        assert "Somebody else has saved meanwhile" in refused.text
        assert refused.all(".compared td") == [theirs, "3"]
        assert refused.form("form.form").values()["days"] == ["3"]
        db.session.expire_all()
        assert queries.find_reminder(draft).days == days
    refused.form("form.form").submit(expect=303)
    db.session.expire_all()
    assert queries.find_reminder(draft).days == 3


def test_the_plan_dates_reminders_of_offers_and_counts_those_that_were_missed(sign_in_as, database):
    clock.freeze(NOW)
    event = room()
    early = NOW - 4 * DAY
    make_reminder(event, anchor=Anchor.REGISTERED, days=2, hour=9, now=early)
    holder, _first = (confirmed(event, now=early + number * HOUR) for number in (1, 2))
    write(actions.cancel, holder, actor="person", now=NOW)
    page = sign_in_as(Role.ORGANISER, event).get("reminders.index", event=event.slug)
    offers, missed = page.all("tbody tr")
    assert offers.startswith("5 May 2027 at 02:00 (CEST) Offered places that are not answered")
    assert offers.endswith(" 1")
    assert missed.endswith("1 person got none: the hour was missed. 0")


@pytest.mark.parametrize("page", ["own_mailings.write", "own_mailings.people"])
def test_who_gets_a_planned_reminder_and_what_it_says_changes_only_after_both_factors(organiser, event, page):
    """A reminder is sent without asking again, so a sign-in left open could be used to write to everybody (S09)."""
    confirmed(event)
    shown = organiser.get(page, event="nf27", mailing=make_reminder(event).mailing_id)
    draft = organiser.get(page, event="nf27", mailing=make_draft(event).id)
    clock.freeze(NOW + 10 * MINUTE)
    assert shown.form("form.form").submit(follow=True).path.startswith("/account/confirm")
    assert draft.form("form.form").submit(follow=True).path.startswith("/console/")
