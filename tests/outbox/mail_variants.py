"""Variants of mails: mails whose words differ from the usual mail of their kind, because of a state or an earlier act.

mails = make_more_variants("sv")     by names such as "change-in-review--waiting", in one language
"""

from datetime import timedelta

from forum.accounts import mails as account_mails
from forum.columns import Text
from forum.database import start_write
from forum.delegations import asking
from forum.delegations import mails as delegation_mails
from forum.delegations.asking import Contact, Person
from forum.events import cancelling
from forum.events.enums import LineOrder, ListAudience, SectorPolicy
from forum.events.models import Event
from forum.events.queries import find_sector
from forum.extensions import db
from forum.invitations import mails as invitation_mails
from forum.registration import (
    actions,
    by_hand,
    links_by_mail,
    new_address,
    places,
    reinstating,
    reviewing,
    separating,
    uniting,
)
from forum.registration import mails as registration_mails
from forum.registration.applicant import Details
from forum.registration.enums import Status
from forum.registration.moved import Moved
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.invitations import new_invitation
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save
from tests.registration.reading import Mail, newest_mail, newest_mail_to
from tools.organisers import make_user

IN_REVIEW = ("change-in-review", "substitute-in-review", "change-review-ended")
# By the mail's name: whether a role for all events was changed, whether a role is left, whether sign-ins were ended.
ROLES = {
    "of-all-events": (True, True, False),
    "none-left": (False, False, False),
    "none-left-signed-out": (False, False, True),
}
BY = {"actor": "command", "now": NOW}


def make_more_variants(language: str) -> dict[str, Mail]:
    """Return the variants of mails about registrations, invitations and accounts, by name."""
    event = make_event(
        slug="got31",
        is_current=False,
        sectors=[
            make_sector("justice", ceiling=1),
            make_sector("other", policy=SectorPolicy.REVIEW),
            make_sector("ngo"),
            make_sector("press", ceiling=1),
        ],
        participant_list=ListAudience.PARTICIPANTS,
        review_days=10,
    )
    made = _about_unconfirmed(event, language) | _about_states(event, language)
    made |= _about_first_addresses(event, language) | _about_moves(event, language)
    made |= _about_merges(event, language) | _about_invitations(event, language)
    made |= _about_a_line_in_balance(language) | _about_an_entered_delegation(event, language)
    made |= _about_substitutes(event, language)
    return made | _about_accounts(event, language) | _about_a_late_event(event, language)


def _about_unconfirmed(event: Event, language: str) -> dict[str, Mail]:
    """Return mails to people who have not confirmed their address."""
    fresh = register(event, "ngo", language=language)
    reviewed = register(event, "other", language=language)
    write(registration_mails.queue_received, fresh, by_contact=True, now=NOW)
    by_contact = newest_mail(fresh, "received")
    start_write(db.session)
    fresh.held_until = fresh.confirm_by - timedelta(hours=42)
    db.session.commit()
    write(registration_mails.queue_received, fresh, now=NOW)
    write(registration_mails.queue_already_registered, fresh, now=NOW)
    return {
        "received--by-contact": by_contact,
        "received--few-places": newest_mail(fresh, "received"),
        "received-without-place--review": newest_mail(reviewed, "received-without-place"),
        "already-registered--unconfirmed": newest_mail(fresh, "already-registered"),
    }


def _about_states(event: Event, language: str) -> dict[str, Mail]:
    """Return mails that differ by whether somebody has a place, waits for one or is offered one."""
    placed, waits = confirmed(event, language=language), confirmed(event, language=language)
    for kind in IN_REVIEW:
        write(registration_mails.queue_about_review, waits, kind, now=NOW)
    made = {f"{kind}--waiting": newest_mail(waits, kind) for kind in IN_REVIEW}
    write(actions.cancel, waits, actor="person", now=NOW)
    write(reinstating.reinstate, waits, words="", **BY)
    made["reinstated--waiting"] = newest_mail(waits, "reinstated")
    write(separating.tell_kept, waits, NOW)
    made["merge-undone--waiting"] = newest_mail(waits, "merge-undone")
    write(actions.cancel, placed, actor="person", now=NOW)
    write(registration_mails.queue_about_review, waits, "change-in-review", now=NOW)
    write(separating.tell_kept, waits, NOW)
    write(registration_mails.queue_about_review, waits, reviewing.ENDED, now=NOW)
    kinds = ("change-in-review", "merge-undone", reviewing.ENDED)
    return made | {f"{kind}--offered": newest_mail(waits, kind) for kind in kinds}


def _about_first_addresses(event: Event, language: str) -> dict[str, Mail]:
    """Return the first mails to people whom organisers have added without an address."""
    details, made = Details("Kim", "Ek", "", "", "SE", language, None), {}
    for state in ("place", "waiting"):
        sector, email = find_sector(event, "press"), f"{state}@example.org"
        added = write(by_hand.add, event, sector, details, reason="Telefon", may_wait=True, **BY)
        write(new_address.ask, added, email, **BY)
        made[f"new-address--first-{state}"] = newest_mail_to(email, "new-address")
    return made


def _about_moves(event: Event, language: str) -> dict[str, Mail]:
    """Return mails to people who wait or are reviewed because of a move to another sector."""
    waits, made = confirmed(event, "ngo", language=language), {}
    for name, moved in {
        "waiting--moved-by-organisers": Moved(by_person=False, gave_up=Status.CONFIRMED),
        "waiting--moved": Moved(by_person=True, gave_up=Status.OFFERED, ends_review=True),
        "in-review--moved": Moved(by_person=True, gave_up=Status.CONFIRMED),
        "in-review--moved-with-an-offer": Moved(by_person=True, gave_up=Status.OFFERED),
        "in-review--moved-from-the-line": Moved(by_person=True),
    }.items():
        kind = name.partition("--")[0]
        queue = {"waiting": registration_mails.queue_waiting, "in-review": registration_mails.queue_in_review}
        write(queue[kind], waits, moved=moved, now=NOW)
        made[name] = newest_mail(waits, kind)
    for name, by_person in (("moved", True), ("moved-by-organisers", False)):
        moved = Moved(by_person, ends_review=True)
        write(registration_mails.queue_about_review, waits, reviewing.ENDED, moved=moved, now=NOW)
        made[f"{reviewing.ENDED}--{name}"] = newest_mail(waits, reviewing.ENDED)
    return made


def _about_merges(event: Event, language: str) -> dict[str, Mail]:
    """Return the mail to an ended registration about its merge, and the mail to it about undoing the merge."""
    kept, ended = confirmed(event, "ngo", language=language), confirmed(event, "ngo", language=language)
    write(uniting.unite, kept, ended, (), **BY)
    made = {"merged--ended": newest_mail(ended, "merged")}
    write(separating.separate_last, kept, **BY)
    made["merge-undone--with-a-list"] = newest_mail(kept, "merge-undone")
    return made | {"reinstated--after-a-merge": newest_mail(ended, "reinstated")}


def _about_invitations(event: Event, language: str) -> dict[str, Mail]:
    """Return mails to a colleague to whom somebody has passed an invitation on, with a place that is held."""
    told = {"language": language, "from_colleague": True, "holds_place": True}
    named, other = (
        save(new_invitation(event, "ngo", f"{who}@example.org", **told)) for who in ("named", "other")
    )
    save(new_invitation(event, "ngo", "forwarder@example.org", forwarded_to_id=named.id, holds_place=False))
    for invitation in (named, other):
        write(invitation_mails.queue, invitation, now=NOW)
    write(invitation_mails.queue_reminder, other, now=NOW)
    return {
        "invitation--from-a-named-colleague": newest_mail_to(named.email, "invitation"),
        "invitation--from-a-colleague": newest_mail_to(other.email, "invitation"),
        "invitation-reminder--from-a-colleague": newest_mail_to(other.email, "invitation-reminder"),
    }


def _about_a_line_in_balance(language: str) -> dict[str, Mail]:
    """Return mails to somebody who waits where offers follow the balance of sectors, and is then offered a place."""
    both = [make_sector("justice", ceiling=1), make_sector("other", ceiling=1, policy=SectorPolicy.REVIEW)]
    event = make_event(slug="tam34", is_current=False, capacity=1, sectors=both, line_order=LineOrder.BALANCE)
    placed, waits = confirmed(event, language=language), confirmed(event, language=language)
    made = {"waiting--in-balance": newest_mail(waits, "waiting")}
    write(registration_mails.queue_waiting, waits, moved=Moved(by_person=True), now=NOW)
    made["waiting--moved-from-a-review"] = newest_mail(waits, "waiting")
    for person in (waits, placed):
        write(actions.cancel, person, actor="person", now=NOW)
    write(reinstating.reinstate, waits, **BY)
    made |= {"reinstated--offered": newest_mail(waits, "reinstated")}
    reviewed = confirmed(event, "other", language=language)
    write(reviewing.approve, reviewed, actor="command", now=NOW)
    return made | {"approved-waiting--in-balance": newest_mail(reviewed, "approved-waiting")}


def _about_an_entered_delegation(event: Event, language: str) -> dict[str, Mail]:
    """Return the mail with a new link to confirm a delegation; the mail says when the delegation was entered."""
    contact = Contact("Kim", "Ek", "entered@example.org", "", "SE", language)
    people = [Person("Kari", "Dal", "") for _number in range(2)]
    start_write(db.session)
    locked, sector = places.lock_sector("ngo", event.slug)
    asking.ask(locked, sector, contact, people, is_all_or_nobody=False, form_key="entered", now=NOW)
    db.session.commit()
    write(links_by_mail.send_fresh_link, event, contact.email, now=NOW)
    return {"delegation-asked--entered-before": newest_mail_to(contact.email, "delegation-asked")}


def _about_substitutes(event: Event, language: str) -> dict[str, Mail]:
    """Return the mail to a person instead of whom the contact of their delegation lets somebody else come."""
    person = confirmed(event, "ngo", language=language)
    write(delegation_mails.queue_replaced, person, by_contact=True, now=NOW)
    return {"substituted--by-contact": newest_mail(person, "substituted")}


def _about_accounts(event: Event, language: str) -> dict[str, Mail]:
    """Return mails to organisers whose roles have changed."""
    admin, made = make_user(language=language), {}
    for name, (of_all, stays, out) in ROLES.items():
        user = make_user(language=language)
        told = {"is_of_all": of_all, "stays": stays, "is_signed_out": out, "by": admin, "now": NOW}
        write(account_mails.queue_roles_changed, user, event, **told)
        made[f"account-roles-changed--{name}"] = newest_mail_to(user.email, "account-roles-changed")
    user = make_user(language=language)
    write(account_mails.queue_added, user, event, by=admin, is_signed_out=False, now=NOW)
    return made | {"account-added--signed-in": newest_mail_to(user.email, "account-added")}


def _about_a_late_event(event: Event, language: str) -> dict[str, Mail]:
    """Return a mail about an event whose answers are frozen, and a mail after the cancellation of this event."""
    placed, fresh = confirmed(event, "ngo", language=language), register(event, "ngo", language=language)
    start_write(db.session)
    event.freezes_at = NOW - timedelta(hours=1)
    db.session.commit()
    write(registration_mails.queue_already_registered, placed, now=NOW)
    write(delegation_mails.queue_registered, placed, now=NOW)
    made = {
        "already-registered--frozen": newest_mail(placed, "already-registered"),
        "substitute-registered--frozen": newest_mail(placed, "substitute-registered"),
    }
    write(cancelling.cancel, event, Text(sv="Brand.", en="A fire."), **BY)
    write(registration_mails.queue_link_to_confirm, fresh, None, now=NOW)
    return made | {"link-to-confirm--cancelled": newest_mail(fresh, "link-to-confirm")}
