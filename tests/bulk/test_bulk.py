"""Acts on many people of the attendee list: choosing people, what the page says, and the task that acts (R12, R28)."""

from datetime import timedelta

from sqlalchemy import func, select

from forum import clock
from forum.accounts.enums import Role
from forum.accounts.models import Membership
from forum.audit.models import AuditEntry
from forum.bulk import acts, selection, working
from forum.bulk.selection import Selection
from forum.events.enums import SectorPolicy
from forum.events.queries import find_sector
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.people import notes
from forum.privacy import restricting
from forum.registration import actions
from forum.registration.enums import RestrictionKind, Status
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from forum.tasks import queries
from forum.tasks.enums import TaskKind
from forum.tasks.models import Task, TaskPerson
from tests.bulk.steps import HERE, choose, work
from tests.factories.events import NOW
from tests.factories.registrations import confirmed, register, write
from tests.factories.steady_clock import go_steadily
from tests.registration.reading import kinds_for, newest_mail, recorded


def test_other_people_and_changed_answers_change_what_the_page_has_shown(event, people):
    """A digest of what the page shows (mark) differs for other people and, before approvals, for changed answers."""

    def mark(kind: TaskKind, *chosen: Registration) -> str:
        references = frozenset(person.reference for person in chosen)
        return selection.foresee(Selection(event, Filters(), references), kind, user_id=0).mark

    first, second, third, fourth, *_ = people
    tag = mark(TaskKind.TAG, first, fourth)
    assert first.id + fourth.id == second.id + third.id
    assert mark(TaskKind.TAG, second, third) != tag
    before = mark(TaskKind.APPROVE, first, fourth)
    write(setattr, first, "title", "Another")
    assert mark(TaskKind.APPROVE, first, fourth) != before
    assert mark(TaskKind.TAG, first, fourth) == tag


def statuses(people) -> list[Status]:
    db.session.rollback()
    return [db.session.get_one(Registration, one.id, populate_existing=True).status for one in people]


def test_an_organiser_cancels_all_who_match_and_reads_who_was_left(organiser, event, people):
    ended, restricted = people[0], people[1]
    write(actions.cancel, ended, actor="person", now=NOW)
    request = write(restricting.ask, restricted, RestrictionKind.OBJECTION, "Nej.", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)
    listed = organiser.get("attendees.index", **HERE, sector="justice")
    asked = listed.follow("Cancel …")
    assert asked.h1 == "Cancel 6 registrations"
    assert "Left as they are: 1. The registration has ended." in asked.text
    assert "Left as they are: 1. The data may not be used, by restriction or objection." in asked.text
    told = {"sv": "Vi flyttar.", "en": "We move.", "reason": "Moved."}
    words = {name: told[name] for name in asked.form().names if name in told}
    again = asked.submit({**words, "number": "5"}, expect=422)
    assert again.errors == {"number": "Type how many registrations you cancel, in digits"}
    shown = again.submit({"number": "6"}, expect=200, follow=True)
    assert shown.flashes == ["It has started, for 8 people. You can leave this page."]
    assert shown.all("dd") == ["8", "0", "0", "8"]
    assert statuses(people)[2:] == [Status.CONFIRMED] * 6

    work()
    assert statuses(people) == [Status.CANCELLED, Status.CONFIRMED, *[Status.CANCELLED] * 6]
    (task,) = db.session.scalars(select(Task))
    shown = shown.follow("See how far it has come")
    assert (shown.all("dd"), "Finished" in shown.text) == (["8", "6", "2", "0"], True)
    assert shown.all("tbody tr") == [
        f"Alm, Eva {ended.organisation} The registration has ended",
        f"Berg, Eva {restricted.organisation} The data may not be used, by restriction or objection",
    ]
    assert task.payload == {}  # the ended task keeps no words of the organiser
    assert [note.text for note in notes.list_notes(people[2])] == ["Moved."]
    assert "We move." in newest_mail(people[2]).text
    by = {entry[0]: entry[1] for entry in recorded(people[2])}
    assert by["registration.cancelled"] == by["registration.noted"] == f"user:{task.started_by}"
    begun = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "task.started")).one()
    assert begun.details.payload == {"kind": "cancel", "people": 8}

    # The same form, sent again as by a double press, leads to the same task; nobody is acted on twice.
    assert again.submit({"number": "6"}, expect=303).location.endswith(f"/console/nf27/tasks/{task.id}")
    work()
    assert db.session.scalar(select(func.count()).select_from(Task)) == 1
    assert "Cancel" in organiser.get("bulk.index", **HERE).all("tbody th")


def test_nobody_who_is_cancelled_is_first_offered_the_place_of_another(organiser, event):
    """Of the chosen people those who wait are cancelled first: a place that becomes free is offered at once."""
    people = [confirmed(event, "ngo") for _number in range(5)]
    unconfirmed = register(event, "justice")
    asked = choose(organiser, "cancel", *people[:4], unconfirmed)
    assert "A message is sent to 5 people. All links stop working." in asked.text
    assert "It cannot be undone for 1 person who has not confirmed the registration." in asked.text
    asked.submit(expect=303)
    work()
    assert statuses(people) == [*[Status.CANCELLED] * 4, Status.OFFERED]
    assert [kinds_for(one).count("offered") for one in people] == [0, 0, 0, 0, 1]


def test_tags_come_and_go_for_those_chosen_in_the_list(organiser, event, people):
    write(notes.set_tags, people[0], ["press"], actor="command", now=NOW)
    asked = choose(organiser, "tag", *people[:2])
    assert asked.submit({"tags": " , "}, expect=422).errors == {"tags": "Enter at least one tag"}
    shown = asked.submit({"tags": "Press, VIP"}, expect=200, follow=True)
    work()
    assert shown.follow("See how far it has come").h1 == "Add a tag: #press #vip"
    assert [notes.list_tags(one) for one in people[:3]] == [["press", "vip"], ["press", "vip"], []]
    choose(organiser, "untag", *people[:3]).submit({"tag": "press"}, expect=303)
    work()
    assert [notes.list_tags(one) for one in people[:3]] == [["vip"], ["vip"], []]
    outcomes = db.session.scalars(select(TaskPerson.outcome).order_by(TaskPerson.id)).all()
    assert outcomes == ["done", "done", "done", "done", "as_it_was"]


def test_moving_keeps_to_the_places_and_offering_to_the_line(organiser, event, people):
    choose(organiser, "move", *people[:2]).submit({"sector": "ngo"}, expect=303)
    work()
    db.session.expire_all()
    moved = [db.session.get_one(Registration, one.id).sector.key for one in people[:2]]
    assert sorted(moved) == ["justice", "ngo"]
    assert sorted(db.session.scalars(select(TaskPerson.outcome))) == ["done", "no_place"]
    waiting = confirmed(event, "ngo")
    write(setattr, find_sector(event, "ngo"), "ceiling", 2)
    asked = choose(organiser, "offer", waiting, people[2])
    assert "Left as they are: 1. Not on the waiting list" in asked.text
    asked.submit({"reason": "Speaks."}, expect=303)
    # The place is gone before the worker reaches the task.
    write(setattr, find_sector(event, "ngo"), "ceiling", 1)
    work()
    assert sorted(db.session.scalars(select(TaskPerson.outcome)))[-2:] == ["no_place", "not_waiting"]


def test_a_task_stops_for_good_and_when_its_organiser_may_no_longer(organiser, event, people, monkeypatch):
    monkeypatch.setattr(working, "AT_ONCE", 2)
    shown = choose(organiser, "cancel").submit({"number": "8"}, expect=200, follow=True)
    work()
    stopped = shown.follow("See how far it has come").submit(button="Stop", expect=200, follow=True)
    assert (stopped.flashes, stopped.all("dd")) == (
        ["Stopped. What was done stays done."],
        ["8", "2", "0", "6"],
    )
    work()
    assert statuses(people).count(Status.CANCELLED) == 2

    choose(organiser, "tag", *people[:3]).submit({"tags": "vip"}, expect=303)
    write(lambda: db.session.delete(db.session.scalars(select(Membership)).one()))
    work()
    assert [notes.list_tags(one) for one in people[:3]] == [[], [], []]
    last = db.session.scalars(select(Task).order_by(Task.id.desc())).first()
    assert (last.status, last.ended_at) == ("stopped", NOW)


def test_other_people_than_the_page_has_said_are_not_changed(organiser, event, people):
    asked = choose(organiser, "tag", sector="justice")
    write(actions.cancel, people[0], actor="person", now=NOW)
    late = confirmed(event, "justice", family_name="Ide")
    again = asked.submit({"tags": "vip"}, expect=409)
    assert "The registrations have changed since you opened this page" in again.text
    again.submit({"tags": "vip"}, expect=303)
    work()
    assert notes.list_tags(late) == ["vip"]


def test_as_many_others_with_the_same_sum_of_ids_are_other_people(organiser, event, people):
    for one in (people[0], people[3], people[6]):
        write(notes.set_tags, one, ["press"], actor="user:1", now=NOW)
    asked = choose(organiser, "untag", tag="press")
    for one, tags in ((people[3], []), (people[6], []), (people[4], ["press"]), (people[5], ["press"])):
        write(notes.set_tags, one, tags, actor="user:1", now=NOW)
    assert "have changed since" in asked.submit({"tag": ["press"]}, expect=409).text


def test_names_on_the_pages_of_an_act_on_many_are_recorded_as_views(organiser, sign_in_as, event, people):
    """The page that asks names people without a search, and so do the task's page and the one that undoes it (P18)."""
    write(actions.cancel, people[0], actor="person", now=NOW)
    asked = choose(organiser, "cancel", sector="justice")
    assert seen_sectors() == ["justice"]
    asked.submit({"number": "7"}, expect=303)
    work()
    task = queries.list_latest(event)[0]
    organiser.get("bulk.show", **HERE, task=task.id)
    assert seen_sectors() == ["justice", ""]
    sign_in_as(Role.ORGANISER, event).get("bulk_undoing.ask", **HERE, task=task.id)
    assert seen_sectors() == ["justice", "", ""]


def seen_sectors() -> list[str]:
    """Return the sectors in each entry about a view of people, in the order of the entries."""
    viewed = db.session.query(AuditEntry).filter_by(action="attendees.viewed").order_by(AuditEntry.id)
    return [one.details.payload["sector"] for one in viewed]


def test_a_refused_form_that_shows_hits_of_a_search_is_recorded(organiser, people):
    token = choose(organiser, "tag", people[0]).form().values()
    searches = db.session.query(AuditEntry).filter_by(action="registrations.searched")
    page = organiser.get("/console/nf27/attendees/many/tag?q=Alm&whom=all")
    assert searches.count() == 1
    page.submit({**token, "tags": ""}, expect=422)
    assert searches.count() == 2


def test_the_second_of_two_presses_that_saw_no_task_starts_none(organiser, event, people, monkeypatch):
    asked = choose(organiser, "tag", people[0])
    seen = queries.find_by_form
    answers = iter([None, seen, None, seen])
    monkeypatch.setattr(queries, "find_by_form", lambda *given: (say := next(answers)) and say(*given))
    for _press in range(2):
        asked.submit({"tags": "vip"}, expect=303)
    assert db.session.query(Task).count() == 1


def test_an_error_of_the_program_stops_nobody_else(organiser, event, people, monkeypatch):
    def fail(registration, task, now):
        acts.tag(registration, task, now)
        if registration.id == people[0].id:
            raise ZeroDivisionError
        return "done"

    monkeypatch.setitem(acts.ACTS, "tag", fail)
    choose(organiser, "tag", *people[:2]).submit({"tags": "vip"}, expect=303)
    work()
    # Changes that the act made before its error are undone.
    assert [notes.list_tags(one) for one in people[:2]] == [[], ["vip"]]
    assert db.session.scalars(select(TaskPerson.outcome).order_by(TaskPerson.id)).all() == ["failed", "done"]


def test_nobody_is_chosen_from_another_event_and_ended_tasks_are_forgotten(organiser, archive, event, people):
    foreign = confirmed(archive, archive.sectors[0].key, now=archive.opens_at)
    nobody = organiser.get(
        "bulk.ask", **HERE, act="tag", whom="chosen", who=[foreign.reference, "\x00"], follow=True
    )
    assert nobody.flashes == ["Choose at least one person."]
    organiser.get("bulk.ask", **HERE, act="erase", whom="all", expect=404)
    choose(organiser, "tag", people[0]).submit({"tags": "vip"}, expect=303)
    work()
    (task,) = db.session.scalars(select(Task))
    organiser.get("bulk.show", **HERE, task=task.id)
    organiser.get("bulk.show", event=archive.slug, task=task.id, expect=404)
    forget = next(job for job in JOBS if job.name == "forget tasks")
    for days, kept in ((13, 1), (14, 0)):
        clock.freeze(NOW + timedelta(days=days))
        go_steadily(clock.now())
        run_job(forget)
        counts = [db.session.scalar(select(func.count()).select_from(table)) for table in (Task, TaskPerson)]
        assert counts == [kept, kept]


def test_moving_many_ends_no_review_and_writes_to_whoever_is_offered_a_place(organiser, event, people):
    write(setattr, event.sectors[0], "policy", SectorPolicy.REVIEW)
    asking = confirmed(event, "justice")
    write(setattr, event.sectors[0], "policy", SectorPolicy.OPEN)
    waiting = confirmed(event, "justice")
    assert statuses([asking, waiting]) == [Status.IN_REVIEW, Status.WAITING]
    asked = choose(organiser, "move", asking, waiting)
    why = "In review: a move could end it without a decision"
    assert (asked.h1, f"Left as they are: 1. {why}." in asked.text) == ("Move people to another sector", True)
    assert "1 person is chosen for it." in asked.text
    assert "Whoever is in that sector already stays as they are." in asked.text
    told = "Whoever loses a place is written to, and so is everybody in line who is then offered one."
    assert told in asked.text
    mails = kinds_for(asking)
    shown = asked.submit({"sector": "ngo"}, expect=200, follow=True)
    work()
    assert statuses([asking, waiting]) == [Status.IN_REVIEW, Status.OFFERED]
    assert (asking.sector.key, kinds_for(asking), kinds_for(waiting)[-1]) == ("justice", mails, "offered")
    assert f"{asking.organisation} {why}" in shown.follow("See how far it has come").all("tbody tr")[-1]


def test_only_tags_of_those_chosen_are_offered_for_removal(organiser, event, people):
    write(notes.set_tags, people[0], ["press"], actor="command", now=NOW)
    write(notes.set_tags, people[1], ["vip"], actor="command", now=NOW)
    asked = choose(organiser, "untag", people[0], people[2])
    assert asked.h1 == "Remove a tag"
    assert asked.all("select option") == ["Choose a tag", "#press"]
    assert "Whoever lacks the tag stays as they are." in asked.text
    none = choose(organiser, "untag", people[2])
    assert "None of these people has a tag." in none.text
    assert none.soup.select("main form") == []
    write(notes.set_tags, people[0], [], actor="command", now=NOW)
    assert "None of these people has a tag." in asked.submit({"tag": "press"}, expect=409).text
    assert "Whoever has the tag already stays as they are." in choose(organiser, "tag", people[0]).text


def test_more_than_a_page_are_refused_and_nobody_after_the_end(organiser, sign_in_as, archive, people):
    who = [people[0].reference, *(f"AAAA-{number:04}" for number in range(1000, 1050))]
    refused = organiser.get("bulk.ask", **HERE, act="tag", whom="chosen", who=who, follow=True)
    assert refused.flashes == ["Choose at most 50 people, or all who match."]
    assert "Choose people in the list of attendees" in organiser.get("bulk.index", **HERE).text
    over = sign_in_as(Role.ORGANISER, archive).get("bulk.index", event=archive.slug).text
    assert ("Choose people in the list" in over, "The forum is over" in over) == (False, True)
