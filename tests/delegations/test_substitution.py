"""A person names a substitute on the personal page; the substitute confirms, and takes the place under the rules."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.database import start_write
from forum.delegations import queries, substituting
from forum.delegations.models import Substitution
from forum.events.enums import ListAudience, SectorPolicy
from forum.extensions import db
from forum.organisations.actions import Written
from forum.registration import actions, links, separating, uniting
from forum.registration.enums import ConsentPurpose, ListedAs, Status, TokenPurpose
from forum.registration.errors import LinkRefused, OrganisationFull
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, make_applicant, read_care, write
from tests.organisations.test_actions import remove, store
from tests.registration.reading import kinds_for, last_id, newest_mail, queued, recorded
from tools.pages import Pages

NEW = "kim@example.org"
TYPED = {"given_name": "Kim", "family_name": "Lind", "title": "Jurist", "country": "NO", "language": "en"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def person(event):
    clock.freeze(NOW)
    consents = frozenset({ConsentPurpose.PHOTOGRAPHS})
    return confirmed(event, "justice", family_name="Bergström", email="old@example.org", consents=consents)


def open_own_page(pages, person):
    token = write(links.issue, person, TokenPurpose.MANAGE, now=NOW)
    pages.get(f"/en/r/{token}", follow=True)
    return token


def named(person, email=NEW, now=NOW):
    """Name a substitute for the person; return the token of the link mailed to that address."""
    write(substituting.ask, person, email, now=now)
    return newest_mail(person, "substitute-asked").token


def taken_over(token, now=NOW, **differing):
    return write(substituting.confirm, token, make_applicant(email=NEW, **differing), now=now)


def counted(event):
    """Return the event's counter of places, and how many registrations hold one."""
    db.session.refresh(event)
    held = select(func.count()).where(Registration.holds_place, Registration.event_id == event.id)
    return event.taken, db.session.scalar(held)


def test_colleague_takes_over_by_the_link(pages, organiser, event, person):
    start_write(db.session)
    event.participant_list = ListAudience.PUBLIC
    db.session.commit()
    make_question(event, "arrival")
    make_question(event, "diet", care=True)
    old_link = open_own_page(pages, person)
    since = last_id()
    page = pages.get("self_service.show").follow("Let a colleague come instead")
    page = page.submit({"email": NEW}, button="Send the link", follow=True)
    assert page.flashes == [f"A link is on its way to {NEW}. Nothing changes until it is used."]
    assert f"{NEW} has not confirmed yet" in page.text
    assert (queued(since), counted(event)) == ([("substitute-asked", NEW)], (1, 1))
    asked = newest_mail(person, "substitute-asked")
    assert "Bergström" not in asked.text + asked.html
    page = pages.get(asked.address.removeprefix("http://127.0.0.1:8000"))
    assert (person.organisation in page.text, "Bergström" in page.text) == (True, False)
    assert "If you have protected identity: The list of participants shows" in page.text
    assert "and never your real name" in page.text
    assert "Photographs may show your face" in page.text
    page = page.submit({**TYPED, "given_name": ""}, button="Confirm and come instead", expect=422)
    assert page.errors == {"given_name": "Enter your given name"}
    typed = {**TYPED, "is_protected": "y", "real_name": "Alma", "participant_list": "organisation"}
    typed |= {"q-arrival": "By train", "q-diet": "Vegan"}
    page = page.submit(typed, button="Confirm and come instead", expect=303)
    db.session.expire_all()
    new = queries.find_successor(person)
    assert (person.status, person.holds_place, new.status, new.holds_place) == (
        *(Status.CANCELLED, False),
        *(Status.CONFIRMED, True),
    )
    assert counted(event) == (1, 1)
    assert (new.organisation, new.email, new.given_name) == (person.organisation, NEW, "Kim")
    assert new.protected_identity.answer["is_protected"]
    assert read_care(new) == {"diet": "Vegan"}
    assert [(one.purpose, one.listed_as) for one in new.consents] == [
        (ConsentPurpose.PARTICIPANT_LIST, ListedAs.ORGANISATION)
    ]
    with pytest.raises(LinkRefused):
        links.follow(old_link, TokenPurpose.MANAGE, now=NOW)
    assert queued(since)[1:] == [("substituted", "old@example.org"), ("confirmed", NEW)]
    assert pages.get("self_service.show").h1 == "You have a place"
    assert pages.get(f"/en/r/instead/{asked.token}", expect=303).location == "/en/r/"
    assert [act for act, *_ in recorded(person)][-2:] == [
        "registration.substitute_asked",
        "registration.substituted",
    ]
    page = organiser.get("attendees.show", event=event.slug, reference=person.reference)
    assert "Comes instead: Kim Lind" in page.text
    assert "Comes instead of: Åsa Bergström" in page.follow("Kim Lind").text


@pytest.mark.parametrize("status", [Status.WAITING, Status.OFFERED, Status.IN_REVIEW])
def test_rank_offer_and_review_are_taken_over(database, status):
    clock.freeze(NOW)
    policy = SectorPolicy.REVIEW if status == Status.IN_REVIEW else SectorPolicy.OPEN
    event = make_event(sectors=[make_sector("tech", ceiling=1, policy=policy)])
    first, person, behind = (
        confirmed(event, "tech", now=NOW + timedelta(minutes=minutes)) for minutes in range(3)
    )
    if status == Status.OFFERED:
        write(actions.cancel, first, actor="person", now=NOW)
    db.session.refresh(person)
    assert person.status == status
    waited, before = person.waiting_since, counted(event)
    new = taken_over(named(person), given={})
    assert (counted(event), person.status) == (before, Status.CANCELLED)
    kinds = {"waiting": Status.WAITING, "confirmed": Status.OFFERED, "in-review": Status.IN_REVIEW}
    assert kinds[kinds_for(new)[-1]] == status
    if status == Status.WAITING:
        assert (new.waiting_since, new.status) == (waited, Status.WAITING)
    if status == Status.IN_REVIEW:
        assert (new.status, new.review_since) == (Status.IN_REVIEW, NOW)
    db.session.refresh(behind)
    assert behind.status == (Status.IN_REVIEW if status == Status.IN_REVIEW else Status.WAITING)


def test_newcomer_to_a_reviewed_sector_is_reviewed_and_keeps_the_place(database):
    clock.freeze(NOW)
    event = make_event(sectors=[make_sector("tech")], review_days=3)
    person = confirmed(event, "tech")
    start_write(db.session)
    event.sectors[0].policy = SectorPolicy.REVIEW
    db.session.commit()
    new = taken_over(named(person))
    assert (new.status, new.holds_place, new.is_in_review) == (Status.CONFIRMED, True, True)
    assert kinds_for(new) == ["substitute-in-review"]


def test_offer_that_has_run_out_cannot_be_taken_over(pages, database):
    clock.freeze(NOW)
    event = make_event(sectors=[make_sector("tech", ceiling=1)], offer_hours=24)
    first, person = confirmed(event, "tech"), confirmed(event, "tech")
    write(actions.cancel, first, actor="person", now=NOW)
    token = named(person)
    opened = pages.get(f"/en/r/instead/{token}")
    clock.freeze(NOW + timedelta(hours=25))
    page = opened.submit(TYPED, button="Confirm and come instead", expect=409)
    assert "The offered place has run out" in page.text
    assert page.form().data["given_name"] == ["Kim"]
    assert pages.get(f"/en/r/instead/{token}").all("main form") == []


def test_a_registered_address_is_not_told_and_keeps_its_own_registration(pages, event, person):
    other = confirmed(event, "justice", email="taken@example.org")
    open_own_page(pages, person)
    shown = []
    for address in ("taken@example.org", NEW):
        since = last_id()
        page = (
            pages.get("substitutions.ask")
            .form("#naming")
            .submit({"email": address}, button="Send the link", follow=True)
        )
        shown.append([page.flashes[0], page.text.count(address)])
        assert queued(since)[0] == (
            "substitute-registered" if address != NEW else "substitute-asked",
            address,
        )
    assert shown[0][0].replace("taken@example.org", NEW) == shown[1][0]
    assert shown[0][1] == shown[1][1]
    page = (
        pages.get("substitutions.ask")
        .form("#naming")
        .submit({"email": "OLD@example.org"}, button="Send the link", expect=422)
    )
    assert page.errors == {"email": "This is your own address"}
    # A person who registers before confirming the substitution keeps that registration.
    token = newest_mail(person, "substitute-asked").token
    confirmed(event, "justice", email=NEW)
    page = pages.get(f"/en/r/instead/{token}").submit(TYPED, button="Confirm and come instead", expect=409)
    assert "You are registered already" in page.text
    db.session.refresh(person)
    assert (person.status, other.status) == (Status.CONFIRMED, Status.CONFIRMED)


def test_link_ends_by_another_name_by_taking_back_by_time_and_with_the_registration(pages, event, person):
    tokens = [named(person), named(person, "second@example.org")]
    open_own_page(pages, person)
    pages.get("substitutions.ask").submit(button="Take it back", expect=303)
    tokens.append(named(person))
    for token, now in zip(tokens, (NOW, NOW, NOW + timedelta(hours=48)), strict=True):
        with pytest.raises(LinkRefused):
            substituting.follow(token, now=now)
    assert substituting.follow(tokens[2], now=NOW).email == NEW
    write(actions.cancel, person, actor="command", now=NOW)
    with pytest.raises(LinkRefused):
        substituting.follow(tokens[2], now=NOW)
    assert db.session.query(Substitution).count() == 0


def test_link_ends_with_the_registration_that_is_merged_away_also_when_that_is_undone(event, person):
    other = confirmed(event, "tech", email="other@example.org")
    write(substituting.ask, other, "colleague@example.org", now=NOW)
    merge = write(uniting.unite, person, other, (), actor="user:1", now=NOW)
    write(separating.separate, merge, actor="user:1", now=NOW)
    assert (other.status, queries.find_asked(other, NOW)) == (Status.CONFIRMED, None)


def test_nobody_comes_instead_once_answers_are_frozen(pages, database):
    clock.freeze(NOW)
    event = make_event(sectors=[make_sector("tech")], freezes_at=NOW + timedelta(hours=5))
    person = confirmed(event, "tech")
    token = named(person)
    assert queries.find_asked(person, NOW).expires_at == NOW + timedelta(hours=5)
    clock.freeze(NOW + timedelta(hours=5))
    page = pages.get(f"/en/r/instead/{token}", expect=404)
    assert "The day from which registrations are no longer changed has come." in page.text
    open_own_page(pages, person)
    assert "Let a colleague come instead" not in pages.get("self_service.show").links
    pages.get("substitutions.ask", expect=303)


def test_newcomer_who_counts_for_another_organisation_stays_below_its_cap(database):
    """The domain of an address may belong to another organisation than the one that the person has typed."""
    clock.freeze(NOW)
    event = make_event(sectors=[make_sector("tech")], organisation_cap=1)
    beta = store(event, Written("Beta", domains=("example.org",))).organisation
    person, _other = (
        confirmed(event, "tech", organisation="Alfa", email="alfa@example.com"),
        confirmed(event, organisation="Beta", sector="tech"),
    )
    token = named(person)
    with pytest.raises(OrganisationFull):
        taken_over(token)
    db.session.rollback()
    assert (person.status, person.holds_place, counted(event)) == (Status.CONFIRMED, True, (2, 2))
    remove(event, beta)
    new = taken_over(token)
    assert (new.holds_place, counted(event)) == (True, (2, 2))


def test_newcomer_comes_from_the_organisation_of_the_person(database):
    clock.freeze(NOW)
    event = make_event(sectors=[make_sector("tech")])
    person = confirmed(event, "tech", organisation="Alfa")
    new = taken_over(named(person), organisation="Beta")
    assert (new.organisation, new.organisation_key) == ("Alfa", person.organisation_key)


def test_second_press_leads_to_the_own_page_and_elsewhere_says_where_it_is(app, event, person):
    path = f"/en/r/instead/{named(person)}"
    mine, other = Pages(app), Pages(app)
    form = mine.get(path)
    form.submit(TYPED, button="Confirm and come instead", expect=303)
    assert form.submit(TYPED, button="Confirm and come instead", expect=303).location == own_address(mine)
    page = other.get(path, expect=404)
    assert "It has been used: you come instead of your colleague." in page.text
    assert "Kim" not in page.text
    write(actions.cancel, queries.find_successor(person), actor="person", now=NOW)
    assert "It has been used" not in other.get(path, expect=404).text


def own_address(pages):
    return pages.get("self_service.show").path


def test_day_of_freezing_that_is_brought_forward_is_said_before_anything_is_typed(pages, event, person):
    token = named(person)
    form = pages.get(f"/en/r/instead/{token}")
    write(setattr, event, "freezes_at", NOW)
    reason = "The day from which registrations are no longer changed has come."
    assert reason in pages.get(f"/en/r/instead/{token}", expect=404).text
    assert reason in form.submit(TYPED, button="Confirm and come instead", expect=404).text


def test_same_address_is_not_written_to_twice(pages, event, person):
    open_own_page(pages, person)
    since = last_id()
    form = pages.get("substitutions.ask")
    for address in (NEW, NEW.upper()):
        shown = form.submit({"email": address}, button="Send the link", follow=True)
    assert shown.flashes[0].startswith("A link has gone to this address already. It works until ")
    assert queued(since) == [("substitute-asked", NEW)]
    assert substituting.follow(newest_mail(person, "substitute-asked").token, now=NOW)
