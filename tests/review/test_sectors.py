"""A reviewer decides about people of their sectors, and learns nothing about those of others (S12, S13)."""

import pytest
from sqlalchemy import select

from forum.accounts import reviewers
from forum.accounts.enums import Role
from forum.accounts.models import Membership, ReviewedSector, User
from forum.audit.models import AuditEntry
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.registration import merging, places
from forum.registration import sectors as sector_rules
from forum.registration.enums import DeclineReason, Status
from forum.registration.merging import Limits
from forum.registration.models import Registration
from forum.registration.reviewing import Refusal
from forum.review import actions
from forum.review.errors import NobodyElse, OutOfSectors
from forum.web.edits import digest
from tests.accounts.reading import mails_to
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.invitations import new_invitation
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tools.organisers import make_user, sign_in
from tools.pages import Pages

HERE = {"event": "nf27"}
REVIEW = "/console/nf27/review"
CHANGE = "/console/nf27/colleagues"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    """Save an event with two reviewed sectors."""
    names = ("ngo", "police")
    sectors = [
        make_sector(name, ceiling=4, policy=SectorPolicy.REVIEW, position=at) for at, name in enumerate(names)
    ]
    return make_event(capacity=8, sectors=sectors, has_second_reviewer=False)


@pytest.fixture
def mine(event):
    """Confirm the address of somebody in the sector of the reviewer."""
    return confirmed(
        event, "ngo", given_name="Eva", family_name="Ek", organisation="Org", email="eva@org.example"
    )


@pytest.fixture
def others(event, mine):
    """Put two people of the same organisation into review in another sector; one has the same name as `mine`."""
    shared = {"organisation": "Org"}
    return [
        confirmed(event, "police", given_name="Eva", family_name="Ek", email="ek@hidden.example", **shared),
        confirmed(
            event, "police", given_name="Dag", family_name="Dold", email="dag@hidden.example", **shared
        ),
    ]


def reviewer_of(event, *keys, **differing) -> User:
    user = make_user(Role.REVIEWER, event, **differing)
    numbers = {sector.id for sector in event.sectors if sector.key in keys}
    write(reviewers.give, user, event, numbers, actor="command", now=NOW)
    return user


def browse(app, user) -> Pages:
    pages = Pages(app)
    sign_in(pages, user)
    return pages


def without_number(page) -> str:
    """Return the text of an error page without the number of the request."""
    return page.text.partition("reference ")[0]


def seen(person) -> str:
    return digest(actions.shown_of(person))


def test_a_reviewer_decides_about_people_of_the_own_sector(app, event, mine, others, time):
    """A reviewer starts at the queue, decides about one person and about many, and finds no link to a closed page."""
    pages = browse(app, reviewer_of(event, "ngo"))
    queue = pages.get("/console/", expect=200, follow=True)
    assert (queue.path, queue.all(".console-side nav li")) == (f"{REVIEW}/", ["Review 1"])
    shown = pages.open(queue.soup.select_one(".review-name a")["href"])
    assert shown.path == f"{REVIEW}/{mine.reference}"
    assert mine.email in shown.text
    assert (mine.phone or "no phone") not in shown.text
    done = shown.form("form[action$=approval]").submit({}, expect=303)
    assert done.location.endswith(f"{REVIEW}/{mine.reference}")
    db.session.expire_all()
    assert mine.status == Status.CONFIRMED
    assert pages.get("/console/nf27/attendees", expect=404)
    assert pages.get(f"/console/nf27/registrations/{mine.reference}", expect=404)
    assert pages.get("/console/nf27/", expect=404)


def test_nothing_of_other_sectors_is_told(app, event, mine, others, time):
    """No URL, queue position, chosen reference, evidence or kind of refusal reveals people of other sectors."""
    write(db.session.add, new_invitation(event, "police", mine.email))
    user = reviewer_of(event, "ngo")
    pages, hidden = browse(app, user), others[1]
    told = ("hidden.example", "Dold", hidden.reference, others[0].reference, "Police", "police")
    chosen = {"who": [f"{hidden.reference}.{seen(hidden)}", f"{mine.reference}.{seen(mine)}"]}
    token = pages.get("/account/").soup.select_one("input[name=csrf_token]")["value"]
    unknown = without_number(pages.get(f"{REVIEW}/ABCD-EFGH", expect=404))
    for way in ("", "/approval", "/refusal", "/refusal/confirmation", "/recusal"):
        assert without_number(pages.get(f"{REVIEW}/{hidden.reference}{way}", expect=404)) == unknown
    for way in ("/approval", "/refusal", "/refusal/confirmation", "/refusal/withdrawal", "/recusal"):
        sent = {"seen": seen(hidden), "csrf_token": token}
        assert pages.client.post(f"{REVIEW}/{hidden.reference}{way}", data=sent).status_code == 404
    read = [
        pages.get(f"{REVIEW}/"),
        pages.get(f"{REVIEW}/?after={hidden.reference}"),
        pages.get(f"{REVIEW}/?before={mine.reference}"),
        pages.get(f"{REVIEW}/{mine.reference}"),
        pages.get(f"{REVIEW}/approval?who={hidden.reference}&who={mine.reference}"),
    ]
    only = {"who": chosen["who"][:1], "reason": "other", "whom": "all", "csrf_token": token}
    for way in ("approval", "refusal", "refusal/confirmation", "refusal/withdrawal"):
        assert pages.client.post(f"{REVIEW}/{way}", data=only).status_code == 303
        read.append(pages.get(f"{REVIEW}/"))
        assert hidden.reference in read[-1].text, "the reference that was sent, and nothing else"
    for page in read:
        words = page.text.replace(f"meanwhile: {hidden.reference}.", "")
        assert [word for word in told if word in words] == [], page.path
    assert [len(page.all(".review")) for page in read[:3]] == [1, 1, 1]
    both = {**only, "who": chosen["who"]}
    assert pages.client.post(f"{REVIEW}/approval", data=both).status_code == 303
    assert "Dold" not in pages.get(f"{REVIEW}/").text
    db.session.expire_all()
    assert (mine.status, hidden.status) == (Status.CONFIRMED, Status.IN_REVIEW)


def test_an_organiser_sees_what_a_reviewer_does_not(app, event, mine, others, time):
    """Control: the evidence of the other sector is there for those who see every sector."""
    shown = browse(app, make_user(Role.ORGANISER, event)).get(f"/console/nf27/registrations/{mine.reference}")
    assert "Same name" in shown.text


def test_the_rules_hold_to_the_sectors_by_themselves(event, mine, others, time):
    """The rules, not only the pages, refuse decisions in other sectors, also in one that the reviewer has just lost."""
    user, hidden = reviewer_of(event, "ngo"), others[0]
    for act in (
        lambda: write(actions.approve, hidden, seen=seen(hidden), user_id=user.id, now=NOW),
        lambda: write(
            actions.decline,
            hidden,
            Refusal(DeclineReason.OTHER, ""),
            seen=seen(hidden),
            user_id=user.id,
            now=NOW,
        ),
        lambda: write(actions.withdraw_refusal, hidden, user_id=user.id, now=NOW),
        lambda: write(actions.recuse, hidden, user_id=user.id, now=NOW),
    ):
        with pytest.raises(OutOfSectors):
            act()
        db.session.rollback()
    write(reviewers.give, user, event, set(), actor="command", now=NOW)
    with pytest.raises(OutOfSectors):
        write(actions.approve, mine, seen=seen(mine), user_id=user.id, now=NOW)


def test_only_reviewers_of_the_sector_count_as_others(event, mine, others, time):
    write(setattr, event, "has_second_reviewer", True)
    user, _elsewhere = reviewer_of(event, "ngo"), reviewer_of(event, "police")
    with pytest.raises(NobodyElse):
        write(actions.recuse, mine, user_id=user.id, now=NOW)
    db.session.rollback()
    reviewer_of(event, "ngo", "police")
    write(actions.recuse, mine, user_id=user.id, now=NOW)


def test_merged_sectors_are_followed_and_removed_ones_are_gone(event, mine, time):
    of_both, of_one = reviewer_of(event, "ngo", "police"), reviewer_of(event, "ngo")
    ngo, police = event.sectors
    empty = save(make_sector("empty", position=3, event_id=event.id))
    db.session.refresh(event)
    lost = reviewer_of(event, "empty")

    def change() -> None:
        places.lock(event)
        merging.merge(ngo, police, Limits(floor=0, ceiling=8), actor="command", now=NOW)
        sector_rules.remove(empty, actor="command", now=NOW)

    write(change)
    left = {user.id: reviewers.find(user.id, event.id) for user in (of_both, of_one, lost)}
    assert left == {of_both.id: {police.id}, of_one.id: {police.id}, lost.id: frozenset()}
    assert db.session.get_one(Registration, mine.id).sector_id == police.id


def test_an_admin_gives_and_changes_sectors(app, event, archive, time):
    """The role of reviewer needs sectors of the event, sectors need that role, and each change is recorded."""
    pages = browse(app, make_user(Role.ADMIN, event))
    ngo, police = (sector.id for sector in event.sectors)
    new = {"email": "kim@example.org", "name": "Kim Lind", "language": "sv", "role": "reviewer"}
    assert pages.post(f"{CHANGE}/new", new, expect=422).errors == {
        "sectors": "Choose at least one sector for the reviewer"
    }
    wrong = {**new, "role": "registrar", "sectors": [str(ngo)]}
    assert "Only the role reviewer" in pages.post(f"{CHANGE}/new", wrong, expect=422).errors["sectors"]
    strange = {"forged": {"sectors": str(archive.sectors[0].id)}}
    assert pages.post(f"{CHANGE}/new", new, expect=422, **strange)
    listed = pages.post(f"{CHANGE}/new", {**new, "sectors": [str(ngo)]}, expect=200, follow=True)
    assert "Reviewer of NGOs" in listed.text
    kim = db.session.scalars(select(User).where(User.email == "kim@example.org")).one()
    write(setattr, kim, "password_hash", "set")
    mine = browse(app, kim)
    form = pages.get(f"{CHANGE}/{kim.id}/roles")
    assert form.submit({"here": ["reviewer"], "sectors": [str(ngo)]}, expect=303)
    assert mine.get("/account/")
    form = pages.get(f"{CHANGE}/{kim.id}/roles")
    assert form.submit({"here": ["reviewer"], "sectors": [str(police)]}, expect=303)
    assert reviewers.find(kim.id, event.id) == {police}
    # A change of sectors ends the sign-ins, as a change of roles does (S06): the page and the mail say so.
    assert mine.get("/account/", expect=303).location.startswith("/account/sign-in")
    assert "Du har loggats ut" in mails_to(kim)[-1].text
    noted = select(AuditEntry).where(AuditEntry.action == "account.sectors_given").order_by(AuditEntry.id)
    assert [entry.details.payload["sectors"] for entry in db.session.scalars(noted)] == [["ngo"], ["police"]]
    # The form takes the role away and leaves the sectors ticked: the sectors are deleted, too.
    form = pages.get(f"{CHANGE}/{kim.id}/roles")
    assert form.submit({"here": ["viewer"], "sectors": [str(police)]}, expect=303)
    assert db.session.scalars(select(ReviewedSector.sector_id)).all() == []
    assert {
        each.role for each in db.session.scalars(select(Membership).where(Membership.user_id == kim.id))
    } == {Role.VIEWER}
