"""Undoing the cancellations of a task for people who can still come back, by the rules for one person (R12, R28)."""

from datetime import timedelta

from sqlalchemy import func, select

from forum import clock
from forum.bulk import undoing, wording
from forum.events.enums import ListAudience
from forum.events.models import Event
from forum.extensions import db
from forum.privacy import restricting
from forum.registration import actions, reinstating
from forum.registration.enums import RestrictionKind, Status
from forum.registration.models import Registration
from forum.tasks import queries
from forum.tasks.enums import Outcome, TaskKind
from forum.tasks.models import Task, TaskPerson
from tests.bulk.steps import HERE, choose, work
from tests.factories.events import NOW
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import kinds_for, newest_mail, recorded

UNDO = "Undo for those who still can"
HOUR = timedelta(hours=1)


def cancel_all(organiser, number: int = 8, **filters):
    """Cancel everybody who matches by a task, as an organiser does, and return the page of the ended task."""
    typed = {"number": str(number)} if number > 5 else {}
    shown = choose(organiser, "cancel", **filters).submit(typed, expect=200, follow=True)
    work()
    return shown.follow("See how far it has come")


def undo(person: Registration) -> Status:
    return write(reinstating.reinstate, person, actor="user:1", now=clock.now())


def outcomes_of(task: Task) -> dict[int, Outcome]:
    rows = select(TaskPerson.registration_id, TaskPerson.outcome).where(TaskPerson.task_id == task.id)
    return dict(db.session.execute(rows).all())


def newest_task() -> Task:
    return db.session.scalars(select(Task).order_by(Task.id.desc())).first()


def test_cancellations_of_a_task_are_undone_for_those_who_still_can(organiser, event, people):
    """The page says how many can come back, and why others cannot; restored people have place, mail and audit entry."""
    again, restricted, anew, undone, *others = people
    shown = cancel_all(organiser)
    assert event.taken == 0
    clock.freeze(later := NOW + timedelta(minutes=4))
    newer = confirmed(event, "justice", email=again.email, now=later)
    request = write(restricting.ask, restricted, RestrictionKind.OBJECTION, "Nej.", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)
    undo(undone)
    undo(anew)
    write(actions.cancel, anew, actor="person", now=later)
    write(setattr, event, "capacity", 5)

    asked = organiser.get(shown.path).follow(UNDO)
    assert asked.h1 == "Undo 3 cancellations"
    for reason in (
        "Registered again since the cancellation",
        "The data may not be used, by restriction or objection",
        "Changed since the cancellation",
        "Was so already",
        "No place is free, for the person or for the organisation",
    ):
        assert f"Left as they are: 1. {reason}." in asked.text
    assert "Whoever had a place is counted only if one is free now." in asked.text
    words = {name: "Our mistake." for name in asked.form().names if name in ("sv", "en")}
    begun = asked.submit(words, expect=200, follow=True)
    assert begun.flashes == ["It has started, for 8 people. You can leave this page."]
    work()

    task = newest_task()
    assert (task.kind, task.status, task.payload) == (
        "reinstate",
        "done",
        {"undoes": queries.list_latest(event)[1].id},
    )
    assert outcomes_of(task) == {
        again.id: Outcome.REGISTERED_AGAIN,
        restricted.id: Outcome.RESTRICTED,
        anew.id: Outcome.CHANGED_SINCE,
        undone.id: Outcome.AS_IT_WAS,
        **dict.fromkeys([one.id for one in others[:3]], Outcome.DONE),
        others[3].id: Outcome.NO_PLACE,
    }
    held = db.session.scalars(select(Registration.id).where(Registration.holds_place)).all()
    assert {*held} == {newer.id, undone.id, *(one.id for one in others[:3])}
    assert db.session.scalar(select(Event.taken).where(Event.id == event.id)) == len(held) == event.capacity
    assert "Our mistake." in newest_mail(others[0]).text
    assert [kinds_for(one).count("reinstated") for one in people] == [0, 0, 1, 1, 1, 1, 1, 0]
    assert recorded(others[0])[-1] == (
        "registration.reinstated",
        f"user:{task.started_by}",
        {"status": "confirmed"},
    )

    # The same form, sent again as by a double press, leads to the same task.
    assert asked.submit(words, expect=303).location.endswith(f"/console/nf27/tasks/{task.id}")
    assert db.session.scalar(select(func.count()).select_from(Task)) == 2
    assert UNDO not in begun.follow("See how far it has come").links


def test_what_only_a_newer_version_knows_is_shown_in_neutral_words(organiser, event, people, monkeypatch):
    """Kinds, states and outcomes of tasks that this version does not know make no page fail."""
    choose(organiser, "tag", *people[:1]).submit({"tags": "vip"}, expect=303)
    choose(organiser, "tag", *people[:2]).submit({"tags": "vip"}, expect=303)
    work()
    for name in ("KINDS", "STATES", "OUTCOMES"):
        monkeypatch.setattr(wording, name, {})
    listed = organiser.get("bulk.index", **HERE)
    assert listed.all("tbody th") == ["Another change: #vip"] * 2
    shown = organiser.get("bulk.show", **HERE, task=newest_task().id)
    assert ("Not known" in shown.text, shown.all("td[data-label=Why]")) == (True, ["Another reason"])


def test_whoever_had_a_place_comes_back_before_those_who_waited(organiser, event):
    """People who had a place are restored first, or their places would go to the line; nobody overtakes in the line."""
    waiter_first = confirmed(event, "ngo", family_name="First")
    waiter = confirmed(event, "ngo", family_name="Waiter", now=NOW + HOUR)
    write(actions.cancel, waiter_first, actor="person", now=NOW + HOUR)
    write(setattr, waiter, "requested_at", NOW - HOUR)
    write(actions.accept_offer, waiter, now=NOW + HOUR)
    late = confirmed(event, "ngo", family_name="Late", now=NOW + HOUR)
    write(setattr, late, "requested_at", NOW - 2 * HOUR)
    typed = register(event, "justice", family_name="Typed")
    assert (waiter.status, late.status, typed.status) == (Status.CONFIRMED, Status.WAITING, Status.PENDING)
    shown = cancel_all(organiser, 3)
    asked = shown.follow(UNDO)
    assert asked.h1 == "Undo 2 cancellations"
    assert "Left as they are: 1. The address was not confirmed before the cancellation." in asked.text
    asked.submit({}, expect=303)
    work()
    assert [one.status for one in (waiter, late, typed)] == [
        Status.CONFIRMED,
        Status.WAITING,
        Status.CANCELLED,
    ]
    assert late.waiting_since == NOW - 2 * HOUR


def test_what_has_changed_since_the_page_was_opened_is_shown_first(organiser, event, people):
    """If the cancellations that can be undone have changed since, the page asks again and no task is started."""
    asked = cancel_all(organiser).follow(UNDO)
    assert asked.h1 == "Undo 8 cancellations"
    undo(people[0])
    again = asked.submit({}, expect=409)
    assert (again.h1, newest_task().kind) == ("Undo 7 cancellations", TaskKind.CANCEL)
    assert "The registrations have changed since you opened this page" in again.text
    again.submit({}, expect=303)
    assert newest_task().kind == TaskKind.REINSTATE


def test_a_day_after_the_cancellations_and_for_another_task_nothing_is_undone(
    organiser, sign_in_as, event, people
):
    """Nothing is undone after a day, while the forum is cancelled, or for a task that has cancelled nobody."""
    shown = cancel_all(organiser)
    write(setattr, event, "cancelled_at", NOW)
    assert UNDO not in organiser.get(shown.path).links
    write(setattr, event, "cancelled_at", None)
    assert UNDO in organiser.get(shown.path).links
    undo(people[0])
    choose(organiser, "tag", people[0]).submit({"tags": "vip"}, expect=303)
    work()
    cancelled, tagged = db.session.scalars(select(Task.id).order_by(Task.id)).all()
    told = ["These cancellations can no longer be undone. Nothing was changed."]
    assert organiser.get("bulk_undoing.ask", **HERE, task=tagged, follow=True).flashes[-1:] == told
    organiser.get("bulk.ask", **HERE, act="reinstate", whom="all", expect=404)
    clock.freeze(later := NOW + reinstating.UNDO_TIME)
    late = sign_in_as(event=event, at=later).get("bulk_undoing.ask", **HERE, task=cancelled, follow=True)
    assert (late.flashes, UNDO in late.links, newest_task().id) == (told, False, tagged)


def test_a_cancellation_that_grows_old_while_it_waits_is_not_undone(organiser, event, people):
    """The worker checks each cancellation again before undoing it: it may have become older than a day meanwhile."""
    cancel_all(organiser).follow(UNDO).submit({}, expect=303)
    clock.freeze(NOW + reinstating.UNDO_TIME)
    work()
    assert {*outcomes_of(newest_task()).values()} == {Outcome.DAY_OVER}


def test_nobody_returns_to_a_line_that_has_ended_nor_to_a_forum_that_is_cancelled(organiser, event, people):
    """Without a waiting list nobody who waited is restored, and nobody at all once the forum is cancelled."""
    waiting = confirmed(event, "justice")
    cancel_all(organiser, 9)
    task = newest_task()
    write(setattr, event, "has_waiting_list", False)
    assert undoing.foresee(task, now=NOW).left == {Outcome.NO_LINE: 1}
    assert undoing.why_not(waiting, task.id, now=NOW) == Outcome.NO_LINE
    write(setattr, event, "cancelled_at", NOW)
    assert undoing.foresee(task, now=NOW).left == {Outcome.NO_LINE: 1, Outcome.ENDED: 8}


def test_places_of_more_people_than_can_be_tried_are_not_foreseen(organiser, event, people, monkeypatch):
    """For more than some hundreds of people the page predicts no places: the task asks for each person's in turn."""
    shown = cancel_all(organiser)
    write(setattr, event, "participant_list", ListAudience.PUBLIC)
    monkeypatch.setattr(undoing, "MOST_TRIED", 7)
    asked = shown.follow(UNDO)
    assert "Whether a place is free is asked for each person in turn" in asked.text
    assert "Nobody is back on the list of participants" in asked.text


def test_a_place_that_an_unconfirmed_form_holds_for_the_same_address_counts_as_free(organiser, event, people):
    """Undoing first ends an unconfirmed form for the same address, so the page counts that form's place as free."""
    shown = cancel_all(organiser)
    write(setattr, event, "capacity", 1)
    typed = register(event, "justice", email=people[0].email)
    assert typed.holds_place
    asked = shown.follow(UNDO)
    assert asked.h1 == "Undo 1 cancellation"
    asked.submit({}, expect=303)
    work()
    assert (people[0].status, typed.status, event.taken) == (Status.CONFIRMED, Status.EXPIRED, 1)
