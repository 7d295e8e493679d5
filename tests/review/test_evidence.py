"""What organisers know of an organisation, as evidence beside a person who waits for a decision."""

from datetime import timedelta

import pytest
from flask_babel import force_locale

from forum.audit.actions import record
from forum.audit.queries import REGISTRATION_RECEIVED
from forum.events.queries import find_sector
from forum.invitations import actions
from forum.invitations.actions import Invitee, Terms
from forum.invitations.answering import accept
from forum.organisations import actions as organisations
from forum.organisations.actions import Written
from forum.registration import actions as registrations
from forum.registration import by_hand, new_address, places, reviewing
from forum.registration.applicant import CHANGEABLE, Details
from forum.review import evidence, wording
from tests.factories.events import NOW, make_archive, make_event, make_sector
from tests.factories.invitations import new_invitation
from tests.factories.registrations import confirmed, make_applicant, register, register_elsewhere, write
from tests.factories.saving import save
from tests.registration.reading import newest_mail
from tools.organisers import make_user

ORGANISER = "user:1"  # how the audit trail names the first account


def test_known_domains_other_names_and_the_organisations_cap_stand_beside_a_person(make_app, sqlite_url):
    with make_app(sqlite_url).app_context(), force_locale("en"):
        event = make_event(capacity=5, sectors=[make_sector("justice", ceiling=5, policy="review")])
        people = [
            confirmed(event, organisation=name, email=address, is_protected=is_protected)
            for name, address, is_protected in (
                ("Polisen", "a@police.example", False),
                ("Police", "b@mail.police.example", True),
                ("Polisen", "c@elsewhere.example", False),
                ("North district", "d@police.example", True),
            )
        ]
        written = Written("Polisen", ("Police",), ("police.example",), cap=1)
        write(
            lambda: [places.lock(event), organisations.store(event, None, written, actor="command", now=NOW)]
        )
        told = evidence.gather(event, people, (), NOW, sectors=None)
        said = [
            [point.text for point in wording.points(person, told[person.id], {})][:2] for person in people
        ]
    first = "This is its 1st place of at most 1"
    assert said == [
        ["@police.example is a mail domain of the organisation", first],
        ["@mail.police.example is a mail domain of the organisation", f"Counts for Polisen. {first}"],
        ["@elsewhere.example, but the organisation’s mail is at @police.example", first],
        ["@police.example is a mail domain of the organisation", f"Counts for Polisen. {first}"],
    ]


def known_domains(event, organisation):
    """Return the domains with which a newcomer of the organisation is compared."""
    person = confirmed(event, "other", organisation=organisation)
    return evidence.gather(event, [person], (), NOW, sectors=None)[person.id].known_domains


@pytest.fixture
def open_to_all(make_app, database_url):
    """Save an event with a reviewed sector and an open one."""
    with make_app(database_url).app_context():
        make_user()
        sectors = [make_sector("other", ceiling=9, policy="review"), make_sector("ngo", ceiling=9)]
        yield make_event(capacity=18, sectors=sectors)


def add_by_hand(event, organisation, email):
    details = Details("Bo", "Ek", organisation, "Advokat", "SE", "sv", None)
    sector, why = find_sector(event, "ngo"), {"reason": "Telephoned.", "may_wait": False}
    added = write(lambda: by_hand.add(event, sector, details, email=email, actor=ORGANISER, now=NOW, **why))
    write(lambda: new_address.confirm(newest_mail(added, "new-address").token, now=NOW))
    return added


def test_the_reference_of_somebody_without_an_address_is_no_mail_domain(open_to_all):
    """Nobody is warned against for having no address, nor makes a domain of the organisation known by it."""
    sector = find_sector(open_to_all, "ngo")
    why = {"reason": "Telephoned.", "may_wait": False, "actor": ORGANISER, "now": NOW}
    bo, gun = (
        write(by_hand.add, open_to_all, sector, Details(name, "Ek", "Polisen", "", "SE", "en", None), **why)
        for name in ("Bo", "Gun")
    )
    assert bo.email_canonical == bo.reference
    before = mail_points(open_to_all, gun)
    written = Written("Polisen", (), ("police.example",), cap=None)
    write(
        lambda: [
            places.lock(open_to_all),
            organisations.store(open_to_all, None, written, actor="command", now=NOW),
        ]
    )
    assert before == mail_points(open_to_all, gun) == [("neither", "E-mail", "No address")]
    assert known_domains(open_to_all, "Polisen") == set()


def mail_points(event, person):
    """Return the evidence about a person's address."""
    told = evidence.gather(event, [person], (), NOW, sectors=None)[person.id]
    with force_locale("en"):
        points = [(one.sign, one.label, one.text) for one in wording.points(person, told, {})]
    return [point for point in points if point[1] in ("E-mail", "Same address")]


def test_nobody_makes_a_domain_known_by_registering(open_to_all):
    approved, by_themselves = (
        confirmed(open_to_all, sector, organisation="Polisen", email=email)
        for sector, email in (("other", "a@approved.example"), ("ngo", "b@evil.example"))
    )
    assert known_domains(open_to_all, "Polisen") == set()
    write(lambda: reviewing.approve(approved, actor=ORGANISER, now=NOW))
    add_by_hand(open_to_all, "Polisen", "c@added.example")
    for named, email in (
        ("POLISEN", "d@invited.example"),
        ("Exempelstads tingsrätt", "e@another.example"),
        ("", "f@unnamed.example"),
    ):
        invitation = save(new_invitation(open_to_all, "ngo", email, organisation=named))
        write(accept, invitation, make_applicant(organisation="Polisen", email=email), now=NOW)
    known = {"approved.example", "added.example", "invited.example"}
    assert known_domains(open_to_all, "Polisen") == known
    assert by_themselves.status == "confirmed"


def test_an_invitation_that_an_earlier_version_recorded_vouches_for_nobody(open_to_all):
    """Earlier versions recorded `invited` whatever organisation the person had typed."""
    known = []
    for key in ("invited", "invited_for"):
        person = confirmed(
            open_to_all, "ngo", organisation="Polisen", email=f"a@{key.replace('_', '-')}.example"
        )
        write(
            lambda who=person, told=key: record(
                REGISTRATION_RECEIVED, who, actor="person", at=NOW, **{told: True}
            )
        )
        known.append(known_domains(open_to_all, "Polisen"))
    assert known == [set(), {"invited-for.example"}]


def test_a_held_place_makes_no_domain_known_before_organisers_have_decided(open_to_all):
    """A person who answers an invitation under another name gets the held place, but is reviewed."""
    invitee = Invitee("Kim", "Andersen", "d@invited.example", "Polisen", "en", "")
    terms = Terms(NOW + timedelta(days=14), holds_place=True)
    sector = find_sector(open_to_all, "other")
    invitation = write(lambda: actions.invite(open_to_all, sector, invitee, terms, user_id=1, now=NOW))
    guest = make_applicant(organisation="Polisen", email="d@invited.example")
    person = write(lambda: accept(invitation, guest, now=NOW))
    assert (person.status, person.is_in_review) == ("confirmed", True)
    assert known_domains(open_to_all, "Polisen") == set()
    write(lambda: reviewing.approve(person, actor=ORGANISER, now=NOW))
    assert known_domains(open_to_all, "Polisen") == {"invited.example"}


def test_an_address_or_organisation_that_a_person_changes_afterwards_is_not_known(open_to_all):
    moved, renamed = (
        add_by_hand(open_to_all, organisation, email)
        for organisation, email in (("Polisen", "a@police.example"), ("Evil", "b@evil.example"))
    )
    assert known_domains(open_to_all, "Polisen") == {"police.example"}
    write(lambda: new_address.ask(moved, "a@evil.example", actor="person", now=NOW))
    write(lambda: new_address.confirm(newest_mail(moved, "new-address").token, now=NOW))
    answers = {name: getattr(renamed, name) for name in CHANGEABLE} | {"organisation": "Polisen"}
    write(lambda: registrations.change(renamed, Details(**answers), actor="person", now=NOW))
    assert known_domains(open_to_all, "Polisen") == set()
    written = {name: getattr(moved, name) for name in CHANGEABLE} | {"title": "Chef"}
    write(lambda: registrations.change(moved, Details(**written), actor=ORGANISER, now=NOW))
    assert known_domains(open_to_all, "Polisen") == set()


def test_an_unconfirmed_address_is_neither_colleague_nor_namesake(open_to_all):
    archive = make_archive(sectors=[make_sector("ngo", ceiling=9)])
    mine = {"organisation": "Polisen", "given_name": "Eva", "family_name": "Ek"}
    pending = register(open_to_all, "ngo", **mine)
    person = confirmed(open_to_all, "other", **mine)
    assert (pending.status, pending.holds_place) == ("pending", True)
    assert evidence.gather(open_to_all, [person], (), NOW, sectors=None)[person.id].same_name is None
    abroad = confirmed(open_to_all, "ngo", **mine)
    assert evidence.gather(open_to_all, [person], (), NOW, sectors=None)[person.id].same_name.id == abroad.id
    elsewhere = register_elsewhere(archive, "ngo", **mine)
    there = evidence.gather(open_to_all, [person], {archive.id}, NOW, sectors=None)[person.id]
    assert there.colleagues == {archive.id: 1}
    here = evidence.gather(archive, [elsewhere], {open_to_all.id}, NOW, sectors=None)[elsewhere.id]
    # The registration with an unconfirmed address does not count.
    assert here.colleagues == {open_to_all.id: 1}
