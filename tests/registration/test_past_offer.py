"""Once the time of an offer is over, no page calls its end a moment to come, even before the worker ends the offer."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from forum import clock
from forum.delegations import contact_acts, delegation_words, substituting
from forum.events.enums import SectorPolicy
from forum.events.queries import find_sector
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.privacy import hanging, telling
from forum.registration import (
    actions,
    deadlines,
    expiry,
    mails,
    moving,
    new_address,
    separating,
    uniting,
    wording,
)
from forum.registration.enums import Status
from forum.registration.errors import NothingOffered, StateChanged
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, write
from tests.registration.reading import last_id, newest_mail, queued
from tests.tables import rows
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen", "database")
ENDS = NOW + timedelta(hours=48)
ENDED = {"en": "5 May 2027 at 14:00 (CEST)", "sv": "5 maj 2027 kl. 14.00 (CEST)"}


@pytest.fixture
def offered() -> Registration:
    """Save somebody who has a place offered until ENDS, and stop the clock at that moment."""
    event = make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)])
    holder, waiting = confirmed(event), confirmed(event)
    write(actions.cancel, holder, actor="person", now=NOW)
    clock.freeze(ENDS)
    return waiting


@pytest.fixture(params=["en", "sv"])
def language(request) -> str:
    return request.param


@pytest.fixture
def organiser(sign_in_as, offered, language) -> Pages:
    return sign_in_as(event=offered.event, at=ENDS, language=language)


def own_page(app, registration, language):
    address = newest_mail(registration).address.removeprefix("http://127.0.0.1:8000/en")
    pages = Pages(app, language=language)
    return pages, pages.get(f"/{language}{address}", follow=True)


def test_an_offer_is_past_from_its_last_moment_on_unless_the_event_is_cancelled(offered):
    """The worker's statement for offers to end selects the very registrations whose offer pages call past."""

    def by_rule_and_statement(now) -> tuple[bool, bool]:
        selected = db.session.scalars(select(Registration).where(deadlines.past_offer(now))).all()
        return deadlines.is_past_offer(offered, now), selected == [offered]

    assert by_rule_and_statement(ENDS - timedelta(seconds=1)) == (False, False)
    assert by_rule_and_statement(ENDS) == (True, True)
    write(setattr, offered.event, "cancelled_at", NOW)
    assert by_rule_and_statement(ENDS) == (False, False)
    write(setattr, offered.event, "cancelled_at", None)
    write(actions.cancel, offered, actor="person", now=ENDS)
    assert by_rule_and_statement(ENDS) == (False, False)


def test_the_page_for_extending_says_that_the_time_is_over(organiser, offered, language):
    page = organiser.get("waiting_list.extend", event="nf27", reference=offered.reference)
    told = {
        "en": f"The time to accept the place ended on {ENDED['en']}. The person cannot accept it now."
        " If you extend the offer, they can again.",
        "sv": f"Tiden att tacka ja till platsen gick ut den {ENDED['sv']}. Personen kan inte tacka ja nu,"
        " men kan det igen om du förlänger erbjudandet.",
    }
    assert page.all("main li")[0] == told[language]


def test_extending_an_offer_whose_time_is_over_makes_it_acceptable_again(organiser, offered):
    page = organiser.get("waiting_list.extend", event="nf27", reference=offered.reference)
    page.submit({"hours": "24"})
    db.session.refresh(offered)
    assert (offered.offer_expires_at, deadlines.is_past_offer_now(offered)) == (
        ENDS + timedelta(hours=24),
        False,
    )


def test_the_persons_page_in_the_console_says_that_the_time_is_over(organiser, offered, language):
    page = organiser.get("attendees.show", event="nf27", reference=offered.reference)
    status, label, open_offer = {
        "en": ("Offered, the time is over", "The time to accept the place ended", "The time is over"),
        "sv": ("Erbjuden, tiden är ute", "Tiden att tacka ja gick ut", "Tiden är ute"),
    }[language]
    assert page.all("main .status")[0] == status
    assert f"{label} {ENDED[language]}" in page.all("[aria-labelledby=details] .summary-row, dl > div")
    assert page.all("[aria-labelledby=offers] b")[0].endswith(f"· {open_offer}")


def test_the_attendee_list_says_that_the_time_is_over(organiser, offered, language):
    page = organiser.get("attendees.index", event="nf27")
    told = {"en": "Offered, the time is over", "sv": "Erbjuden, tiden är ute"}[language]
    assert told in [row[3] for row in rows(page)]


def test_the_stages_on_the_own_page_end_with_the_offers_end(app, offered, language):
    """No step is shown as to come: the worker may lengthen the offer, or end the registration."""
    _pages, page = own_page(app, offered, language)
    last = {
        "en": f"Place offered time ended on {ENDED['en']}",
        "sv": f"Plats erbjuden tiden gick ut den {ENDED['sv']}",
    }
    steps = [" ".join(step.get_text(" ").split()) for step in page.soup.select(".stage")]
    assert (steps[-1], page.all(".stage-to-come")) == (last[language], [])
    assert page.h1 == {"en": "You were offered a place", "sv": "Du erbjöds en plats"}[language]


def test_the_page_for_somebody_else_to_come_says_that_the_time_is_over(app, offered, language):
    pages, _page = own_page(app, offered, language)
    page = pages.get(f"/{language}/r/substitute")
    told = {
        "en": f"The time to accept the place that was offered to you ended on {ENDED['en']}."
        " So your colleague cannot take it over now.",
        "sv": f"Tiden att tacka ja till platsen som du erbjöds gick ut den {ENDED['sv']}."
        " Kollegan kan därför inte ta över den nu.",
    }
    assert told[language] in page.text
    assert not any(sentence in page.text for sentence in ("at that moment", "i samma stund"))


def test_nobody_names_somebody_else_to_come_once_the_time_is_over(app, offered, language):
    """The page has no form; a form opened in time, and a contact who names somebody, are refused. No mail leaves."""
    clock.freeze(ENDS - timedelta(minutes=5))
    pages, _page = own_page(app, offered, language)
    page = pages.get(f"/{language}/r/substitute")
    clock.freeze(ENDS)
    since, send = last_id(), {"en": "Send the link", "sv": "Skicka länken"}[language]
    refused = page.submit({"email": "kim@example.org"}, button=send, expect=409)
    for told in (refused, pages.get(f"/{language}/r/substitute")):
        assert (send in told.text, ENDED[language] in told.text) == (False, True)
    with pytest.raises(NothingOffered):
        write(substituting.ask, offered, "kim@example.org", now=ENDS)
    db.session.rollback()
    assert queued(since) == []


def test_the_newcomers_page_does_not_promise_a_place_whose_time_is_over(app, offered, language):
    """The newcomer reads that nothing can be taken over now, and no moment before which to confirm."""
    write(substituting.ask, offered, "kim@example.org", now=ENDS - timedelta(minutes=5))
    token = newest_mail(offered, "substitute-asked").token
    page = Pages(app, language=language).get(f"/{language}/r/instead/{token}")
    told = {
        "en": ("So you cannot take it over now.", "their place is yours", "Confirm before"),
        "sv": ("Du kan därför inte ta över den nu.", "är platsen din", "Bekräfta före"),
    }[language]
    assert [words in page.text for words in told] == [True, False, False]
    assert ENDED[language] in page.text


def test_somebody_named_before_can_be_taken_back_once_the_time_is_over(app, offered, language):
    """The page does not speak of a link that works, because nobody can take the offered place over."""
    pages, _page = own_page(app, offered, language)
    write(substituting.ask, offered, "kim@example.org", now=ENDS - timedelta(minutes=5))
    page = pages.get(f"/{language}/r/substitute")
    told = {
        "en": ("kim@example.org has not confirmed yet.", "the link works", "Take it back"),
        "sv": ("kim@example.org har inte bekräftat än.", "Länken gäller", "Ta tillbaka"),
    }[language]
    assert (told[0] in page.text, told[1] in page.text, told[2] in page.text) == (True, False, True)


def test_the_mail_that_offers_a_place_is_not_sent_again_once_the_time_is_over(organiser, offered, language):
    """The mail would name a moment gone by as the last to accept; the page says so in place of the button."""
    values = {"event": "nf27", "reference": offered.reference}
    clock.freeze(ENDS - timedelta(minutes=5))
    page = organiser.get("attendees.resend", **values)
    clock.freeze(ENDS)
    since, send = last_id(), {"en": "Send the message", "sv": "Skicka meddelandet"}[language]
    told = page.submit(button=send, follow=True)
    said = {
        "en": "Nothing was sent: the registration has changed, and the message does not fit it any more.",
        "sv": "Inget skickades: anmälan har ändrats, och meddelandet passar inte längre.",
    }
    assert (told.flashes, told.h1) == (
        [said[language]],
        {"en": "The time is over", "sv": "Tiden är ute"}[language],
    )
    assert (send in told.text, ENDED[language] in told.text) == (False, True)
    with pytest.raises(StateChanged):
        write(actions.resend, offered, actor="command", now=ENDS)
    db.session.rollback()
    assert queued(since) == []


def test_the_own_page_does_not_call_the_place_offered_once_the_time_is_over(app, offered, language):
    """Neither the aside nor the sentence about a review says that the place can still be accepted or declined."""
    write(setattr, offered.sector, "policy", SectorPolicy.REVIEW)
    write(setattr, offered, "review_since", NOW)
    pages, page = own_page(app, offered, language)
    gone = {
        "en": ("offered to you becomes", "stays yours"),
        "sv": ("har erbjudits blir", "kan fortfarande tacka ja"),
    }
    assert not any(words in page.text for words in gone[language])
    over = {
        "en": "The time to accept the place that was offered to you is over.",
        "sv": "Tiden att tacka ja till platsen som du erbjöds är ute.",
    }
    assert over[language] in page.text
    label, changed = {
        "en": ("Cancel your registration", "your offer meanwhile"),
        "sv": ("Avboka din anmälan", "ditt erbjudande"),
    }[language]
    assert label in page.all("aside a")
    assert changed not in pages.get(f"/{language}/r/change").text


def test_the_page_that_declines_leads_to_the_one_that_cancels_once_the_time_is_over(app, offered, language):
    """A form that declines and was opened in time still ends the registration."""
    clock.freeze(ENDS - timedelta(minutes=5))
    pages, _page = own_page(app, offered, language)
    opened = pages.get(f"/{language}/r/decline")
    clock.freeze(ENDS)
    page = pages.get(f"/{language}/r/decline", follow=True)
    assert (page.path, over_in(page, language)) == (f"/{language}/r/cancel", True)
    opened.submit(follow=True)
    db.session.refresh(offered)
    assert offered.status == Status.CANCELLED


def over_in(page, language) -> bool:
    """Return whether the page says that the time to accept the place is over."""
    return {"en": "offered to you is over.", "sv": "som du erbjöds är ute."}[language] in page.text


def test_what_is_held_about_a_person_names_the_moment_and_not_an_offer_that_holds(app, offered, language):
    """The page of the data and the page of everything say that the time is over, and until when there was to accept."""
    pages, _page = own_page(app, offered, language)
    page = pages.get(f"/{language}/r/own-data")
    status, label = {
        "en": ("Offered, the time is over", "To be accepted before"),
        "sv": ("Erbjuden, tiden är ute", "Tacka ja före"),
    }[language]
    told = " ".join(page.text.split())
    assert (status in told, label in told, ENDED[language] in told) == (True, True, True)
    with app.test_request_context(f"/{language}/"), force_locale(language):
        parts = telling.list_parts(hanging.tell(offered), offered)
    (row,) = parts[0].rows
    assert status in {pair["value"] for pair in row}


def test_the_newcomers_page_has_no_form_once_the_time_is_over(app, offered, language):
    """A form that was opened in time is refused with what was typed, and so is one whose session was lost."""
    clock.freeze(ENDS - timedelta(minutes=5))
    write(substituting.ask, offered, "kim@example.org", now=clock.now())
    pages = Pages(app, language=language)
    address = f"/{language}/r/instead/{newest_mail(offered, 'substitute-asked').token}"
    opened = pages.get(address)
    clock.freeze(ENDS)
    refused = opened.submit({"given_name": "Kim", "country": "SE"}, expect=409)
    pages.client.delete_cookie("forum")
    lost = opened.submit({"given_name": "Kim", "country": "SE"}, expect=400)
    for page, typed in ((refused, ["Kim"]), (lost, ["Kim"]), (pages.get(address), None)):
        assert [field.get("value") for field in page.soup.select("[name=given_name]")] == (typed or [])
        assert ENDED[language] in page.text
        assert ("What you entered is still here" in page.text, page.text.count("Det du har fyllt i")) == (
            False,
            0,
        )


def test_a_mail_about_a_review_does_not_call_the_place_offered_once_the_time_is_over(offered):
    write(mails.queue_about_review, offered, "change-in-review", now=ENDS)
    mail = newest_mail(offered, "change-in-review")
    assert "The time to accept the place that was offered to you is over." in " ".join(mail.text.split())
    assert "stays yours" not in mail.text


def test_a_contact_reads_that_the_time_is_over(offered, language):
    """The label, its icon and its remark tell of the past, in the contact's list and in the organisers'."""
    one = SimpleNamespace(registration=offered)
    with force_locale(language):
        told = delegation_words.for_organisers(one, ENDS)
        before = delegation_words.for_organisers(one, ENDS - timedelta(seconds=1))
    delegate = SimpleNamespace(registration=offered, delegation=SimpleNamespace(event=offered.event))
    can = [contact_acts.can_replace(delegate, now) for now in (ENDS - timedelta(seconds=1), ENDS)]
    assert can == [True, False]
    assert (before.label, told.label) == {
        "en": ("Offered a place", "Was offered a place"),
        "sv": ("Erbjuden plats", "Erbjöds plats"),
    }[language]


def test_a_reviewer_reads_that_the_time_is_over(offered, language):
    with force_locale(language):
        assert (
            wording.state_name(offered)
            == {
                "en": "Offered, the time is over",
                "sv": "Erbjuden, tiden är ute",
            }[language]
        )


def test_a_new_address_is_offered_nothing_once_the_time_is_over(offered):
    """The first mail to the new address is the one by which the worker ends the offer."""
    mark_all_sent()
    since = confirm_new_address(offered, now=ENDS)
    assert queued(since) == []
    write(expiry.expire_due, now=ENDS)
    assert queued(since) == [("offer-lapsed", "new@example.org")]


def test_a_new_address_gets_the_offer_anew_if_the_first_mail_has_left_late(offered):
    """The worker gives more time, and says so at the new address, which the late mail has not reached."""
    mark_all_sent()
    mail = db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "offered")).one()
    write(setattr, mail, "sent_at", ENDS - timedelta(hours=2))
    since = confirm_new_address(offered, now=ENDS)
    write(expiry.expire_due, now=ENDS)
    assert queued(since) == [("offered", "new@example.org")]
    assert offered.offer_expires_at == ENDS + timedelta(hours=46)


def test_a_new_address_is_offered_the_place_until_the_time_is_over(offered):
    """Control: a minute before, the mail to the new address offers the place."""
    mark_all_sent()
    assert queued(confirm_new_address(offered, now=ENDS - timedelta(minutes=1))) == [
        ("offered", "new@example.org")
    ]


def confirm_new_address(registration, *, now) -> int:
    """Confirm a new address that was asked for in time; return the number of the last mail before that."""
    write(new_address.ask, registration, "new@example.org", actor="person", now=ENDS - timedelta(minutes=5))
    token, since = newest_mail(registration, "new-address").token, last_id()
    write(new_address.confirm, token, now=now)
    return since


@pytest.mark.parametrize("is_over", [True, False])
def test_a_move_announces_no_offer_once_the_time_is_over(is_over):
    """An unsent mail that names the old sector is replaced at once; once the time is over, the worker replaces it."""
    now = ENDS if is_over else ENDS - timedelta(minutes=1)
    sectors = [make_sector("justice", ceiling=1, position=1), make_sector("tech", position=2)]
    event = make_event(capacity=2, sectors=sectors)
    holder, waiting = confirmed(event), confirmed(event)
    write(actions.cancel, holder, actor="person", now=NOW)
    clock.freeze(now)
    since, tech = last_id(), find_sector(event, "tech")
    outcome = write(moving.move, waiting, tech, may_wait=False, actor="user:1", now=now)
    assert outcome == moving.Outcome.KEEPS_PLACE
    assert queued(since) == ([] if is_over else [("offered", waiting.email)])
    write(expiry.expire_due, now=now)
    assert queued(since) == [("offered", waiting.email)]
    assert (waiting.status, waiting.offer_expires_at) == (
        Status.OFFERED,
        ENDS + timedelta(hours=48) if is_over else ENDS,
    )


@pytest.mark.parametrize(
    ("hours", "told"), [(48, ["reinstated", "merge-undone"]), (47, ["offered", "reinstated", "merge-undone"])]
)
def test_undoing_a_merge_announces_no_offer_once_the_time_is_over(offered, hours, told):
    """The registration that gets its own address back has been offered a place, whose time may be over by then."""
    other = confirmed(offered.event)
    merged_at = ENDS - timedelta(hours=2)
    merge = write(uniting.unite, offered, other, ["email"], actor="user:1", now=merged_at)
    assert (merge.kept_id, offered.email) == (offered.id, other.email)
    mark_all_sent()
    since, now = last_id(), NOW + timedelta(hours=hours)
    write(separating.separate, merge, actor="user:1", now=now)
    assert [kind for kind, _to in queued(since)] == told
