"""The page of all of a person's data is in words of their language: no label and no value is a code (P11)."""

import re

import pytest

from forum.columns import Member
from forum.database import Base, start_write
from forum.extensions import db
from forum.mailings import address_digests, refusals
from forum.mailings.enums import Refused
from forum.outbox import suppression
from forum.outbox.enums import SuppressionCause
from forum.people import notes
from forum.privacy import hanging, telling
from forum.privacy.register import REGISTER
from forum.questions.enums import QuestionKind
from forum.registration import given
from forum.registration.enums import OfferMaker
from forum.registration.offer_models import Offer
from tests.factories.events import NOW
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed
from tests.registration.filling import link_in, mails, manage_token
from tools.pages import Page, Pages

pytestmark = pytest.mark.usefixtures("frozen")
# Columns that hold several answers, each of which is shown with a label of its own.
TAKEN_APART = {
    ("submissions", "given"),
    ("offers", "why"),
    ("protected_identities", "answer"),
    ("care_answers", "answer"),
}
# Tables of the register of personal data whose rows own data leave out, each with the reason.
NOT_TOLD = {
    **dict.fromkeys(("audit_entries", "audit_details"), "own data have what happened, and who has looked"),
    **dict.fromkeys(
        ("followers", "follower_links", "follower_categories", "news_mails"),
        "readers of the news, a list apart that nothing ties to a registration",
    ),
    **dict.fromkeys(
        (
            *("users", "memberships", "reviewed_sectors", "passkeys", "recovery_codes", "one_time_links"),
            *("sign_ins", "kept_words", "autosaves", "saved_views", "list_columns", "tasks", "mailings"),
            *("posts", "post_revisions", "page_revisions", "images", "attendee_imports"),
        ),
        "organisers and what they have made; what an act has done to a person is in a table of its own",
    ),
    **dict.fromkeys(
        ("kept_exports", "kept_export_parts"), "copies for a day; who has exported is told by role and day"
    ),
    **dict.fromkeys(
        ("import_tables", "import_table_parts"), "an organiser's table, until its people are imported"
    ),
    "kept_answers": "only the browser that has the cookie can have them decrypted, and they name nobody",
    "bare_holds": "places held for addresses; the rows name an organisation and no person",
    "delegation_links": "digests of a contact's links; the delegation itself is told",
    "leave_links": "digests of links in messages and of addresses, from which nobody can be read",
    "events": "contacts of the organiser",
    "tombstones": "marks of people who have been erased",
}
CODE = re.compile(r"[a-z]+([_-][a-z]+)+|\d{4}-\d\d-\d\dT\S+")


@pytest.fixture
def person(event):
    """Register a person with answers of each kind, a note, a tag and an offer."""
    make_question(event, "bring-one", QuestionKind.YES_NO)
    make_question(event, "track-two", QuestionKind.ONE_OF, choices=("law-and-order",))
    make_question(event, "diet-one", choices=("gluten-free",), care=True)
    somebody = confirmed(event, given_name="Linn", family_name="Ek", language="sv")
    start_write(db.session)
    told = {"bring-one": "yes", "track-two": "law-and-order", "diet-one": ["gluten-free"]}
    given.store(somebody, told, now=NOW)
    notes.add_note(somebody, "Ringde", actor="command", now=NOW)
    notes.set_tags(somebody, ["buss"], actor="command", now=NOW)
    offer = Offer(
        registration_id=somebody.id, made_at=NOW, made_by=OfferMaker.RULE, expires_at=NOW, remind_at=NOW
    )
    offer.why = {"because": "time", "rank": 1}
    db.session.add(offer)
    db.session.commit()
    return somebody


def everything_of(app, person, language: str) -> Page:
    """Request the link to all of a person's data, and return the page that it opens, in a language."""
    own = Pages(app)
    own.get("self_service.enter", token=manage_token(person), follow=True)
    own.get("self_service.own_data_page").form("form[action$=link]").submit(follow=True)
    Pages(app).get(path := link_in(mails(db.session, "own-data")[-1]))
    browser = Pages(app)
    browser.get(path).submit(follow=True)
    return browser.get("own_everything.show", lang=language)


def rows(page: Page, title: str) -> list[str]:
    """Return the rows of the part with this heading."""
    part = next(part for part in page.soup.select(".held") if part.h2.get_text(strip=True) == title)
    return [" ".join(row.get_text(" ").split()) for row in part.select(".summary-list > div")]


def test_the_page_says_questions_sectors_links_and_moments_in_words(app, person):
    page = everything_of(app, person, "sv")
    assert rows(page, "Svar") == ["Fråga bring-one Ja", "Fråga track-two Svar law-and-order"]
    assert rows(page, "Mat och tillgänglighet")[0] == "Fråga diet-one Svar gluten-free"
    assert "Sektor Rättsväsende" in rows(page, "Anmälan")
    assert rows(page, "Arrangörernas anteckningar") == ["Text Ringde", "Skrivet 3 maj 2027 kl. 14.00 (CEST)"]
    assert rows(page, "Arrangörernas taggar") == ["Tagg buss"]
    assert "Erbjudet 3 maj 2027 kl. 14.00 (CEST)" in rows(page, "Erbjudanden om plats")
    assert "Vad det gäller Personlig länk" in rows(page, "Personliga länkar")
    values = [row.get_text(strip=True) for row in page.soup.select(".held .summary-list dd")]
    labels = [row.get_text(strip=True) for row in page.soup.select(".held .summary-list dt")]
    assert [words for words in (*labels, *values) if CODE.fullmatch(words)] == []


def test_refused_messages_and_a_mark_on_the_address_are_told(app, person):
    other = confirmed(person.event)
    start_write(db.session)
    for address in (person.email, other.email):
        suppression.suppress(
            address, SuppressionCause.BOUNCED, event_id=person.event_id, code="5.1.1", now=NOW
        )
        refusals._store(address_digests.of_event(person.event_id, address)[0], Refused.ALL, NOW)
    db.session.commit()
    page = everything_of(app, person, "sv")
    moment = "3 maj 2027 kl. 14.00 (CEST)"
    assert rows(page, "Meddelanden som du inte vill ha") == [
        "Det du inte vill ha Meddelanden som arrangörer skriver till många",
        f"När {moment}",
    ]
    told = rows(page, "En adress som meddelanden till många utelämnar")
    assert told[0] == "Varför utelämnad Ett meddelande dit kom tillbaka"
    held = hanging.tell(person)
    assert held["mail_refusals"] == [{"category": "messages", "refused_at": NOW.isoformat()}]
    assert held["suppressed_addresses"] == [
        {"cause": "bounced", "code": "5.1.1", "noted_at": NOW.isoformat()}
    ]


def test_each_table_of_the_register_is_told_or_holds_nothing_about_somebody_registered():
    """A new table with personal data fails here unless own data have its rows, or a reason is named."""
    tables = {name.split(".")[0] for entry in REGISTER for name in entry.columns}
    told = {table for table, _column in told_columns()}
    assert tables - told == set(NOT_TOLD)


def told_columns():
    by_address = hanging.BY_ADDRESS | hanging.BY_DIGEST
    tables = {hanging.ROOT, *by_address, *(key.parent.table.name for key in hanging.list_keys())}
    return [(table, column) for table in sorted(tables) for column in hanging.told_columns(table)]


def test_every_column_has_a_label_or_is_left_to_the_file():
    named = [(table, column.name) for table, column in told_columns()]
    lacking = [one for one in named if one not in TAKEN_APART and telling.label_of(*one) is None]
    assert [one for one in lacking if one not in telling.LEFT_TO_THE_FILE] == []
    assert {table for table, _name in named} == set(telling.TABLES)


def test_every_code_has_words(app):
    coded = [(table, column) for table, column in told_columns() if isinstance(column.type, Member)]
    with app.test_request_context("/sv/"):
        bare = [
            (table, column.name, member.value)
            for table, column in coded
            for member in column.type.members
            if telling.words_of_code(table, column.name, member.value) in (None, "", member.value)
        ]
    assert (len(coded) > 8, bare) == (True, [])


def test_the_tables_are_there():
    """Control: the columns that this module checks exist in the database."""
    assert {table for table, _column in told_columns()} <= set(Base.metadata.tables)
