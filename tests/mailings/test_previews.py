"""The HTML part of a mail stands in a frame of the page, also with words that are not saved (S41, M16)."""

import re

from bs4 import BeautifulSoup
from sqlalchemy import select

from forum.audit.models import AuditEntry
from forum.audit.queries import ATTENDEES_VIEWED, REGISTRATION_VIEWED, VIEWS
from forum.extensions import db
from forum.mailings import address_digests, mail_texts, refusals
from forum.mailings.enums import Category, Refused
from forum.mailings.models import Mailing
from forum.outbox.mail_text_models import MailText
from forum.web import limits
from tests.clocks import count_from_later
from tests.factories.events import NOW
from tests.factories.mailings import make_proposed
from tests.factories.own_words import make_draft, make_sent
from tests.factories.registrations import confirmed, register, write


def frames(page) -> list[BeautifulSoup]:
    """Return the pages in the frames of a page, none of which can run a script."""
    found = page.soup.select("iframe.mail-frame")
    assert {str(frame["sandbox"][0]) for frame in found} == {"allow-same-origin"}
    return [BeautifulSoup(frame["srcdoc"], "html.parser") for frame in found]


def test_a_frame_has_the_mail_with_a_link_to_its_styles_and_nothing_to_open(organiser, event):
    confirmed(event, language="en", given_name="<b>Kim")
    draft = make_draft(event)
    page = organiser.get("own_mailings.write", event="nf27", mailing=draft.id)
    first, *others = frames(page)
    assert "Dear <b>Kim," in first.text
    assert len(others) == 2
    for frame in (first, *others):
        assert [link["href"] for link in frame.select("link")] == ["/console/mail-styles.css"]
        assert frame.select("style, [style], script, [href]:not(link), img") == []
    styles = organiser.open("/console/mail-styles.css")
    assert styles.headers["Content-Type"] == "text/css; charset=utf-8"
    shown = re.sub(r"\s", "", styles.text)
    mail = mail_texts.preview(event, "offered", "en", now=NOW)
    assert shown in re.sub(r"\s", "", mail.source)


def test_a_message_is_shown_with_words_that_are_not_saved(organiser, event):
    confirmed(event, language="en")
    draft = make_draft(event)
    typed = {"subjects-en": "Another one", "words-en": "New for {given name}\n\n<i>really</i>"}
    page = organiser.get("own_mailings.write", event="nf27", mailing=draft.id)
    shown = page.form("form.form").submit(typed, button="Preview", expect=200)
    assert "These words are not saved yet" in shown.text
    assert "<i>really</i>" in frames(shown)[0].text
    assert "Another one" in shown.all(".mail-subject")
    assert shown.soup.select_one("[name=subjects-en]")["value"] == "Another one"
    db.session.rollback()
    assert db.session.scalars(select(Mailing.subjects)).one() == draft.subjects
    wrong = page.form("form.form").submit({"words-en": "{name}"}, button="Preview", expect=422)
    assert "{name} is no placeholder" in wrong.text
    saved = shown.form("form.form").submit(button="Save and show", follow=True)
    assert "These words are not saved yet" not in saved.text
    assert "Another one" in saved.all(".mail-subject")


def test_words_that_are_not_saved_can_be_seen_but_not_sent(organiser, event):
    """A preview of unsaved words has no link that would send the saved words, or lose the typed ones."""
    confirmed(event, language="en")
    draft, change = make_draft(event), make_proposed(event)
    for page, typed in (
        (organiser.get("own_mailings.write", event="nf27", mailing=draft.id), {"words-en": "Newer words"}),
        (organiser.get("mailings.show", event="nf27", mailing=change.id), {"words-en": "Newer words"}),
    ):
        assert "Send to 1 person…" in page.links
        shown = page.form("form.form").submit(typed, button="Preview", expect=200)
        assert "Save the words above first" in shown.text
        assert not {"Send to 1 person…", "Plan it as a reminder…", "Choose other people"} & set(shown.links)
        saved = shown.form("form.form").submit(button="Save and show", follow=True)
        assert "Send to 1 person…" in saved.links


def test_other_recipients_are_shown_with_words_that_are_not_saved(organiser, event):
    """A link to the next recipient's preview would lose the typed words, so a button that sends the form shows it."""
    for name in ("Kim", "Åsa"):
        confirmed(event, language="en", given_name=name)
    page = organiser.get("own_mailings.write", event="nf27", mailing=make_draft(event).id)
    assert "Next" in page.links
    typed = {"words-en": "New for {given name}"}
    first = page.form("form.form").submit(typed, button="Preview", expect=200)
    assert "Next" not in first.links
    second = first.form("form.form").submit(button="Next", expect=200)
    assert {"New for Kim" in frames(one)[0].text for one in (first, second)} == {True, False}
    assert second.soup.select_one("[name=words-en]").text.strip() == "New for {given name}"


def test_a_new_message_is_shown_before_there_is_a_draft(organiser, event):
    confirmed(event)
    typed = {f"{part}-{code}": f"{part} {code}" for part in ("subjects", "words") for code in ("sv", "en")}
    typed["category"] = "practical"
    page = organiser.get("own_mailings.new", event="nf27")
    shown = page.form("form.form").submit(typed, button="Preview", expect=200)
    assert "These words are not saved yet" in shown.text
    assert [frame.text.count("words ") for frame in frames(shown)] == [1, 1]
    db.session.rollback()
    assert db.session.scalars(select(Mailing)).all() == []
    wrong = page.form("form.form").submit({**typed, "words-en": "{name}"}, button="Preview", expect=422)
    assert wrong.soup.select("iframe") == []
    saved = shown.form("form.form").submit(button="Save the draft", follow=True)
    assert "subjects en" in saved.all(".mail-subject")


def test_a_change_of_the_event_is_shown_with_words_that_are_not_saved(organiser, event):
    confirmed(event, language="en")
    mailing = make_proposed(event)
    page = organiser.get("mailings.show", event="nf27", mailing=mailing.id)
    shown = page.form("form.form").submit({"words-en": "<i>Sorry</i>"}, button="Preview", expect=200)
    assert "These words are not saved yet" in shown.text
    assert "<i>Sorry</i>" in frames(shown)[0].text
    db.session.rollback()
    assert db.session.scalars(select(Mailing.words)).one()["en"] == "The venue is closed."
    saved = shown.form("form.form").submit(button="Save and show", follow=True)
    assert "These words are not saved yet" not in saved.text
    assert "<i>Sorry</i>" in frames(saved)[0].text


def test_a_standard_mail_is_shown_with_words_that_are_not_saved(organiser, event):
    person = confirmed(event)
    typed = {"subject": "Come & see", "opening": "Until {deadline}, at {event}.", "closing": "Bye"}
    page = organiser.get(
        "mail_texts.edit", event="nf27", kind="offered", code="en", reference=person.reference
    )
    shown = page.form('form:has([name="opening"])').submit(typed, button="Preview", expect=200)
    assert "With the words of the form, which are not saved yet." in shown.text
    assert shown.all(".mail-subject") == ["Come & see"]
    (frame,) = frames(shown)
    assert f"at {event.name['en']}." in frame.text
    assert shown.soup.select_one("[name=closing]").text.strip() == "Bye"
    db.session.rollback()
    assert db.session.scalars(select(MailText)).all() == []


def test_whoever_sees_a_message_as_a_person_gets_it_is_recorded(organiser, event):
    person = confirmed(event, language="en")
    draft, sent = make_draft(event), make_sent(event)
    organiser.get("mail_texts.edit", event="nf27", kind="declined", code="en", reference=person.reference)
    organiser.get("own_mailings.write", event="nf27", mailing=draft.id)
    organiser.get("sent_mailings.show", event="nf27", mailing=sent.id)
    seen = select(AuditEntry.action, AuditEntry.subject_id).order_by(AuditEntry.id)
    assert db.session.execute(seen.where(AuditEntry.action.in_(VIEWS))).all() == [
        (REGISTRATION_VIEWED, person.id),
        (REGISTRATION_VIEWED, person.id),
        (ATTENDEES_VIEWED, event.id),
    ]


def test_whoever_sees_the_names_of_people_left_out_is_recorded(organiser, event, monkeypatch):
    """A page that names the people left out is a view of people, which is recorded once an hour (S46, P18)."""
    register(event)  # this person has not confirmed the address
    confirmed(event)
    draft, change = make_draft(event), make_proposed(event)
    seen = select(AuditEntry.subject_id).where(AuditEntry.action == ATTENDEES_VIEWED)
    organiser.get("own_mailings.people", event="nf27", mailing=draft.id)
    assert db.session.scalars(seen).all() == []
    for hours, address in enumerate((f"mailings/{draft.id}/text", f"mailings/{change.id}"), 1):
        count_from_later(monkeypatch, hours * limits.HOUR_SECONDS)
        for _look in range(2):
            assert "Who is left out" in organiser.get(f"/console/nf27/{address}").text
        db.session.rollback()
        assert db.session.scalars(seen).all() == [event.id] * hours


def test_a_draft_that_names_nobody_is_no_view(organiser, event):
    organiser.get("own_mailings.write", event="nf27", mailing=make_draft(event).id)
    assert db.session.scalars(select(AuditEntry.id).where(AuditEntry.action.in_(VIEWS))).all() == []


def test_a_preview_counts_the_recipients_of_its_unsaved_kind(organiser, event):
    """Kim refuses practical messages only: previewing the draft as an invitation beyond the event counts Kim, too."""
    kim, _stays = confirmed(event, language="en"), confirmed(event, language="en")
    address = address_digests.of_event(event.id, kim.email_canonical)[0]
    write(refusals._store, address, Refused.PRACTICAL, NOW)
    draft = make_draft(event)
    page = organiser.get("own_mailings.write", event="nf27", mailing=draft.id)
    assert "1 person gets it." in page.text
    shown = page.form("form.form").submit({"category": "further"}, button="Preview", expect=200)
    assert "2 people get it." in shown.text
    assert "left out:" not in shown.text
    db.session.refresh(draft)
    assert draft.category == Category.PRACTICAL
    saved = shown.form("form.form").submit(button="Save and show", follow=True)
    assert "2 people get it." in saved.text
