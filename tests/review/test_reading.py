"""A reviewer reads people in review of their sectors, and whom they have just decided about (S12)."""

import re

import pytest

from forum.accounts.enums import Role
from forum.events.enums import SectorPolicy
from forum.registration.enums import DeclineReason
from forum.registration.reviewing import Refusal
from forum.review import actions
from forum.web.edits import digest
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tests.review.test_sectors import REVIEW, browse, reviewer_of, without_number
from tools.organisers import make_user

WAYS = ("", "/approval", "/refusal", "/refusal/confirmation", "/recusal")


@pytest.fixture
def event(database):
    names = ("ngo", "police")
    sectors = [
        make_sector(name, ceiling=9, policy=SectorPolicy.REVIEW, position=at) for at, name in enumerate(names)
    ]
    return make_event(capacity=18, sectors=sectors, has_second_reviewer=False)


def put_in_review(event, sector: str, number: int, **differing):
    """Put a new person into review; people whose numbers have equal length take equal room on a page."""
    person = {"given_name": "Eva", "family_name": f"Ek {number}", "organisation": "Org"}
    return confirmed(event, sector, **{**person, "email": f"eva{number}@org.example", **differing})


def seen(person) -> str:
    return digest(actions.shown_of(person))


def approve(person, user) -> None:
    write(actions.approve, person, seen=seen(person), user_id=user.id, now=NOW)


def decline(person, user) -> None:
    refusal = Refusal(DeclineReason.OTHER, "")
    write(actions.decline, person, refusal, seen=seen(person), user_id=user.id, now=NOW)


def test_a_reviewer_reads_nobody_who_is_not_in_review(app, event, time):
    """For confirmed, declined and protected people the answer is the same as for a reference that nobody has."""
    admin, user = make_user(Role.ADMIN, event), reviewer_of(event, "ngo")
    people = [put_in_review(event, "ngo", number) for number in (1, 2)]
    twins = [
        put_in_review(event, "ngo", 3, is_protected=True, real_name="Hemliga"),
        put_in_review(event, "ngo", 4),
    ]
    decline(people[1], admin)
    for person in (people[0], *twins):
        approve(person, admin)
    hidden = [person.reference for person in (*people, *twins, put_in_review(event, "police", 5))]
    pages, organiser = browse(app, user), browse(app, admin)
    for way in WAYS:
        unknown = pages.get(f"{REVIEW}/ABCD-EFGH{way}", expect=404)
        for reference in hidden:
            page = pages.get(f"{REVIEW}/{reference}{way}", expect=404)
            assert without_number(page) == without_number(unknown)
            assert len(page.statements) == len(unknown.statements), (way, hidden.index(reference))
    assert all(person.family_name in organiser.get(f"{REVIEW}/{person.reference}").text for person in people)
    token = pages.get("/account/").soup.select_one("input[name=csrf_token]")["value"]
    sent = {"who": f"{hidden[0]}.{seen(people[0])}", "csrf_token": token}
    assert pages.client.post(f"{REVIEW}/approval", data=sent).status_code == 303
    assert "Ek" not in pages.get(f"{REVIEW}/").text


def test_evidence_leads_a_reviewer_to_nobody_whom_they_may_not_read(app, event, time):
    """The evidence names a confirmed person of the same name, without a link to that person's page."""
    first, second = (put_in_review(event, "ngo", 1, email=f"e{at}@org.example") for at in (1, 2))
    approve(first, make_user(Role.ADMIN, event))
    shown = browse(app, reviewer_of(event, "ngo")).get(f"{REVIEW}/{second.reference}")
    assert "Same name" in shown.text
    assert not [url for url in shown.links.values() if first.reference in url]


def test_after_a_decision_the_page_says_what_was_decided_and_who_is_next(app, event, time):
    """The reviewer can read the person for a day, a colleague cannot; the page leads through the queue to its end."""
    people = [put_in_review(event, "ngo", number) for number in (1, 2, 3)]
    put_in_review(event, "police", 4)
    user, other = reviewer_of(event, "ngo"), reviewer_of(event, "ngo", name="Kim Lind")
    pages, rival = browse(app, user), browse(app, other)
    lost = rival.get(f"{REVIEW}/{people[0].reference}")
    first = pages.get(f"{REVIEW}/{people[0].reference}")
    assert first.h1 == "Decide about Eva Ek 1"
    done = first.form("form[action$=approval]").submit({}, expect=200, follow=True)
    assert done.h1 == "Eva Ek 1"
    assert re.search(r"You approved Eva Ek 1 on .*2027.* Status now: Confirmed", done.text)
    assert "somebody else" not in done.text
    assert done.links["Eva Ek 2"] == f"{REVIEW}/{people[1].reference}"
    assert "You approved" in pages.get(f"{REVIEW}/{people[0].reference}/approval").text
    # The reviewer who had the page open is told that the decision is made, and reads nothing more about the person.
    late = lost.form("form[action$=approval]").submit({}, expect=200, follow=True)
    assert late.path == f"{REVIEW}/"
    assert late.flashes == [
        "Nothing is to be decided: somebody else has decided, or the registration has ended."
    ]
    assert rival.get(f"{REVIEW}/{people[0].reference}", expect=404)
    second = pages.open(done.links["Eva Ek 2"])
    declined = second.form("form[action$=refusal]").submit(
        {"reason": "other", "en": "No."}, expect=200, follow=True
    )
    assert "You declined the registration of Eva Ek 2 on " in declined.text
    approve(people[2], user)
    last = pages.get(f"{REVIEW}/{people[2].reference}")
    assert "Nobody else waits for your decision." in last.text
    by_name = browse(app, make_user(Role.ADMIN, event)).get(f"{REVIEW}/{people[2].reference}")
    assert f"{user.name} approved Eva Ek 3 on " in by_name.text
    time.forward(hours=25)
    pages = browse(app, user)
    assert pages.get(f"{REVIEW}/{people[0].reference}", expect=404)


def test_pages_of_a_reviewer_take_as_many_statements_for_everybody(app, event, time):
    twins = [
        put_in_review(event, "ngo", 1, is_protected=True, real_name="Hemliga"),
        put_in_review(event, "ngo", 2),
    ]
    put_in_review(event, "ngo", 3)
    user = reviewer_of(event, "ngo")
    pages = browse(app, user)
    pages.get(f"{REVIEW}/")

    def count() -> list[int]:
        read = [pages.get(f"{REVIEW}/{one.reference}") for one in twins for _again in range(2)]
        return [len(page.statements) for page in read[1::2]]

    before = count()
    for one in twins:
        approve(one, user)
    after = count()
    assert (len({*before}), len({*after})) == (1, 1), (before, after)
