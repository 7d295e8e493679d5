"""The canary world is whole: no table without a row, no text column without a canary."""

from sqlalchemy import func, select

from forum.database import Base
from forum.extensions import db
from tests.guards import texts


def test_every_table_has_a_row(world):
    with world.app.app_context():
        empty = {
            table.name
            for table in Base.metadata.sorted_tables
            if not db.session.scalar(select(func.count()).select_from(table))
        }
    assert empty == set()


def test_every_text_column_has_a_canary_or_is_listed(world):
    columns = {
        texts.name_of(column)
        for table in Base.metadata.sorted_tables
        for column in texts.text_columns(table)
        if not texts.is_kept(column)
    }
    assert columns - {canary.column for canary in world.canaries.values()} == set()


def test_list_of_kept_columns_names_none_that_is_gone():
    columns = {
        texts.name_of(column) for table in Base.metadata.sorted_tables for column in texts.text_columns(table)
    }
    assert set(texts.KEPT) - columns == set()
