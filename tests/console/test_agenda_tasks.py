"""Tasks of the overview that arise by the passing of time; each is shown only to people who may do it (R29)."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from forum import clock, presence
from forum.accounts.enums import Role
from forum.events.queries import find_sector
from forum.extensions import db
from forum.imports import actions as imports
from forum.imports import kept_tables, table_work
from forum.imports import tables as long_tables
from forum.imports.models import AttendeeImport
from forum.people import notes
from forum.privacy import restricting
from forum.registration import actions, by_hand, new_address, readers
from forum.registration.applicant import Details
from forum.registration.enums import RestrictionKind, Status
from forum.registration.kept_export_models import KeptExport
from forum.tasks.models import Task
from tests.console.test_overview import beat, overview, tasks
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.news import make_post
from tests.factories.registrations import confirmed, register, write
from tests.factories.tasks import make_running
from tests.imports.test_imports import CHOSEN, KIM, LOOK, ON, TABLE, sent
from tests.imports.test_long_tables import ROWS, work
from tests.registration.reading import newest_mail
from tests.registration.test_kept_exports import prepare
from tools.organisers import make_user

MINUTES = timedelta(minutes=16)
STILL = "1 change of many people has stood still for 15 minutes"
UNMADE = "1 export of yours has waited for 15 minutes"


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, MAIL_SERVER="mail.example")


@pytest.fixture
def narrow(database):
    """Save a published event of 40 places whose sectors' ceilings let 32 people in."""
    sectors = [make_sector("politics", ceiling=20), make_sector("ngo", position=1, ceiling=12)]
    return make_event(capacity=40, sectors=sectors)


@pytest.mark.parametrize(
    ("server", "is_published", "told"),
    [("mail.example", True, []), ("", True, ["! Mail server"]), ("", False, [])],
)
def test_a_missing_mail_server_is_told_of_a_published_event(
    app, sign_in_as, database, server, is_published, told
):
    app.config["MAIL_SERVER"] = server
    event = make_event(is_published=is_published)
    beat(NOW)
    page = overview(sign_in_as(event=event))
    assert page.all(".tasks .task-title") == told
    assert page.text.count("messages are written as files and reach nobody") == (not server)


def test_places_above_the_ceilings_are_told_of_a_published_event(sign_in_as, narrow):
    beat(NOW)
    page = overview(sign_in_as(event=narrow))
    assert tasks(page) == ["8 places that no ceiling lets anybody take"]
    assert "Ceilings let 32 people in, so 8 of 40 places stay empty." in page.text
    assert overview(sign_in_as(Role.VIEWER, narrow)).all(".task-title") == []


def test_overview_and_front_page_say_the_same_number_of_free_places(sign_in_as, pages, narrow):
    for sector, number in (("politics", 3), ("ngo", 1)):
        for _person in range(number):
            confirmed(narrow, sector)
    beat(NOW)
    page = overview(sign_in_as(event=narrow))
    ring = page.soup.select_one(".balance-ring")
    assert ring.get_text(" ", strip=True) == "28 of 32 places are free"
    assert page.all(".balance-sum") == [
        "4 taken + 28 open to every sector = 32 places."
        " 8 more places stay empty: the ceilings let only 32 people in."
    ]
    front = pages.get("home.front", follow=True, event="nf27")
    assert front.soup.select_one("svg.ring")["aria-label"] == (
        "28 of 32 places are left; the table shows each sector"
    )


def instance(app):
    return app.config["INSTANCE"]


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(hours=26), []),
        (timedelta(hours=27), ["1 day since the last backup"]),
        (timedelta(days=3, hours=2), ["3 days since the last backup"]),
    ],
)
def test_an_old_backup_is_told_to_organisers_with_its_age_and_what_to_do(app, sign_in_as, event, age, told):
    presence.note_backup(instance(app), NOW - age)
    beat(NOW)
    page = overview(sign_in_as(event=event))
    assert tasks(page) == told
    said = "Whoever runs the server should see that forum backup is run every night."
    assert (said in page.text) == bool(told)
    for role in (Role.REGISTRAR, Role.VIEWER):
        assert "backup" not in overview(sign_in_as(role, event)).text


def test_a_missing_backup_is_told_only_where_one_is_expected(app, sign_in_as, event):
    beat(NOW)
    assert tasks(overview(sign_in_as(event=event))) == []
    app.config["PRODUCTION"] = True
    assert tasks(overview(sign_in_as(event=event))) == ["! No backup has been made"]
    (instance(app) / presence.LAST_BACKUP).write_text("yesterday")
    assert tasks(overview(sign_in_as(event=event))) == ["! It is not known how old the last backup is"]


def test_offers_that_end_today_are_told_and_lead_to_them(sign_in_as, database):
    event = make_event(capacity=1, sectors=[make_sector("ngo", ceiling=1)])
    first = confirmed(event, "ngo")
    offered = confirmed(event, "ngo", family_name="Berg")
    write(actions.cancel, first, actor="command", now=NOW)
    ends = NOW + timedelta(hours=48)
    beat(ends)
    for moment, told in (
        (ends - timedelta(hours=15), []),
        (ends - timedelta(hours=14), ["1 open offer ends today"]),
    ):
        clock.freeze(moment)
        beat(moment)
        page = overview(sign_in_as(Role.REGISTRAR, event, at=moment))
        assert tasks(page) == told
    assert "The first one ends on 5 May 2027 at 14:00 (CEST)." in page.text
    assert page.links["1 open offer ends today"] == "/console/nf27/waiting#open-offers"
    listed = page.follow("1 open offer ends today")
    (row,) = listed.soup.select("[aria-labelledby=open-offers] tbody tr")
    assert (offered.family_name in row.get_text(), row.b.get_text()) == (True, "today")
    assert tasks(overview(sign_in_as(Role.VIEWER, event, at=moment))) == []
    clock.freeze(ends + timedelta(seconds=1))
    late = sign_in_as(Role.REGISTRAR, event, at=clock.now())
    assert "ends today" not in overview(late).text
    (row,) = late.get("waiting_list.index", event="nf27").soup.select(
        "[aria-labelledby=open-offers] tbody tr"
    )
    assert row.b.get_text() == "has ended"


UNTOLD = "1 person got a place and has no address: tell them"


def given_place(event):
    """Let somebody without an address wait for the only place, and free it; return the person."""
    holder = confirmed(event, "ngo")
    kim = Details("Kim", "Minister", "The ministry", "", "SE", "en", None)
    given = {"reason": "Called.", "may_wait": True, "actor": "user:1", "now": NOW}
    added = write(by_hand.add, event, find_sector(event, "ngo"), kim, **given)
    write(actions.cancel, holder, actor="command", now=NOW)
    assert added.status == Status.CONFIRMED
    return added


def test_who_got_a_place_without_an_address_is_told_by_organisers_who_note_it(sign_in_as, database):
    event = make_event(capacity=1, sectors=[make_sector("ngo", ceiling=1)])
    added = given_place(event)
    beat(NOW)
    pages = sign_in_as(Role.REGISTRAR, event)
    page = overview(pages)
    assert tasks(page) == [UNTOLD]
    assert page.links[UNTOLD] == "/console/nf27/waiting#untold"
    (row,) = page.follow(UNTOLD).soup.select("[aria-labelledby=untold] tbody tr")
    assert "Minister, Kim" in row.get_text()
    assert [str(reading.what) for reading in readers.list_readings(added)] == ["Looked at a list of people"]
    write(notes.add_note, added, "Told by telephone.", actor="user:1", now=NOW + timedelta(minutes=1))
    assert tasks(overview(pages)) == []
    assert not pages.get("waiting_list.index", event="nf27").soup.select("[aria-labelledby=untold]")


@pytest.mark.parametrize("ended", ["over", "cancelled", "address", "restricted"])
def test_nobody_is_left_to_tell_whose_event_is_off_who_has_an_address_or_is_restricted(
    sign_in_as, database, ended
):
    event = make_event(capacity=1, sectors=[make_sector("ngo", ceiling=1)])
    added = given_place(event)
    at = event.ends_at + timedelta(hours=1) if ended == "over" else NOW
    if ended == "cancelled":
        write(setattr, event, "cancelled_at", NOW)
    elif ended == "restricted":
        request = write(restricting.ask, added, RestrictionKind.RESTRICTION, "", now=NOW)
        write(restricting.grant, request, actor="command", now=NOW)
    elif ended == "address":
        write(new_address.ask, added, "kim@example.org", actor="user:1", now=NOW)
        write(new_address.confirm, newest_mail(added, "new-address").token, now=NOW)
    clock.freeze(at)
    beat(at)
    pages = sign_in_as(Role.REGISTRAR, event, at=at)
    assert [task for task in tasks(overview(pages)) if "no address" in task] == []
    assert not pages.get("waiting_list.index", event="nf27").soup.select("[aria-labelledby=untold]")


def test_work_that_the_worker_does_not_go_on_with_is_told(sign_in_as, event):
    make_user(Role.ADMIN, event)
    for name in ("Alm", "Berg", "Celsing"):
        confirmed(event, "ngo", family_name=name)
    make_running(event)
    pages = sign_in_as(Role.REGISTRAR, event)
    prepare(pages)
    beat(NOW)
    assert tasks(overview(pages)) == []
    clock.freeze(NOW + MINUTES)
    beat(NOW + MINUTES)
    page = overview(pages)
    assert tasks(page) == [STILL, UNMADE]
    assert (page.links[STILL], page.links[UNMADE]) == (
        "/console/nf27/tasks",
        "/console/nf27/exports/",
    )
    # Only the organiser who has asked for the export sees that it is not made yet; a viewer sees no task at all.
    assert tasks(overview(sign_in_as(Role.REGISTRAR, event, at=clock.now()))) == [STILL]
    assert tasks(overview(sign_in_as(Role.VIEWER, event, at=clock.now()))) == []
    write(lambda: db.session.execute(update(Task).values(started_at=NOW + MINUTES)))
    write(lambda: db.session.execute(update(KeptExport).values(ready_at=NOW)))
    assert tasks(overview(pages)) == []


HALTED = "1 import of people that is being made or undone has stood still for 15 minutes"


def test_an_import_on_which_the_worker_does_not_go_on_is_told(sign_in_as, event, monkeypatch):
    """A table that waits for its organiser is no task; one that is being checked is known to its organiser alone."""
    monkeypatch.setattr(long_tables, "MOST", 2)
    monkeypatch.setattr(kept_tables, "PART", 2)
    monkeypatch.setattr(table_work, "STEPS_AT_ONCE", 1)
    make_user(Role.ADMIN, event)
    pages, colleague = sign_in_as(Role.REGISTRAR, event), sign_in_as(Role.REGISTRAR, event)

    def told_after(minutes):
        clock.freeze(NOW + timedelta(minutes=minutes))
        beat(clock.now())
        told = [tasks(overview(reader)) for reader in (pages, colleague)]
        clock.freeze(NOW)
        return told

    asked = pages.get("imports.new", event="nf27").submit({"lines": TABLE + ROWS}, button=ON, follow=True)
    assert told_after(16) == [[], []]
    asked.submit({**CHOSEN, "links": "silent"}, button=LOOK, follow=True)
    assert (told_after(14), told_after(16)) == ([[], []], [[HALTED], []])
    work(times=4)
    assert told_after(16) == [[], []]
    pages.get(asked.path).submit(button="Import 5 people", follow=True)
    assert told_after(16) == [[HALTED], [HALTED]]
    work()
    # The first part is imported ten minutes after the import began. The task appears once no further part has been
    # imported for a quarter of an hour.
    clock.freeze(NOW + timedelta(minutes=10))
    work()
    assert (told_after(24), told_after(26)) == ([[], []], [[HALTED], [HALTED]])
    work(times=2)
    assert told_after(26) == [[], []]


def test_an_undoing_on_which_the_worker_does_not_go_on_is_told(sign_in_as, event):
    make_user(Role.ADMIN, event)
    pages = sign_in_as(Role.REGISTRAR, event)
    shown = sent(pages.get("imports.new", event="nf27"), TABLE + KIM)
    shown.submit(button="Import 1 person", expect=303)
    made = db.session.scalars(select(AttendeeImport)).one()
    write(imports.ask_undo, made, event, actor="command", now=NOW)
    clock.freeze(NOW + MINUTES)
    beat(NOW + MINUTES)
    page = overview(pages)
    assert (tasks(page), page.links[HALTED]) == ([HALTED], "/console/nf27/imports/")
    assert tasks(overview(sign_in_as(Role.VIEWER, event, at=clock.now()))) == []
    work("undo imports", times=2)
    assert tasks(overview(pages)) == []


def plan(event, headline, moment, **differing):
    """Save a post that is planned for this moment."""
    told = {"event_id": event.id, "headline": headline, "published_at": moment, "announced_at": None}
    return make_post(**{**told, **differing})


def test_planned_posts_that_come_out_today_are_told_and_lead_to_them(sign_in_as, event):
    """The task leads to a single post's page or to the list of planned posts; tomorrow's posts cause no task."""
    beat(NOW)
    soon = plan(event, "Soon", NOW + timedelta(hours=9))
    plan(event, "Tomorrow", NOW + timedelta(hours=11))
    organiser, one, two = (
        sign_in_as(event=event),
        "1 planned post comes out today",
        "2 planned posts come out today",
    )
    page = overview(organiser)
    assert tasks(page) == [one]
    assert "“Soon”, planned for 3 May 2027 at 23:00 (CEST). Until then it can be changed" in page.text
    assert page.links[one] == f"/console/nf27/news/{soon.id}/publication"
    page.follow(one)
    plan(event, "Sooner", NOW + timedelta(hours=1))
    page = overview(organiser)
    assert (tasks(page), page.links[two]) == ([two], "/console/nf27/news?view=scheduled")
    assert "“Sooner”, planned for" in page.text
    assert tasks(overview(sign_in_as(Role.VIEWER, event))) == []


def test_each_planned_post_of_today_is_counted(sign_in_as, event):
    """A page of the newsroom's list shows 50 posts at most; the overview counts those beyond it, too."""
    beat(NOW)
    for number in range(51):
        plan(event, f"Post {number}", NOW + timedelta(hours=9))
    assert tasks(overview(sign_in_as(event=event))) == ["51 planned posts come out today"]


def test_a_planned_post_that_is_late_or_that_nobody_could_read_is_trouble(sign_in_as, event):
    """A post is late if the worker has not published it after five minutes; a post without a lead cannot be read."""
    beat(NOW)
    organiser = sign_in_as(event=event)
    late = plan(event, "Late", NOW - timedelta(minutes=4))
    assert tasks(overview(organiser)) == ["1 planned post comes out today"]
    write(setattr, late, "published_at", NOW - timedelta(minutes=5))
    page = overview(organiser)
    assert tasks(page) == ["1 planned post is late"]
    assert "Whoever runs the server should see that it is started." in page.text
    write(setattr, late, "announced_at", NOW)
    plan(event, "Half", NOW + timedelta(days=3), lead="")
    page = overview(organiser)
    assert tasks(page) == ["1 planned post cannot be read as it is"]
    assert "A text lacks its headline, its lead or its body." in page.text


def test_tasks_for_whoever_runs_the_server_lead_to_the_status(app, sign_in_as, event):
    """No page of the console can make a backup, so the task about an old one leads to /status, which names faults."""
    presence.note_backup(instance(app), NOW - timedelta(hours=27))
    beat(NOW)
    assert overview(sign_in_as(event=event)).links["1 day since the last backup"] == "/status"


def test_hours_are_told_until_held_places_are_free_again(sign_in_as, event):
    """The table of places tells when the first held place is free; the latest registrations tell it of each place."""
    beat(NOW)
    register(event, "ngo")
    clock.freeze(NOW + timedelta(minutes=90))
    beat(clock.now())
    page = overview(sign_in_as(event=event, at=clock.now()))
    assert "The first of these places is free again within 47 hours." in page.text
    assert "The place is held for at most 47 more hours." in page.text
    clock.freeze(NOW + timedelta(hours=47, minutes=30))
    beat(clock.now())
    page = overview(sign_in_as(event=event, at=clock.now()))
    assert "is free again within 1 hour." in page.text
    assert "The place is held for at most 1 more hour." in page.text
    write(setattr, event, "cancelled_at", NOW)
    page = overview(sign_in_as(event=event, at=clock.now()))
    assert "free again within" not in page.text
    assert "is held for at most" not in page.text
