"""The queue of reviews, deciding on a person's page or about many at once, and what people read about their review."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.audit.models import AuditEntry
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.registration import actions as registration_actions
from forum.registration import reviewing
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.review import actions
from forum.web.edits import digest
from tests.factories.events import NOW, make_archive, make_event, make_sector
from tests.factories.registrations import confirmed, register_elsewhere, write
from tests.registration.filling import checked, manage_token
from tests.registration.reading import kinds_for, newest_mail
from tools.pages import Pages

HERE = {"event": "nf27"}
RECUSED = (
    "You have left the decision about this person to others,"
    " so you can neither cancel nor merge the registration."
)


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def event(database):
    """Save an event with a reviewed sector of two places and a promise of ten days."""
    sectors = [make_sector("other", ceiling=2, policy=SectorPolicy.REVIEW), make_sector("ngo", ceiling=5)]
    return make_event(capacity=5, sectors=sectors, organisation_cap=2, review_days=10)


@pytest.fixture
def people(event):
    """Confirm the addresses of three people in the reviewed sector, an hour apart."""
    return [
        confirmed(event, "other", family_name=name, given_name="Eva", now=NOW + timedelta(hours=number))
        for number, name in enumerate(("Ek", "Berg", "Dal"))
    ]


def status(person):
    db.session.rollback()
    return db.session.get_one(Registration, person.id).status


def of(person):
    return {**HERE, "reference": person.reference}


def test_queue_shows_the_longest_waiting_first_with_evidence(organiser, sign_in_as, event, people):
    archive = make_archive(sectors=[make_sector("other")])
    register_elsewhere(archive, "other", email=people[0].email)
    page = organiser.get("review.index", **HERE)
    assert page.all(".review-name") == ["Ek, Eva", "Berg, Eva", "Dal, Eva"]
    assert "Answer promised by 13 May 2027" in page.text
    assert "This is its 1st place of at most 2" in page.text
    assert "Other: 0 of at most 2 taken, 2 are free" in page.text
    assert "Nordic Forum 2016" not in page.text  # the reviewer has no role for this event
    assert page.links["Review 3"] == "/console/nf27/review/"
    clock.freeze(later := NOW + timedelta(days=11))
    organiser = sign_in_as(event=event, at=later)
    overview = organiser.get("console.overview", **HERE)
    assert "Eva Ek has waited longest, since 3 May 2027. 3 answers are later than promised." in overview.text
    assert "Answer was promised by 13 May 2027" in organiser.get("review.index", **HERE).text


def test_the_place_is_told_as_a_seat_in_swedish(sign_in_as, event, people):
    page = sign_in_as(event=event, language="sv").get("review.index", **HERE)
    (told,) = {line for line in page.all("[class^=evidence-]") if "Plats" in line and "lediga" in line}
    assert told.endswith("Plats Övriga: 0 av högst 2 tagna, 2 är lediga")


def test_an_empty_queue_says_what_to_do(organiser, event):
    assert "stand here once their address is confirmed" in organiser.get("review.index", **HERE).text
    write(setattr, event.sectors[0], "policy", SectorPolicy.OPEN)
    page = organiser.get("review.index", **HERE)
    assert page.links["Choose who gets in for each sector"] == "/console/nf27/settings/sectors"


def test_a_person_is_approved_on_their_page_and_the_later_reviewer_is_told(
    organiser, sign_in_as, event, people
):
    first = organiser.get("attendees.show", **of(people[0]))
    assert first.h1 == "Eva Ek"
    assert "Message: Confirm your address, no place held" in first.all(".timeline-title")
    other = sign_in_as(event=event).get("attendees.show", **of(people[0]))
    done = submit(first, "approval", {"en": "Welcome to us."})
    assert done.flashes == ["Approved. The person has a place. A message is on its way to the person."]
    assert (status(people[0]), kinds_for(people[0])[-1]) == (Status.CONFIRMED, "approved")
    assert "Welcome to us." in newest_mail(people[0]).text
    late = submit(other, "refusal", {"reason": "off_subject"})
    told = "Nothing was changed: it has been decided or has ended meanwhile. It stands at “Confirmed” now."
    assert (late.flashes, status(people[0])) == ([told], Status.CONFIRMED)
    assert "Approved" in late.all(".timeline-title")


def test_whoever_decides_on_a_persons_page_gets_the_person_who_waits_next(sign_in_as, event, people):
    clock.freeze(later := NOW + timedelta(hours=3))
    organiser, other = (sign_in_as(event=event, at=later) for _each in range(2))
    first = organiser.get("attendees.show", **of(people[0]))
    assert "Next in the queue" not in first.text
    second = submit(first, "approval", {"en": "Welcome."}).follow("Eva Berg")
    assert second.h1 == "Eva Berg"
    left = organiser.get("review.recuse", **of(people[1])).submit(expect=200, follow=True)
    assert "Next in the queue: Eva Dal" in left.text
    last = submit(left.follow("Eva Dal"), "refusal", {"reason": "off_subject"})
    assert "Nobody else waits for your decision." in last.text
    seen = other.get("attendees.show", **of(people[0])).text
    assert ("Next in the queue" in seen, "waits for your decision" in seen) == (False, False)


def submit(page, act, values):
    """Send the form of this act on a person's page, and return the page that follows."""
    return page.form(f'form[action$="{act}"]').submit(values, follow=True, expect=200)


def test_a_refusal_needs_a_reason_and_the_person_reads_it(organiser, app, event, people):
    page = organiser.post("review.decline", {"reason": ""}, expect=422, **of(people[0]))
    assert page.errors == {"reason": "Choose a reason"}
    page = organiser.post("review.decline", {"reason": "other"}, expect=422, **of(people[0]))
    assert page.errors == {"refusal-en": "Say the reason in your own words"}
    said = {"reason": "other_sector", "en": "Try the NGOs.\n\nSee you."}
    done = organiser.post("review.decline", said, follow=True, expect=200, **of(people[0]))
    assert done.flashes == ["Declined. A message with the reason is on its way to the person."]
    own = Pages(app)
    page = own.get("self_service.enter", token=newest_mail(people[0], "declined").token, follow=True)
    assert page.h1 == "Your registration was declined"
    assert "another sector fits better" in page.text
    assert "Try the NGOs." in page.text
    assert "Try the NGOs." in own.get("self_service.own_data_page").text


def test_a_second_organiser_confirms(organiser, sign_in_as, event, people):
    second = sign_in_as(event=event)
    write(setattr, event, "has_second_reviewer", True)
    proposed = organiser.post(
        "review.decline", {"reason": "off_subject", "en": "Sorry."}, follow=True, expect=200, **of(people[0])
    )
    assert proposed.flashes == [
        "The refusal is proposed. Another organiser confirms it before anything is sent."
    ]
    assert "Another organiser confirms the refusal that you proposed." in proposed.text
    queue = second.get("review.index", **HERE).text
    assert re.search(r"Organiser \d+ proposes to decline: confirm or not", queue)
    page = second.get("review.confirm_refusal", **of(people[0]))
    assert "Sorry." in page.text
    assert submit(page, "confirmation", {}).flashes[0].startswith("Declined.")
    assert status(people[0]) == Status.DECLINED
    organiser.post("review.decline", {"reason": "off_subject"}, **of(people[1]))
    withdrawn = submit(organiser.get("attendees.show", **of(people[1])), "withdrawal", {})
    assert withdrawn.flashes == ["The proposed refusal is withdrawn. The registration stays in review."]
    left = second.post("review.recuse", follow=True, expect=200, **of(people[1]))
    assert "You know this person and have left the decision to others." in left.text
    assert left.soup.select('form[action*="/review/"]') == []


def test_many_are_decided_about_after_a_page_that_says_who(organiser, sign_in_as, event, people):
    chosen = [one.reference for one in people[::-1]]
    page = organiser.get("review_many.approve", **HERE, who=chosen)
    assert page.h1 == "Approve 3 registrations?"
    assert "2 people get a place at once." in page.text
    assert "For 1 person no place is free now." in page.text
    assert [words.split(",")[0] for words in page.all("main ol li")] == ["Eva Ek", "Eva Berg", "Eva Dal"]
    # Before the button is pressed, another organiser decides about one of the chosen people, and another of them
    # cancels.
    shown = digest(actions.shown_of(people[0]))
    judge = sign_in_as(event=event)
    judge.post("review.decline", {"reason": "off_subject"}, **of(people[0]))
    assert shown
    done = page.submit({"whom": "with_place"}, follow=True, expect=200)
    assert done.flashes == [
        "2 people have a place.",
        f"Decided or ended meanwhile: Eva Ek ({people[0].reference}).",
    ]
    assert [status(one) for one in people] == [Status.DECLINED, Status.CONFIRMED, Status.CONFIRMED]
    late = [confirmed(event, "other") for _ in range(2)]
    page = organiser.get("review_many.approve", **HERE, who=[one.reference for one in late])
    done = page.submit({"whom": "with_place"}, follow=True, expect=200)
    stay = ", ".join(f"{one.given_name} {one.family_name} ({one.reference})" for one in late)
    assert done.flashes == [f"In review as before, because no place is free: {stay}."]
    write(registration_actions.cancel, late[0], actor="person", now=NOW)
    page = organiser.get("review_many.decline", **HERE, who=[one.reference for one in late])
    done = page.submit({"reason": "too_few_places"}, follow=True, expect=200)
    assert (done.flashes, status(late[1])) == (["1 person is declined."], Status.DECLINED)
    nobody = organiser.get("review_many.approve", **HERE, follow=True)
    assert nobody.flashes == ["Choose at least one person about whom you can decide."]


def test_cancelling_is_no_way_around_a_review(organiser, sign_in_as, event, people):
    sign_in_as(event=event)
    stale, last = (organiser.get("attendees.cancel", **of(one)) for one in people[::2])
    organiser.post("review.recuse", **of(people[0]))
    assert RECUSED in stale.submit({"words": "Bye."}, expect=409).text
    approve(people[2])
    again = last.submit({"words": "Bye."}, expect=409)
    assert "The registration has changed since you opened this page." in again.text
    assert (again.form().data["words"], "The place becomes free" in again.text) == (["Bye."], True)
    again.submit(button="Cancel the registration", expect=303)
    write(setattr, event, "has_second_reviewer", True)
    page = organiser.get("attendees.cancel", **of(people[1]))
    assert (
        "A refusal needs a second organiser, so you can neither cancel nor merge the registration on your own."
        in page.text
    )
    assert page.soup.select("form.form") == []
    assert [status(one) for one in people] == [Status.IN_REVIEW, Status.IN_REVIEW, Status.CANCELLED]


def test_moving_is_no_way_around_a_recusal(organiser, sign_in_as, event, people):
    sign_in_as(event=event)
    stale = organiser.get("attendee_moves.sector", **of(people[0]))
    organiser.post("review.recuse", **of(people[0]))
    told = "You have left the decision about this person to others, so you cannot move the registration."
    assert told in stale.submit({"sector": "ngo"}, expect=409).text
    page = organiser.get("attendee_moves.sector", **of(people[0]))
    assert (told in page.text, page.soup.select("main form")) == (True, [])
    organiser.get("attendee_moves.sector", **of(people[1])).submit({"sector": "ngo"}, expect=303)
    assert [status(one) for one in people[:2]] == [Status.IN_REVIEW, Status.CONFIRMED]


def test_merging_is_no_way_around_a_review(organiser, sign_in_as, event, people):
    sign_in_as(event=event)
    approve(people[2])
    first, second, kept = people
    stale = merging(organiser, first, kept)
    turned = merging(organiser, kept, first)
    organiser.post("review.recuse", **of(first))
    for page in (stale, turned):
        refused = page.submit({"taken": ["family_name", "organisation"]}, expect=409)
        assert (RECUSED in refused.text, refused.soup.select("form.form")) == (True, [])
    later = merging(organiser, second, kept)
    write(setattr, event, "has_second_reviewer", True)
    told = "A refusal needs a second organiser, so you can neither cancel nor merge the registration on your own."
    assert told in later.submit({"taken": ["family_name", "organisation"]}, expect=409).text
    page = merging(organiser, first, second)
    assert "You cannot merge these two before the review is decided." in page.text
    assert [item.get_text(" ", strip=True) for item in page.soup.select("main li")] == [
        f"{one.reference} : {why}" for one, why in ((first, RECUSED), (second, told))
    ]
    assert [status(one) for one in people] == [Status.IN_REVIEW, Status.IN_REVIEW, Status.CONFIRMED]
    assert kept.family_name == "Dal"
    write(setattr, event, "has_second_reviewer", False)
    merging(organiser, second, kept).submit({"taken": ["family_name"]}, expect=303)
    assert (status(second), kept.family_name) == (Status.CANCELLED, "Berg")


def test_merging_ends_no_review_of_a_change_either(organiser, sign_in_as, event, people):
    """An approved person who has changed the organisation keeps the place, and waits for a decision nevertheless."""
    sign_in_as(event=event)
    for person in people[:2]:
        approve(person)
    changed, other = people[:2]
    write(reviewing.begin_again, changed, {"organisation"}, now=NOW)
    organiser.post("review.recuse", **of(changed))
    page = merging(organiser, other, changed)
    assert (RECUSED in page.text, page.soup.select("form.form")) == (True, [])


def merging(organiser, one, other):
    return organiser.get("attendee_merges.merge", **of(one), other=other.reference)


def test_promise_stands_where_it_is_true(pages, app, event, frozen):
    form = pages.get("registration.details", sector="other")
    promise = "You will have an answer within 10 days of confirming your address."
    assert promise in form.text
    assert promise not in pages.get("registration.details", sector="ngo").text
    page = checked(pages, "other").submit(button="Register", follow=True, expect=200)
    assert promise in page.text
    assert "you join the waiting list" not in page.text
    registration = db.session.query(Registration).one()
    assert promise in newest_mail(registration).text
    write(registration_actions.confirm, registration, now=NOW)
    assert (
        "You will have an answer by 13 May 2027 at the latest." in newest_mail(registration, "in-review").text
    )
    own = Pages(app)
    page = own.get("self_service.enter", token=manage_token(registration), follow=True)
    assert "You will have an answer by 13 May 2027 at the latest." in page.text
    clock.freeze(NOW + timedelta(days=11))
    page = own.get("self_service.enter", token=manage_token(registration), follow=True)
    assert "We promised an answer by 13 May 2027 and are late." in page.text


def test_a_person_is_told_before_a_change_that_begins_a_review(app, organiser, event, people, frozen):
    approve(people[0])
    own = Pages(app)
    own.get("self_service.enter", token=manage_token(people[0]), follow=True)
    assert "they review yours once more. You keep your place meanwhile" in own.get("self_service.change").text
    page = own.post("self_service.change", {"family_name": "Ny"}, follow=True, expect=200)
    assert (page.h1, "Your registration is being reviewed" in page.text) == ("You have a place", True)


def approve(person):
    write(actions.approve, person, seen=digest(actions.shown_of(person)), user_id=1, now=NOW)


def change(app, person, **answers):
    """Change a person's answers on their own page."""
    own = Pages(app)
    own.get("self_service.enter", token=manage_token(person), follow=True)
    own.post("self_service.change", answers, follow=True, expect=200)


def test_words_in_a_language_that_the_person_no_longer_reads_decide_nothing(organiser, app, event, people):
    one = organiser.get("attendees.show", **of(people[0]))
    many = organiser.get("review_many.decline", **HERE, who=[people[0].reference])
    change(app, people[0], language="sv")
    words = {"reason": "off_subject", "en": "Important."}
    done = submit(one, "refusal", words)
    assert done.flashes == [
        "Nothing was changed: the person’s answers are others than your page showed. Look again."
    ]
    name = f"{people[0].given_name} {people[0].family_name}"
    left = f"Changed since your page showed it. Look again: {name} ({people[0].reference})."
    assert many.submit(words, follow=True, expect=200).flashes == [left]
    assert status(people[0]) == Status.IN_REVIEW


def test_what_a_change_was_before_stands_beside_the_decision_about_it(organiser, app, event, people, frozen):
    # This name cannot appear by chance in the sealed values of the audit trail, which are base64 text.
    write(setattr, people[0], "family_name", "Ekwall-Öst")
    approve(people[0])
    before = people[0].organisation
    change(app, people[0], family_name="Ny", title="Chief")
    clock.freeze(NOW + timedelta(minutes=1))
    change(app, people[0], family_name="", organisation="The new bureau")
    told = ["Look at this: Family name “Ekwall-Öst” was removed"]
    told.append(f"Look at this: Organisation “{before}” became “The new bureau”")
    for page in (
        organiser.get("attendees.show", **of(people[0])),
        organiser.get("review.approve", **of(people[0])),
        organiser.get("review.decline", **of(people[0])),
    ):
        assert [words.lstrip("!– ") for words in page.all(".evidence li")][:2] == told
        lead = f"Chief, The new bureau · Other · Sweden · {people[0].reference}"
        assert page.all(".console-title > p.muted") == [lead]
    assert "Ekwall-Öst" not in str(
        [entry.details.payload for entry in db.session.scalars(select(AuditEntry)).unique()]
    )
    clock.freeze(NOW + timedelta(minutes=2))
    approve(people[0])
    change(app, people[0], given_name="Evy")
    points = organiser.get("attendees.show", **of(people[0])).all(".evidence li")
    assert points[0].lstrip("!– ") == "Look at this: Given name “Eva” became “Evy”"
    assert "Organisation “" not in str(points)


def test_decision_about_a_protected_person_looks_like_that_about_a_twin(organiser, event):
    """Evidence, decisions, mails and the record reveal nobody's protection (P21)."""
    same = {"family_name": "Berg", "organisation": "Byrån"}
    twins = [
        confirmed(event, "other", email="one@example.org", is_protected=True, real_name="Hemliga", **same),
        confirmed(event, "other", email="two@example.org", **same),
    ]
    shown = [organiser.get("attendees.show", **of(one)).all(".decision") for one in twins]
    rows = organiser.get("review.index", **HERE).all(".review")
    read = [[] for _ in twins]
    for told, one, panel, row in zip(read, twins, shown, rows, strict=True):
        organiser.post("review.decline", {"reason": "too_few_places"}, **of(one))
        page = organiser.get("attendees.show", **of(one))
        told += [*panel, row, *page.all(".timeline, .status"), newest_mail(one, "declined").text]
    for told, one in zip(read, twins, strict=True):
        own = re.compile(f"{one.reference}|http\\S+")
        told[:] = [own.sub("OWN", words) for words in told]
    assert "Hemliga" not in str(read)
    assert read[0] == read[1]
