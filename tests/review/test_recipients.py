"""Who reads what is decided about a person without an address: the contact who answers for them, or nobody."""

import re
from dataclasses import replace

import pytest

from forum import clock
from forum.delegations import contact_acts, contact_news
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.registration import answers, reviewing
from forum.registration.enums import Status
from tests.delegations.test_contacts_view import page_of
from tests.delegations.test_delegations import ALONE, CONTACT, OWN, registered
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tests.registration.reading import last_id, queued

HERE = {"event": "nf27"}
NOBODY = "The registration has no confirmed e-mail address, so nobody is written to."
TOLD = "We write to the contact of the delegation, who answers for the person"
READS = f"{TOLD} and reads the reason on the delegation’s page."
SORRY = {"reason": "not_verified", "sv": "Hör av er.\n\nHälsningar."}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    sectors = [make_sector("other", ceiling=4, policy=SectorPolicy.REVIEW)]
    event = make_event(capacity=9, sectors=sectors, organisation_cap=9)
    database.commit()
    return event


@pytest.fixture
def delegation(event):
    """Register two people without an address by a contact who reads Swedish."""
    people = (ALONE, replace(ALONE, given_name="Gun"), OWN)
    return registered(event, people, sector="other", contact=replace(CONTACT, language="sv"))


def of(person):
    return {**HERE, "reference": person.reference}


def test_contact_reads_reason_and_words_of_a_refusal_and_the_console_says_so(
    organiser, pages, event, delegation
):
    bo = delegation.people[0].registration
    page = organiser.get("review.decline", **of(bo))
    assert READS in page.text
    assert "The contact reads Swedish." in page.text
    done = organiser.post("review.decline", SORRY, follow=True, expect=200, **of(bo))
    assert done.flashes == [f"Declined. {READS}"]
    since = last_id()
    assert write(contact_news.tell, delegation.id, now=NOW) == 1
    assert queued(since) == [("delegation-changed", CONTACT.email)]
    text = page_of(pages, delegation).text
    assert "could not confirm with your organisation that this person takes part" in text
    assert [words for words in ("Hör av er.", "Hälsningar.") if words not in text] == []


def test_contact_reads_no_reason_about_whoever_has_an_address(organiser, pages, event, delegation):
    cia = confirmed(event, "other", email="own@example.org")
    write(setattr, delegation.people[2], "registration", cia)
    done = organiser.post(
        "review.decline", {"reason": "off_subject", "en": "Sorry."}, follow=True, expect=200, **of(cia)
    )
    assert done.flashes == ["Declined. A message with the reason is on its way to the person."]
    text = page_of(pages, delegation).text
    assert [words for words in ("Sorry.", "closer to the forum") if words in text] == []


def test_approving_says_that_the_contact_is_told_and_asks_for_no_words(organiser, event, delegation):
    bo = delegation.people[0].registration
    page = organiser.get("review.approve", **of(bo))
    assert f"The person gets a place at once. {TOLD}." in page.text
    assert page.soup.select("textarea") == []
    done = organiser.post("review.approve", {}, follow=True, expect=200, **of(bo))
    assert done.flashes == [f"Approved. The person has a place. {TOLD}."]
    write(reviewing.begin_again, bo, {"given_name"}, actor="contact", now=NOW)
    done = organiser.post("review.approve", {}, follow=True, expect=200, **of(bo))
    assert done.flashes == [f"Approved. The change stands. {TOLD}."]


def test_where_nobody_can_be_written_to_every_page_says_so(organiser, event, delegation):
    bo, gun = (one.registration for one in delegation.people[:2])
    write(contact_acts.forget_contact, delegation, now=NOW)
    assert NOBODY in organiser.get("review.approve", **of(bo)).text
    page = organiser.get("review.decline", **of(bo))
    assert (NOBODY in page.text, "person reads" in page.text) == (True, False)
    done = organiser.post("review.decline", SORRY, follow=True, expect=200, **of(bo))
    assert done.flashes == [f"Declined. {NOBODY}"]
    done = organiser.post("review.approve", {}, follow=True, expect=200, **of(gun))
    assert done.flashes == [f"Approved. The person has a place. {NOBODY}"]


def test_pages_about_many_count_whom_no_message_reaches(organiser, event, delegation):
    alone = write(lambda: confirmed(event, "other", email="own@example.org"))
    bo, gun = (one.registration for one in delegation.people[:2])
    write(setattr, delegation.people[1], "registration", None)  # nobody answers for Gun any more
    who = [one.reference for one in (bo, gun, alone)]
    page = organiser.get("review_many.approve", **HERE, who=who)
    contact = "1 person has no address of their own: the contact of the delegation is written to"
    nobody = "1 person has no address of their own and gets no message."
    assert [words for words in (f"{contact}.", nobody, "and gets a message.") if words not in page.text] == []
    assert [area["name"] for area in page.soup.select("textarea")] == ["en"]
    page = organiser.get("review_many.decline", **HERE, who=who)
    assert [
        words for words in (contact, nobody, "a message with the reason.") if words not in page.text
    ] == []
    page = organiser.get("review_many.decline", **HERE, who=who[:1])
    assert "Each registration ends." in page.text
    page.submit({"reason": "off_subject", "sv": "Tyvärr."}, follow=True, expect=200)
    db.session.refresh(bo)
    assert (bo.status, bo.decline_words) == (Status.DECLINED, "Tyvärr.")


def test_a_form_decides_nothing_once_somebody_else_reads_the_decision(organiser, event, delegation):
    bo = delegation.people[0].registration
    page = organiser.get("review.decline", **of(bo))
    write(contact_acts.forget_contact, delegation, now=NOW)
    done = page.form('form[action$="refusal"], main form').submit(SORRY, follow=True, expect=200)
    assert done.flashes == [
        "Nothing was changed: the person’s answers are others than your page showed. Look again."
    ]


def test_decision_about_a_protected_person_whom_a_contact_answers_for_is_told_as_about_a_twin(
    organiser, pages, event, delegation
):
    """The way of the news depends on the address and the delegation alone (P21)."""
    twins = [one.registration for one in delegation.people[:2]]
    write(setattr, twins[1], "given_name", twins[0].given_name)
    write(
        answers.say_identity,
        twins[0],
        is_protected=True,
        real_name="Hemliga",
        contact="Hemlig kontakt",
        now=NOW,
    )
    seen = []
    for one in twins:
        page = organiser.get("review.decline", **of(one))
        done = organiser.post("review.decline", SORRY, follow=True, expect=200, **of(one))
        told = [*page.all("main form p, main form .hint"), *done.flashes]
        seen.append([re.sub(one.reference, "OWN", words) for words in told])
    assert seen[0] == seen[1]
    rows = re.findall(r"<li><strong>.*?</li>", page_of(pages, delegation).data.decode(), re.DOTALL)[:2]
    assert "Hemlig" not in str(rows)
    same = [re.sub("Bo|Gun|" + "|".join(one.reference for one in twins), "X", row) for row in rows]
    assert same[0] == same[1]
