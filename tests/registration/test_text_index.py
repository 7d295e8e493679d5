"""Searches use the database's own index to find who may have a word, and find the same people without it."""

import sqlite3

import flask_migrate
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update
from werkzeug.datastructures import MultiDict

from forum.cli import cli
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.registration import listing, search_conditions, searching, text_index
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from tests.factories.events import make_event
from tests.factories.registrations import confirmed

# FTS5 stores a word without the beginning that it shares with the word before. So these tests search for letters that
# no other name has.
SEEN = "SELECT count(*) FROM people_index_data WHERE instr(CAST(block AS blob), CAST(:letters AS blob)) > 0"

REFUSING = (
    "DROP EXTENSION pg_trgm",
    """
    CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE insufficient_privilege; END $$
    """,
    "CREATE EVENT TRIGGER refusing ON ddl_command_start WHEN TAG IN ('CREATE EXTENSION') EXECUTE FUNCTION refuse()",
)


@pytest.fixture
def app(make_app, sqlite_url):
    if sqlite3.sqlite_version_info < (3, 42):
        pytest.skip("an SQLite of before 3.42 gets no index (migration 0074)")
    return make_app(sqlite_url)


def fill() -> None:
    event = make_event()
    confirmed(event, given_name="Åsa", family_name="Bergström", title="Överåklagare", phone="08-123 45 67")
    confirmed(event, given_name="Jørgen", family_name="Sørensen", country="DK", phone="45 33 12 34 56")
    confirmed(event, given_name="Qvintus", family_name="ჟვზ", country="NO", phone=None)


@pytest.fixture
def people(filled) -> list[Registration]:
    return list(db.session.scalars(select(Registration).order_by(Registration.id)))


def index() -> int:
    return run_job(next(job for job in JOBS if job.name == "index people"))


def due() -> int:
    return db.session.scalar(text("SELECT count(*) FROM people_index_due"))


def found(event: Event, words: str, **others: str) -> list[int]:
    filters = Filters.of(MultiDict({"q": words, **others}), event)
    return sorted(person.id for person in listing.read_list(event, filters, None).rows)


def named(event: Event, words: str) -> list[int] | None:
    """Return the people whom the index has found for the search; None if the index was not asked, or found too many."""
    db.session.info.pop(text_index.KEPT, None)
    found(event, words)
    kept = db.session.info.get(text_index.KEPT)
    return sorted(kept[1]) if kept and kept[1] is not None else None


def test_new_person_is_due_until_the_worker_indexes_and_is_found_before_and_after(event, people):
    first = people[0].id
    everybody = [person.id for person in people]
    assert (due(), found(event, "bergstr"), named(event, "bergstr")) == (3, [first], everybody)
    assert (index(), index(), due()) == (3, 0, 0)
    for words in (
        "bergstr",
        "Åsa Bergström",
        "081234567",
        "overaklagare",
        people[0].reference.replace("-", ""),
    ):
        assert (found(event, words), named(event, words)) == ([first], [first]), words
    assert (named(event, "nobody"), named(event, "bo"), named(event, "norge")) == ([], None, None)
    assert found(event, "norge") == [people[2].id]


def test_index_that_names_too_many_leaves_the_search_to_the_conditions(event, people, monkeypatch):
    index()
    monkeypatch.setattr(text_index, "FEW", 2)
    assert (named(event, "example.org"), len(found(event, "example.org"))) == (None, 3)
    assert named(event, "bergstr") == [people[0].id]


def test_index_is_asked_again_after_each_write_of_a_transaction_and_after_what_was_undone(event, people):
    person = people[0]
    start_write(db.session)
    assert found(event, "bergstr") == [person.id]
    with db.session.begin_nested() as savepoint:
        person.search_text = "kim alias"
        assert (found(event, "bergstr"), found(event, "alias")) == ([], [person.id])
        savepoint.rollback()
    assert (found(event, "bergstr"), found(event, "alias")) == ([person.id], [])
    people[1].search_text = "bergstrand"
    assert found(event, "bergstr") == [person.id, people[1].id]


@pytest.mark.parametrize("others", [{}, {"sector": "justice", "status": "confirmed"}, {"sort": "-status"}])
def test_people_whom_the_index_names_are_read_by_their_key(event, people, others):
    index()
    filters = Filters.of(MultiDict({"q": "bergstr", **others}), event)
    query = listing.matching(event, filters).order_by(*listing.order(event, filters).columns).limit(51)
    compiled = query.compile(db.engine, compile_kwargs={"render_postcompile": True, "literal_binds": True})
    plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}").all()
    assert plan[0][3] == "SEARCH registrations USING INTEGER PRIMARY KEY (rowid=?)"


def test_changed_and_erased_people_leave_the_index_in_the_same_transaction(event, people):
    index()
    person = people[2]
    assert (db.session.scalar(text(SEEN), {"letters": "ვზ"}), named(event, "ჟვზ")) == (1, [person.id])
    start_write(db.session)
    db.session.execute(
        update(Registration).where(Registration.id == person.id).values(search_text="ქღყ alias")
    )
    db.session.commit()
    assert db.session.scalar(text(SEEN), {"letters": "ვზ"}) == 0, "the former name is in the database's file"
    assert (found(event, "ჟვზ"), found(event, "alias"), index()) == ([], [person.id], 1)
    assert db.session.scalar(text(SEEN), {"letters": "ღყ"}) == 1
    start_write(db.session)
    db.session.execute(delete(Registration).where(Registration.id == person.id))
    db.session.commit()
    assert (db.session.scalar(text(SEEN), {"letters": "ღყ"}), due(), found(event, "alias")) == (0, 0, [])


def test_doctor_notices_a_person_missing_in_the_index_and_a_command_makes_it_anew(app, event, people):
    index()
    confirmed(event, family_name="Missing")
    start_write(db.session)
    assert text_index.is_whole()
    db.session.execute(text("DELETE FROM people_index_due"))
    db.session.commit()
    assert found(event, "missing") == []
    runner = app.test_cli_runner()
    said = runner.invoke(cli, ["doctor", "--offline"]).output
    assert "BAD  people: the database's index differs from the registrations: forum rebuild-search" in said
    runner.invoke(cli, ["rebuild-search"])
    start_write(db.session)
    assert (text_index.is_whole(), len(found(event, "missing"))) == (True, 1)


def test_migration_indexes_everybody_and_the_way_back_leaves_nothing(app, event, people):
    db.session.rollback()
    flask_migrate.downgrade(revision="0073")
    left = db.session.scalars(text("SELECT name FROM sqlite_schema WHERE sql LIKE '%people_index%'")).all()
    db.session.rollback()
    flask_migrate.upgrade()
    assert (left, due(), found(event, "bergstr"), named(event, "bergstr")) == ([], 0, *[[people[0].id]] * 2)
    start_write(db.session)
    assert text_index.is_whole()


def test_index_without_a_trigger_is_not_asked(app, event, people):
    start_write(db.session)
    db.session.execute(text("DROP TRIGGER registrations_added"))
    db.session.commit()
    confirmed(event, family_name="Bergstrand")
    assert (named(event, "bergstr"), len(found(event, "bergstr"))) == (None, 2)


@pytest.mark.postgresql
def test_postgresql_reads_its_index_for_a_word_of_a_search(make_app, postgres_url):
    with make_app(postgres_url).app_context():
        (term,) = searching.terms("bergström")
        query = select(Registration.id).where(search_conditions._meets(term, ()))
        compiled = query.compile(db.engine, compile_kwargs={"literal_binds": True})
        start_write(db.session)
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = db.session.connection().exec_driver_sql(f"EXPLAIN {compiled}").scalars().all()
        words = [line for line in plan if "Index Cond" in line]
        scans = {"on people_index" in line for line in plan if "Index Scan" in line}
        assert (len(words), scans) == (2, {True}), "one scan for each of the two columns"
        db.session.rollback()


@pytest.mark.postgresql
def test_postgresql_that_refuses_the_extension_is_searched_without_an_index(make_app, postgres_url):
    with make_app(postgres_url).app_context():
        event = make_event()
        person = confirmed(event, family_name="Bergström")
        assert text_index.is_used()
        db.session.rollback()
        flask_migrate.downgrade(revision="0075")
        with db.engine.begin() as connection:
            for statement in REFUSING:
                connection.exec_driver_sql(statement)
        flask_migrate.upgrade()
        assert (text_index.is_used(), found(event, "bergstr")) == (False, [person.id])
        db.session.rollback()
        with db.engine.begin() as connection:
            connection.exec_driver_sql("DROP EVENT TRIGGER refusing")
        flask_migrate.downgrade(revision="0075")
        flask_migrate.upgrade()
        assert text_index.is_used()
        db.session.rollback()


@pytest.mark.postgresql
def test_postgresql_reads_few_people_by_their_ids_and_many_by_their_words(
    make_app, postgres_url, monkeypatch
):
    """With an order and a limit PostgreSQL may read all in that order, so few people are looked up first, by id."""
    with make_app(postgres_url).app_context():
        event = make_event()
        people = [confirmed(event, family_name="Bergström") for _each in range(3)]
        make_event(slug="other", is_current=False)
        for most, by_ids in ((3, True), (2, False)):
            monkeypatch.setattr(text_index, "FEW", most)
            query, are_few = search_conditions.narrow(select(Registration.id), event, "bergström")
            assert (are_few, " = ANY (" in str(query.compile(db.engine))) == (by_ids, by_ids)
            assert found(event, "bergström") == [one.id for one in people]
        assert found(event, "nobody") == []
        assert search_conditions.narrow(select(Registration.id), event, "be")[1] is False
        db.session.rollback()


@pytest.mark.postgresql
def test_postgresql_looks_words_up_only_once_for_few_people(make_app, postgres_url):
    """The people who are read by their ids are tested one by one: the index was searched by the statement before."""
    with make_app(postgres_url).app_context():
        event = make_event()
        people = [confirmed(event, family_name="Bergström") for _each in range(2)]
        start_write(db.session)
        query, are_few = search_conditions.narrow(select(Registration.id), event, "bergström")
        # Keep only the conditions on texts: with all conditions PostgreSQL would use the index of the two people's ids.
        words = [part for part in query.whereclause.clauses if "search_text" in str(part)]
        assert (are_few, len(words)) == (True, 1)
        compiled = (
            select(Registration.id).where(*words).compile(db.engine, compile_kwargs={"literal_binds": True})
        )
        db.session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(db.session.connection().exec_driver_sql(f"EXPLAIN {compiled}").scalars())
        assert "people_index" not in plan
        # A person who has lost the word since it was looked up is not found.
        people[1].search_text = "kim alias"
        db.session.flush()
        assert db.session.scalars(query).all() == [people[0].id]
        db.session.rollback()


LETTERS = st.text(alphabet="ab1 -\"'%_/*\n𝔘é\u0307ß", max_size=9)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), LETTERS, LETTERS),
        st.tuples(st.just("change"), st.integers(0, 5), LETTERS),
        st.tuples(st.just("change extra"), st.integers(0, 5), LETTERS),
        st.tuples(st.just("change title"), st.integers(0, 5), LETTERS),
        st.tuples(st.just("delete"), st.integers(0, 5)),
        st.tuples(st.just("index")),
        st.tuples(st.just("undo"), LETTERS),
    ),
    max_size=14,
)


def act(of: dict, kind: str, *given: object) -> None:
    """Write to the database in the way of this version of the forum, of an earlier one or of the worker."""
    ids = db.session.scalars(select(Registration.id).order_by(Registration.id)).all()
    start_write(db.session)
    if kind in ("add", "undo"):
        number = db.session.scalar(text("SELECT 1 + count(*) + coalesce(max(id), 0) FROM registrations"))
        own = {"id": number, "reference": f"R{number}", "email_canonical": f"{number}@example.org"}
        extra = given[1] if kind == "add" else ""
        made = f"{given[0]}\n{of['title']}\n{of['phone'] or ''}"
        texts = {"search_text": given[0], "search_extra": extra, "search_extra_from": made}
        db.session.execute(insert(Registration.__table__).values({**of, **own, **texts}))
    elif kind == "index":
        for first in text_index.list_due(now=None):
            text_index.add(first, now=None)
    elif ids:
        one = Registration.id == ids[given[0] % len(ids)]
        name = {"change": "search_text", "change extra": "search_extra", "change title": "title"}.get(kind)
        db.session.execute(
            update(Registration).where(one).values({name: given[1]})
            if name
            else delete(Registration).where(one)
        )
    if kind == "undo":
        db.session.rollback()
    else:
        db.session.commit()


@pytest.mark.slow
def test_searches_find_the_same_people_with_and_without_the_index_after_any_writes(
    app, event, people, monkeypatch
):
    of = dict(db.session.execute(select(Registration.__table__)).mappings().first())
    monkeypatch.setattr(text_index, "BATCH", 2)

    @settings(max_examples=150, deadline=None)
    @given(ACTS, st.lists(LETTERS, min_size=1, max_size=4))
    def check(acts, searches):
        for one in acts:
            act(of, *one)
        for words in searches:
            with_index = found(event, words)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(text_index, "exists", lambda: False)
                assert with_index == found(event, words), words
        start_write(db.session)
        assert text_index.is_whole()
        db.session.execute(delete(Registration))
        db.session.commit()

    check()
