"""Forwarding ends an invitation and makes one for a colleague; it reveals nobody, and no address gets two mails."""

from datetime import timedelta

import pytest
from flask_babel import force_locale

from forum import clock
from forum.audit.models import AuditEntry
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.invitations import actions, answering, forwarding
from forum.invitations.enums import InvitationState
from forum.invitations.errors import NotForwardable, NotOpen
from forum.invitations.forwarding import Colleague
from forum.invitations.models import Invitation
from forum.outbox.enums import MessageStatus
from forum.privacy import erasing, hanging
from forum.registration import expiry
from forum.registration.bare_hold_models import BareHold
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.review import evidence
from forum.review.vouching import find_vouched
from forum.review.wording import NEITHER, points
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, make_applicant, write
from tests.invitations.test_holding import counters
from tests.invitations.test_invitations import FILLED, invite, last_mail, link_of, path_in, send_all
from tests.invitations.test_reminding import remind_all

ALLOWED = {"may_forward": True}
HELD = {"may_forward": True, "holds_place": True}
KARI = Colleague("Kari", "Nordmann", "kari@example.org", "Exempelstads tingsrätt", "en")
NAMED = {"given_name": "Kari", "email": "kari@example.org", "language": "en"}
BUTTON = "Låt en kollega komma i stället …"
PASSED_ON = "Du har lämnat inbjudan vidare"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(
        capacity=4,
        sectors=[
            make_sector("justice", ceiling=2, position=1, policy=SectorPolicy.INVITATION),
            make_sector("ngo", ceiling=4, position=2, policy=SectorPolicy.REVIEW),
            make_sector("tech", ceiling=2, position=3),
        ],
    )


def forward(invitation, colleague=KARI, now=NOW):
    write(forwarding.forward, invitation, colleague, now=now)
    return invitation.forwarded_to


def of(email):
    return db.session.query(Invitation).filter_by(email=email).all()


def test_a_colleague_comes_instead_with_the_place_and_the_old_link_is_dead(organiser, pages, event):
    page = organiser.get("invitations.invite", event="nf27")
    told = {**FILLED, "holds_place": "y", "may_forward": "y", "remind_days": "3"}
    page.submit(told, button="Send the invitation", expect=303)
    send_all()
    mail = last_mail()
    assert mail.text.count("anmäla en kollega") == mail.html.count("anmäla en kollega") == 1
    link = path_in(mail.text)
    form = pages.get(link).submit({}, button=BUTTON, follow=True)
    assert "Kim Andersen" in form.text
    assert form.submit({**NAMED, "email": "KIM@example.org"}, button="Bjud in min kollega", expect=422).errors
    done = form.submit(NAMED, button="Bjud in min kollega", follow=True)
    assert done.h1 == PASSED_ON
    first, second = db.session.query(Invitation).order_by(Invitation.id)
    assert (first.state, first.forwarded_to, second.from_colleague) == ("forwarded", second, True)
    assert (second.sector, second.expires_at, second.organisation) == (
        first.sector,
        first.expires_at,
        first.organisation,
    )
    assert (second.words, second.may_forward, second.remind_at) == ("", False, first.remind_at)
    assert counters(event) == {"justice": (1, 1), "all": 1}
    assert [pages.get(f"{link}{act}").h1 for act in ("", "/yes", "/no", "/colleague")] == [PASSED_ON] * 4
    form.submit({**NAMED, "email": "third@example.org"}, button="Bjud in min kollega", expect=409)
    assert db.session.query(Invitation).count() == 2

    send_all()
    mail = last_mail()
    assert (mail.row.recipient, mail.row.language) == ("kari@example.org", "en")
    assert "Kim Andersen was invited to" in mail.text
    assert "Kim Andersen was invited to" in mail.html
    assert "Vi hoppas" not in mail.text
    link = path_in(mail.text.replace("/en/r/", "/sv/r/"))
    shown = pages.get(link)
    assert "En kollega som var inbjuden" in shown.text
    assert "Kim" not in shown.text
    assert BUTTON not in shown.text
    assert pages.get(f"{link}/colleague", expect=303).headers["Location"].endswith(link)
    listed = organiser.get("invitations.index", event="nf27")
    assert listed.all(".status") == ["Not sent yet", "Passed on"]
    assert "To Kari" in listed.text
    assert "Passed on 1" in " ".join(organiser.get("console.overview", event="nf27").text.split())
    pages.get(f"{link}/yes").submit({"country": "SE"}, button="Anmäl dig", expect=303)
    assert (second.state, second.registration.status) == ("yes", Status.CONFIRMED)
    assert counters(event) == {"justice": (1, 0), "all": 1}


def test_nobody_passes_on_what_organisers_have_not_allowed(organiser, pages, event):
    invitation = invite(event, terms=ALLOWED)
    form = pages.get(f"{link_of(invitation)}/colleague")
    write(mark_all_sent)
    page = organiser.get("invitations.change", event="nf27", number=invitation.id)
    page.submit({"may_forward": None}, button="Save the invitation", expect=303)
    refused = form.submit(NAMED, button="Bjud in min kollega", expect=409)
    assert "Arrangörerna låter ingen kollega komma i stället" in refused.text
    assert BUTTON not in refused.text
    assert db.session.query(Invitation).count() == 1
    write(setattr, invitation, "may_forward", True)
    second = forward(invitation)
    with pytest.raises(NotForwardable):
        forward(second, Colleague("Third", "", "third@example.org", "", "sv"))


KNOWN = {
    "nobody": lambda event: None,
    "invited": lambda event: invite(event, email="kari@example.org"),
    "said no": lambda event: write(answering.decline, invite(event, email="kari@example.org"), "", now=NOW),
    "withdrawn": lambda event: write(
        actions.withdraw, invite(event, email="kari@example.org"), actor="user:1", now=NOW
    ),
    "registered": lambda event: confirmed(event, "ngo", email="kari@example.org"),
}


@pytest.mark.parametrize("known", KNOWN)
def test_no_page_tells_whether_the_colleague_is_known_and_no_place_is_lost_or_doubled(pages, event, known):
    """An address with an invitation or registration gets no new one; an open invitation takes over the held place."""
    KNOWN[known](event)
    other = pages.get(f"{link_of(invite(event, email='other@example.org', terms=ALLOWED))}/colleague")
    nobody = {**NAMED, "email": "nobody@example.org"}
    expected = other.submit(nobody, button="Bjud in min kollega", follow=True).text
    invitation = invite(event, terms=HELD)
    form = pages.get(f"{link_of(invitation)}/colleague")
    before, kept = len(of("kari@example.org")), of("kari@example.org")
    done = form.submit(NAMED, button="Bjud in min kollega", follow=True)
    assert (done.h1, done.text) == (PASSED_ON, expected)
    after = of("kari@example.org")
    assert len(after) - before == (known == "nobody")
    holds = known in ("nobody", "invited")
    assert [one.holds_place for one in after if one.state == "open"] == ([True] if holds else [])
    assert counters(event) == {"justice": (1, 1), "all": 1}
    assert db.session.query(BareHold).count() == (not holds)
    assert invitation.forwarded_to in (after if known == "nobody" else kept or [None])


def test_a_place_that_the_colleague_does_not_need_is_offered_only_when_the_invitation_would_have_ended(event):
    """For a colleague who is not known the place would be held as long (S24)."""
    confirmed(event, "ngo", email="kari@example.org")
    invitation = invite(event, "tech", terms=HELD)
    confirmed(event, "tech")
    behind = confirmed(event, "tech")
    assert behind.status == Status.WAITING
    assert forward(invitation) is None
    write(expiry.expire_due, now=invitation.expires_at - timedelta(seconds=1))
    assert behind.status == Status.WAITING
    clock.freeze(invitation.expires_at)
    write(expiry.expire_due, now=clock.now())
    assert (behind.status, db.session.query(BareHold).count()) == (Status.OFFERED, 0)


def test_an_address_gets_one_message_however_many_name_it(event):
    several = [invite(event, email=f"guest{number}@example.org", terms=ALLOWED) for number in range(3)]
    send_all()
    assert len({forward(one).id for one in several}) == 1
    assert send_all() == 1
    colleagues = several[0].forwarded_to
    write(answering.decline, colleagues, "", now=NOW)
    forward(invite(event, email="guest4@example.org", terms=ALLOWED))
    assert len(of("kari@example.org")) == 1


def test_the_chain_ends_with_withdrawal_or_by_itself_and_the_colleague_is_reminded(event):
    due = NOW + timedelta(days=11)
    invitation = invite(event, "tech", terms={**HELD, "remind_at": due})
    send_all()
    second = forward(invitation)
    assert invitation.message.status == MessageStatus.ABORTED
    send_all()
    write(mark_all_sent)
    assert (remind_all(due), remind_all(due)) == (1, 0)
    mail = last_mail("invitation-reminder")
    assert (mail.row.recipient, "Kim" in mail.text) == ("kari@example.org", False)
    assert "Somebody who was invited" in mail.text
    write(actions.withdraw, second, actor="user:1", now=NOW)
    assert (counters(event), invitation.state) == ({"all": 0}, InvitationState.FORWARDED)
    late = invite(event, "tech", terms=HELD)
    third = forward(late, Colleague("Third", "", "third@example.org", "", "sv"))
    assert [write(actions.expire, one.id, now=late.expires_at) for one in (late, third)] == [0, 1]
    assert counters(event) == {"all": 0}


@pytest.mark.parametrize("first", ["yes", "forward"])
def test_of_yes_and_passing_on_at_once_one_counts(event, first):
    invitation = invite(event, terms=HELD)
    acts = {
        "yes": (answering.accept, (make_applicant(email=invitation.email),)),
        "forward": (forwarding.forward, (KARI,)),
    }
    rule, told = acts.pop(first)
    write(rule, invitation, *told, now=NOW)
    ((rule, told),) = acts.values()
    with pytest.raises(NotOpen):
        write(rule, invitation, *told, now=NOW)
    db.session.rollback()
    assert (event.taken, db.session.query(Registration).count()) == (1, int(first == "yes"))


def test_a_colleague_in_a_sector_with_review_is_reviewed_and_vouched_for_by_nobody(event):
    second = forward(invite(event, "ngo", terms=HELD))
    same = {name: getattr(second, name) for name in ("given_name", "family_name", "organisation")}
    person = write(answering.accept, second, make_applicant(email=second.email, **same), now=NOW)
    assert (person.status, person.holds_place, person.is_in_review) == (Status.CONFIRMED, True, True)
    assert find_vouched(db.session.query(Registration.id)) == set()
    told = evidence.gather(event, [person], (), NOW, sectors=None)[person.id]
    with force_locale("en"):
        (point,) = [one for one in points(person, told, {}) if one.label == "Invitation"]
    assert (point.sign, point.text) == (NEITHER, "Invited on 3 May 2027: passed on by a colleague, Yes")


def test_erasing_and_own_data_keep_the_two_apart(event):
    """Neither the invited person's own data and erasure nor the colleague's include the other's invitation."""
    invitation = invite(event, "tech", terms=ALLOWED, given_name="Riktiga")
    second = forward(invitation)
    send_all()
    assert "Riktiga" in last_mail().text
    person = confirmed(event, "ngo", email=invitation.email)
    told = hanging.tell(person)["invitations"]
    assert [(one["email"], one["state"]) for one in told] == [("kim@example.org", "forwarded")]
    write(erasing.erase, person, actor="command", now=NOW)
    assert (of("kim@example.org"), second.message, second.link_digest) == ([], None, None)
    assert send_all() == 1
    assert "Riktiga" not in last_mail().text
    assert "Somebody who was invited" in last_mail().text
    colleague = write(answering.accept, second, make_applicant(email=second.email), now=NOW)
    told = hanging.tell(colleague)["invitations"]
    assert [(one["email"], one["from_colleague"]) for one in told] == [("kari@example.org", True)]


def test_erasing_the_colleague_leaves_the_first_invitation_as_it_ended(organiser, event):
    invitation = invite(event, "tech", terms=ALLOWED)
    second = forward(invitation)
    alias = {"given_name": "Alias", "family_name": "", "is_protected": True, "real_name": "Kari Nordmann"}
    person = write(answering.accept, second, make_applicant(email=second.email, **alias), now=NOW)
    listed = organiser.get("invitations.index", event="nf27").text
    assert ("To Alias" in listed, "Kari" in listed) == (True, False)
    write(erasing.erase, person, actor="command", now=NOW)
    db.session.refresh(invitation)
    assert (invitation.state, invitation.forwarded_to, of("kari@example.org")) == ("forwarded", None, [])
    recorded = db.session.query(AuditEntry).filter_by(action="invitation.forwarded").one()
    assert recorded.details is None or not (recorded.details.payload or {})
