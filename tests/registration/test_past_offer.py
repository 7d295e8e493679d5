"""Between the end of an offer's time and the worker's next look, no page calls that end a moment to come."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.extensions import db
from forum.registration import actions, deadlines
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tests.registration.reading import newest_mail
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
    """The statement by which the worker finds offers to end means the same registrations as the rule of the pages."""

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
    """Nothing stands there as to come: the worker may lengthen the offer, or end the registration."""
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
