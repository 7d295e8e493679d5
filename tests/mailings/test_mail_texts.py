"""Organisers change the words of standard mails, per event, kind and language (S36, S37, M12, M13, M16, P26, R30)."""

import re
from datetime import timedelta
from email import message_from_bytes

import pytest
from bs4 import BeautifulSoup
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.columns import Text
from forum.database import start_write
from forum.extensions import db
from forum.mailings import mail_texts
from forum.outbox import passages, placeholders, rendering
from forum.outbox.addresses import Mailbox, mailbox
from forum.outbox.errors import UnsafeMessage
from forum.outbox.mail_text_models import MailText
from forum.outbox.messages import Draft, build
from forum.outbox.passages import KINDS, OPENING, PASSAGES
from forum.registration import mails
from forum.web.languages import NAMES
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import comparable, newest_mail, newest_mail_to

LANGUAGES = tuple(NAMES)
HEADERS_OF_A_MAIL = [
    *("Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"),
    *("Content-Language", "MIME-Version", "Content-Type"),
]
WORDS = {
    "subject": "Come & see",
    "opening": "There is a <b>place</b> until {deadline}.\n\nReally at {event}, {sector}.\nSoon.",
    "closing": "$7 <i>Bye</i> & https://example.org/a?b=1",
}
REFUSED = {
    ("subject", "See you at Stockholm"): "Leave “Stockholm” out",
    ("subject", "Until {deadline}"): "Use placeholders in the text only",
    ("subject", "=?utf-8?q?x?="): "Type the subject by hand",
    ("subject", ""): "Write something here, or go back to the standard words",
    ("subject", "x" * 121): "Use at most 120 characters",
    ("opening", ""): "Write something here, or go back to the standard words",
    ("opening", "Come {given name} {deadline}"): "{given name} is no placeholder",
    ("opening", "A place is free. Hurry."): "Keep {deadline}",
    ("opening", "{deadline}" + " x" * 1000): "Use at most 2000 characters",
    ("closing", "{config.SECRET_KEY}"): "{config.SECRET_KEY} is no placeholder",
}


def edit(organiser, kind="offered", code="en", **query):
    return organiser.get("mail_texts.edit", event="nf27", kind=kind, code=code, **query)


def form_of(page):
    return page.form('form:has([name="opening"])')


def change(event, kind="offered", language="en", words=WORDS) -> None:
    write(mail_texts.change, event, kind, language, words, actor="command", now=NOW)


def words_for(kind: str) -> dict[str, str]:
    """Return words for each part of the mail of this kind, with every placeholder that the kind allows."""
    known = " ".join(f"{{{name}}}" for name in passages.known(kind, OPENING))
    return {"subject": "Own subject", "opening": f"Own opening {known}", "closing": "Own\nclosing"}


def text_of(event, kind="offered", language="en") -> str:
    return mail_texts.preview(event, kind, language, now=NOW).text


def test_an_organiser_changes_words_in_one_language(organiser, event):
    standard = text_of(event, language="sv")
    page = edit(organiser)
    assert "{event}, {sector}, {deadline}. {deadline} has to stay." in page.text
    page = form_of(page).submit(WORDS, follow=True)
    assert page.flashes == ["Saved. Messages have these words from now on."]
    swede, dane = (confirmed(event, language=code) for code in ("sv", "en"))
    for person in (swede, dane):
        start_write(db.session)
        person.offer_expires_at = event.closes_at
        mails.queue_offered(person, now=NOW)
        db.session.commit()
    mail = newest_mail(dane)
    assert mail.subject == "Come & see"
    assert re.search(r"There is a <b>place</b> until \d+ \w+ 2027 at \d\d:\d\d \(\w+\)\.", mail.text)
    assert f"Really at {event.name['en']}, {dane.sector.name['en']}.\nSoon." in mail.text
    assert "is free for you until" not in mail.text
    assert "$7 <i>Bye</i> & https://example.org/a?b=1" in mail.text
    assert mail.address in mail.text
    soup = BeautifulSoup(mail.html, "html.parser")
    assert (soup.select("b, i, img"), soup.select('a[href*="example.org/a"]')) == ([], [])
    assert newest_mail(swede).subject == "En plats är ledig för dig"
    assert text_of(event, language="sv") == standard
    listed = organiser.get("mail_texts.index", event="nf27")
    assert listed.all("tr:has(th:-soup-contains('Place offered')) .status") == ["Standard", "Changed"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_has_changed_words_and_keeps_its_facts(event, language):
    for kind in KINDS:
        before = mail_texts.preview(event, kind, language, now=NOW)
        standard = mail_texts.standard_of(event, kind, language)
        change(event, kind, language, words_for(kind))
        mail = mail_texts.preview(event, kind, language, now=NOW)
        said = " ".join(BeautifulSoup(mail.html, "html.parser").get_text(" ").split())
        assert mail.subject == "Own subject", kind
        for one in (" ".join(mail.text.split()), said):
            assert f"Own opening {event.name[language]}" in one, kind
            assert "Own closing" in one, kind
        assert "{" not in mail.text, kind
        links = re.compile(r"https?://\S+")
        assert links.findall(mail.text) == links.findall(before.text), kind
        assert standard["opening"].partition("{")[0] not in mail.text, kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_that_must_stay_are_those_of_the_standard(event, language):
    for kind in KINDS:
        standard = mail_texts.standard_of(event, kind, language)
        named = {match[1] for match in placeholders.PLACEHOLDER.finditer(standard["opening"])}
        assert named - {"event"} == set(KINDS[kind]), kind
        assert placeholders.has_any(standard["closing"]) is False, kind
        assert not {"subject", "opening"} - {name for name in PASSAGES if standard[name]}, kind
        assert "2001" not in standard["opening"], kind


def test_words_that_say_the_standard_follow_the_standard(event):
    standard = mail_texts.standard_of(event, "offered", "en")
    change(event, words={**standard, "closing": ""})
    kept = db.session.scalars(select(MailText)).one()
    assert (kept.subject, kept.opening, kept.closing) == (None, None, "")
    assert "decline on the same page" not in text_of(event)
    change(event, words=standard)
    assert db.session.scalars(select(MailText)).all() == []


def test_special_cases_of_a_mail_keep_the_standard(event):
    """Organisers cannot change the words of mails about a contact's registrations or about leaving the waiting list."""
    for kind in ("received", "cancelled"):
        change(event, kind, words=words_for(kind))
    person = register(event)
    write(mails.queue_received, person, by_contact=True, now=NOW)
    assert "A contact who registers several people" in newest_mail(person).text
    write(mails.queue_cancelled, person, left_line=True, now=NOW)
    mail = newest_mail(person)
    assert mail.subject == "You have left the waiting list"
    assert "You are no longer on the waiting list" in mail.text
    assert "Own opening" not in mail.text


def test_words_that_cannot_be_are_refused_and_stay_in_the_form(organiser, event):
    form = form_of(edit(organiser))
    for (field, typed), refusal in REFUSED.items():
        page = form.submit({**WORDS, field: typed}, expect=422)
        assert refusal in page.errors[field]
        shown = page.soup.select_one(f'main [name="{field}"]')
        assert (shown.get("value") or shown.get_text().strip()) == typed
    assert db.session.scalars(select(MailText)).all() == []


NASTY = st.sampled_from(
    [
        *(
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "{event}",
            "{deadline}",
            "{x}",
            "%(event)s",
            "%s",
            "<script>",
            "</p>",
        ),
        *("&amp;", "<!--", "\n", "\n\n", "=?utf-8?q?x?=", "Bcc: a@b.example", "<img src=https://x.example/>"),
    ]
)


@given(st.lists(st.one_of(NASTY, st.text("ab \"'å", min_size=1, max_size=4)), max_size=8).map("".join))
@example("{{ config }}{% for x in y %}<b onclick=x>")
@settings(max_examples=25, deadline=None)
def test_whatever_is_typed_is_text_and_no_template(event, words):
    text = MailText(
        kind="waiting", language="en", subject="S", opening="A" + words, closing=words, standard=""
    )
    context = {
        "event": event,
        "sector": event.sectors[0],
        "reference": "R",
        "link": "http://l.example/",
        "moved": None,
    }
    mail = rendering.render("waiting", "en", context, text)
    typed = [line.strip() for line in ("A" + words).replace("{event}", event.name["en"]).splitlines()]
    assert all(line in mail.text for line in typed)
    soup = BeautifulSoup(mail.html, "html.parser")
    assert soup.select("script, b, img") == []
    assert all(" ".join(line.split()) in " ".join(soup.get_text(" ").split()) for line in typed)
    assert {a["href"] for a in soup.select("a[href^=http]")} == {"http://l.example/"}


@pytest.mark.slow
@given(st.lists(st.one_of(NASTY, st.text("ab \"'å\r", min_size=1, max_size=4)), max_size=6).map("".join))
@example("a\r\nBcc: a@b.example")
@example("=?utf-8?q?x?= <b>{event}</b> {{ config }}")
@settings(max_examples=3, deadline=None, derandomize=True)
def test_no_text_of_an_event_makes_a_header_or_markup_in_any_mail(event, typed):
    """A sender's name that could be read as headers is refused, and its mail becomes a dead letter."""
    text = Text(sv=f"Ω{typed}", en=f"Ω{typed}")
    with db.session.no_autoflush:
        for name in ("name", "short_name", "lead", "place", "directions", "organiser_name", "cancel_reason"):
            setattr(event, name, text)
        event.sectors[0].name = text
        shown = {kind: mail_texts.preview(event, kind, "en", now=NOW) for kind in KINDS}
    db.session.rollback()
    for kind, mail in shown.items():
        assert BeautifulSoup(mail.html, "html.parser").select("script, b, img") == [], kind
        # No text of an event stands in a subject.
        assert "Ω" not in mail.subject, kind
        sender = Mailbox("forum@example.org", mail.sender_name)
        made = {"subject": mail.subject, "text": mail.text, "html": mail.html, "language": "en"}
        try:
            raw = build(Draft(sender, mailbox("p@example.org"), message_id="<1@x.example>", date=NOW, **made))
        except UnsafeMessage:
            assert "Ω" in mail.sender_name, kind
            continue
        assert message_from_bytes(raw).keys() == HEADERS_OF_A_MAIL, kind


def test_the_same_strip_of_five_colours_heads_every_mail(event):
    strips = set()
    for kind in KINDS:
        soup = BeautifulSoup(mail_texts.preview(event, kind, "en", now=NOW).html, "html.parser")
        cells = soup.select("table table tr:first-child td[width]")
        assert len(cells) == 5, kind
        assert {cell.get_text() for cell in cells} == {"\xa0"}, kind
        strips.add(tuple(re.search(r"background-color:\s*(#\w+)", cell["style"])[1] for cell in cells))
    (colours,) = strips
    assert len(set(colours)) == 5


def test_two_organisers_who_edit_are_shown_what_differs(organiser, event):
    first, second = form_of(edit(organiser)), form_of(edit(organiser))
    first.submit({"closing": "Mine."})
    page = second.submit({"closing": "Yours."}, expect=409)
    assert "Somebody else has saved meanwhile" in page.text
    assert page.soup.select_one('[name="closing"]').get_text().strip() == "Yours."
    form_of(page).submit({"closing": "Yours."})
    assert db.session.scalars(select(MailText.closing)).all() == ["Yours."]


def test_differences_are_shown_and_taken_back_by_one_press(organiser, event):
    change(event)
    page = edit(organiser)
    assert page.all(".difference h3") == [
        "Subject English",
        "First sentences English",
        "Last sentences English",
    ]
    assert "Come & see" in page.text
    assert page.soup.select(".difference ins")
    assert page.soup.select(".difference del")
    twice = page.form('form[action$="/standard"]')
    page = twice.submit(follow=True)
    assert page.flashes == ["The standard words hold again."]
    assert "Nothing: this message has the standard words." in page.text
    assert twice.submit(follow=True).flashes == ["Nothing was different."]
    acts = [act for act in db.session.scalars(select(AuditEntry.action)) if act.startswith("mail_text")]
    assert acts == ["mail_text.changed", "mail_text.reset"]
    log = organiser.get("log.index", event="nf27").text
    assert "Words of a standard message changed" in log
    assert "Place offered, in English" in log


def test_a_changed_text_says_that_the_standard_has_changed_since(organiser, event):
    change(event)
    start_write(db.session)
    db.session.scalars(select(MailText)).one().standard = "earlier"
    db.session.commit()
    assert "the standard has changed since" in organiser.get("mail_texts.index", event="nf27").text
    page = edit(organiser)
    assert "The standard words have changed since" in page.text
    page = form_of(page).submit(follow=True)
    assert "The standard words have changed since" not in page.text


def test_the_trial_is_made_like_the_mails_that_go(organiser, event, frozen):
    page = form_of(edit(organiser)).submit(WORDS, button="Save and send it to me alone", follow=True)
    address = page.flashes[0].removeprefix("Saved. It is on its way to you, at ").removesuffix(".")
    mail = newest_mail_to(address, "offered")
    assert (mail.subject, mail.row.language, mail.row.registration_id) == ("Come & see", "en", None)
    shown = mail_texts.preview(event, "offered", "en", now=NOW)
    assert mail.text.replace(mail.token, mail_texts.SAMPLE).split() == shown.text.split()
    person = confirmed(event, event.sectors[0].key, language="en")
    write(setattr, person, "offer_expires_at", NOW + timedelta(hours=event.offer_hours))
    write(mails.queue_offered, person, now=NOW)
    sent = newest_mail(person, "offered")
    trial = comparable(mail.raw, address, mail_texts.SAMPLE)
    assert trial == comparable(sent.raw, person.email, person.reference)


def test_the_mail_is_shown_for_a_chosen_person_without_a_name(organiser, event):
    person = confirmed(event, "justice", given_name="Kanarie")
    page = edit(organiser, "confirmed", reference=person.reference.lower())
    assert f"As {person.reference} would get it now" in page.text
    assert f"with reference {person.reference}." in page.text
    assert "Kanarie" not in page.text
    page = edit(organiser, "confirmed", reference="NOBO-DY00")
    assert "Nobody is registered under this reference." in page.text


def test_mailers_who_may_not_open_people_choose_nobody(sign_in_as, event):
    person = confirmed(event)
    mailer = sign_in_as(Role.MAILER, event)
    page = edit(mailer, reference=person.reference)
    assert page.soup.select('[name="reference"]') == []
    assert person.reference not in page.text


def test_a_subject_that_names_the_event_as_it_is_called_now_is_not_used(event):
    change(event, words={**WORDS, "subject": "Summit for all"})
    start_write(db.session)
    event.name = Text(sv="Nordiskt summit", en="Nordic Summit")
    db.session.commit()
    mail = mail_texts.preview(event, "offered", "en", now=NOW)
    assert mail.subject == "A place is free for you"
    assert "There is a <b>place</b>" in mail.text


def test_sentences_without_a_placeholder_that_the_forum_needs_now_are_not_used(event):
    start_write(db.session)
    old = {"kind": "offered", "language": "en", "opening": "Come.", "standard": "", "changed_at": NOW}
    db.session.add(MailText(event_id=event.id, **old))
    db.session.commit()
    assert "is free for you until" in text_of(event)


def test_another_event_keeps_its_words_and_a_copy_takes_them_over(event):
    other = make_event(slug="osl28", is_current=False)
    change(event)
    assert mail_texts.preview(other, "offered", "en", now=NOW).subject == "A place is free for you"
    write(mail_texts.copy, event, other, now=NOW)
    assert mail_texts.preview(other, "offered", "en", now=NOW).subject == "Come & see"
    assert not mail_texts.read(other, "offered", "en").is_outdated


def test_unknown_kinds_and_languages_are_not_there(organiser, event):
    for kind, code in (("address-leaving", "en"), ("account-reset", "en"), ("offered", "da")):
        organiser.get("mail_texts.edit", event="nf27", kind=kind, code=code, expect=404)
