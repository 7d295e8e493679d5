"""What the console does not offer while an event is cancelled, and what waits until the cancellation is undone."""

from datetime import timedelta

import pytest

from forum.accounts.enums import Role
from forum.columns import Text
from forum.database import start_write
from forum.events import cancelling
from forum.events.enums import SectorPolicy
from forum.events.models import Event
from forum.extensions import db
from forum.imports.enums import TableState
from forum.imports.models import AttendeeImport
from forum.imports.table_models import ImportTable
from forum.invitations import actions as invitations
from forum.invitations.enums import InvitationState
from forum.registration import actions, expiry
from forum.registration.enums import DeclineReason, Status
from forum.registration.models import RegistrationToken
from forum.review.models import ProposedRefusal
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.invitations import new_invitation
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save
from tools.organisers import make_user
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen")
REASON = {"reason-sv": "Det har brunnit.\n\nVi hör av oss.", "reason-en": "It has burnt.\n\nWe will write."}
# Pages of the console, with words that each has for an event to come and not for a cancelled one.
TO_COME = (
    ("", ("places are free", "Kept by floor", "wait for a decision", "open offer ends today")),
    ("/attendees", ("Add by hand", "Offered until", "Offer a place by hand", "Send the message again")),
    ("/attendees?sector=tech", ("Move …", "Approve …", "Offer a place …", "Move to another sector")),
    ("/attendees/many/cancel", ("offered at once to the next in line", "You can undo it within a day")),
    ("/reception", ("People with a confirmed place",)),
    ("/attendees/add", ("Add the person",)),
    ("/registrations/{offered}", ("Offer holds until", "Extend the offer", "Send the message again")),
    ("/registrations/{offered}/cancel", ("offered at once to the next in line",)),
    ("/registrations/{waiting}", ("Move to another sector", "Merge with another registration")),
    ("/registrations/{unconfirmed}", ("Confirm the address before",)),
    ("/registrations/{gone}", ("Undo the cancellation",)),
    ("/registrations/{waiting}/resend", ("Send the message",)),
    ("/waiting", ("places left", "Extend")),
    ("/invitations/", ("Remind 1 person", "Invite somebody", "Invite many people")),
    ("/invitations/new", ("Send the invitation",)),
    ("/invitations/import", ("Look at the rows",)),
    ("/invitations/reminders", ("Remind 1 person",)),
    ("/imports/", ("Import people", "Another long table can be imported after it")),
    ("/imports/{imported}/undo", ("are offered to whoever is next in line",)),
    ("/review/", ("confirm or not",)),
    ("/imports/new", ("Nobody is registered before you have seen",)),
    ("/settings/sectors", ("open to every sector below its ceiling",)),
)


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


@pytest.fixture
def people(database) -> dict[str, str]:
    """Save an event with somebody in each state that ends by itself; return the references."""
    sectors = [
        make_sector("justice", ceiling=1),
        make_sector("tech", floor=2, ceiling=5),
        make_sector("other", ceiling=3, policy=SectorPolicy.REVIEW),
    ]
    event = make_event(capacity=9, sectors=sectors, offer_hours=9)
    first, offered, waiting = (confirmed(event) for _number in range(3))
    gone = confirmed(event, "tech")
    for person in (first, gone):
        write(actions.cancel, person, actor="person", now=NOW)
    _reviewed, proposed = confirmed(event, "other"), confirmed(event, "other")
    save(
        ProposedRefusal(registration_id=proposed.id, proposed_at=NOW, reason=DeclineReason.OTHER, words="No.")
    )
    save(new_invitation(event, "justice", "asked@example.org", token="t", expires_at=NOW + timedelta(days=3)))
    mark_all_sent()
    told = {"gone": gone, "offered": offered, "waiting": waiting, "unconfirmed": register(event, "tech")}
    return {name: person.reference for name, person in told.items()} | {"imported": str(begin_import(event))}


def begin_import(event: Event) -> int:
    """Save a colleague's long table of which nobody has been imported yet; return the id of the import."""
    told = {"made_at": NOW, "sends_links": True, "headings": "x", "columns": {}, "form_key": "x"}
    made = save(AttendeeImport(event_id=event.id, people=0, **told))
    colleague = make_user(Role.ORGANISER, event, email="colleague@example.org")
    table = ImportTable(
        event_id=event.id, user_id=colleague.id, language="en", people=700, hidden=0, parts=28
    )
    table.state, table.import_id = TableState.RUNNING, made.id
    table.sent_at = table.moved_at = NOW
    save(table)
    return made.id


def test_the_console_offers_nothing_that_only_an_event_to_come_needs(sign_in_as, people):
    console = sign_in_as()
    paths = {f"/console/nf27{path.format(**people)}": words for path, words in TO_COME}
    paths["/console/nf27/"] = paths.pop("/console/nf27")
    before = {(path, word) for path, words in paths.items() for word in words}
    assert said(console, paths) == before
    console.get("/console/nf27/cancellation").form("form.form").submit(REASON, follow=True)
    assert said(console, paths) == set()
    for path in ("/invitations/new", "/imports/new", "/attendees/add", "/registrations/{waiting}/resend"):
        assert "cancelled" in console.get(f"/console/nf27{path.format(**people)}").text
    for path in ("/registrations/{offered}/offer/extension", "/imports/{imported}/undo"):
        assert "cancelled" in console.get(f"/console/nf27{path.format(**people)}").text


def test_moving_merging_and_acts_about_places_are_refused_and_say_why(sign_in_as, people):
    console = sign_in_as()
    console.get("/console/nf27/cancellation").form("form.form").submit(REASON, follow=True)
    waiting = f"/console/nf27/registrations/{people['waiting']}"
    cancelled = ["The forum is cancelled, so nothing was changed."]
    for path in (f"{waiting}/sector", *(f"/console/nf27/attendees/many/{act}" for act in ("move", "offer"))):
        assert console.get(path, follow=True).flashes == cancelled
    (merging,) = console.get(f"{waiting}/merge/{people['offered']}", follow=True).flashes
    assert merging.endswith("or the event is over or cancelled.")
    assert console.get("/console/nf27/attendees/many/tag").h1 == "Add a tag"


def said(console: Pages, paths: dict[str, tuple[str, ...]]) -> set[tuple[str, str]]:
    """`paths` has words by path: return (path, word) for each of these words that the page at the path shows."""
    pages = {path: console.get(path).text for path in paths}
    return {(path, word) for path, words in paths.items() for word in words if word in pages[path]}


def test_the_reason_keeps_its_paragraphs(sign_in_as, pages, people):
    page = sign_in_as().get("/console/nf27/cancellation").form("form.form").submit(REASON, follow=True)
    assert page.all("blockquote p") == ["It has burnt.", "We will write."]
    assert pages.get("/sv/").all(".note-warning .note-body p") == ["Det har brunnit.", "Vi hör av oss."]


def test_invitations_stand_still_and_get_that_time_back(sign_in_as, database):
    event, before = make_event(), NOW - timedelta(days=5)
    days = {"expires_at": NOW - timedelta(days=3), "remind_at": NOW - timedelta(days=4)}
    asked = save(new_invitation(event, "justice", "asked@example.org", made_at=before, **days))
    write(cancelling.cancel, event, Text(en="Snow", sv="Snö"), actor="command", now=before)
    assert (invitations.list_due(now=NOW), write(invitations.expire, asked.id, now=NOW)) == ([], 0)
    sign_in_as(event=event).get("/console/nf27/cancellation").form("form[action$=end]").submit(follow=True)
    database.expire_all()
    assert (asked.state, asked.expires_at) == (InvitationState.OPEN, NOW + timedelta(days=2))
    assert asked.remind_at == NOW + timedelta(days=1)
    assert invitations.list_due(now=asked.expires_at) == [asked.id]


def test_whoever_has_not_confirmed_keeps_eight_days_for_it_and_no_more(sign_in_as, database):
    event = make_event()
    person = register(event)
    mark_all_sent()
    console = sign_in_as(event=event)
    console.get("/console/nf27/cancellation").form("form.form").submit(REASON, follow=True)
    last = NOW + timedelta(days=8)
    assert write(expiry.expire_due, now=last - timedelta(minutes=1)) == 0
    write(expiry.forget_ended, now=last - timedelta(minutes=1))
    assert database.query(RegistrationToken).filter_by(registration_id=person.id).count() == 1
    start_write(db.session)
    cancelling.take_up_again(event, actor="command", now=NOW + timedelta(days=3))
    db.session.commit()
    write(actions.confirm, person, now=NOW + timedelta(days=3))
    assert person.status == Status.CONFIRMED
    late = register(event, now=NOW)
    mark_all_sent()
    write(expiry.outlast_cancellation, event, actor="command", now=NOW)
    assert write(expiry.expire_due, now=last) == 1
    assert late.status == Status.EXPIRED


def test_an_invitation_to_a_cancelled_event_says_so(pages, database):
    event = make_event()
    save(new_invitation(event, "justice", "asked@example.org", token="t" * 43))
    write(cancelling.cancel, event, Text(en="Snow", sv="Snö"), actor="command", now=NOW)
    page = pages.get("own_invitation.show", token="t" * 43)
    assert page.h1 == "This invitation cannot be answered"
    assert "The forum is cancelled." in page.text
