"""A second organiser confirms or drops many proposed refusals on one page.

Each decision takes effect once, and people who are left out are named.
"""

from datetime import timedelta

import pytest

from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed
from tests.registration.reading import kinds_for, newest_mail, recorded

HERE = {"event": "nf27"}
READ = (
    "Whoever has an address gets a message with the reason."
    " For whoever has none, the contact of their delegation is written to and reads it, if there is a contact."
)


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


@pytest.fixture
def event(database):
    sectors = [make_sector("other", ceiling=9, policy=SectorPolicy.REVIEW)]
    return make_event(capacity=9, sectors=sectors, organisation_cap=9, has_second_reviewer=True)


@pytest.fixture
def people(event):
    """Confirm the addresses of three people in the reviewed sector, an hour apart."""
    return [
        confirmed(event, "other", family_name=name, given_name="Eva", now=NOW + timedelta(hours=number))
        for number, name in enumerate(("Ek", "Berg", "Dal"))
    ]


def test_many_proposed_refusals_are_confirmed_by_another_organiser(organiser, sign_in_as, event, people):
    second, _third = (sign_in_as(event=event) for _ in range(2))
    more = [confirmed(event, "other", family_name=name, given_name="Eva") for name in ("Lund", "Ros", "Ny")]
    propose(second, more[2])
    for one in (*people, *more[:2]):
        propose(organiser, one)
    # The organiser who has proposed a refusal cannot confirm it, whatever the form contains.
    everybody = [one.reference for one in (*people, *more)]
    own = organiser.get("review_proposed.confirm", **HERE, who=everybody)
    assert (own.h1, own.all(".reviews:last-of-type .review-name")[0]) == ("Confirm 1 refusal?", "Ek, Eva")
    forged = [value for form in own.soup.select("form") for value in who_of(form)]
    assert own.submit(forged={"who": forged[-1]}, expect=200, follow=True).flashes == [
        f"Somebody else has to confirm what you proposed: {named(people[2])}."
    ]
    queue = second.get("review.index", **HERE)
    asked = queue.follow("Confirm or not")
    assert asked.h1 == "Confirm 5 refusals?"
    assert [asked.text.count("Sorry, Eva "), asked.text.count("Reason: ")] == [5, 5]
    stale = second.get("review_proposed.confirm", **HERE, who=everybody)
    assert "1 refusal you proposed yourself: somebody else confirms it." in stale.text
    # Before the button is pressed one proposal is withdrawn, one replaced, one person approved, and one decision left
    # to others.
    for one in people[:2]:
        shown = organiser.get("attendees.show", **of(one))
        shown.form('form[action$="withdrawal"]').submit({}, expect=303)
    propose(organiser, people[1], "Quite another reason.")
    organiser.post("review.approve", **of(people[2]))
    second.post("review.recuse", follow=True, expect=200, **of(more[0]))
    assert asked.submit(button="Confirm 5 refusals", expect=200, follow=True).flashes == [
        f"1 person is declined. {READ}",
        f"Decided or ended meanwhile: {named(people[2])}. The proposal was withdrawn meanwhile: {named(people[0])}."
        f" Changed since your page showed it. Look again: {named(people[1])}."
        f" You have left these decisions to others: {named(more[0])}.",
    ]
    assert standing([*people, *more]) == [
        "in_review",
        "in_review",
        "confirmed",
        "in_review",
        "declined",
        "in_review",
    ]
    assert [kinds_for(one).count("declined") for one in (*people, *more)] == [0, 0, 0, 0, 1, 0]
    assert "Sorry, Eva Ros." in newest_mail(more[1], "declined").text
    # Sending the same page again declines nobody twice.
    again = stale.submit(button="Confirm 5 refusals", expect=200, follow=True).flashes
    assert (len(again), "Eva Ros" in again[0], kinds_for(more[1]).count("declined")) == (1, True, 1)
    one = second.get("review.confirm_refusal", **of(people[1]))
    left = second.get("review_proposed.confirm", **HERE, who=everybody)
    dropped = left.form('form[action$="withdrawal"]').submit({}, expect=200, follow=True)
    assert dropped.flashes == ["2 proposed refusals are dropped. The registrations stay in review."]
    nobody = "Choose at least one person whom somebody has proposed to decline."
    assert second.get("review_proposed.confirm", **HERE, who=everybody, follow=True).flashes == [nobody]
    # The page about one person, too, confirms only the proposal that it showed.
    propose(organiser, people[1])
    changed = "Nothing was changed: the person’s answers are others than your page showed. Look again."
    assert one.form('form[action$="confirmation"]').submit({}, expect=200, follow=True).flashes == [changed]
    assert standing(people) == ["in_review", "in_review", "confirmed"]


def propose(browser, person, words=None):
    said = words or f"Sorry, {person.given_name} {person.family_name}."
    browser.post("review.decline", {"reason": "off_subject", "en": said}, **of(person))


def who_of(form):
    return [one["value"] for one in form.select('[name="who"]')]


def of(person):
    return {**HERE, "reference": person.reference}


def standing(people):
    db.session.rollback()
    return [db.session.get_one(Registration, one.id).status.value for one in people]


def named(person):
    return f"{person.given_name} {person.family_name} ({person.reference})"


def test_people_of_another_event_are_not_named_and_no_proposal_about_them_is_decided(
    organiser, sign_in_as, event, people
):
    """A reference of another event in the URL or the form chooses nobody, whoever has made proposals there (S13)."""
    second = sign_in_as(event=event)
    sectors = [make_sector("other", ceiling=9, policy=SectorPolicy.REVIEW)]
    elsewhere = make_event(
        slug="nf28", is_current=False, capacity=9, sectors=sectors, has_second_reviewer=True
    )
    stranger = confirmed(elsewhere, "other", family_name="Fremd", given_name="Zoe")
    proposer, _other = (sign_in_as(event=elsewhere) for _ in range(2))
    said = {"reason": "off_subject", "en": "Sorry."}
    proposer.post("review.decline", said, event="nf28", reference=stranger.reference)
    propose(organiser, people[0])
    before = standing([stranger]), recorded(stranger), kinds_for(stranger)
    both = [people[0].reference, stranger.reference]
    page = second.get("review_proposed.confirm", **HERE, who=both)
    assert (page.h1, "Fremd" in page.text, stranger.reference in page.text) == (
        "Confirm 1 refusal?",
        False,
        False,
    )
    nobody = "Choose at least one person whom somebody has proposed to decline."
    alone = second.get("review_proposed.confirm", **HERE, who=[stranger.reference], follow=True)
    assert alone.flashes == [nobody]
    for button in ("Confirm 1 refusal", None):
        form = page.form() if button else page.form('form[action$="withdrawal"]')
        told = [
            form.submit(forged={"who": f"{reference}.x"}, expect=200, follow=True).flashes
            for reference in (stranger.reference, "ZZZZ-ZZZZ")
        ]
        # A person of another event causes the same message as a reference that nobody has.
        assert told[0] == [told[1][0].replace("ZZZZ-ZZZZ", stranger.reference)]
    proposing = organiser.get("review_many.decline", **HERE, who=[people[1].reference, stranger.reference])
    assert ("Fremd" in proposing.text, stranger.reference in proposing.text) == (False, False)
    proposing.submit(
        {"reason": "off_subject"}, forged={"who": f"{stranger.reference}.x"}, expect=200, follow=True
    )
    assert (standing([stranger]), recorded(stranger), kinds_for(stranger)) == before
