"""After the freeze date people no longer change their answers themselves, and every page and mail says so."""

from datetime import timedelta
from time import monotonic

import pytest

from forum.accounts.enums import Role
from forum.columns import Text
from forum.events.models import Event
from forum.extensions import db
from forum.registration import actions, own_care
from tests.factories.events import NOW, make_event, make_page
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, read_care, write
from tests.registration.filling import mails, manage_token
from tests.registration.reading import read, recorded
from tools.pages import Pages

FROZEN = NOW + timedelta(minutes=20)
UNTIL = "3 May 2027 at 14:20 (CEST)"


def fresh(person):
    """Return the registration as it is stored now."""
    db.session.rollback()
    db.session.refresh(person)
    return person


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: changes are made under the event's lock, which differs between them."""
    return make_app(database_url, FORM_MIN_SECONDS=0)


def test_people_change_answers_until_the_freeze_and_cancel_after_it(app, database, time, pages):
    person = confirmed(event := make_event(freezes_at=FROZEN), title="Before")
    pages.get("self_service.enter", token=manage_token(person), follow=True)
    assert f"You can change your details until {UNTIL}." in pages.get("self_service.show").text
    form = pages.get("self_service.change")
    assert f"You can change your details until {UNTIL}." in form.text

    time.forward(minutes=20)
    page = form.submit({"title": "Too late"}, follow=True)
    assert page.flashes == ["Nothing has been changed: it was too late to change your answers here."]
    assert f"Your details could be changed until {UNTIL}. If something is wrong, write to us." in page.text
    assert "Change your details" not in page.links
    assert fresh(person).title == "Before"
    assert pages.get("self_service.change", expect=303).location == pages.url("self_service.show")
    # Consents and the answer about protected identity can be changed at any time.
    page.form("form.own-consents").submit({"photographs": True})
    assert fresh(person).has_consented("photographs")
    pages.post("self_service.protected_identity", {"is_protected": "yes"})
    pages.post("self_service.cancel")
    assert fresh(person).status == "cancelled"
    assert event.taken == 0


def test_answers_about_food_are_not_replaced_once_a_freeze_is_set_before_the_lock(
    app, database, time, pages, monkeypatch
):
    """The freeze is checked under the event's lock: organisers may set it while the request waits for the lock."""
    event = make_event()
    make_question(event, "diet", choices=("vegetarian",), care=True)
    person = confirmed(event)
    pages.get("self_service.enter", token=manage_token(person), follow=True)
    form, lock = pages.get("/en/r/care"), own_care.start_write

    def freeze_first(session):
        lock(session)
        session.get(Event, event.id).freezes_at = NOW - timedelta(minutes=1)
        session.commit()
        lock(session)

    monkeypatch.setattr(own_care, "start_write", freeze_first)
    page = form.submit({"q-diet": ["vegetarian"]}, follow=True)
    assert page.flashes == ["Nothing has been changed: it was too late to change your answers here."]
    assert read_care(fresh(person)) == {}


def test_an_organiser_changes_details_after_the_freeze(sign_in_as, database, frozen):
    event = make_event(freezes_at=NOW)
    person = confirmed(event, given_name="Åsa", title="Before")
    pages = sign_in_as(Role.ORGANISER, event)
    at = {"event": event.slug, "reference": person.reference}
    page = pages.get("attendees.show", **at).follow("Change the details")
    stale = pages.get("attendee_changes.change", **at)
    assert page.submit({"given_name": "", "phone": "x"}, expect=422).errors.keys() == {"given_name", "phone"}
    page = page.submit({"title": "After"}, follow=True)
    assert page.flashes == ["The details have been changed. The person sees them on their own page."]
    assert fresh(person).title == "After"
    assert [(name, who) for name, who, *_ in recorded(person)][-1][0] == "registration.changed"

    page = stale.submit({"title": "Mine"}, expect=409)
    assert page.all(".compared tbody tr") == ["Title or role After Mine"]
    assert fresh(person).title == "After"
    write(actions.cancel, person, actor="person", now=NOW)
    page = stale.submit({"title": "Mine"}, follow=True)
    assert page.flashes == ["The registration has already ended. Nothing was changed."]


@pytest.mark.parametrize(
    ("freezes_at", "said"),
    [
        (None, "With it you can see, change or cancel your registration."),
        (FROZEN, f"With it you can see or cancel your registration, and change it until {UNTIL}."),
        (
            NOW,
            "With it you can see or cancel your registration; reply to this message if something has to be changed.",
        ),
    ],
)
def test_messages_say_what_their_link_can_do(app, database, frozen, freezes_at, said):
    event = make_event(freezes_at=freezes_at, capacity=1)
    confirmed(event)
    confirmed(event)
    [waiting] = mails(database, "waiting")
    assert said in " ".join(read(waiting).text.split())
    [placed] = mails(database, "confirmed")
    assert ("change what you have told us" in " ".join(read(placed).text.split())) == (freezes_at != NOW)


def test_kept_pages_stop_promising_changes_at_the_freeze(app, database, time):
    """A cached page that says "can be changed until" is dropped at the freeze date, though no content has changed."""
    event = make_event(freezes_at=NOW + timedelta(seconds=30))
    make_page(event, "practical", body=Text(sv="{{changes}}", en="Before.\n\n{{changes}}"))
    visitor = Pages(app)
    assert (
        "Details can be changed there until 3 May 2027" in visitor.get("events.page", slug="practical").text
    )
    assert "Change or cancel with the personal link" in visitor.get("registration.choose").text
    held = visitor.app.extensions["page_cache"]._pages["/en/pages/practical"]
    assert held.expires - monotonic() <= 30
