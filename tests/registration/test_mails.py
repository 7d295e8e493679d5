"""The mails of a registration: in two languages, as text and as HTML, with neutral subjects (P26, M02, M12–M14)."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from bs4 import BeautifulSoup

from forum.columns import Text
from forum.database import start_write
from forum.delegations import admitting, asking, contact_news, substituting
from forum.delegations.asking import Contact, Person
from forum.delegations.mails import TO_CONTACT
from forum.events.enums import SectorPolicy
from forum.events.models import Event
from forum.extensions import db
from forum.registration import (
    actions,
    declining,
    expiry,
    links_by_mail,
    new_address,
    offers_by_hand,
    places,
    reinstating,
    reviewing,
    separating,
    uniting,
)
from forum.registration import mails as registration_mails
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import DeclineReason
from forum.registration.models import Registration
from forum.registration.reviewing import Refusal
from tests.factories.events import NOW, ORGANISER, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, make_applicant, register, write
from tests.registration.reading import Mail, newest_mail, newest_mail_to

TYPED = {  # unique answers of a visitor, by which the test finds whether a mail contains them
    "given_name": "Kanariegiven",
    "family_name": "Kanariefamily",
    "organisation": "Kanarieorganisation",
    "title": "Kanarietitle",
    "phone": "+46 8 765 43 21",
}
KINDS = {
    "received",
    "received-without-place",
    "already-registered",
    "confirmed",
    "waiting",
    "in-review",
    "approved",
    "approved-waiting",
    "declined",
    "change-in-review",
    "change-approved",
    "change-review-ended",
    "offered",
    "offer-reminder",
    "offer-extended",
    "offer-withdrawn",
    "offer-declined",
    "offer-lapsed",
    "cancelled",
    "reinstated",
    "merged",
    "merge-undone",
    "link",
    "link-to-confirm",
    "changed",
    "new-address",
    "address-leaving",
    "substitute-asked",
    "substitute-registered",
    "substituted",
    "substitute-in-review",
    *TO_CONTACT,
}
WITHOUT_ANY = {"address-leaving", "substituted"}
# Kinds of mails without a personal link; all but those of WITHOUT_ANY have a link to register again instead.
WITHOUT_LINK = {"cancelled", "offer-lapsed", "offer-declined", *WITHOUT_ANY}
REGISTERING = {"sv": "http://127.0.0.1:8000/sv/register", "en": "http://127.0.0.1:8000/en/register"}
LANGUAGES = ("sv", "en")


_made: dict[str, dict[str, Mail]] = {}


@pytest.fixture(params=LANGUAGES)
def mails(request) -> dict[str, Mail]:
    """Give a mail of each kind in one language, by its kind; the mails are made once, because tests only read them."""
    if request.param not in _made:
        request.getfixturevalue("database")
        _made[request.param] = make_mails(request.param)
    return _made[request.param]


def make_mails(language: str) -> dict[str, Mail]:
    event = make_event(
        sectors=[
            make_sector("justice", ceiling=1),
            make_sector("other", ceiling=1, policy=SectorPolicy.REVIEW),
        ],
        review_days=10,
    )
    answers = {**TYPED, "language": language}
    holder, waiting, patient = (confirmed(event, **answers) for _number in range(3))
    reviewed = confirmed(event, "other", **answers)
    approved, late, declined = (confirmed(event, "other", **answers) for _ in range(3))
    write(reviewing.approve, approved, words="Welcome.\n\nYou.", actor="command", now=NOW)
    changed = {name: getattr(approved, name) for name in CHANGEABLE} | {"organisation": "Kanarieny"}
    write(actions.change, approved, Details(**changed), actor="person", now=NOW)
    write(reviewing.approve, approved, actor="command", now=NOW)
    write(registration_mails.queue_about_review, approved, reviewing.ENDED, now=NOW)
    write(reviewing.approve, late, actor="command", now=NOW)
    refusal = Refusal(DeclineReason.OTHER_SECTOR, "Sorry.\nReally.")
    write(reviewing.decline, declined, refusal, actor="command", now=NOW)
    register(event, **{**answers, "email": holder.email})
    write(links_by_mail.send_fresh_link, event, holder.email, now=NOW)
    asks_again = register(event, **answers)
    write(links_by_mail.send_fresh_link, event, asks_again.email, now=NOW)
    write(registration_mails.queue_changed, reviewed, [registration_mails.SECTOR], words="Ord.", now=NOW)
    write(new_address.ask, reviewed, "newer@example.org", actor="person", now=NOW)
    found = {
        **_newest(reviewed, "changed", "new-address", "address-leaving"),
        **_newest(holder, "received", "already-registered", "confirmed", "link"),
        **_newest(waiting, "received-without-place", "waiting"),
        **_newest(reviewed, "in-review"),
        **_newest(approved, "approved", "change-in-review", "change-approved", reviewing.ENDED),
        **_newest(late, "approved-waiting"),
        **_newest(declined, "declined"),
        **_newest(asks_again, "link-to-confirm"),
    }
    write(actions.cancel, reviewed, actor="person", now=NOW)
    write(reinstating.reinstate, reviewed, words="Ord.", actor="command", now=NOW)
    found |= _newest(reviewed, "reinstated")
    write(actions.cancel, holder, actor="person", now=NOW)
    found |= {**_newest(holder, "cancelled"), **_newest(waiting, "offered")}
    found |= {**make_mails_about_offers(waiting, patient), **make_mails_of_substitution(approved)}
    twice, again = confirmed(event, **answers), confirmed(event, **answers)
    write(uniting.unite, twice, again, (), actor="command", now=NOW)
    found |= _newest(twice, "merged")
    write(separating.separate_last, twice, actor="command", now=NOW)
    found |= _newest(twice, "merge-undone")
    return {**found, **make_mails_of_delegation(event, language)}


def make_mails_about_offers(waiting: Registration, patient: Registration) -> dict[str, Mail]:
    """Return the mails about an offer that `waiting` loses to `patient`, gets back and extended, and lets expire."""
    write(offers_by_hand.withdraw, waiting, words="We are sorry.", user_id=1, now=NOW)
    write(declining.decline, patient, now=NOW)
    write(offers_by_hand.extend, waiting, NOW + timedelta(hours=60), user_id=1, now=NOW)
    kinds = ("offer-withdrawn", "offer-extended")
    found = {**_newest(waiting, *kinds), **_newest(patient, "offer-declined")}
    mark_all_sent()
    write(expiry.expire_due, now=NOW + timedelta(hours=46))
    found |= _newest(waiting, "offer-reminder")
    mark_all_sent()
    write(expiry.expire_due, now=NOW + timedelta(hours=60))
    return {**found, **_newest(waiting, "offer-lapsed")}


def make_mails_of_substitution(person: Registration) -> dict[str, Mail]:
    """Let a substitute replace a person whose sector is reviewed; return the mails."""
    told = make_applicant(**TYPED, language=person.language, email="instead@example.org")
    known = confirmed(person.event, **TYPED, language=person.language)
    write(substituting.ask, person, known.email, now=NOW)
    write(substituting.ask, person, told.email, now=NOW)
    asked = newest_mail(person, "substitute-asked")
    newcomer = write(substituting.confirm, asked.token, told, now=NOW)
    return {
        "substitute-asked": asked,
        **_newest(known, "substitute-registered"),
        **_newest(person, "substituted"),
        **_newest(newcomer, "substitute-in-review"),
    }


def make_mails_of_delegation(event: Event, language: str) -> dict[str, Mail]:
    """Let a contact register two people in a reviewed sector, send a second form, get a decision; return the mails."""
    names = TYPED["given_name"], TYPED["family_name"]
    contact = Contact(*names, "contact@example.org", TYPED["organisation"], "SE", language)
    people = [Person(*names, TYPED["title"]) for _number in range(2)]

    def ask(key: str) -> None:
        start_write(db.session)
        locked, sector = places.lock_sector("other", event.slug)
        asking.ask(locked, sector, contact, people, is_all_or_nobody=False, form_key=key, now=NOW)
        db.session.commit()

    ask("first")
    token = newest_mail_to(contact.email, "delegation-asked").token
    delegation = write(admitting.confirm, token, now=NOW)
    ask("second")
    write(reviewing.approve, delegation.people[0].registration, actor="command", now=NOW)
    write(contact_news.tell, delegation.id, now=NOW)
    write(links_by_mail.send_fresh_link, event, contact.email, now=NOW)
    return {kind: newest_mail_to(contact.email, kind) for kind in TO_CONTACT}


def _newest(person: Registration, *kinds: str) -> dict[str, Mail]:
    return {kind: newest_mail(person, kind) for kind in kinds}


def test_every_kind_of_mail_is_covered_here(mails):
    assert set(mails) == KINDS


def test_every_mail_is_in_the_recipients_language(mails, request):
    """Greeting, name of the event and the HTML's language are those of the person's language (M17)."""
    language = request.node.callspec.params["mails"]
    greeting = {"sv": "Hej", "en": "Hello,"}[language]
    name = {"sv": "Nordiskt forum för provning", "en": "Nordic Forum for testing"}[language]
    other = {"en": "Nordiskt forum", "sv": "Nordic Forum"}[language]
    assert {kind for kind, mail in mails.items() if not mail.text.startswith(greeting)} == set()
    assert {kind for kind, mail in mails.items() if name not in mail.text} == set()
    assert {kind for kind, mail in mails.items() if other in mail.text + mail.html} == set()
    assert {mail.row.language for mail in mails.values()} == {language}
    assert {BeautifulSoup(mail.html, "html.parser").html["lang"] for mail in mails.values()} == {language}


def test_text_and_html_say_the_same(mails):
    for kind, mail in mails.items():
        page = BeautifulSoup(mail.html, "html.parser")
        for own in page.select(".preview, .address, h1"):
            own.decompose()
        said = [part.get_text(" ") for part in page.select("td.text, td.foot")]
        # The forum's name and organiser are above the text of the HTML part, but within the text of the plain part.
        head = [line.get_text() for line in page.select("td.head p")]
        plain = mail.text.replace("\n".join(head), "", 1)
        assert plain != mail.text, kind
        assert words_of(" ".join(said)) == words_of(re.sub(r":\nhttp\S+", "", plain)), kind


def words_of(text: str) -> list[str]:
    """Return a mail's words without colons and the line "--", which only the mail's plain text has."""
    return text.replace(":", " ").replace("\n--\n", "\n").split()


def test_both_parts_have_the_same_one_link_on_our_own_address(mails, request):
    language = request.node.callspec.params["mails"]
    for kind, mail in mails.items():
        in_html = [a["href"] for a in BeautifulSoup(mail.html, "html.parser").select("a.button")]
        own = mail.address if kind not in WITHOUT_LINK else REGISTERING[language]
        assert in_html == ([] if kind in WITHOUT_ANY else [own]), kind
        assert re.findall(r"https?://[^\s\"<>]+", mail.text) == in_html, kind


def test_html_fetches_nothing_and_leads_nowhere_else(mails):
    for mail in mails.values():
        page = BeautifulSoup(mail.html, "html.parser")
        assert page.select("img, link, script, iframe, form, [src], [background]") == []
        assert "url(" not in mail.html
        targets = {a["href"] for a in page.select("a[href]")} - {"mailto:forum@example.org"}
        assert all(target.startswith("http://127.0.0.1:8000/") for target in targets)


def test_a_link_has_the_purpose_of_its_mail(mails):
    confirming = {
        kind for kind, mail in mails.items() if kind not in WITHOUT_LINK and "/r/confirm/" in mail.address
    }
    assert confirming == {"received", "received-without-place", "link-to-confirm"}


def test_whoever_asks_for_the_link_before_confirming_is_not_told_of_another_registration(database):
    """The mail must not say that the address was registered again: somebody only asked for the link."""
    event = make_event()
    registration = register(event)
    write(links_by_mail.send_fresh_link, event, registration.email, now=NOW)
    text = newest_mail(registration).text
    assert "asked for a link to the registration of this address" in text
    assert "once more" not in text


def test_mails_begin_and_end_with_who_arranges_the_event(database):
    event = make_event(nights=[{"ends": "17:00", "starts": "08:30"}], **ORGANISER)
    mail = newest_mail(confirmed(event), "confirmed")
    end = [
        "The secretariat",
        "Exempelgatan 12, 111 22 Stockholm, Sweden",
        "+46 8 465 004 40",
        "forum@example.org",
    ]
    lines = mail.text.splitlines()
    begins = lines.index("With kind regards") + 1
    assert lines[begins : begins + 4] == end
    page = BeautifulSoup(mail.html, "html.parser")
    assert " ".join(end) in " ".join(page.select_one("td.text").get_text(" ").split())
    assert page.select_one("td.head").get_text("|", strip=True).endswith("Organiser: The secretariat")
    assert "Organiser: The secretariat" in lines[:8]
    assert {a["href"] for a in page.select("td.text :not(.address) > a:not(.button)")} == {
        "tel:+46846500440",
        "mailto:forum@example.org",
    }


def test_mails_of_two_events_of_one_name_say_which_by_days_and_place(database):
    beside = {
        "starts_at": datetime(2028, 3, 7, 8, tzinfo=UTC),
        "ends_at": datetime(2028, 3, 8, 15, tzinfo=UTC),
    }
    events = make_event(), make_event(slug="osl28", is_current=False, place=Text(en="Oslo"), **beside)
    assert len({event.name["en"] for event in events}) == 1
    for event, told in zip(events, ("16–17 November 2027 · Stockholm", "7–8 March 2028 · Oslo"), strict=True):
        mail = newest_mail(register(event))
        head = BeautifulSoup(mail.html, "html.parser").select("td.head p")
        assert [line.get_text() for line in head][:2] == ["Nordic Forum for testing", told]
        assert mail.text.splitlines()[4:6] == ["Nordic Forum for testing", told]


def test_subject_and_first_lines_are_neutral(mails):
    secrets = re.compile(r"nordi|forum|nf27|stockholm|kanarie|@|2027", re.IGNORECASE)
    for mail in mails.values():
        page = BeautifulSoup(mail.html, "html.parser")
        heading, hello, about = (part.text for part in page.select("td.text h1, td.text p")[:3])
        first_lines = [mail.subject, page.title.text, heading, hello, about, *mail.text.split("\n\n")[:2]]
        assert [line for line in first_lines if secrets.search(line)] == [], mail.row.kind
        assert mail.subject == page.title.text == heading


def test_subjects_do_not_differ_between_people(database):
    event = make_event()
    one = confirmed(event, **TYPED)
    other = confirmed(event, given_name="Annan", organisation="Annan organisation")
    assert newest_mail(one).subject == newest_mail(other).subject


def test_nothing_that_a_visitor_typed_is_in_any_mail(mails):
    """A stranger cannot make the forum send their words to the owner of an address (L01)."""
    for kind, mail in mails.items():
        everything = "\n".join([mail.subject, mail.text, mail.html, *map(str, mail.files.values())])
        assert "kanarie" not in everything.lower(), kind
        assert "765 43 21" not in everything, kind
        assert mail.row.recipient not in everything, kind


@pytest.mark.parametrize(
    "name",
    ["{{ 7 * 7 }}", "{0.__class__}", "%(link)s", "<b>fet</b>", "Click here", "\u202eevil", "=?utf-8?q?x?="],
)
def test_a_hostile_name_changes_no_mail(database, name):
    event = make_event()
    plain, hostile = register(event), register(event, given_name=name, organisation=name, title=name)
    assert without_secrets(newest_mail(hostile)) == without_secrets(newest_mail(plain))


def test_the_deadlines_are_told_in_the_events_own_time(database):
    """Days and hours in mails are those of the event's time zone (M17)."""
    event = make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)])
    holder, waiting = confirmed(event), confirmed(event)
    told = [newest_mail(holder, "received").text]
    write(actions.cancel, holder, actor="person", now=NOW)
    told.append(newest_mail(waiting, "offered").text)
    assert ["5 May 2027" in text and "14:00" in text for text in told] == [True, True]


@pytest.mark.parametrize(
    ("hours", "language", "words"), [(1, "en", "1 hour."), (1, "sv", "1 timme."), (2, "sv", "2 timmar.")]
)
def test_hours_of_an_offer_agree_with_their_number(database, hours, language, words):
    event = make_event(capacity=1, offer_hours=hours, sectors=[make_sector("justice", ceiling=1)])
    _holder, waiting = confirmed(event), confirmed(event, language=language)
    mail = newest_mail(waiting, "waiting")
    assert words in mail.text
    assert words in mail.html


def test_a_mail_is_sent_to_one_person_from_one_office_with_its_own_identity(mails):
    raw = [mail.raw.decode() for mail in mails.values()]
    assert {re.search(r"^Reply-To: (.*)\r$", one, re.M)[1] for one in raw} == {"forum@example.org"}
    assert [re.findall(r"^(?:Cc|Bcc|List-Unsubscribe):", one, re.M) for one in raw] == [[]] * len(raw)
    assert len({mail.row.message_id for mail in mails.values()}) == len(KINDS)


# Tests of what every mail has to say: addresses in words, who writes, where to ask


def test_address_stands_in_words_under_each_button(mails):
    for kind, mail in mails.items():
        for button in BeautifulSoup(mail.html, "html.parser").select("a.button"):
            below = button.find_parent("p").find_next_sibling("p")
            assert (below["class"], below.a.get_text()) == (["address"], button["href"]), kind


def test_forum_and_organiser_stand_above_every_mail_behind_words_that_name_nothing(mails, request):
    name = {"sv": "Nordiskt forum för provning", "en": "Nordic Forum for testing"}
    language = request.node.callspec.params["mails"]
    for kind, mail in mails.items():
        page = BeautifulSoup(mail.html, "html.parser")
        assert page.select_one("td.head .forum").get_text() == name[language], kind
        first = next(text for text in page.body.stripped_strings)
        assert first.split(".")[0] == mail.text.split("\n\n")[1].split(".")[0], kind


def test_confirmation_says_the_weekdays_hours_place_and_sector_and_what_happens_next(database):
    night = [{"ends": "17:00", "starts": "08:30"}]
    event = make_event(nights=night)
    mail = newest_mail(confirmed(event))
    facts = BeautifulSoup(mail.html, "html.parser").select_one("table.facts")
    told = {row.th.get_text(): row.td.get_text("\n") for row in facts.select("tr")}
    assert told == {
        "When": "Tuesday 16 November 2027, 9:00–17:00\nWednesday 17 November 2027, 8:30–16:30",
        "Where": "Stockholm",
        "Sector": "Justice",
    }
    assert "What happens now" in mail.text
    assert "works until 17 December 2027" in mail.text


def test_whoever_is_cancelled_can_register_again_while_that_is_open(database):
    event = make_event()
    early, late = confirmed(event), confirmed(event)
    write(actions.cancel, early, actor="person", now=NOW)
    write(actions.cancel, late, actor="person", now=event.closes_at)
    assert REGISTERING["en"] in newest_mail(early).text
    assert "again" not in newest_mail(late).text + newest_mail(late).html


def test_sender_has_a_name_that_tells_nothing_in_the_readers_language(mails, request):
    name = {"sv": "Anmälan", "en": "Registration"}[request.node.callspec.params["mails"]]
    for mail in mails.values():
        sender = message_from_bytes(mail.raw, policy=policy.default)["From"].addresses[0]
        assert (sender.display_name, sender.addr_spec) == (name, "forum@localhost")


def test_name_of_the_senders_setting_is_kept(make_app, sqlite_url):
    app = make_app(sqlite_url, MAIL_DEFAULT_SENDER="Nordic Forum <forum@example.org>")
    with app.app_context():
        mail = newest_mail(register(make_event()))
    assert b"From: Nordic Forum <forum@example.org>" in mail.raw


# Tests of files and of protected identity in mails


def test_no_mail_carries_a_file_and_the_confirmation_leads_to_the_calendar(mails, request):
    words = {"sv": "kalender", "en": "calendar"}[request.node.callspec.params["mails"]]
    assert {kind for kind, mail in mails.items() if mail.files} == set()
    assert {kind for kind, mail in mails.items() if words in mail.text} == {
        *("confirmed", "cancelled", "offer-declined", "approved", "declined", "substituted")
    }


def test_a_protected_person_gets_the_mails_of_an_ordinary_twin(database):
    event = make_event()
    twin, alias = register(event), register(event, is_protected=True, real_name="Verkliga Namnet")
    found = {twin: {}, alias: {}}
    for registration, its in found.items():
        its |= _newest(registration, "received")
        write(actions.confirm, registration, now=NOW)
        write(actions.resend, registration, actor="user:7", now=NOW)
        its |= _newest(registration, "confirmed")
        write(actions.cancel, registration, actor="person", now=NOW)
        its |= _newest(registration, "cancelled")
    for kind in ("received", "confirmed", "cancelled"):
        mails = [found[registration][kind] for registration in (twin, alias)]
        assert without_secrets(mails[0]) == without_secrets(mails[1]), kind
        assert [mail.files for mail in mails] == [{}, {}]
        assert "Verkliga" not in mails[1].text + mails[1].html


def without_secrets(mail: Mail) -> tuple[str, str, str]:
    """Return the mail's subject, text and HTML without the person's reference and token."""
    # The token comes first: one that begins like a reference would leave its remainder.
    own = re.compile(r"[A-Za-z0-9_-]{43}|[0-9A-Z]{4}-[0-9A-Z]{4}")
    return mail.subject, own.sub("…", mail.text), own.sub("…", mail.html)
