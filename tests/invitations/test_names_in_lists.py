"""The names in the list of invitations: those in the registration, so that an alias is not revealed (P20, P21)."""

from datetime import timedelta

import pytest
from flask_babel import force_locale

from forum import clock
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.invitations import actions, answering
from forum.registration import actions as registrations
from forum.registration.applicant import CHANGEABLE, Details
from forum.review import evidence
from forum.review import wording as review_wording
from forum.review.wording import FOR, NEITHER
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, make_applicant, register, write
from tests.invitations.test_invitations import invite, link_of, send_all

REAL = {"given_name": "Riktiga", "family_name": "Namnsson", "organisation": "Riktiga byrån"}
ALIAS = {"given_name": "Alias", "family_name": "", "organisation": "Byrån"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(sectors=[make_sector("tech", position=1), make_sector("ngo", position=2)])


def pages_of(organiser, invitation):
    """Return the texts of the console's pages about an invitation."""
    numbered = [(f"invitations.{act}", {"number": invitation.id}) for act in ("change", "withdraw")]
    return [
        organiser.get(endpoint, event="nf27", **values).text
        for endpoint, values in (("invitations.index", {}), *numbered)
    ]


@pytest.mark.parametrize("is_protected", [True, False])
def test_whoever_registers_by_the_form_is_listed_by_that_name(organiser, event, is_protected):
    invitation = invite(event, "tech", **REAL)
    assert all("Riktiga Namnsson" in text for text in pages_of(organiser, invitation))
    hidden = {"is_protected": is_protected, "real_name": "Riktiga Namnsson" if is_protected else None}
    confirmed(event, "ngo", email="KIM@example.org", **ALIAS, **hidden)
    for text in pages_of(organiser, invitation):
        assert "Riktiga" not in text
        assert "Alias" in text


def test_somebody_who_only_typed_the_address_changes_no_name(organiser, event):
    invitation = invite(event, "tech", **REAL)
    stranger = register(event, "ngo", email="kim@example.org", **ALIAS)
    assert all("Riktiga Namnsson" in text for text in pages_of(organiser, invitation))
    write(registrations.cancel, stranger, actor="user:1", now=NOW)
    assert all("Riktiga Namnsson" in text for text in pages_of(organiser, invitation))


def test_earlier_invitations_and_later_names_follow(organiser, event):
    first = invite(event, "tech", **REAL)
    write(actions.withdraw, first, actor="user:1", now=NOW)
    second = invite(event, "tech", **REAL)
    person = write(answering.accept, second, make_applicant(email=second.email, **ALIAS), now=NOW)
    listed = organiser.get("invitations.index", event="nf27").text
    assert ("Riktiga" in listed, listed.count("Byrån")) == (False, 2)
    answers = {name: getattr(person, name) for name in CHANGEABLE}
    write(registrations.change, person, Details(**{**answers, "given_name": "Ann"}), actor="person", now=NOW)
    assert "Alias" not in organiser.get("invitations.index", event="nf27").text
    write(registrations.cancel, person, actor="person", now=NOW)
    assert "Riktiga" not in organiser.get("invitations.index", event="nf27").text


@pytest.mark.parametrize(
    ("sector", "end", "sign", "text"),
    [
        ("ngo", None, FOR, "Invited on 3 May 2027: Yes"),
        ("ngo", "no", NEITHER, "Invited on 3 May 2027: No"),
        ("tech", None, NEITHER, "Invited on 3 May 2027 to IT and telecom: Yes"),
    ],
)
def test_reviewers_read_what_an_invitation_is_worth(event, sector, end, sign, text):
    write(setattr, event.sectors[1], "policy", SectorPolicy.REVIEW)
    invitation = invite(event, sector)
    if end:
        write(answering.decline, invitation, "", now=NOW)
    person = confirmed(event, "ngo", email=invitation.email)
    told = evidence.gather(event, [person], (), NOW, sectors=None)[person.id]
    with force_locale("en"):
        points = [one for one in review_wording.points(person, told, {}) if one.label == "Invitation"]
    assert [(one.sign, one.text) for one in points] == [(sign, text)]


def test_a_second_press_leads_to_the_own_page_and_an_ended_registration_is_told(pages, event):
    invitation = invite(event, "tech", language="en")
    link = link_of(invitation)
    form = pages.get(f"{link}/yes")
    form.submit({"country": "SE"}, button="Register", expect=303)
    again = form.submit({"country": "SE"}, button="Register", expect=303)
    assert again.headers["Location"].endswith("/en/r/")
    person = invitation.registration
    write(registrations.cancel, person, actor="person", now=NOW)
    ended = pages.get(link).text
    assert "Your registration has ended since" in ended
    assert "Send it again" not in ended
    assert event.contact_email in ended


def test_an_invitation_of_a_hidden_event_says_when_it_is_sent(organiser, event):
    write(setattr, event, "is_published", False)
    page = organiser.get("invitations.invite", event="nf27")
    told = {**REAL, "email": "kim@example.org", "sector": "tech", "language": "sv"}
    done = page.submit(told, button="Send the invitation", follow=True)
    assert done.flashes == ["1 invitation is sent once the event is published."]
    assert send_all() == 0
    invitation = db.session.query(actions.Invitation).one()
    late = invitation.expires_at + timedelta(minutes=1)
    assert write(actions.expire, invitation.id, now=late) == 1
    assert "Expired, never sent" in organiser.get("invitations.index", event="nf27").text
