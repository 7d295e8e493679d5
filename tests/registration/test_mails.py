"""The mails of a registration: in two languages, as text and as HTML, neutral from outside (P26, M02, M12–M14)."""

import re
from datetime import UTC, timedelta

import icalendar
import pytest
from bs4 import BeautifulSoup

from forum.events.enums import SectorPolicy
from forum.registration import actions, expiry, links_by_mail
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import Mail, newest_mail

TYPED = {  # words that could only come from what a visitor typed
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
    "offered",
    "offer-lapsed",
    "cancelled",
    "link",
}
WITHOUT_LINK = {"cancelled", "offer-lapsed"}
LANGUAGES = ("sv", "en")


_made: dict[str, dict[str, Mail]] = {}


@pytest.fixture(params=LANGUAGES)
def mails(request) -> dict[str, Mail]:
    """One mail of each kind in one language, by its kind; made once, for the tests only read them."""
    if request.param not in _made:
        request.getfixturevalue("database")
        _made[request.param] = make_mails(request.param)
    return _made[request.param]


def make_mails(language: str) -> dict[str, Mail]:
    event = make_event(
        sectors=[make_sector("justice", ceiling=1), make_sector("other", policy=SectorPolicy.REVIEW)]
    )
    answers = {**TYPED, "language": language}
    holder, waiting = confirmed(event, **answers), confirmed(event, **answers)
    reviewed = confirmed(event, "other", **answers)
    register(event, **{**answers, "email": holder.email})
    write(links_by_mail.send_fresh_link, event, holder.email, now=NOW)
    write(actions.cancel, holder, actor="person", now=NOW)
    write(expiry.expire_due, now=NOW + timedelta(hours=48))
    told = {
        holder: ("received", "already-registered", "confirmed", "link", "cancelled"),
        waiting: ("received-without-place", "waiting", "offered", "offer-lapsed"),
        reviewed: ("in-review",),
    }
    return {kind: newest_mail(person, kind) for person, kinds in told.items() for kind in kinds}


def test_every_kind_of_mail_is_covered_here(mails):
    assert set(mails) == KINDS


def test_every_mail_is_in_the_recipients_language(mails, request):
    language = request.node.callspec.params["mails"]
    greeting = {"sv": "Hej", "en": "Hello,"}[language]
    name = {"sv": "Nordiskt forum för provning", "en": "Nordic Forum for testing"}[language]
    other = {"en": "Nordiskt forum", "sv": "Nordic Forum"}[language]
    assert {kind for kind, mail in mails.items() if not mail.text.startswith(greeting)} == set()
    assert {kind for kind, mail in mails.items() if name not in mail.text} == {"link"}
    assert {kind for kind, mail in mails.items() if other in mail.text + mail.html} == set()
    assert {mail.row.language for mail in mails.values()} == {language}
    assert {BeautifulSoup(mail.html, "html.parser").html["lang"] for mail in mails.values()} == {language}


def test_text_and_html_say_the_same(mails):
    for kind, mail in mails.items():
        text = re.sub(r":\nhttp\S+", "", mail.text).replace("\n--\n", "\n")
        page = BeautifulSoup(mail.html, "html.parser")
        said = [cell.get_text(" ") for cell in page.select("td.text p, td.foot")]
        assert " ".join(" ".join(said).split()) == " ".join(text.split()), kind


def test_both_parts_have_the_same_one_link_on_our_own_address(mails):
    for kind, mail in mails.items():
        in_html = [a["href"] for a in BeautifulSoup(mail.html, "html.parser").select("a.button")]
        assert in_html == ([] if kind in WITHOUT_LINK else [mail.address]), kind
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
    assert confirming == {"received", "received-without-place"}


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
    event = make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)])
    holder, waiting = confirmed(event), confirmed(event)
    write(actions.cancel, holder, actor="person", now=NOW)
    told = [newest_mail(holder, "received").text, newest_mail(waiting, "offered").text]
    assert ["5 May 2027" in text and "14:00" in text for text in told] == [True, True]


def test_a_mail_is_sent_to_one_person_from_one_office_with_its_own_identity(mails):
    raw = [mail.row.content.decode() for mail in mails.values()]
    assert {re.search(r"^Reply-To: (.*)\r$", one, re.M)[1] for one in raw} == {"forum@example.org"}
    assert [re.findall(r"^(?:Cc|Bcc|List-Unsubscribe):", one, re.M) for one in raw] == [[]] * len(raw)
    assert len({mail.row.message_id for mail in mails.values()}) == len(KINDS)


# Calendar files


def entry_of(mail: Mail) -> icalendar.Event:
    (name,) = mail.files
    assert name == "forum.ics"
    return icalendar.Calendar.from_ical(mail.files[name]).events[0]


def test_only_a_place_that_stands_or_stood_comes_with_a_calendar_file(mails):
    assert {kind for kind, mail in mails.items() if mail.files} == {"confirmed", "cancelled"}


def test_the_calendar_file_says_when_and_where_and_names_nobody(database):
    event = make_event()
    mail = newest_mail(confirmed(event, **TYPED), "confirmed")
    calendar, entry = icalendar.Calendar.from_ical(mail.files["forum.ics"]), entry_of(mail)
    assert (calendar["METHOD"], entry["STATUS"], entry["SEQUENCE"]) == ("PUBLISH", "CONFIRMED", 0)
    assert (entry.start.astimezone(UTC), entry.end.astimezone(UTC)) == (event.starts_at, event.ends_at)
    assert (entry.start.isoformat(), str(entry["LOCATION"])) == ("2027-11-16T09:00:00+01:00", "Stockholm")
    assert str(entry["SUMMARY"]) == "Nordic Forum for testing"
    assert not {"ATTENDEE", "ORGANIZER", "DESCRIPTION"} & set(entry)
    assert "Kanarie" not in str(mail.files["forum.ics"])


def test_cancelling_takes_the_same_entry_out_of_the_calendar_again(database):
    registration = confirmed(make_event())
    before = entry_of(newest_mail(registration, "confirmed"))
    write(actions.cancel, registration, actor="person", now=NOW)
    after = entry_of(newest_mail(registration, "cancelled"))
    assert (after["UID"], after["STATUS"]) == (before["UID"], "CANCELLED")
    assert after["SEQUENCE"] > before["SEQUENCE"]


def test_who_waited_and_cancels_gets_no_calendar_file(database):
    event = make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)])
    confirmed(event)
    waiting = confirmed(event)
    write(actions.cancel, waiting, actor="person", now=NOW)
    assert newest_mail(waiting, "cancelled").files == {}


# Protected identity


def test_a_protected_person_gets_the_mails_of_an_ordinary_twin_but_no_calendar_file(database):
    event = make_event()
    twin, alias = register(event), register(event, is_protected=True, real_name="Verkliga Namnet")
    for registration in (twin, alias):
        assert newest_mail(registration, "received").files == {}
        write(actions.confirm, registration, now=NOW)
        write(actions.cancel, registration, actor="person", now=NOW)
    for kind in ("received", "confirmed", "cancelled"):
        mails = [newest_mail(registration, kind) for registration in (twin, alias)]
        assert without_secrets(mails[0]) == without_secrets(mails[1]), kind
        assert [bool(mail.files) for mail in mails] == [kind != "received", False]
        assert "Verkliga" not in mails[1].text + mails[1].html


def test_sending_a_protected_persons_mail_again_leaves_the_calendar_file_out_too(database):
    alias = confirmed(make_event(), is_protected=True)
    write(actions.resend, alias, actor="user:7", now=NOW)
    assert newest_mail(alias, "confirmed").files == {}


def without_secrets(mail: Mail) -> tuple[str, str, str]:
    """The mail's words without what is one person's own: reference and token."""
    own = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}|[A-Za-z0-9_-]{43}")
    return mail.subject, own.sub("…", mail.text), own.sub("…", mail.html)
