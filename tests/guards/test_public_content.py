"""Each table that cached pages read has a model that is marked as public content, and raises the content version.

Pages with free places also count registrations, which change all the time; the cache keeps these pages for one second
only.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, request, request_finished
from sqlalchemy import event

from forum.events import versions
from forum.extensions import db
from forum.news.models import Post
from forum.web.cache import SEATS_SECONDS, SECONDS
from tests.guards.addresses import readable
from tests.guards.world import World

READ_FROM = re.compile(r"\b(?:FROM|JOIN) (\w+)")
COUNTED = {"registrations"}
# The public list of participants reads these tables. Most of their changes concern no public page; those that do raise
# the version (forum.participants.versions), as tests/participants/test_list.py shows one by one.
LISTED = {"registrations", "consents", "restriction_requests"}
LASTING = {"content_version"}  # Feeds read the website's first day in this table; that day never changes.
FOREVER = float("inf")


def test_kept_pages_read_only_what_raises_the_version(world):
    read = tables_of_kept_pages(world)
    assert {"events", "post_texts", "post_tags", "pages"} <= read[FOREVER]
    assert read[FOREVER] - versions.public_tables() == LASTING | LISTED
    assert read[SEATS_SECONDS] - versions.public_tables() == COUNTED | LISTED


def test_a_model_without_the_mark_is_found(world, monkeypatch):
    """Control: the model of posts is found when its mark is removed."""
    monkeypatch.setattr(Post, "is_public_content", False)
    versions.public_tables.cache_clear()
    unmarked = tables_of_kept_pages(world)[FOREVER] - versions.public_tables()
    monkeypatch.undo()
    versions.public_tables.cache_clear()
    assert unmarked >= {"posts"}


def tables_of_kept_pages(world: World) -> dict[float, set[str]]:
    """Render every page; return the tables read for cacheable pages, by how many seconds the cache may serve a page."""
    client = world.app.test_client()
    kept: dict[float, set[str]] = {FOREVER: set(), SEATS_SECONDS: set()}
    world.app.extensions["page_cache"].clear()
    with reading(world.app) as read:

        def note(_app, response, **_extra):
            view = world.app.view_functions.get(request.endpoint or "")
            if view in SECONDS and response.status_code == 200:
                kept[SECONDS[view]] |= read

        with request_finished.connected_to(note, world.app):
            for address in readable(world):
                # Render the footer of each page: with a cached footer, no table would be read for it.
                world.app.extensions.get("kept_footers", {}).clear()
                read.clear()
                client.get(address.path)
    return kept


@contextmanager
def reading(app: Flask) -> Iterator[set[str]]:
    """Collect the tables that SQL statements read."""
    read: set[str] = set()

    def note(_connection, _cursor, statement, *_):
        read.update(READ_FROM.findall(statement))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield read
    finally:
        event.remove(engine, "before_cursor_execute", note)
