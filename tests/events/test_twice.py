"""An act whose result is there already, such as publishing a public event, changes nothing and is not recorded."""

from datetime import timedelta

from sqlalchemy import func, select

from forum.accounts import management
from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.events import previews, publishing, standing
from forum.events.page_drafts import PageDraft
from forum.extensions import db
from forum.privacy import restricting
from forum.registration import list_columns
from forum.registration.enums import RestrictionKind
from tests.factories.events import NOW, make_page
from tests.factories.registrations import confirmed, write
from tools.organisers import make_user

BY = {"actor": "command", "now": NOW}


def acts() -> int:
    return db.session.scalar(select(func.count()).select_from(AuditEntry))


def test_an_event_is_published_and_hidden_once_and_a_link_ends_once(event):
    before = acts()
    write(publishing.publish, event, **BY)
    assert acts() == before
    write(publishing.make_front_page, event, **BY)
    assert acts() == before
    write(previews.make_link, event, **{**BY, "days": 3})
    (link,) = previews.list_links(event, NOW)
    write(previews.end_link, link, **BY)
    ended = acts()
    write(previews.end_link, link, **BY)
    assert (acts(), previews.list_links(event, NOW)) == (ended, [])
    write(publishing.unpublish, event, **BY)
    hidden = acts()
    write(publishing.unpublish, event, **BY)
    assert acts() == hidden
    assert previews.find_link(event, 2**63) is None


def test_a_page_is_changed_only_by_other_words(event):
    page = make_page(event, "visit")
    before = acts()
    write(standing.change, page, PageDraft.of(page), user_id=None, **BY)
    assert acts() == before


def test_a_role_that_nobody_has_is_not_taken(event):
    user = make_user(Role.VIEWER, event)
    before = acts()
    write(management.take_role, user, Role.ADMIN, event_id=event.id, **BY)
    assert acts() == before


def test_a_restriction_is_asked_for_once_and_taken_back_once(event):
    person = confirmed(event)
    first, second = (
        write(restricting.ask, person, RestrictionKind.OBJECTION, "Wrong name.", now=NOW)
        for _each in range(2)
    )
    assert first is second
    write(restricting.take_back, person, now=NOW)
    before = acts()
    write(restricting.take_back, person, now=NOW + timedelta(days=1))
    assert acts() == before


def test_chosen_columns_are_replaced_and_reset(event):
    user, standard = make_user(), list_columns.DELIVERED
    for keys in (["title"], ["title", "country"]):
        write(list_columns.choose, user.id, event, keys)
    chosen = db.session.get(list_columns.ListColumns, (user.id, event.id))
    assert set(chosen.names) <= {"title", "country"}
    for _time in range(2):
        write(list_columns.reset, user.id, event)
    assert db.session.get(list_columns.ListColumns, (user.id, event.id)) is None
    write(list_columns.choose, user.id, event, list(standard))
    assert db.session.get(list_columns.ListColumns, (user.id, event.id)) is None
