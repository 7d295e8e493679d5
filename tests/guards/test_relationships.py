"""Each list of related rows has an order: PostgreSQL returns changed rows last, which SQLite does not show."""

from sqlalchemy.orm import configure_mappers

from forum.database import Base


def test_every_list_of_related_rows_has_an_order():
    configure_mappers()
    lists = [one for mapper in Base.registry.mappers for one in mapper.relationships if one.uselist]
    assert len(lists) > 10
    assert [str(one) for one in lists if not one.order_by] == []
