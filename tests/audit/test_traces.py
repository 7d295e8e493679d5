"""Views and refused attempts are recorded with few entries, however often they happen (S46, P18, S43)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event as engine_event

from forum import clock
from forum.accounts import passwords, sign_ins
from forum.accounts.enums import Role
from forum.audit import traces
from forum.audit.models import AuditEntry
from forum.cli import cli
from forum.database import WritersBusy
from forum.extensions import db
from forum.web import limits
from tests.clocks import count_from_later
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed
from tools.organisers import PASSWORD, code_of, give_password, make_user, sign_in
from tools.pages import Pages, counted_statements

pytestmark = pytest.mark.usefixtures("frozen", "database")
WRONG = "not the right password"


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


def recorded(prefix: str) -> list[tuple]:
    """Return action, actor, subject and counted occurrences of each audit entry with a counter."""
    db.session.rollback()
    entries = db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.id)).all()
    return [
        (entry.action, entry.actor, entry.subject_type, entry.subject_id, entry.details.payload["times"])
        for entry in entries
        if entry.action.startswith(prefix) and "times" in entry.details.payload
    ]


def test_views_and_searches_of_an_organiser_are_recorded_in_few_entries(pages):
    event = make_event()
    person, user = confirmed(event, given_name="Zebra"), make_user(event=event)
    sign_in(pages, user)
    for _ in range(5):
        pages.get("attendees.show", event=event.slug, reference=person.reference)
    pages.get("attendees.cancel", event=event.slug, reference=person.reference)
    pages.get("waiting_list.index", event=event.slug)
    pages.get("attendees.index", event=event.slug)
    pages.get("attendees.index", event=event.slug, q="Zebra")
    pages.get("attendees.show", event=event.slug, reference="NOBODY00", expect=404)
    who, whom = f"user:{user.id}", ("registrations", person.id)
    assert recorded("regis") + recorded("waiting") == [
        *[("registration.viewed", who, *whom, times) for times in (1, 1, 2)],
        ("registrations.searched", who, "events", event.id, 1),
    ]
    page = pages.get("attendees.show", event=event.slug, reference=person.reference)
    assert "viewed" not in page.text


def test_counting_the_people_of_a_new_message_by_a_search_is_recorded_as_a_search(sign_in_as):
    event = make_event()
    mailer = sign_in_as(Role.ORGANISER, event)
    mailer.get("own_mailings.new", event=event.slug)
    assert recorded("regis") == []
    mailer.get("own_mailings.new", event=event.slug, q="nobody@example.org")
    assert [entry[0] for entry in recorded("regis")] == ["registrations.searched"]


def test_a_look_at_a_list_with_nobody_on_it_is_no_view(sign_in_as):
    """A look at an empty list is not recorded, because it showed nobody; a search is recorded always (P18)."""
    event = make_event(capacity=1)
    admin, care = sign_in_as(Role.ADMIN, event), sign_in_as(Role.CARE, event)
    for endpoint in (
        "waiting_list",
        "review",
        "delegations_console",
        "invitations",
        "attendees",
        "reception",
        "outbox",
    ):
        admin.get(f"{endpoint}.index", event=event.slug)
    admin.get("console.overview", event=event.slug)
    care.get("counts.people", event=event.slug)
    kinds = ("waiting", "care", "delega", "invita", "regis", "attend")
    assert [recorded(word) for word in kinds] == [[]] * 6
    admin.get("attendees.index", event=event.slug, q="Zebra")
    assert [entry[0] for entry in recorded("regis")] == ["registrations.searched"]
    confirmed(event)
    admin.get("waiting_list.index", event=event.slug)
    care.get("counts.people", event=event.slug)
    assert recorded("waiting") == []
    assert [entry[0] for entry in recorded("care")] == ["care_answers.viewed"]
    confirmed(event)
    admin.get("waiting_list.index", event=event.slug)
    assert [entry[0] for entry in recorded("waiting")] == ["waiting_list.viewed"]


def test_attendee_list_is_recorded_once_an_hour_for_each_choice_of_sectors(
    make_app, database_url, monkeypatch
):
    """Turning pages, filtering and sorting are one view of the list; its audit entry keeps the sectors shown (P18)."""
    app = make_app(database_url)
    with app.app_context():
        event = make_event(sectors=[make_sector("ngo", position=1), make_sector("tech", position=2)])
        confirmed(event, "ngo"), confirmed(event, "tech")
        user = make_user(event=event)
        pages = Pages(app)
        sign_in(pages, user)
        for hours in (0, 1):
            count_from_later(monkeypatch, hours * limits.HOUR_SECONDS)
            for query in ({}, {"sort": "-name"}, {"status": "confirmed"}, {"after": "NOBODY00"}):
                pages.get("attendees.index", event=event.slug, **query)
            for sectors in (["tech"], ["tech", "ngo"], ["ngo", "tech"], ["tech"]):
                pages.get("attendees.index", event=event.slug, sector=sectors)
            pages.get("attendees.index", event=event.slug, sector="tech", status="waiting")
        each = [("attendees.viewed", f"user:{user.id}", "events", event.id, 1)] * 3
        assert recorded("attend") == each * 2
        entries = db.session.scalars(db.select(AuditEntry).where(AuditEntry.action == "attendees.viewed"))
        assert [entry.details.payload["sector"] for entry in entries] == ["", "tech", "ngo tech"] * 2


def test_page_of_the_attendee_list_that_is_recorded_already_writes_nothing(pages):
    """One audit entry covers an hour's views: a second page runs no SQL that writes or touches the audit trail."""
    event = make_event()
    confirmed(event)
    sign_in(pages, make_user(event=event))
    pages.get("attendees.index", event=event.slug)
    with counted_statements(pages.app) as statements:
        pages.get("attendees.index", event=event.slug, sort="-name")
    assert not [one for one in statements if one.startswith(("INSERT", "UPDATE", "BEGIN")) or "audit" in one]


def test_a_new_hour_begins_to_count_anew(pages, monkeypatch):
    event = make_event()
    person = confirmed(event)
    sign_in(pages, make_user(event=event))
    for _ in range(3):
        pages.get("attendees.show", event=event.slug, reference=person.reference)
    count_from_later(monkeypatch, limits.HOUR_SECONDS)
    pages.get("attendees.show", event=event.slug, reference=person.reference)
    assert [entry[-1] for entry in recorded("registration.viewed")] == [1, 1, 1]


def test_each_day_on_which_somebody_looked_has_an_entry(pages, monkeypatch):
    """The third view within an hour is recorded when it is the first one of its day."""
    event = make_event()
    person, user = confirmed(event), make_user(event=event)
    late = NOW.astimezone(event.zone).replace(hour=23, minute=50)
    clock.freeze(late)
    sign_in(pages, user)
    for minutes in (0, 5, 15):
        clock.freeze(late + timedelta(minutes=minutes))
        count_from_later(monkeypatch, minutes * 60)
        pages.get("attendees.show", event=event.slug, reference=person.reference)
    entries = db.session.scalars(db.select(AuditEntry).where(AuditEntry.action == "registration.viewed"))
    days = {entry.at.astimezone(event.zone).date() for entry in entries}
    assert days == {late.date(), late.date() + timedelta(days=1)}


@pytest.mark.parametrize("act", ["notes", "change", "address", "answers"])
def test_person_on_the_page_of_a_refused_form_is_recorded_as_seen(pages, act):
    """Sending an empty form without opening its page shows as much of the person as the page, and is recorded alike."""
    event = make_event()
    mine, person = confirmed(event), confirmed(event)
    sign_in(pages, make_user(event=event))
    form = pages.get("attendee_notes.index", event=event.slug, reference=mine.reference).form("form.form")
    path = f"/console/{event.slug}/registrations/{person.reference}/{act}"
    answer = pages.client.post(path, data={"csrf_token": form.data["csrf_token"]})
    assert answer.status_code in (409, 422)
    assert [entry[3] for entry in recorded("registration.viewed")] == [mine.id, person.id]


def test_six_addresses_with_twelve_wrong_passwords_each_leave_a_trace(app):
    user, quick = make_user(password_hash=passwords.hashed(PASSWORD)), app.test_cli_runner().invoke
    assert "ok   sign-ins: none was refused in a day" in quick(cli, ["doctor", "--offline"]).output
    for number in range(6):
        guesser = Pages(app)
        guesser.client.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"
        for expect in [422] * 10 + [429] * 2:
            give_password(guesser, user, WRONG, expect=expect)
    about = ("visitor", "users", user.id)
    assert (
        recorded("account")
        == [
            *[("account.sign_in_refused", *about, times) for times in (1, 1, 2, 4)],
            *[("account.tries_limited", *about, times) for times in (1, 1)],
        ]
        * 6
    )
    told = quick(cli, ["doctor", "--offline"]).output
    assert "BAD  sign-ins: in a day at least: sign_in_refused 48 times, tries_limited 12 times" in told


def test_a_try_for_an_address_without_an_account_is_recorded_alike(app):
    user = make_user(password_hash=passwords.hashed(PASSWORD))
    for number, email in enumerate((user.email, "nobody@example.org")):
        guesser = Pages(app)
        guesser.client.environ_base["REMOTE_ADDR"] = f"203.0.113.{number}"
        for _ in range(2):
            data = {"email": email, "password": WRONG}
            guesser.post("accounts.sign_in", data, lang="en", expect=422)
    entries = recorded("account")
    assert [entry[3] for entry in entries] == [user.id, user.id, None, None]
    assert len({(action, actor, kind) for action, actor, kind, *_ in entries}) == 1


def test_wrong_codes_are_recorded_and_right_ones_are_not(app):
    user = make_user(password_hash=passwords.hashed(PASSWORD))
    page = Pages(app)
    give_password(page, user)
    page.get("/account/second-factor").submit({"code": "000000"}, expect=422)
    page.get("/account/second-factor").submit({"code": code_of(user)}, expect=303)
    assert recorded("account") == [("account.code_refused", "visitor", "users", user.id, 1)]


def test_person_is_not_shown_while_the_view_cannot_be_recorded_and_a_list_is(pages, monkeypatch, caplog):
    """A person's page is a 503 also at a third try, which usually needs no entry; the server's log has each (S43)."""
    event = make_event()
    person, user = confirmed(event, given_name="Zebra"), make_user(event=event)
    sign_in(pages, user)
    db.session.rollback()
    other = db.engine.raw_connection()
    other.driver_connection.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("forum.database.BUSY_SECONDS", 0)
    for _ in range(3):
        refused = pages.get("attendees.show", event=event.slug, reference=person.reference, expect=503)
        assert "Zebra" not in refused.text
    assert "Zebra" in pages.get("attendees.index", event=event.slug).text
    other.driver_connection.execute("ROLLBACK")
    other.close()
    told = [record.getMessage() for record in caplog.records if record.name == "forum.audit"]
    lost = f"by user:{user.id} was not recorded: OperationalError"
    assert told == [*[f"registration.viewed {lost}"] * 3, f"attendees.viewed {lost}"]
    assert "Zebra" in pages.get("attendees.show", event=event.slug, reference=person.reference).text
    pages.get("attendees.index", event=event.slug)
    whom = ("registrations", person.id), ("events", event.id)
    who, actions = f"user:{user.id}", ("registration.viewed", "attendees.viewed")
    assert [recorded(action) for action in actions] == [
        [(action, who, *subject, 1)] for action, subject in zip(actions, whom, strict=True)
    ]


def test_page_of_a_person_or_of_needs_is_refused_when_no_writer_of_the_process_comes_to_an_end(
    make_app, database_url, monkeypatch, caplog
):
    """While the process cannot write (WritersBusy), lists are shown, but neither a person nor needs of food (S43)."""

    def start_write(_session):
        raise WritersBusy

    app = make_app(database_url)
    with app.app_context():
        event = make_event()
        person, user = confirmed(event), make_user(Role.CARE, event=event)
        pages = Pages(app)
        sign_in(pages, user)
        monkeypatch.setattr(traces, "start_write", start_write)
        pages.get("counts.people", event=event.slug, expect=503)
        told = [record.getMessage() for record in caplog.records if record.name == "forum.audit"]
        assert told == [f"care_answers.viewed by user:{user.id} was not recorded: WritersBusy"]
        organiser = Pages(app)
        sign_in(organiser, make_user(event=event))
        # The time at which the sign-in was last used is not stored either, and that is no reason to refuse a page.
        monkeypatch.setattr(sign_ins, "start_write", start_write)
        clock.freeze(NOW + timedelta(minutes=5))
        organiser.get("attendees.show", event=event.slug, reference=person.reference, expect=503)
        organiser.get("attendees.index", event=event.slug)


def test_list_is_recorded_after_a_reload_during_a_view_that_could_not_be_recorded(pages, monkeypatch):
    """A list that is reloaded while its first view waits in vain to be recorded is recorded at the next view (P18)."""
    event = make_event()
    confirmed(event)
    sign_in(pages, make_user(event=event))
    slug, begin = event.slug, traces.start_write

    def start_write(_session):
        monkeypatch.setattr(traces, "start_write", begin)
        with ThreadPoolExecutor(1) as beside:
            beside.submit(pages.get, "attendees.index", event=slug).result()
        raise WritersBusy

    monkeypatch.setattr(traces, "start_write", start_write)
    pages.get("attendees.index", event=slug)
    assert recorded("attend") == []
    pages.get("attendees.index", event=slug)
    assert [entry[-1] for entry in recorded("attend")] == [1]


READ_ONLY = {"sqlite": "PRAGMA query_only = ON", "postgresql": "SET default_transaction_read_only = on"}


def test_page_of_a_person_answers_that_the_forum_is_busy_when_the_database_can_only_be_read(
    make_app, database_url
):
    """SQLite and PostgreSQL raise different errors for a write; with both a person's page answers 503 (S43)."""
    app = make_app(database_url)
    with app.app_context():
        event = make_event()
        person, pages = confirmed(event, given_name="Zebra"), Pages(app)
        sign_in(pages, make_user(event=event))
        slug, reference = event.slug, person.reference
        db.session.remove()
        db.engine.dispose()

        @engine_event.listens_for(db.engine, "connect")
        def refuse_writes(connection, _record):
            connection.cursor().execute(READ_ONLY[db.engine.dialect.name])
            connection.commit()

        refused = pages.get("attendees.show", event=slug, reference=reference, expect=503)
        assert (refused.headers["Retry-After"], "Zebra" in refused.text) == ("10", False)
        assert "Zebra" in pages.get("attendees.index", event=slug).text


def test_further_view_that_the_first_ones_count_for_is_shown_while_nothing_can_be_recorded(
    pages, monkeypatch
):
    """After two recorded views the third needs no entry, so it is shown; the fourth needs one, so it is not (S43)."""
    event = make_event()
    person = confirmed(event, given_name="Zebra")
    sign_in(pages, make_user(event=event))
    where = {"event": event.slug, "reference": person.reference}
    for _ in range(2):
        pages.get("attendees.show", **where)

    def start_write(_session):
        raise WritersBusy

    monkeypatch.setattr(traces, "start_write", start_write)
    assert "Zebra" in pages.get("attendees.show", **where).text
    assert "Zebra" not in pages.get("attendees.show", expect=503, **where).text
    assert [entry[-1] for entry in recorded("registration.viewed")] == [1, 1]


def test_a_view_is_recorded_each_time_when_nobody_can_count(make_app, sqlite_url):
    app = make_app(sqlite_url, LIMITER_STORAGE="redis://127.0.0.1:1")
    with app.app_context():
        event = make_event()
        person, pages = confirmed(event), Pages(app)
        sign_in(pages, make_user(event=event))
        for _ in range(3):
            pages.get("attendees.show", event=event.slug, reference=person.reference)
        assert [entry[-1] for entry in recorded("registration.viewed")] == [1, 1, 1]


def test_tries_at_one_account_do_not_hide_those_at_another(app):
    """Refusals count for each account: one count of a client's would have recorded only tries at the first account."""
    one, other = make_user(password_hash=passwords.hashed(PASSWORD)), make_user()
    guess_passwords(app, [one.email, one.email, other.email, one.email, other.email, other.email])
    told = [(entry[3], entry[4]) for entry in recorded("account.sign_in_refused")]
    assert told == [(one.id, 1), (one.id, 1), (other.id, 1), (other.id, 1)]


def test_many_invented_addresses_leave_few_entries_and_hide_no_account(app):
    user = make_user(password_hash=passwords.hashed(PASSWORD))
    invented = [f"nobody{number}@example.org" for number in range(17)]
    guess_passwords(app, [*invented, user.email])
    told = [(entry[3], entry[4]) for entry in recorded("account.sign_in_refused")]
    assert told == [(None, 1), (None, 1), (None, 2), (None, 4), (None, 8), (user.id, 1)]


def guess_passwords(app, emails):
    """Send one wrong password for each of the addresses, from one client."""
    guesser = Pages(app)
    for email in emails:
        guesser.post("accounts.sign_in", {"email": email, "password": WRONG}, lang="en", expect=422)
