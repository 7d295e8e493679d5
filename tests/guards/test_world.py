"""In the canary world (world.py) every table has a row, and every text column a canary, a unique text."""

from dataclasses import replace

from sqlalchemy import delete, func, select

from forum.database import Base, start_write
from forum.extensions import db
from forum.registration.models import CareAnswer
from tests.guards import texts


def empty_tables(world) -> set[str]:
    with world.app.app_context():
        return {
            table.name
            for table in Base.metadata.sorted_tables
            if not db.session.scalar(select(func.count()).select_from(table))
        }


def bare_columns(world) -> set[str]:
    """Return the text columns that have no canary and are not listed as exceptions."""
    columns = {
        texts.name_of(column)
        for table in Base.metadata.sorted_tables
        for column in texts.text_columns(table)
        if not texts.is_kept(column)
    }
    return columns - {canary.column for canary in world.canaries.values()}


def test_every_table_has_a_row(world):
    assert empty_tables(world) == set()


def test_every_text_column_has_a_canary_or_is_listed(world):
    assert bare_columns(world) == set()


def test_an_empty_table_and_a_bare_column_are_found(fresh_world):
    """Control: the checks find a table without rows, and a text column without a canary."""
    with fresh_world.app.app_context():
        start_write(db.session)
        db.session.execute(delete(CareAnswer))
        db.session.commit()
    canaries = {
        word: where for word, where in fresh_world.canaries.items() if where.column != "registrations.title"
    }
    assert empty_tables(fresh_world) == {"care_answers"}
    assert bare_columns(replace(fresh_world, canaries=canaries)) == {"registrations.title"}


def test_list_of_kept_columns_names_none_that_is_gone():
    columns = {
        texts.name_of(column) for table in Base.metadata.sorted_tables for column in texts.text_columns(table)
    }
    assert set(texts.KEPT) - columns == set()
