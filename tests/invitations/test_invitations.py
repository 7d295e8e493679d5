"""Invitations: an organiser invites, the worker mails, the person accepts or declines by the link, or it expires."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.models import User
from forum.columns import Text
from forum.events import cancelling
from forum.events.enums import SectorPolicy
from forum.events.queries import find_sector
from forum.extensions import db
from forum.invitations import actions, answering, queries, sending
from forum.invitations.actions import Invitee, Terms
from forum.invitations.enums import InvitationState, Standing
from forum.invitations.errors import AlreadyInvited, AlreadyRegistered, NotOpen
from forum.invitations.models import Invitation
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.privacy import erasing, hanging
from forum.registration import actions as registrations
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, make_applicant, write
from tests.factories.saving import save
from tests.registration.reading import last_id, queued, read, recorded

FILLED = {
    "given_name": "Kim",
    "family_name": "Andersen",
    "email": "kim@example.org",
    "organisation": "Exempelstads tingsrätt",
    "sector": "justice",
    "language": "sv",
    "words": "Vi hoppas att du kan komma.\n\nDu får gärna ringa.",
}
LINK = "/sv/r/invitation/"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(
        capacity=5,
        sectors=[
            make_sector("justice", ceiling=1, position=1, policy=SectorPolicy.INVITATION),
            make_sector("ngo", ceiling=5, position=2, policy=SectorPolicy.REVIEW),
            make_sector("tech", ceiling=5, position=3),
        ],
    )


def send_all(now=NOW):
    """Let the worker make the mails of invitations; return how many it made."""
    made = 0
    while due := sending.list_next(now=now):
        made += sum(write(sending.queue_one, number, now=now) for number in due)
    return made


def invite(event, sector="justice", *, days=14, terms=None, **differing):
    given = {name: FILLED[name] for name in ("given_name", "family_name", "organisation", "language")}
    invitee = Invitee(**{**given, "email": "kim@example.org", "words": "", **differing})
    terms = Terms(NOW + timedelta(days=days), **(terms or {}))
    told = {"user_id": an_organiser(), "now": clock.now()}
    return write(actions.invite, event, find_sector(event, sector), invitee, terms, **told)


def an_organiser():
    """Return the id of an organiser; add one if there is none."""
    known = db.session.scalar(select(User.id).limit(1))
    made = {"name": "Organiser", "password_hash": "-", "language": "en", "created_at": NOW}
    return known or save(User(email="office@example.org", **made)).id


def last_mail(kind="invitation"):
    """Return the newest mail of this kind, as a mail program shows it."""
    rows = select(OutboxMessage).where(OutboxMessage.kind == kind).order_by(OutboxMessage.id.desc())
    return read(db.session.scalars(rows.limit(1)).one())


def link_of(invitation):
    """Send the invitation's mail and return the path of its link."""
    send_all()
    return path_in(last_mail().text)


def path_in(text):
    return next(word[word.index(LINK[3:]) - 3 :] for word in text.split() if "/r/invitation/" in word)


def test_invited_person_says_yes_and_has_a_place(organiser, pages, event):
    since = last_id()
    page = organiser.get("console.overview", event="nf27").follow("Invitations")
    assert "Nobody has been invited" in page.text
    page = page.follow("Invite somebody")
    assert page.submit({"given_name": "Kim"}, button="Send the invitation", expect=422).errors == {
        "email": "Enter the e-mail address",
        "sector": "Choose a sector",
    }
    page.submit({**FILLED, "until": "2027-05-02"}, button="Send the invitation", expect=422)
    listed = page.submit(FILLED, button="Send the invitation", follow=True)
    assert listed.flashes == ["The invitation is on its way."]
    assert listed.all(".status") == ["Not sent yet"]
    assert page.submit(FILLED, button="Send the invitation", expect=409).errors == {
        "email": "This address has an open invitation already"
    }
    assert queued(since) == []

    assert send_all() == 1
    assert queued(since) == [("invitation", "kim@example.org")]
    mail = last_mail()
    assert mail.subject == "En inbjudan till dig"
    assert "Nordiskt forum" not in mail.subject
    assert "Du får gärna ringa." in mail.text
    assert "Kim" not in mail.text + mail.html

    shown = pages.get(path_in(mail.text))
    invitation = db.session.query(Invitation).one()
    assert (invitation.link_digest in mail.text, invitation.opened_at) == (False, None)
    form = shown.submit(button="Ja, jag vill komma …", follow=True)
    assert queries.count_by_standing(event) == {Standing.OPENED: 1}
    assert form.submit({"country": ""}, button="Anmäl dig", expect=422).errors
    mine = form.submit(
        {"given_name": "Alias", "family_name": "", "country": "SE"}, button="Anmäl dig", follow=True
    )
    registration = db.session.query(Registration).one()
    assert (registration.status, registration.sector.key) == (Status.CONFIRMED, "justice")
    assert (registration.email, registration.organisation) == ("kim@example.org", "Exempelstads tingsrätt")
    assert (event.taken, registration.sector.taken) == (1, 1)
    assert registration.reference in mine.text
    assert [kind for kind, _to in queued(since)] == ["invitation", "confirmed"]
    assert recorded(registration)[0][0] == "registration.received"

    again = pages.get(path_in(mail.text))
    assert again.h1 == "Du har tackat ja"
    listed = organiser.get("invitations.index", event="nf27")
    assert listed.all(".status") == ["Yes"]
    assert "Alias" in listed.text
    assert "Kim" not in listed.text
    assert "Yes 1" in " ".join(organiser.get("console.overview", event="nf27").text.split())
    assert "invitations" in hanging.tell(registration)
    write(erasing.erase, registration, actor="user:1", now=NOW)
    assert db.session.query(Invitation).count() == 0


def test_a_page_of_an_erased_invitation_withdraws_no_other_one(organiser, event):
    first = invite(event, "tech", email="first@example.org")
    page = organiser.get("invitations.withdraw", event="nf27", number=first.id)
    person = write(answering.accept, first, applicant_of(first), now=NOW)
    write(erasing.erase, person, actor="user:1", now=NOW)
    second = invite(event, "tech", email="second@example.org")
    page.submit(button="Withdraw the invitation", expect=404)
    assert second.state == InvitationState.OPEN


def test_a_sector_by_invitation_is_closed_otherwise_and_never_exceeded(pages, event):
    for number in (1, 2):
        invite(event, email=f"guest{number}@example.org")
    assert send_all() == 2
    first, second = db.session.query(Invitation).order_by(Invitation.id)
    confirmed(event, "tech")
    accepted = write(answering.accept, first, applicant_of(first), now=NOW)
    assert (accepted.status, accepted.sector.taken) == (Status.CONFIRMED, 1)
    assert "ställs" not in pages.get("registration.details", sector="justice").text
    waiting = write(answering.accept, second, applicant_of(second), now=NOW)
    assert (waiting.status, waiting.sector.taken, event.taken) == (Status.WAITING, 1, 2)
    write(registrations.cancel, accepted, actor="person", now=NOW)
    assert waiting.status == Status.OFFERED


def test_without_a_waiting_list_a_full_sector_leaves_the_invitation_open(pages, event):
    write(setattr, event, "has_waiting_list", False)
    first, second = (invite(event, email=f"guest{number}@example.org", language="en") for number in (1, 2))
    link = link_of(second)
    write(answering.accept, first, applicant_of(first), now=NOW)
    page = pages.get(link.replace("/sv/", "/en/") + "/yes")
    assert "nobody can join the waiting list" in page.text
    refused = page.submit({"country": "SE"}, button="Register", expect=409)
    assert "There is no place for you in this sector now" in refused.text
    assert "your invitation stays open" in refused.text
    assert (second.state, db.session.query(Registration).count()) == (InvitationState.OPEN, 1)


def test_an_invited_person_of_a_full_organisation_reads_nothing_untrue(pages, event):
    """The organisation's cap refuses the person, though places are free; the page does not say that all are taken."""
    write(setattr, event, "has_waiting_list", False)
    write(setattr, event, "organisation_cap", 1)
    confirmed(event, "tech", organisation="Hemliga byrån")
    link = link_of(invite(event, "tech", language="en", organisation="Hemliga byrån"))
    refused = pages.get(f"{link}/yes").submit({"country": "SE"}, button="Register", expect=409)
    assert "There is no place for you in this sector now" in refused.text
    assert "are taken" not in refused.text


def test_reviewers_see_that_a_person_was_invited(organiser, event):
    invitation = invite(event, "ngo")
    send_all()
    person = write(answering.accept, invitation, applicant_of(invitation), now=NOW)
    assert person.status == Status.IN_REVIEW
    for endpoint, values in (("review.index", {}), ("attendees.show", {"reference": person.reference})):
        assert "Invited on" in organiser.get(endpoint, event="nf27", **values).text


def test_the_form_of_an_invitation_suggests_names_that_organisers_have_marked(organiser, pages, event):
    for name, marked in (("Courts", "y"), ("Unmarked", "")):
        form = {"name": name, "sector": "justice"} | ({"is_suggested": marked} if marked else {})
        organiser.get("organisations.new", event="nf27").submit(form, button="Add the organisation")
    page = pages.get(link_of(invite(event)).replace("/sv/", "/en/") + "/yes")
    assert [option["value"] for option in page.soup.select("datalist option")] == ["Courts"]


def test_no_with_a_reason(organiser, pages, event):
    invitation = invite(event)
    link = link_of(invitation)
    page = pages.get(link).submit({}, button="Nej, jag kan inte komma …", follow=True)
    assert page.submit({"reason": "x" * 2001}, button="Tacka nej", expect=422).errors
    assert (
        page.submit({"reason": "Jag är bortrest."}, button="Tacka nej", follow=True).h1 == "Du har tackat nej"
    )
    assert "Jag är bortrest." in organiser.get("invitations.index", event="nf27").text
    page.submit({"reason": ""}, button="Tacka nej", expect=409)
    assert invitation.reason == "Jag är bortrest."
    with pytest.raises(NotOpen):
        write(answering.accept, invitation, applicant_of(invitation), now=NOW)
    assert db.session.query(Registration).count() == 0


def test_withdrawal_takes_back_a_mail_that_has_not_left(organiser, pages, event):
    invitation = invite(event)
    link = link_of(invitation)
    page = organiser.get("invitations.index", event="nf27").follow("Withdraw … Kim Andersen, kim@example.org")
    done = page.submit(button="Withdraw the invitation", follow=True)
    assert (done.flashes, done.all(".status")) == (["The invitation is withdrawn."], ["Withdrawn"])
    assert invitation.message.status == MessageStatus.ABORTED
    assert pages.get(link).h1 == "Den här inbjudan har återkallats"
    again = page.submit(button="Withdraw the invitation", follow=True)
    assert again.flashes == ["Nothing was changed: the invitation has been answered or has ended meanwhile."]
    invite(event)
    with pytest.raises(AlreadyInvited):
        invite(event, email="KIM@example.org")
    confirmed(event, "tech", email="kari@example.org")
    with pytest.raises(AlreadyRegistered):
        invite(event, email="kari@example.org")


def test_an_invitation_ends_by_itself_and_a_failed_mail_is_told(pages, event):
    late, failed = invite(event, days=1), invite(event, email="failed@example.org")
    link = link_of(late)
    message = last_mail().row
    write(setattr, message, "status", MessageStatus.SENT)
    write(setattr, failed.message, "status", MessageStatus.FAILED)
    assert queries.count_by_standing(event)[Standing.FAILED] == 1
    clock.freeze(NOW + timedelta(days=2))
    assert pages.get(link).h1
    assert actions.list_due(now=clock.now()) == [late.id]
    assert [write(actions.expire, late.id, now=clock.now()) for _twice in range(2)] == [1, 0]
    assert queries.count_by_standing(event) == {Standing.EXPIRED: 1, Standing.FAILED: 1}
    over = event.ends_at + timedelta(days=31)
    assert write(actions.forget_unanswered, now=over - timedelta(days=2)) == 0
    assert write(actions.forget_unanswered, now=over) == 2
    assert db.session.query(OutboxMessage).filter_by(kind="invitation").count() == 0


@pytest.mark.parametrize(("name", "off", "on"), [("is_published", False, True), ("cancelled_at", NOW, None)])
def test_nothing_is_mailed_of_an_event_that_is_not_public_or_cancelled(event, name, off, on):
    invitation = invite(event)
    write(setattr, event, name, off)
    assert sending.list_next(now=NOW) == []
    assert write(sending.queue_one, invitation.id, now=NOW) == 0
    write(setattr, event, name, on)
    assert (send_all(), send_all()) == (1, 0)


def test_invitations_follow_a_merged_sector_and_keep_one_from_removal(organiser, event):
    invitation = invite(event, "tech")
    page = organiser.get("settings.remove_sector", event="nf27", sector="tech")
    assert "1 person has been invited to this sector" in page.text
    page = organiser.get("settings.merge_sector", event="nf27", sector="tech", into="ngo")
    page.submit(expect=303)
    db.session.refresh(invitation)
    assert invitation.sector.key == "ngo"


def applicant_of(invitation):
    return make_applicant(email=invitation.email)


def test_whoever_registers_before_saying_yes_reads_how_to_get_a_new_link(pages, event):
    link = link_of(invite(event, "tech", language="en"))
    page = pages.get(f"{link}/yes")
    confirmed(event, "tech", email="kim@example.org")
    refused = page.submit({"country": "SE"}, button="Register", expect=409)
    assert db.session.query(Registration).count() == 1
    assert refused.h1


def test_a_link_of_no_invitation_is_refused(pages, event):
    link = link_of(invite(event, "tech", language="en"))
    pages.get(f"{link[:-4]}0000", expect=404)


def test_the_link_of_a_cancelled_events_invitation_says_what_becomes_of_it(pages, event):
    invitation = invite(event, days=14)
    link = link_of(invitation)
    reason, by = Text(sv="Snö", en="Snow"), {"actor": "user:1"}
    write(cancelling.cancel, event, reason, **by, now=NOW + timedelta(days=4))
    clock.freeze(NOW + timedelta(days=9))
    page = pages.get(link)
    assert page.h1 == "Inbjudan går inte att besvara"
    assert "lika lång tid på dig att svara som du hade kvar när det ställdes in" in page.text
    assert "finns den här sidan kvar till den 17 december 2027" in page.text
    # The link's page promised as much time to answer as was left when the event was cancelled: ten days.
    write(cancelling.take_up_again, event, **by, now=clock.now())
    write(actions.prolong_open, event, timedelta(days=5), now=clock.now())
    assert invitation.expires_at == clock.now() + timedelta(days=10)
    # An invitation whose deadline was over before the cancellation gets no further time, and its page promises none.
    clock.freeze(NOW + timedelta(days=20))
    write(cancelling.cancel, event, reason, **by, now=clock.now())
    assert "lika lång tid" not in pages.get(link).text
