"""Each offer is a row that says why it was this person's turn and how it ended; people read it in words."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum.accounts.models import User
from forum.database import start_write
from forum.events.enums import LineOrder
from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import (
    actions,
    declining,
    expiry,
    offers,
    offers_by_hand,
    places,
    queries,
    waiting_list,
)
from forum.registration.enums import OfferEnd, OfferMaker, Status
from forum.registration.errors import (
    DeadlineRefused,
    NoPlaceFree,
    NothingOffered,
    SectorFull,
    StateChanged,
    WouldBeOfferedAgain,
)
from forum.registration.offer_models import Offer
from tests.factories.events import NOW, make_event, make_sector, room
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import change_capacity, confirmed, register, write
from tests.factories.saving import save
from tests.registration.reading import kinds_for, newest_mail, recorded

pytestmark = pytest.mark.usefixtures("frozen", "database")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def user(database) -> int:
    """Save an organiser and return their id."""
    return save(User(email="o@example.org", name="Olle", password_hash="x", language="en", created_at=NOW)).id


def minutes(number: float):
    return NOW + timedelta(minutes=number)


def in_line(event, sector, *after, **differing):
    return [confirmed(event, sector, now=minutes(minute), **differing) for minute in after]


def cancel(registration, now=None):
    return write(actions.cancel, registration, actor="person", now=now or minutes(60))


def rows(registration) -> list[Offer]:
    """Return the registration's offers, read anew, the oldest first."""
    mine = select(Offer).where(Offer.registration_id == registration.id).order_by(Offer.id)
    return list(db.session.scalars(mine.execution_options(populate_existing=True)))


def test_an_offer_says_why_and_how_it_ended():
    event = room()
    holder, first, second, third, fourth = in_line(event, "justice", 0, 1, 2, 3, 4)
    cancel(holder)
    (offer,) = rows(first)
    assert (offer.made_at, offer.made_by, offer.expires_at) == (
        minutes(60),
        OfferMaker.RULE,
        first.offer_expires_at,
    )
    plain = {"order": "time", "because": "time", "rank": 1, "rank_by": "asking", "below": 0}
    assert offer.why == {**plain, "full": [], "passed": [], "passed_in_all": 0}
    assert (offer.ended_at, offer.ended_how, offer.reason) == (None, None, None)
    write(declining.decline, first, now=minutes(70))
    cancel(second, minutes(80))
    mark_all_sent()
    write(expiry.expire_due, now=third.offer_expires_at)
    write(actions.accept_offer, fourth, now=minutes(60 * 60))
    ends = [[(row.ended_how, row.ended_at) for row in rows(one)] for one in (first, second, third, fourth)]
    assert ends == [
        [(OfferEnd.DECLINED, minutes(70))],
        [(OfferEnd.CANCELLED, minutes(80))],
        [(OfferEnd.LAPSED, third.offer_expires_at)],
        [(OfferEnd.ACCEPTED, minutes(60 * 60))],
    ]


def test_who_is_passed_over_is_named_with_the_reason_but_not_to_the_person():
    event = make_event(capacity=2, organisation_cap=1, sectors=[make_sector("justice", ceiling=2)])
    big, other = in_line(event, "justice", 0, organisation="Stora"), in_line(event, "justice", 0)
    capped, free = in_line(event, "justice", 1, organisation="STORA"), in_line(event, "justice", 2)
    cancel(other[0])
    (offer,) = rows(free[0])
    assert (offer.why["rank"], offer.why["passed"]) == (2, [[capped[0].id, "cap"]])
    assert offer.why["passed_in_all"] == 1
    mail = newest_mail(free[0], "offered")
    assert "It is your turn: of those who can take the place, you have waited longest." in mail.text
    assert big[0].reference not in mail.text + mail.html


def test_declining_ends_the_registration_and_offers_the_place_to_the_next(pages):
    event = room()
    holder, first, second = in_line(event, "justice", 0, 0, 0)
    cancel(holder, NOW)
    mail = newest_mail(first, "offered")
    page = pages.get(mail.address.removeprefix("http://127.0.0.1:8000"), follow=True)
    asked = page.follow("Decline the place")
    assert "You leave the waiting list, and your registration ends." in asked.text
    db.session.refresh(first)
    assert first.status == Status.OFFERED  # opening the page for declining the place declines nothing
    done = asked.submit()
    assert pages.get(done.location).h1 == "You have declined the place"
    db.session.refresh(first), db.session.refresh(second)
    assert (first.status, second.status, event.taken) == (Status.CANCELLED, Status.OFFERED, 1)
    assert (kinds_for(first)[-1], kinds_for(second)[-1]) == ("offer-declined", "offered")
    assert recorded(first)[-1][:2] == ("registration.offer_declined", "person")
    start_write(db.session)
    with pytest.raises(NothingOffered):
        declining.decline(first, now=minutes(70))
    db.session.rollback()


@pytest.mark.parametrize("is_accepted", [True, False])
def test_declining_from_an_older_page_says_what_holds_now(pages, is_accepted):
    """The person has accepted in another tab, or the offer was taken back meanwhile: the press declines nothing."""
    event = room()
    holder, first = in_line(event, "justice", 0, 0)
    cancel(holder, NOW)
    mail = newest_mail(first, "offered")
    page = pages.get(mail.address.removeprefix("http://127.0.0.1:8000"), follow=True)
    asked = page.follow("Decline the place")
    start_write(db.session)
    first.status, first.holds_place = (Status.CONFIRMED, True) if is_accepted else (Status.IN_REVIEW, False)
    first.offer_expires_at = None
    db.session.commit()
    shown = asked.submit(follow=True)
    told = "you have the place already" if is_accepted else "no place is offered to you now"
    assert [told in flash for flash in shown.flashes] == [True]
    db.session.refresh(first)
    assert first.is_live


def test_the_reminder_is_sent_once_when_a_quarter_of_the_time_is_left():
    event = room()
    holder, first = in_line(event, "justice", 0, 1)
    cancel(holder)
    due = first.offer_expires_at - timedelta(hours=12)
    write(expiry.expire_due, now=due)
    assert "offer-reminder" not in kinds_for(first)  # no reminder leaves before the mail with the offer
    mark_all_sent()
    write(expiry.expire_due, now=due - timedelta(seconds=1))
    assert "offer-reminder" not in kinds_for(first)
    for _ in range(2):
        write(expiry.expire_due, now=due)
    assert kinds_for(first).count("offer-reminder") == 1
    assert rows(first)[0].reminded_at == due
    assert "12:00" not in newest_mail(first, "offer-reminder").subject
    write(actions.accept_offer, first, now=due)
    assert [status for kind, status in _states(first) if kind == "offer-reminder"] == ["aborted"]


def test_the_organisers_say_how_long_before_its_end_an_offer_is_reminded():
    event = room()
    holder, first, second = in_line(event, "justice", 0, 1, 2)
    cancel(holder)
    mark_all_sent()
    until, rule = first.offer_expires_at, {"actor": "user:1", "now": minutes(60)}
    assert write(offers.set_reminder, event, 24, **rule)
    assert not write(offers.set_reminder, event, 24, **rule)
    assert rows(first)[0].remind_at == until - timedelta(hours=24)
    # By the new rule the reminder would be overdue already, so the offer keeps the time that its reminder has.
    late = {**rule, "now": until - timedelta(hours=36)}
    write(offers.set_reminder, event, 40, **late)
    assert rows(first)[0].remind_at == until - timedelta(hours=24)
    write(expiry.expire_due, now=until - timedelta(hours=24))
    write(expiry.expire_due, now=until - timedelta(hours=23))
    assert kinds_for(first).count("offer-reminder") == 1
    write(offers.set_reminder, event, 0, **late)
    write(declining.decline, first, now=until - timedelta(hours=22))
    assert (second.status, rows(second)[0].remind_at) == (Status.OFFERED, None)


def test_an_offer_shorter_than_the_hours_is_reminded_with_a_quarter_left():
    event = room(offer_hours=12, offer_reminder_hours=24)
    holder, first = in_line(event, "justice", 0, 1)
    cancel(holder)
    assert first.offer_expires_at - rows(first)[0].remind_at == timedelta(hours=3)


@pytest.mark.parametrize(("hours", "at"), [(7, 6), (48, 47.5)])
def test_nobody_is_reminded_whose_time_is_too_short(hours, at):
    event = room(offer_hours=hours)
    holder, first = in_line(event, "justice", 0, 1)
    cancel(holder)
    mark_all_sent()
    write(expiry.expire_due, now=minutes(60) + timedelta(hours=at))
    assert (first.status, "offer-reminder" in kinds_for(first)) == (Status.OFFERED, False)


def _states(registration) -> list[tuple[str, str]]:
    return [(mail.kind, str(mail.status)) for mail in queries.list_mails(registration)]


def test_after_the_cut_off_nothing_is_offered_and_nobody_passes_the_line():
    event = room(offer_cutoff_hours=72, closes_at=NOW + timedelta(days=9), starts_at=NOW + timedelta(days=10))
    holder, first = in_line(event, "justice", 0, 1)
    end = event.starts_at - timedelta(hours=72)
    late = register(event, "justice", now=end - timedelta(hours=1))
    cancel(holder, end)
    assert (first.status, event.taken) == (Status.WAITING, 0)
    write(actions.confirm, late, now=end)
    assert late.status == Status.WAITING  # a person who has waited longer stays first in line
    start_write(db.session)
    places.lock(event)
    with pytest.raises(SectorFull):
        places.has_room(event.sectors[0], end)
    db.session.rollback()


def test_no_offer_lasts_beyond_the_cut_off():
    event = room(offer_cutoff_hours=72)
    holder, first = in_line(event, "justice", 0, 1)
    cancel(holder, event.starts_at - timedelta(hours=82))
    assert first.offer_expires_at == event.starts_at - timedelta(hours=72)


def test_who_confirms_after_the_cut_off_takes_a_free_place_when_nobody_waits_longer():
    event = room(offer_cutoff_hours=72, closes_at=NOW + timedelta(days=9), starts_at=NOW + timedelta(days=10))
    end = event.starts_at - timedelta(hours=72)
    (holder,) = in_line(event, "justice", 0)
    late = register(event, "justice", now=end - timedelta(hours=1))
    cancel(holder, end)
    write(actions.confirm, late, now=end)
    assert late.status == Status.CONFIRMED


def test_balance_order_serves_the_sector_furthest_below_its_floor_then_organisations_without_a_place():
    sectors = [make_sector("tech", floor=2, ceiling=6), make_sector("ngo", ceiling=6)]
    event = make_event(capacity=2, sectors=sectors, line_order=LineOrder.BALANCE)
    holders = in_line(event, "tech", 0, 0)
    (early,) = in_line(event, "ngo", 1)
    (later,) = in_line(event, "tech", 2)
    cancel(holders[0])
    assert (early.status, later.status) == (Status.WAITING, Status.OFFERED)
    start_write(db.session)
    places.lock(event)
    for sector in event.sectors:
        sector.floor = 0
    event.capacity = 4
    first, second = find_sector(event, "tech"), find_sector(event, "ngo")
    assert (first.taken, second.taken) == (2, 0)
    db.session.commit()
    again = confirmed(event, "ngo", now=minutes(3), organisation="Samma")
    twin = confirmed(event, "ngo", now=minutes(4), organisation="Samma")
    lone = confirmed(event, "ngo", now=minutes(5), organisation="Annan")
    assert [one.status for one in (early, again, twin, lone)][2:] == [Status.WAITING, Status.WAITING]
    assert [waiting_list.position(one) for one in (twin, lone)] == [2, 1]
    write(change_capacity, event, 5)

    def offer():
        places.lock(event)
        return waiting_list.offer_free_places(event, now=minutes(60)).offered.total()

    assert write(offer) == 1
    assert (twin.status, lone.status) == (Status.WAITING, Status.OFFERED)
    why = rows(lone)[0].why
    assert (why["order"], why["because"], why["rank"]) == ("balance", "organisation", 2)
    assert why["passed"] == [[twin.id, "organisation"]]
    assert rows(later)[0].why["because"] == "time"


def test_an_offer_by_hand_passes_the_order_but_no_limit_and_its_reason_is_kept(user):
    event = make_event(capacity=2, sectors=[make_sector("justice", ceiling=2)], organisation_cap=1)
    holder, other = in_line(event, "justice", 0, 0)
    first, second, third = in_line(event, "justice", 1, 2, 3)
    (capped,) = in_line(event, "justice", 4, organisation=other.organisation)
    cancel(holder)
    given = {"reason": "Speaks on day two", "user_id": user, "now": minutes(90)}
    for person, error in ((third, NoPlaceFree), (first, StateChanged)):
        start_write(db.session)
        with pytest.raises(error):
            offers_by_hand.offer(person, **given)
        db.session.rollback()
    start_write(db.session)
    with pytest.raises(NoPlaceFree):
        offers_by_hand.offer(capped, instead_of=first, **given)
    db.session.rollback()
    assert [offers_by_hand.could_follow(one, first, minutes(90)) for one in (third, capped)] == [True, False]
    write(offers_by_hand.offer, third, instead_of=first, words="Sorry.\n\nWe made a mistake.", **given)
    assert [one.status for one in (first, second, third)] == [Status.WAITING, Status.WAITING, Status.OFFERED]
    assert (waiting_list.position(first), event.taken) == (1, 2)
    made = rows(third)[0]
    assert (made.made_by, made.user_id, made.reason) == (OfferMaker.ORGANISER, user, "Speaks on day two")
    assert (made.why["because"], made.why["rank"]) == ("hand", 2)
    assert rows(first)[0].ended_how == OfferEnd.WITHDRAWN
    told = newest_mail(first, "offer-withdrawn")
    assert "We made a mistake." in told.text
    assert "We made a mistake." in told.html
    assert "Speaks on day two" not in newest_mail(third, "offered").text
    assert [entry[0] for entry in recorded(first)][-1] == "registration.offer_withdrawn"
    assert recorded(third)[-1][:2] == ("registration.offered", f"user:{user}")


def test_an_offers_rank_counts_in_the_order_of_asking_whoever_makes_it(user):
    """In balance order the position in line differs: people whose organisation has no place come first."""
    event = make_event(capacity=2, sectors=[make_sector("justice", ceiling=2)], line_order=LineOrder.BALANCE)
    (kept,), (leaves,) = (in_line(event, "justice", 0, organisation=name) for name in ("Samma", "Annan"))
    (again,) = in_line(event, "justice", 1, organisation=kept.organisation)
    (second,) = in_line(event, "justice", 2, organisation="Ny")
    (third,) = in_line(event, "justice", 3, organisation="Nyare")
    assert [waiting_list.position(one) for one in (again, second, third)] == [3, 1, 2]
    cancel(leaves)
    by_rule = rows(second)[0].why
    write(offers_by_hand.offer, third, reason="Speaks", instead_of=second, user_id=user, now=minutes(90))
    by_hand = rows(third)[0].why
    # The person from whom the place is taken waits again only after the other person's rank was read, and so does not
    # count in that rank.
    assert [(why["rank"], why["rank_by"]) for why in (by_rule, by_hand)] == [(2, "asking"), (2, "asking")]


def test_a_withdrawn_offer_goes_to_the_next_and_never_to_the_same_person_at_once(user):
    event = room()
    holder, first, second = in_line(event, "justice", 0, 1, 2)
    cancel(holder)
    write(offers_by_hand.withdraw, first, user_id=user, now=minutes(70))
    assert (first.status, second.status, event.taken) == (Status.WAITING, Status.OFFERED, 1)
    assert rows(second)[0].why["passed"] == [[first.id, "withdrawn"]]
    cancel(second, minutes(80))
    assert first.status == Status.OFFERED
    start_write(db.session)
    with pytest.raises(WouldBeOfferedAgain):
        offers_by_hand.withdraw(first, user_id=user, now=minutes(90))
    db.session.rollback()
    db.session.refresh(first)
    assert [row.ended_how for row in rows(first)] == [OfferEnd.WITHDRAWN, None]


def test_an_extended_offer_lasts_longer_but_not_beyond_the_cut_off(user):
    event = room(offer_cutoff_hours=24)
    holder, first = in_line(event, "justice", 0, 1)
    cancel(holder)
    before = first.offer_expires_at
    for until in (before, event.starts_at - timedelta(hours=23)):
        start_write(db.session)
        with pytest.raises(DeadlineRefused):
            offers_by_hand.extend(first, until, user_id=user, now=minutes(90))
        db.session.rollback()
    later = before + timedelta(days=2)
    write(offers_by_hand.extend, first, later, user_id=user, now=minutes(90))
    assert (first.offer_expires_at, rows(first)[0].expires_at) == (later, later)
    mark_all_sent()
    write(expiry.expire_due, now=before)
    assert (first.status, kinds_for(first)[-1]) == (Status.OFFERED, "offer-extended")


def test_organisers_offer_extend_and_withdraw_on_the_waiting_list(sign_in_as, database):
    event = make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)])
    holder = confirmed(event, "justice")
    first, second = (confirmed(event, "justice", family_name=name) for name in ("Etta", "Tvåa"))
    write(actions.cancel, holder, actor="person", now=NOW)
    pages = sign_in_as(event=event)
    index = pages.get("waiting_list.index", event="nf27")
    assert "Nobody who could take the place had waited longer." in index.text
    earlier = pages.get(index.links["Extend"])
    page = pages.get(index.links["Offer a place"])
    # The page is about the person who gets the place, but the organiser's words go to the person who loses it: so the
    # page names whoever loses it and that person's language.
    assert "Your words to whoever loses the place (optional)" in page.all("label")
    assert page.all("[name=instead_of] option") == [
        "Choose whose place",
        "The place that is offered to Åsa Etta, who reads English",
    ]
    assert "No place is free for this person." in page.text
    assert page.submit({"reason": "", "hours": "24"}, expect=422).errors["reason"]
    reason = "Speaks on day two"
    given = {"reason": reason, "hours": "24", "instead_of": first.reference, "words": "Förlåt oss."}
    unchosen = page.submit(given | {"instead_of": ""}, expect=422)
    assert unchosen.errors == {"instead_of": "Choose whose place this person is offered"}
    database.refresh(first)
    assert first.status == Status.OFFERED
    done = page.submit(given)
    assert pages.get(done.location).flashes == [
        f"The place has been taken from {first.reference} and offered to {second.reference}."
        " Both are told by mail."
    ]
    database.refresh(first), database.refresh(second)
    assert (first.status, second.status) == (Status.WAITING, Status.OFFERED)
    assert second.offer_expires_at == NOW + timedelta(hours=24)
    assert "Förlåt oss." in newest_mail(first, "offer-withdrawn").text
    late = page.submit(given, expect=409)
    assert "Nothing was done: this has changed since the page was shown." in late.text
    assert "Nothing was done" in earlier.submit({"hours": "72"}, expect=409).text
    person = pages.get("attendees.show", event="nf27", reference=second.reference)
    assert f"Reason: {reason}" in person.text
    assert "In the order of registering, the person was first in the sector’s line." in person.text
    person.follow("Extend the offer").submit({"hours": "72"})
    database.refresh(second)
    assert second.offer_expires_at == NOW + timedelta(hours=72)
    alone = person.follow("Withdraw the offer")
    alone.submit({"words": "Tyvärr."})
    database.refresh(first), database.refresh(second)
    assert (first.status, second.status) == (Status.OFFERED, Status.WAITING)
    assert recorded(second)[-1][0] == "registration.offer_withdrawn"
    write(actions.cancel, second, actor="person", now=NOW)
    refused = pages.get("waiting_list.withdraw", event="nf27", reference=first.reference)
    assert "nobody else can take the place" in refused.submit({"words": ""}, expect=409).text
