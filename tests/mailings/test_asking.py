"""The pages that ask before a message goes to many say to how many, by language and sector, and how long it takes.

They also say who is left out and why (M11, M16).
"""

import pytest
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.audit.queries import ATTENDEES_VIEWED
from forum.columns import Text
from forum.extensions import db
from forum.mailings import progress
from forum.mailings.own_words import Written
from forum.outbox.enums import Lane
from forum.registration import actions
from tests.factories.events import NOW
from tests.factories.mailings import make_proposed
from tests.factories.mails import make_mail
from tests.factories.own_words import make_draft
from tests.factories.registrations import confirmed, register, write

LANGUAGES = {
    "en": {
        "languages": [("Swedish", "2"), ("English", "10")],
        "sectors": [("Justice", "1"), ("NGOs", "11")],
        "left": [
            "1 person is left out: no longer registered.",
            "1 person is left out: address not confirmed.",
        ],
        "time": "Once it has begun, sending takes at least 2 minutes.",
    },
    "sv": {
        "languages": [("Svenska", "2"), ("Engelska", "10")],
        "sectors": [("Rättsväsende", "1"), ("Civilsamhälle", "11")],
        "left": [
            "1 person utelämnas: anmälan gäller inte längre.",
            "1 person utelämnas: adressen inte bekräftad.",
        ],
        "time": "När det väl har börjat tar utskicket minst 2 minuter.",
    },
}


@pytest.fixture
def app(make_app, database_url):
    """Give an app whose mails to many leave at six a minute to one mail domain."""
    return make_app(database_url, BULK_MAILS_PER_MINUTE=60, BULK_MAILS_PER_MINUTE_AND_DOMAIN=6)


def groups(page) -> list[list[tuple[str, str]]]:
    """Return the lists of names and numbers on a page: languages, then sectors."""
    lists = page.soup.select("main dl.facts")
    return [[(one.dt.get_text(), one.dd.get_text()) for one in some.select("div")] for some in lists]


def fill(event) -> None:
    """Register twelve people who get a message, one who has cancelled and one whose address is not confirmed."""
    confirmed(event, "justice", email="first@b.example", language="sv")
    confirmed(event, "ngo", email="second@a.example", language="sv")
    for number in range(10):
        confirmed(event, "ngo", email=f"p{number}@A.example", language="en")
    write(actions.cancel, confirmed(event), actor="person", now=NOW)
    register(event)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_to_how_many_whom_it_leaves_out_and_how_long_it_takes(sign_in_as, event, language):
    fill(event)
    organiser = sign_in_as(Role.ORGANISER, event, language=language)
    page = organiser.get("sent_mailings.send", event="nf27", mailing=make_draft(event).id)
    said = LANGUAGES[language]
    assert groups(page) == [said["languages"], said["sectors"]]
    assert [line for line in said["left"] if line in page.text] == said["left"]
    assert said["time"] in page.text


def test_a_language_without_words_counts_as_the_one_that_is_sent_instead(organiser, event):
    fill(event)
    english = Written(Text(en="Choose"), Text(en="Only in English."), fallback="en")
    page = organiser.get("sent_mailings.send", event="nf27", mailing=make_draft(event, written=english).id)
    assert groups(page)[0] == [("English", "12")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_about_a_change_of_the_event_says_it_too(sign_in_as, event, language):
    fill(event)
    organiser = sign_in_as(Role.ORGANISER, event, language=language)
    page = organiser.get("mailings.send", event="nf27", mailing=make_proposed(event).id)
    said = LANGUAGES[language]
    assert groups(page) == [said["languages"], said["sectors"]]
    assert said["time"] in page.text
    not_confirmed = {
        "en": "1 person has not confirmed the address yet",
        "sv": "1 person har inte bekräftat sin adress än",
    }
    assert not_confirmed[language] in page.text


def test_a_change_that_everybody_knows_has_no_numbers(organiser, event):
    person = confirmed(event)
    mailing = make_proposed(event)
    write(actions.cancel, person, actor="person", now=NOW)
    assert groups(organiser.get("mailings.send", event="nf27", mailing=mailing.id)) == []


def test_the_estimate_counts_mails_to_many_that_leave_before(organiser, event):
    fill(event)
    draft = make_draft(event)
    for number in range(12):
        make_mail(recipient=f"q{number}@a.example", lane=Lane.BULK)
    make_mail(recipient="urgent@a.example", lane=Lane.NOW)
    page = organiser.get("sent_mailings.send", event="nf27", mailing=draft.id)
    # 23 mails to one domain, six a minute and a tenth more, because intervals are random.
    assert "Once it has begun, sending takes at least 4 minutes." in page.text


def test_a_long_time_is_told_in_hours(organiser, event, monkeypatch):
    fill(event)
    monkeypatch.setattr(progress, "seconds_for_new", lambda waiting: 3.2 * 60 * 60)
    page = organiser.get("sent_mailings.send", event="nf27", mailing=make_draft(event).id)
    assert "Once it has begun, sending takes at least 3 hours." in page.text


def test_without_a_pace_no_time_is_promised(app, organiser, event):
    fill(event)
    app.config.update(BULK_MAILS_PER_MINUTE=0, BULK_MAILS_PER_MINUTE_AND_DOMAIN=0)
    text = organiser.get("sent_mailings.send", event="nf27", mailing=make_draft(event).id).text
    assert "No pace is set: the messages leave one after another" in text
    assert "sending takes at least" not in text


def test_whoever_may_not_open_the_attendee_list_reads_small_sectors_together(sign_in_as, organiser, event):
    """A message for people whom an answer has found must not tell how few of a sector have given it (P10)."""
    for sector, number in (("politics", 3), ("tech", 2), ("ngo", 6)):
        for _each in range(number):
            confirmed(event, sector)
    draft = make_draft(event)
    pages = {"organiser": organiser, "mailer": sign_in_as(Role.MAILER, event)}
    told = {
        name: groups(page.get("sent_mailings.send", event="nf27", mailing=draft.id))[1]
        for name, page in pages.items()
    }
    assert told == {
        "organiser": [("Politics", "3"), ("IT and telecom", "2"), ("NGOs", "6")],
        "mailer": [("NGOs", "6"), ("Other sectors", "5")],
    }


def test_small_languages_are_told_together_to_whoever_may_only_send(sign_in_as, organiser, event):
    """With two languages, the small number would follow from the other one and the sum of both (P10)."""
    for language, number in {"sv": 2, "en": 6}.items():
        for _each in range(number):
            confirmed(event, language=language)
    draft = make_draft(event)
    pages = {"organiser": organiser, "mailer": sign_in_as(Role.MAILER, event)}
    told = {
        name: groups(page.get("sent_mailings.send", event="nf27", mailing=draft.id))[0]
        for name, page in pages.items()
    }
    assert told == {"organiser": [("Swedish", "2"), ("English", "6")], "mailer": [("Together", "8")]}


def test_names_of_those_left_out_are_for_whoever_may_open_their_pages(sign_in_as, organiser, event):
    """A page that names the people left out counts as a view of the attendee list (P18)."""
    confirmed(event)
    write(actions.cancel, confirmed(event, family_name="Goneson"), actor="person", now=NOW)
    draft = make_draft(event)
    mailer = sign_in_as(Role.MAILER, event).get("sent_mailings.send", event="nf27", mailing=draft.id)
    seen = select(AuditEntry.subject_id).where(AuditEntry.action == ATTENDEES_VIEWED)
    assert ("Goneson" in mailer.text, db.session.scalars(seen).all()) == (False, [])
    page = organiser.get("sent_mailings.send", event="nf27", mailing=draft.id)
    assert "Goneson" in page.text
    assert db.session.scalars(seen).all() == [event.id]


def test_the_page_reads_as_much_for_many_as_for_few(organiser, event):
    fill(event)
    draft = make_draft(event)
    # Recording the first view within an hour takes statements, so open the page once before they are counted.
    organiser.get("sent_mailings.send", event="nf27", mailing=draft.id)
    few = organiser.get("sent_mailings.send", event="nf27", mailing=draft.id).statements
    for _each in range(3):
        confirmed(event, "tech", language="sv")
    many = organiser.get("sent_mailings.send", event="nf27", mailing=draft.id).statements
    assert len(many) == len(few)
