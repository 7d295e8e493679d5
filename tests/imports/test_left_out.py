"""Messages to many go on leaving a person out after an erasure, and after an import of the same person (M10).

This holds for a table that is imported at once, and for a long one, which the worker imports in parts.
"""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from forum import clock
from forum.extensions import db
from forum.imports import kept_tables, tables
from forum.imports.enums import TableState
from forum.mailings import address_digests, refusals
from forum.mailings.enums import LeftOut, Refused
from forum.mailings.models import MailRefusal
from forum.outbox import bounces, suppression
from forum.outbox.enums import SuppressionCause
from forum.outbox.models import OutboxMessage
from forum.outbox.suppression_models import SuppressedAddress
from forum.privacy import erasing
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.own_words import make_planned
from tests.factories.registrations import confirmed, write
from tests.imports.test_imports import CHOSEN, LOOK, ON, TABLE, sent
from tests.imports.test_long_tables import state
from tests.imports.test_long_tables import work as work_off_imports
from tests.mailings.test_own_words import mails_of, work
from tests.outbox.samples import complaint, dsn
from tests.registration.filling import link_in
from tools.pages import Pages

KIM = "kim@example.org"
# The table spells the address in another way than Kim did when registering.
ROW = "Kim;Ek;KIM@Example.ORG;Ministeriet;ngo;Norge;\n"
# Four people without an address; in a long table Kim's row stands between theirs.
OTHERS = [f"Sam;Strand {number};;Polisen {number};ngo;SE;\n" for number in range(4)]


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def event(database):
    return make_event(sectors=[make_sector("ngo")])


@pytest.fixture
def kim(event):
    clock.freeze(NOW)
    return confirmed(event, "ngo", given_name="Kim", email=KIM)


def send_back(make) -> None:
    """Mark all mail as sent, and read a report about the newest mail to Kim."""
    mark_all_sent()
    mine = select(OutboxMessage.message_id).where(OutboxMessage.recipient == KIM)
    newest = db.session.scalars(mine.order_by(OutboxMessage.id.desc())).first()
    write(bounces.note, make(message_id=newest), now=NOW)


@pytest.fixture(params=["short", "long"])
def rows(request, monkeypatch) -> list[str]:
    """Give the rows of a table with Kim: alone, or with four others, which are too many to be imported at once."""
    if request.param == "short":
        return [ROW]
    monkeypatch.setattr(tables, "MOST", 2)
    monkeypatch.setattr(kept_tables, "PART", 2)
    return [*OTHERS[:3], ROW, OTHERS[3]]


@pytest.fixture
def import_again(organiser, rows) -> Callable[[], Registration]:
    """Return a function that imports the table and returns Kim's new registration, whose address is unconfirmed."""

    def import_table() -> Registration:
        page = organiser.get("attendees.index", event="nf27").follow("Import").follow("Import people")
        if len(rows) == 1:
            sent(page, TABLE + ROW).submit(button="Import 1 person", follow=True)
        else:
            _import_by_worker(organiser, page, TABLE + "".join(rows))
        return db.session.scalars(select(Registration).where(Registration.family_name == "Ek")).one()

    return import_table


def _import_by_worker(organiser, page, table: str) -> None:
    """Let the worker check a long table and then import it, in parts of two rows."""
    asked = page.submit({"lines": table}, button=ON, follow=True)
    asked.submit(CHOSEN, button=LOOK, follow=True)
    work_off_imports()
    organiser.get(asked.path).submit(button="Import 5 people", follow=True)
    work_off_imports(times=2)
    assert state() == TableState.DONE


def confirm_address(app, registration) -> None:
    """Follow the link in the mail that the import has sent, and confirm the address."""
    asked = select(OutboxMessage).where(OutboxMessage.kind == "new-address").order_by(OutboxMessage.id.desc())
    page = Pages(app).get(link_in(db.session.scalars(asked).first()))
    page.submit(expect=303)
    db.session.refresh(registration)
    assert registration.email == "KIM@example.org"


def left_out(event) -> dict[str, int]:
    """Send a message to everybody; return the numbers of people left out by reason. Nobody else may get it."""
    other = confirmed(event, "ngo")
    mailing = make_planned(event)
    work()
    assert mails_of(mailing).keys() == {other.email}
    return mailing.left_out


def without_address(rows: list[str]) -> dict[str, int]:
    """Return the number of the table's people besides Kim, by the reason why messages leave them out."""
    return {LeftOut.NO_ADDRESS: len(rows) - 1} if len(rows) > 1 else {}


def everything_stored() -> str:
    """Return all that the database has of marks on addresses and of refusals of messages."""
    rows = [row for table in (SuppressedAddress, MailRefusal) for row in db.session.scalars(select(table))]
    assert rows
    return " ".join(str(vars(row)) for row in rows)


def test_a_complaint_holds_for_whoever_is_erased_and_imported_again(app, event, kim, import_again, rows):
    send_back(complaint)
    write(erasing.erase, kim, actor="command", now=NOW)
    assert not re.search("kim|example", everything_stored(), re.IGNORECASE)
    again = import_again()
    assert left_out(event) == {LeftOut.UNCONFIRMED: 1, **without_address(rows)}
    confirm_address(app, again)
    assert suppression.find(again.email, event.id).cause == SuppressionCause.COMPLAINED


def test_a_complaint_leaves_out_whoever_has_confirmed_the_imported_address(
    app, event, kim, import_again, rows
):
    send_back(complaint)
    write(erasing.erase, kim, actor="command", now=NOW)
    confirm_address(app, import_again())
    assert left_out(event) == {LeftOut.SUPPRESSED: 1, **without_address(rows)}


def test_returned_mail_holds_until_the_imported_address_is_confirmed(app, event, kim, import_again):
    """Following a link from a mail proves that mail arrives; the import itself proves nothing."""
    send_back(dsn)
    write(erasing.erase, kim, actor="command", now=NOW)
    again = import_again()
    assert suppression.find(KIM, event.id).cause == SuppressionCause.BOUNCED
    confirm_address(app, again)
    assert suppression.find(KIM, event.id) is None


def test_a_refusal_of_messages_holds_for_whoever_is_erased_and_imported_again(
    app, event, kim, import_again, rows
):
    (digest, *_older) = address_digests.of_event(event.id, kim.email_canonical)
    write(refusals._store, digest, Refused.PRACTICAL, NOW)
    write(erasing.erase, kim, actor="command", now=NOW)
    assert not re.search("kim|example", everything_stored(), re.IGNORECASE)
    confirm_address(app, import_again())
    assert left_out(event) == {LeftOut.UNSUBSCRIBED: 1, **without_address(rows)}
