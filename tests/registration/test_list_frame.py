"""What the attendee list shows around its rows is read by one statement, for one organiser and one event (S13, P21)."""

import pytest

from forum import clock
from forum.delegations.asking import Person
from forum.extensions import db
from forum.people import notes
from forum.registration import answers, choosing, chosen, delegated, list_columns, list_frame, listing
from forum.registration.saved_view_models import SavedView
from tests.delegations.test_delegations import registered
from tests.factories.events import NOW
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save
from tools.organisers import make_user
from tools.pages import counted_statements

LIST = "/console/nf27/attendees"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture(autouse=True)
def frozen():
    clock.freeze(NOW)


@pytest.fixture
def users():
    return make_user(), make_user()


def filled(event, user):
    """Give an event and an organiser something of each kind that the list shows around its rows."""
    people = [confirmed(event, "justice"), confirmed(event, "justice"), register(event, "ngo")]
    write(notes.set_tags, people[0], ["vip", "press"], actor="command", now=NOW)
    write(notes.set_tags, people[1], ["vip", "bus"], actor="command", now=NOW)
    registered(event, [Person("Bo", "Ek", ""), Person("Cia", "Dahl", "")])
    write(list_columns.choose, user.id, event, ["country", "tags"])
    keys = {people[0].reference, people[2].reference}
    write(choosing.keep, event, user.id, ticked=keys, before=set(), now=NOW)
    save(SavedView(event_id=event.id, user_id=user.id, name="Mine", query={}, columns=[]))
    return people


def test_frame_has_what_each_table_says_of_the_event_and_the_organiser(app, event, users):
    """The one statement reads the same as a statement for each table."""
    user, _other = users
    people = filled(event, user)
    frame = list_frame.read(event, user.id)
    assert frame.counts == listing.count_by_sector_and_status(event)
    assert {status for _sector, status in frame.counts} == {"confirmed", "pending"}
    assert sorted(frame.tags) == ["bus", "press", "vip"]
    assert list(frame.delegations) == list(delegated.list_all(event))
    assert [one.words for one in frame.delegations] == ["anna berg exempelbyran"]
    assert frame.columns == list_columns.chosen(user.id, event) == ["country", "tags"]
    assert frame.chosen == chosen.list_ids(event, user.id) == {people[0].id, people[2].id}
    assert frame.has_views


def test_frame_has_nothing_of_another_event_or_organiser(app, event, archive, users):
    """Of another event nothing is shown; of a colleague's choices only that they share a view (S13)."""
    user, other = users
    filled(event, user)
    assert list_frame.read(archive, user.id) == list_frame.Frame({}, [], [], None, set(), has_views=False)
    frame = list_frame.read(event, other.id)
    assert (frame.columns, frame.chosen, frame.has_views) == (None, set(), False)
    save(SavedView(event_id=event.id, user_id=user.id, name="Shared", is_shared=True, query={}, columns=[]))
    assert list_frame.read(event, other.id).has_views
    assert not list_frame.read(archive, other.id).has_views


def test_frame_takes_one_statement_and_is_the_same_with_a_protected_person(app, event, users):
    """However much there is, the frame is one statement, which asks no encrypted table (P21, P22)."""
    user_id, people = users[0].id, filled(event, users[0])
    before = list_frame.read(event, user_id)
    for person in people:
        write(answers.say_identity, person, is_protected=True, real_name="Verkliga Namnet", now=NOW)
    db.session.rollback()
    db.session.refresh(event)
    with counted_statements(app) as statements:
        assert list_frame.read(event, user_id) == before
    assert len(statements) == 1
    assert "protected_identities" not in statements[0]


def test_page_of_the_list_takes_few_statements(sign_in_as, event):
    """A page of the list is made of seven statements, however many people, tags and delegations there are."""
    organiser = sign_in_as(event=event)
    filled(event, make_user())
    # Later requests take no statement for the event's questions, which the process remembers (`events/kept_values`).
    organiser.get(LIST)
    assert len(organiser.get(LIST).statements) == 7
