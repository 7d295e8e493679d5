"""Between the end of an offer's time and the worker's next look, no page calls that end a moment to come."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.delegations import substituting
from forum.extensions import db
from forum.registration import actions, deadlines
from forum.registration.errors import NothingOffered, StateChanged
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
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
