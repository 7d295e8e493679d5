"""Sentences of the console about an event's places, waiting list, offers, messages and reviews."""

from collections import Counter
from datetime import timedelta

import pytest
from flask import current_app
from flask_babel import force_locale

from forum.columns import Text
from forum.console import image_uses, mailings, own_mailing_words, question_checks, sector_words
from forum.events import own_links
from forum.events.enums import LineOrder, SectorPolicy
from forum.mailings.enums import MailingStatus
from forum.mailings.errors import AlreadyDecided, EventHidden, NobodyToTell
from forum.mailings.models import Mailing
from forum.mailings.queries import Counts
from forum.registration import listing, offer_words, waiting_view
from forum.registration.enums import Status
from forum.registration.line import ASKING, Because
from forum.registration.models import Registration
from forum.registration.narrowing import UnknownFilter
from forum.review import many
from forum.review import wording as review_wording
from forum.review.recipients import Recipient, Who
from tests.factories.events import NOW, make_event, make_page, make_sector
from tests.factories.images import make_image
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write


@pytest.fixture(autouse=True)
def in_english(database):
    with force_locale("en"):
        yield


def effects(event):
    return sector_words.effects_of(event, listing.count_by_sector_and_status(event), NOW)


def test_a_sector_is_told_with_its_floor_and_what_is_kept_until_the_release():
    sectors = [
        make_sector("justice", floor=2, ceiling=4, position=0, policy=SectorPolicy.INVITATION),
        make_sector("ngo", floor=1, ceiling=1, position=1),
    ]
    event = make_event(capacity=5, sectors=sectors, release_at=None)
    confirmed(event, "ngo")
    told = effects(event)
    assert told.rows == {
        "justice": "0 are in; a floor of 2 keeps 2. The public form takes nobody for this sector.",
        "ngo": "1 is in; the floor of 1 is reached and keeps none. Nobody more can come now.",
    }
    assert told.release == ("No day is set on which kept places are released: they are kept until the end.")
    write(setattr, event, "release_at", NOW - timedelta(days=1))
    told = effects(event)
    assert told.rows["ngo"] == "1 is in; kept places have been released. Nobody more can come now."
    assert told.release == (
        "Kept places have been released: what is free is open to every sector below its ceiling."
    )


def test_the_line_says_what_the_order_and_a_limit_mean_for_each_person():
    event = make_event(
        capacity=2, sectors=[make_sector("ngo", ceiling=2)], organisation_cap=2, line_order=LineOrder.BALANCE
    )
    for organisation in ("Two", "Two"):
        confirmed(event, "ngo", organisation=organisation)
    full, new = (confirmed(event, "ngo", organisation=name) for name in ("Two", "None"))
    lines = {event.sectors[0].id: [(1, full), (2, new)]}
    assert waiting_view.notes(event, lines, NOW) == {
        full.id: "Passed over: the organisation has as many places as it can have",
        new.id: "The organisation has no place yet",
    }
    write(setattr, event, "organisation_cap", 5)
    assert waiting_view.notes(event, lines, NOW)[full.id] == "The organisation has a place"


def test_an_offer_is_explained_to_organisers_as_far_as_it_is_known():
    sectors = make_event(sectors=[make_sector("justice"), make_sector("ngo")]).sectors
    unknown = "Why it was this person’s turn was not stored with this offer."
    assert offer_words.for_organisers({}, sectors) == [unknown]
    why = {"because": Because.FLOOR, "rank": 2, "below": 3, "full": [sectors[1].id]}
    assert [str(sentence) for sentence in offer_words.for_organisers(why, sectors)] == [
        "The sector was furthest below its floor.",
        "In the order of registering, the person was 2nd in the sector’s line.",
        "The sector was 3 places below its floor.",
        "Could take nobody: NGOs.",
    ]
    assert offer_words.for_organisers({**why, "rank": 1, "below": 0, "full": []}, sectors)[1:] == [
        "In the order of registering, the person was first in the sector’s line."
    ]
    earlier = {**why, "because": Because.HAND, "order": LineOrder.BALANCE, "below": 0, "full": []}
    assert offer_words.for_organisers(earlier, sectors)[1:] == [
        "In the order that keeps the balance, the person was number 2 in the sector’s line."
    ]
    assert offer_words.for_organisers({**earlier, "rank_by": ASKING}, sectors)[1:] == [
        "In the order of registering, the person was 2nd in the sector’s line."
    ]


def test_decisions_about_many_people_are_told_by_their_outcome():
    came = Counter({many.GIVEN: 2, many.WAITING: 1, many.CHANGE: 1, many.DECLINED: 2, many.PROPOSED: 1})
    assert list(many._done_words(came)) == [
        "2 people have a place.",
        "1 person is approved and on the waiting list.",
        "1 change is approved.",
        "2 people are declined.",
        "1 refusal is proposed to a second organiser.",
    ]


def test_a_refused_mailing_says_why():
    for refusal, words in (
        (EventHidden(), "Nobody can be written to while the event is not public, or once it is over."),
        (NobodyToTell(), "Everybody already knows about the change."),
        (AlreadyDecided(), "The mailing had already changed when you pressed the button."),
    ):
        assert mailings._refusal_words(refusal).startswith(words)


def test_the_end_of_a_mailing_is_foreseen_from_its_pace():
    mailing = Mailing(status=MailingStatus.SENDING, begins_at=NOW - timedelta(minutes=10))
    assert own_mailing_words.done_at(mailing, Counts(waiting=5), NOW) is None
    assert own_mailing_words.done_at(mailing, Counts(sent=10), NOW) is None
    assert own_mailing_words.done_at(mailing, Counts(waiting=5, sent=10), NOW) == NOW + timedelta(minutes=5)
    assert own_mailing_words.done_at(mailing, Counts(waiting=5, sent=10), NOW - timedelta(days=1)) is None


def test_a_message_whose_filter_the_list_no_longer_has_is_for_nobody(monkeypatch):
    def fail(_mailing, category):
        raise UnknownFilter

    monkeypatch.setattr(own_mailing_words.chosen_audience, "audience_of", fail)
    meant = own_mailing_words.describe_meant(Mailing())
    assert meant.audience.people == []


def test_an_image_that_another_event_shows_is_counted_without_a_link(event):
    """If a reader may not open a page or form that uses the image, its use is listed without title and address."""
    image = make_image(event)
    page = make_page(event, "visit", body=Text(en=f"{{{{image {image.key}}}}}"))
    write(setattr, event, "logo_key", image.key)
    assert page.body
    with current_app.test_request_context():
        nobody = image_uses.Use("", "")
        assert image_uses.find_uses([image])[image.key] == [nobody, nobody]


def test_an_approval_says_whether_the_person_has_a_place(event):
    told = {"recipient": Recipient(Who.PERSON, "en"), "is_change": False}
    waiting, placed = (Registration(status=status) for status in (Status.WAITING, Status.CONFIRMED))
    assert review_wording.outcome_text(waiting, **told).startswith("Approved. No place is free")
    assert review_wording.outcome_text(placed, **told).startswith("Approved. The person has")


def test_a_path_that_is_no_page_stays_as_it_is_in_a_text(event):
    with current_app.test_request_context():
        assert own_links.own_address("/sv/nowhere/at/all?a=1") == "/sv/nowhere/at/all?a=1"


def test_a_question_that_lacks_a_language_is_listed_with_a_link(event):
    make_question(event, "arrival", label=Text(en="Arrival"))
    with current_app.test_request_context():
        (check,) = question_checks.list_untranslated(event)
    assert check.title.startswith("Arrival, ")
