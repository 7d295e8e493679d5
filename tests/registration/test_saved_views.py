"""Saved views of the attendee list: who sees (S13), opens, changes them. None goes on naming an erased person (P08)."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy import text as sql
from sqlalchemy.engine import make_url

from forum.accounts.enums import Role
from forum.accounts.models import Membership, User
from forum.audit.models import AuditDetails, AuditEntry
from forum.database import start_write
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.people import notes
from forum.people.models import RegistrationTag
from forum.privacy import erasing
from forum.questions.models import Question
from forum.registration import (
    actions,
    expiry,
    forgetting,
    new_address,
    protection,
    saved_views,
    separating,
    uniting,
    views_naming,
)
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.errors import ViewGone
from forum.registration.models import Registration
from forum.registration.saved_view_models import SavedView
from tests.factories.events import NOW, make_event
from tests.factories.mails import mark_all_sent
from tests.factories.organisers import sign_in_somebody
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save
from tests.registration.reading import newest_mail
from tests.tables import rows
from tools.organisers import make_user
from tools.running import wait_for

LIST = "/console/nf27/attendees"
VIEWS = f"{LIST}/views"
# Give a name to a copy of the first view, or to the first view itself.
COPY = """INSERT INTO saved_views (event_id, user_id, name, query, columns)
    SELECT event_id, user_id, %(name)s, query, columns FROM saved_views ORDER BY id LIMIT 1"""
RENAME = "UPDATE saved_views SET name = %(name)s WHERE id = (SELECT min(id) FROM saved_views)"
# How many connections wait for another transaction of this database.
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def numbered(page):
    return page.all(".saved-views a")


def tabs(page):
    """Return the names of the views, without the numbers of people behind them."""
    return [re.sub(r"(?<!Organiser) \d+( Organiser \d+)?$", r"\1", words) for words in numbered(page)]


def save_view(browser, name, query="", forged=None, **values):
    """Save what the list with this query shows, and return the view."""
    browser.get(f"{VIEWS}/new{query}").form("main form").submit(
        {"name": name, **values}, forged=forged, expect=303
    )
    return db.session.scalars(select(SavedView).order_by(SavedView.id.desc())).first()


def acts():
    query = select(AuditEntry.action).where(AuditEntry.subject_type == SavedView.__tablename__)
    return db.session.scalars(query.order_by(AuditEntry.id)).all()


def listed():
    return db.session.scalars(select(SavedView.name).order_by(SavedView.name)).all()


def test_a_shared_view_opens_filters_order_and_columns_at_an_address_of_its_own(sign_in_as, event):
    mine, theirs = sign_in_as(event=event), sign_in_as(Role.VIEWER, event)
    for name, sector in (("A", "ngo"), ("B", "ngo"), ("C", "tech")):
        confirmed(event, sector, family_name=name)
    mine.get(LIST).form("form.column-choice").submit({"column": ["country"]})
    form = mine.get(f"{LIST}?sector=ngo&sort=-name").follow("Save this view").form("main form")
    view = db.session.get_one(
        SavedView, int(form.submit({"name": "Press", "is_shared": "y"}).location.split("/")[-1])
    )
    assert (view.query, view.columns) == ({"sector": ["ngo"], "sort": "-name"}, ["country"])
    page = theirs.get(LIST).follow(f"Press 2 {view.maker.name}")
    assert page.path == f"{VIEWS}/{view.id}"
    assert rows(page) == [["B, Åsa", "Sweden"], ["A, Åsa", "Sweden"]]
    assert page.all(".tabs [aria-current]") == [f"Press 2 {view.maker.name}"]
    assert "can change and delete it" in page.text
    assert "Change or delete" not in page.text
    page = theirs.get(f"{LIST}?sort=name&view={view.id}")
    assert (rows(page)[2], "something else now" in page.text) == (["C, Åsa", "Sweden"], True)
    again = page.form("form.column-choice").submit({"column": ["language"]}, follow=True)
    assert (rows(again)[2], "something else now" in again.text) == (["C, Åsa", "English"], True)
    assert rows(theirs.get(VIEWS + f"/{view.id}"))[0] == ["B, Åsa", "Sweden"]
    assert len(rows(theirs.get(LIST))[0]) > 3


def test_columns_chosen_in_an_open_view_are_saved_into_it_and_nowhere_else(organiser, event):
    confirmed(event, "ngo", family_name="Ek")
    view = save_view(organiser, "One", "?sector=ngo")
    own = rows(organiser.get(LIST))
    page = organiser.get(f"{VIEWS}/{view.id}").form("form.column-choice")
    page = page.submit({"column": ["country", "status"]}, follow=True)
    again = page.form("form.list-filters").submit({"q": "åsa"}, follow=True)
    assert [len(row) for row in rows(again)] == [3]
    assert f"view={view.id}&column=name&column=country&column=status" in again.path
    assert page.form("form.column-choice").submit(button="As the view has them", follow=True).all(
        ".saved-views [aria-current]"
    ) == ["One 1"]
    page.follow("Change or delete").form("main form").submit({"replaces": "y"}, expect=303)
    db.session.expire_all()
    assert (view.columns, view.query) == (["country", "status"], {"sector": ["ngo"]})
    assert rows(organiser.get(LIST)) == own
    none = organiser.get(f"{VIEWS}/{view.id}").form("form.column-choice").submit({"column": []}, follow=True)
    assert rows(none) == [["Ek, Åsa"]]


def test_a_view_of_ones_own_is_nobody_elses_and_a_viewer_shares_none(sign_in_as, event, archive):
    mine, theirs, viewer = sign_in_as(event=event), sign_in_as(event=event), sign_in_as(Role.VIEWER, event)
    confirmed(event)
    own, shared = save_view(mine, "Own", "?sector=ngo"), save_view(mine, "Shared", is_shared="y")
    seen = save_view(viewer, "Viewer’s", forged={"is_shared": "y"})
    assert not seen.is_shared
    assert tabs(theirs.get(LIST)) == [f"Shared {shared.maker.name}"]
    for address in (f"{VIEWS}/{own.id}", f"{VIEWS}/{own.id}/change", f"{VIEWS}/{seen.id}/remove"):
        theirs.get(address, expect=404)
    page = viewer.get(f"{VIEWS}/{shared.id}/remove", expect=303, follow=False)
    assert page.location == f"{VIEWS}/{shared.id}"
    assert "View: Own" not in theirs.get(f"{LIST}?view={own.id}").text
    mine.get(f"/console/{archive.slug}/attendees/views/{own.id}", expect=404)
    sign_in_as(Role.EDITOR, event).get(f"{VIEWS}/{shared.id}", expect=404)
    theirs.get(f"{VIEWS}/{shared.id}/remove").form("main form").submit(expect=303)
    assert listed() == ["Own", "Viewer’s"]
    assert acts() == ["view.shared", "view.deleted"]


def test_whoever_no_longer_may_share_changes_no_shared_view(sign_in_as, event):
    mine, theirs = sign_in_as(Role.REGISTRAR, event), sign_in_as(event=event)
    confirmed(event)
    shared, own = save_view(mine, "Shared", is_shared="y"), save_view(mine, "Own")
    write(
        db.session.execute,
        update(Membership).where(Membership.user_id == shared.user_id).values(role=Role.VIEWER),
    )
    page = mine.get(f"{VIEWS}/{shared.id}")
    assert ("View: Shared" in page.text, "Change or delete" in page.text) == (True, False)
    name, viewer = shared.maker.name, sign_in_as(Role.VIEWER, event)
    for browser in (mine, viewer):
        seen = browser.get(f"{VIEWS}/{shared.id}")
        assert f"shared by {name}; organisers can change and delete it" in seen.text
    refused = viewer.get(f"{VIEWS}/{shared.id}/change", follow=True)
    assert refused.flashes == ["An organiser can change the view."]
    for act in ("change", "remove"):
        refused = mine.get(f"{VIEWS}/{shared.id}/{act}", follow=True)
        assert (refused.path, len(refused.flashes)) == (f"{VIEWS}/{shared.id}", 1)
        assert "only an organiser can change this one" in refused.flashes[0]
    mine.get(f"{VIEWS}/{own.id}/change").form("main form").submit({"name": "Renamed"}, expect=303)
    theirs.get(f"{VIEWS}/{shared.id}/remove").form("main form").submit(expect=303)
    assert listed() == ["Renamed"]


def test_taking_back_a_colleagues_view_says_whose_it_becomes(sign_in_as, event):
    mine, theirs = sign_in_as(event=event), sign_in_as(event=event)
    view = save_view(mine, "Shared", "?q=secret", is_shared="y")
    owner = view.maker.name
    page = theirs.get(f"{VIEWS}/{view.id}/change")
    assert f"If you take it back, only {owner} sees it" in page.text
    assert "only you see it" not in page.text
    page.form("main form").submit({"name": "Renamed"}, expect=303)
    change = theirs.get(f"{VIEWS}/{view.id}/change").form("main form")
    done = change.submit({"is_shared": None}, follow=True)
    assert done.flashes == [f"The view is no longer shared: only {owner} sees it now."]
    assert done.path == LIST
    mine.get(f"{VIEWS}/{view.id}/change").form("main form").submit({"name": "Own"}, expect=303)
    mine.get(f"{VIEWS}/{view.id}/remove").form("main form").submit(expect=303)
    assert acts() == ["view.shared", "view.changed", "view.taken_back"]
    details = db.session.scalars(select(AuditDetails.payload)).all()
    assert not [one for one in details if "secret" in str(one) or "Renamed" in str(one)]


def test_a_view_is_renamed_and_replaced_and_names_are_taken_once(organiser, event):
    confirmed(event)
    view, _other = save_view(organiser, "One", "?sector=ngo"), save_view(organiser, "Two")
    page = organiser.get(f"{VIEWS}/new").form("main form").submit({"name": "One"}, expect=422)
    assert page.errors == {"name": "You have another view with this name. Choose another one."}
    stale = organiser.get(f"{LIST}?sector=tech&view={view.id}").follow("Change or delete").form("main form")
    change = organiser.get(f"{VIEWS}/{view.id}/change?sector=tech&view={view.id}").form("main form")
    assert change.submit({"name": "Two"}, expect=422).errors == page.errors
    change.submit({"name": "Three", "replaces": "y"}, expect=303)
    db.session.expire_all()
    assert (view.name, view.query) == ("Three", {"sector": ["tech"]})
    assert "Somebody else has saved meanwhile" in stale.submit({"name": "Four"}, expect=409).text


def test_a_view_whose_filter_is_gone_says_so_and_shows_nobody(organiser, event):
    question = make_question(event, "dinner", choices=("yes", "no"))
    person = confirmed(event, family_name="Secret")
    write(notes.set_tags, person, ["vip"], actor="command", now=NOW)
    tagged = save_view(organiser, "Tagged", "?tag=vip")
    view = save_view(organiser, "Dinner", "?answer=dinner:yes&country=SE")
    view_columns(view, ["answer-dinner"])
    write(lambda: db.session.execute(delete(Question).where(Question.id == question.id)))
    page = organiser.get(f"{VIEWS}/{view.id}", expect=409)
    assert page.all(".note li") == ["An answer to a question that is gone or was changed"]
    assert "Secret" not in page.text
    page = page.follow("Show the list without them")
    assert (rows(page)[0][0], page.path) == ("Secret, Åsa", f"{LIST}?country=SE&view={view.id}")
    assert "1 column of the view no longer exists" in page.text
    write(lambda: db.session.execute(delete(RegistrationTag)))
    assert "Nobody has this tag now: #vip" in organiser.get(f"{VIEWS}/{tagged.id}").text


def view_columns(view, names):
    write(lambda: setattr(view, "columns", names))


def test_a_view_that_names_an_erased_person_goes_with_the_person(organiser, event):
    person = confirmed(
        event,
        given_name="Åsa",
        family_name="Berg-Lind",
        email="a.berg@hotel.example",
        phone="+46 8 123 45 67",
    )
    confirmed(event, family_name="Other")
    naming = ("asa lind", "A.BERG@hotel.example", "ber", person.reference.lower(), "08-123 45 67")
    naming += ('"lind"', "(Berg)", "Bergs", "berg*", "åsa/lind", "a.berg", "erg-lin")
    for number, text in enumerate(("hotel", "Göteborg", "", "#asa", *naming)):
        save_view(organiser, f"View {number}", f"?q={text}".replace("#", "%23") if text else "")
    write(erasing.erase, person, actor="command", now=NOW)
    assert listed() == ["View 0", "View 1", "View 2", "View 3"]


def test_a_view_whose_name_names_an_erased_person_is_renamed_and_stays(sign_in_as, event):
    """Whole words of two letters and more count, in any spelling and in the genitive; parts of words do not."""
    organiser, colleague = sign_in_as(event=event), sign_in_as(event=event)
    person = confirmed(
        event, given_name="Kim S", family_name="Ek-Åhs", email="k.ek@example.org", phone="+46 8 123 45 67"
    )
    confirmed(event, family_name="Ekdahl")
    for name in (
        "Kim Ek's table",
        "Bord för Åhs",
        "EKS bord",
        "#ahs",
        "k.ek@example.org",
        "Call 08-123 45 67",
    ):
        save_view(organiser, name, "?sector=ngo", is_shared="y")
    save_view(organiser, f"Ask {person.reference}", "?sector=ngo")
    for name in ("Ekdahl's table", "Kimono", "Week 4", "S", "example.org", "View 2"):
        save_view(organiser, name, "?sector=ngo", is_shared="y")
    save_view(colleague, "Kim", "?sector=ngo")
    save_view(organiser, "Kim's search", "?q=kim")
    write(erasing.erase, person, actor="command", now=NOW)
    kept = ["Ekdahl's table", "Kimono", "S", "Week 4", "example.org"]
    renamed = [f"View {number}" for number in range(1, 9)]
    assert sorted(listed()) == sorted([*kept, *renamed, "View 1"])
    seen = [re.sub(r" Organiser \d+$", "", name) for name in tabs(colleague.get(LIST))]
    # The colleague sees an own view, renamed, and all shared ones, but not the organiser's last one.
    assert (seen[0], sorted(seen[1:])) == ("View 1", sorted([*kept, *renamed[:7]]))


def test_a_view_that_only_the_former_name_explains_goes_or_is_renamed(organiser, event):
    """Somebody may have taken an alias; a view that names the person as before stays (P22)."""
    person = confirmed(event, given_name="Kim", family_name="Ek", phone="+46 8 123 45 67")
    confirmed(event, family_name="Ek")
    for name, text in (
        ("A", "kim"),
        ("B", "ek"),
        ("C", "ekman"),
        ("D", "081234567"),
        ("E", person.reference),
    ):
        save_view(organiser, name, f"?q={text}")
    for name in ("Kim's table", "Ek's table", "Ekman's table"):
        save_view(organiser, name, "?sector=ngo")
    same = {name: getattr(person, name) for name in CHANGEABLE}
    alias = Details(**{**same, "given_name": "Alva", "family_name": "Ekman", "phone": None})
    before = listed()
    write(protection.record, person, is_protected=True, real_name="Kim Ek", now=NOW)
    assert listed() == before
    write(actions.change, person, alias, actor="person", now=NOW)
    assert sorted(listed()) == ["C", "E", "Ekman's table", "View 1", "View 2"]


@pytest.mark.postgresql
def test_views_are_renamed_while_their_owner_is_locked(make_app, postgres_server, postgres_url):
    """Whoever saves a view locks its owner, then the view: locking them the other way round would be a deadlock."""
    with make_app(postgres_url).app_context():
        event = make_event()
        person, owner = confirmed(event, given_name="Kim"), make_user(event=event)
        values = {"user_id": owner.id, "event_id": event.id, "name": "Kim's table"}
        view = save(SavedView(**values, query={}, columns=[])).id
        db.session.rollback()
        with postgres_server.connect(make_url(postgres_url).database) as other:
            other.execute("BEGIN")
            other.execute("SELECT FROM users FOR NO KEY UPDATE")
            start_write(db.session)
            db.session.execute(sql("SET LOCAL lock_timeout = '1s'"))
            views_naming.forget_naming([db.session.get_one(Registration, person.id)], now=NOW)
            db.session.commit()
            other.execute("ROLLBACK")
        assert db.session.get_one(SavedView, view).name == "View 1"


def name_in_another_transaction(connection, name, statement, act):
    """Run `statement`, which gives a view this name, in a transaction that is committed while `act` waits for it."""
    connection.execute("BEGIN")
    connection.execute(statement, {"name": name})
    with ThreadPoolExecutor(1) as pool:
        acting = pool.submit(act)
        wait_for(lambda: acting.done() or connection.execute(WAITING).fetchone()[0])
        connection.execute("COMMIT")
        return acting.result(10)


@pytest.mark.postgresql
def test_a_neutral_name_that_somebody_takes_at_the_same_moment_is_not_given(
    make_app, postgres_server, postgres_url
):
    app = make_app(postgres_url)
    with app.app_context():
        event = make_event()
        person, owner = confirmed(event, given_name="Kim").id, make_user(event=event)
        values = {"user_id": owner.id, "event_id": event.id, "query": {}, "columns": []}
        for number in (1, 2):
            save(SavedView(**values, name=f"Kim's table {number}"))
        db.session.rollback()

    def forget():
        with app.app_context():
            start_write(db.session)
            views_naming.forget_naming([db.session.get_one(Registration, person)], now=NOW)
            db.session.commit()

    with postgres_server.connect(make_url(postgres_url).database) as other:
        name_in_another_transaction(other, "View 1", COPY, forget)
    with app.app_context():
        assert listed() == ["View 1", "View 2", "View 3"]


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("statement", "found"), [("DELETE FROM saved_views WHERE name <> %(name)s", "gone"), (RENAME, "View 1")]
)
def test_whoever_changes_a_view_waits_for_an_erasure_and_reads_it_again(
    make_app, postgres_server, postgres_url, statement, found
):
    """Else they would write the erased name back, or change a row that is not there any more."""
    app = make_app(postgres_url)
    with app.app_context():
        event = make_event()
        owner = make_user(event=event)
        save(SavedView(user_id=owner.id, event_id=event.id, query={}, columns=[], name="Kim's table"))
        db.session.rollback()

    def change():
        with app.app_context():
            start_write(db.session)
            view = db.session.scalars(select(SavedView)).one()
            try:
                saved_views.lock(view)
            except ViewGone:
                return "gone"
            return view.name

    with postgres_server.connect(make_url(postgres_url).database) as other:
        assert name_in_another_transaction(other, "View 1", statement, change) == found


def test_changing_a_view_that_has_just_been_deleted_is_not_found(organiser, event, monkeypatch):
    save_view(organiser, "Mine", "?sector=ngo")
    number = db.session.scalars(select(SavedView.id)).one()
    page = organiser.get("attendee_views.change", event="nf27", saved=number)

    def find_it_gone(_view):
        raise ViewGone

    monkeypatch.setattr(saved_views, "lock", find_it_gone)
    page.submit({"name": "Other"}, expect=404)


@pytest.mark.postgresql
def test_two_people_are_forgotten_at_once_and_each_view_of_one_owner_has_a_name_of_its_own(
    make_app, postgres_server, postgres_url
):
    """Whoever forgets second waits until all views of the event are free, and sees the names given before."""
    app = make_app(postgres_url)
    with app.app_context():
        event = make_event()
        people = [confirmed(event, given_name=name).id for name in ("Kim", "Alva")]
        owner = make_user(event=event)
        values = {"user_id": owner.id, "event_id": event.id, "query": {}, "columns": []}
        for name in ("Kim's table", "Alva's table"):
            save(SavedView(**values, name=name))
        db.session.rollback()

    def forget(person, commits):
        with app.app_context():
            start_write(db.session)
            views_naming.forget_naming([db.session.get_one(Registration, person)], now=NOW)
            commits()
            db.session.commit()

    with postgres_server.connect(make_url(postgres_url).database) as other, ThreadPoolExecutor(2) as pool:
        second = []

        def wait_for_second():
            second.append(pool.submit(forget, people[1], lambda: None))
            wait_for(lambda: second[0].done() or other.execute(WAITING).fetchone()[0])

        pool.submit(forget, people[0], wait_for_second).result(10)
        second[0].result(10)
    with app.app_context():
        assert listed() == ["View 1", "View 2"]


@pytest.mark.postgresql
@pytest.mark.parametrize("address", ["new", "2/change"])
def test_a_name_given_at_the_same_moment_is_refused_to_whoever_saves_or_renames_a_view(
    make_app, postgres_server, postgres_url, frozen, address
):
    app = make_app(postgres_url)
    with app.app_context():
        event = make_event()
        browser = sign_in_somebody(app, event=event)
        owner = db.session.scalars(select(User.id)).one()
        values = {"user_id": owner, "event_id": event.id, "query": {}, "columns": []}
        for name in ("Kim's table", "Other"):
            save(SavedView(**values, name=name))
        form = browser.get(f"{VIEWS}/{address}").form("main form")
        db.session.rollback()
    with postgres_server.connect(make_url(postgres_url).database) as other:
        page = name_in_another_transaction(
            other, "View 1", RENAME, lambda: form.submit({"name": "View 1"}, expect=422)
        )
    assert page.errors == {"name": "You have another view with this name. Choose another one."}
    with app.app_context():
        assert listed() == ["Other", "View 1"]


def test_a_merge_and_its_undoing_leave_no_view_with_the_former_name(organiser, event):
    """Whoever registers again under an alias and is merged is called so from then on (P22)."""
    person = confirmed(event, given_name="Kim", family_name="Ek")
    alias = confirmed(event, given_name="Alva", family_name="Ström")
    for name, sought in (("A", "kim"), ("B", "alva"), ("C", "ström")):
        save_view(organiser, name, f"?q={sought}")
    save_view(organiser, "Kim's table", "?sector=ngo")
    taken = ["given_name", "family_name"]
    merge = write(uniting.unite, person, alias, taken, actor="user:1", now=NOW)
    db.session.refresh(merge.kept)
    assert (merge.kept.given_name, sorted(listed())) == ("Alva", ["B", "C", "View 1"])
    save_view(organiser, "Alva", "?sector=ngo")
    write(separating.separate, merge, actor="user:1", now=NOW)
    assert sorted(listed()) == ["View 1", "View 2"]


def test_a_name_of_the_form_that_came_first_goes_once_another_one_is_confirmed(organiser, event):
    person = register(event, email="kim@example.org", given_name="Kim", family_name="Ek")
    save_view(organiser, "A", "?q=ek")
    register(event, email="kim@example.org", given_name="Alva", family_name="Ström", submission_key="second")
    write(actions.confirm_by_link, newest_mail(person).token, frozenset(), now=NOW)
    assert listed() == []


def test_a_view_that_searches_a_former_address_goes(organiser, event):
    person = confirmed(event, email="former@example.org", family_name="Ek")
    save_view(organiser, "Former", "?q=former@example.org"), save_view(organiser, "Ek", "?q=ek")
    write(new_address.ask, person, "new@example.org", actor="command", now=NOW)
    write(new_address.confirm, newest_mail(person, "new-address").token, now=NOW)
    assert listed() == ["Ek"]


def erase(person):
    write(erasing.erase, person, actor="command", now=NOW)


def rename(person):
    called = {name: getattr(person, name) for name in CHANGEABLE} | {"given_name": "Alva"}
    write(actions.change, person, Details(**called), actor="person", now=NOW)


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (erase, "It named somebody whose registration was deleted"),
        (rename, "It named somebody by a former name, address or number"),
    ],
    ids=["erased", "renamed"],
)
def test_the_log_says_why_a_shared_view_went_or_was_renamed_and_not_whom_it_named(
    sign_in_as, event, end, why
):
    organiser, colleague = sign_in_as(event=event), sign_in_as(event=event)
    person = confirmed(event, given_name="Kim", family_name="Ek")
    for name, query in (("Searching", "?q=kim"), ("Kim's table", "?sector=ngo")):
        save_view(organiser, name, query, is_shared="y")
        save_view(organiser, f"{name}, my own", query)
    end(person)
    acted = [row[1:3] for row in rows(colleague.get("log.index", event="nf27"))]
    told = [what for who, what in acted if who == "automatically" and what.startswith("Shared view")]
    assert told == [f"Shared view of the attendee list {act} · {why}" for act in ("changed", "deleted")]
    assert acts() == ["view.shared", "view.shared", "view.deleted", "view.changed"]
    details = db.session.scalars(select(AuditDetails.payload).join(AuditEntry)).all()
    assert not [one for one in details if "kim" in str(one).lower()]


def test_a_search_of_somebody_who_has_left_the_list_goes(sign_in_as, event):
    """Unshared views with a search go when their owner may no longer open the list, not when an account is disabled."""
    staying, leaving = sign_in_as(event=event), sign_in_as(event=event)
    save_view(staying, "Stays", "?q=ek")
    save_view(leaving, "Shared", "?q=ek", is_shared="y")
    save_view(leaving, "Sector", "?sector=ngo")
    gone = save_view(leaving, "Gone", "?q=ek")
    db.session.execute(update(User).values(active=False))
    db.session.commit()
    assert write(saved_views.forget_of_departed, now=NOW) == 0
    of_leaving = Membership.user_id == gone.user_id
    db.session.execute(update(Membership).where(of_leaving).values(role=Role.EDITOR))
    db.session.commit()
    run_job(next(job for job in JOBS if job.run is saved_views.forget_of_departed))
    assert listed() == ["Sector", "Shared", "Stays"]


def test_a_view_that_names_somebody_never_confirmed_goes_with_the_registration(organiser, event):
    register(event, given_name="Zqgiven")
    confirmed(event, family_name="Other")
    save_view(organiser, "Naming", "?q=zqgiven"), save_view(organiser, "Other", "?q=other")
    mark_all_sent()
    write(expiry.expire_due, now=NOW + timedelta(days=2))
    write(forgetting.forget_unconfirmed, now=NOW + timedelta(days=3))
    assert listed() == ["Other"]


def test_no_more_views_are_saved_than_can_be_told_apart(organiser, event, monkeypatch):
    monkeypatch.setattr(saved_views, "MOST", 1)
    save_view(organiser, "One")
    page = organiser.get(f"{VIEWS}/new?q=x").form("main form").submit({"name": "Two"}, expect=422)
    assert page.errors == {"name": "You have 1 views. Delete one of them first."}


def test_a_view_of_sectors_and_states_has_its_number_and_no_other_view_has_one(organiser, event):
    for name, sector in (("A", "ngo"), ("B", "ngo"), ("C", "tech")):
        confirmed(event, sector, family_name=name)
    queries = (
        "?sector=ngo&status=confirmed",
        "?sector=tech&status=ended",
        "?q=a",
        "?status=place&status=ended",
    )
    for query in queries:
        save_view(organiser, query, query)
    page = organiser.get(LIST)
    assert sorted(numbered(page)[:4]) == sorted(
        [f"{queries[0]} 2", f"{queries[1]} 0", queries[2], queries[3]]
    )
    # The page before has read the event's questions, which the process remembers (`events/kept_values`).
    before = len(organiser.get(LIST).statements)
    save_view(organiser, "Everybody")
    page = organiser.get(LIST)
    assert ("Everybody 3" in numbered(page), len(page.statements)) == (True, before)
