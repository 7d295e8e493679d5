"""Rarer variants of mails: something is missing, closed, frozen or cancelled, or a setting is rare.

mails = make_rarer_variants("sv")     by names such as "declined--off_subject", in one language
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from forum.columns import Text
from forum.database import start_write
from forum.delegations import admitting, asking, contact_links, contact_news
from forum.delegations import mails as delegation_mails
from forum.delegations.asking import Contact, Person
from forum.delegations.enums import ContactLink
from forum.delegations.models import Delegation
from forum.events import cancelling
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.followers import mails as follower_mails
from forum.followers.models import Follower
from forum.mailings import mails as mailing_mails
from forum.mailings import sending
from forum.mailings.enums import Category
from forum.mailings.own_words import Written
from forum.outbox.mail_text_models import MailText
from forum.privacy import mails as privacy_mails
from forum.registration import actions, places, reinstating, reviewing, separating
from forum.registration import mails as registration_mails
from forum.registration.enums import DeclineReason, Status
from forum.registration.line import Because
from forum.registration.reviewing import Refusal
from tests.factories.events import NOW, ORGANISER, make_event, make_sector
from tests.factories.followers import ask
from tests.factories.news import make_post
from tests.factories.own_words import make_draft, make_planned
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save
from tests.registration.reading import Mail, newest_mail, newest_mail_to
from tools.organisers import make_user

BY = {"actor": "command", "now": NOW}
HOUR = timedelta(hours=1)
REASON = "En tvist.\n\nDen är inte avgjord."
LINK = "http://127.0.0.1:8000/r/delegation/" + "x" * 43


def make_rarer_variants(language: str) -> dict[str, Mail]:
    """Return the variants of mails about registrations, delegations, messages and news, by name."""
    made = _about_offers(language) | _about_decisions(language) | _about_reasons(language)
    made |= _about_a_closed_event(language) | _about_a_frozen_event(language)
    made |= _about_a_cancelled_event(language) | _about_bare_events(language)
    made |= _about_missing_answers(language)
    return made | _about_delegations(language) | _about_own_words(language) | _about_news(language)


def _about_offers(language: str) -> dict[str, Mail]:
    """Return mails that offer a place for each reason and for none, and mails about offers withdrawn or over."""
    event = make_event(slug="cph41", is_current=False)
    person, made = confirmed(event, "ngo", language=language), {}
    _change(person, offer_expires_at=NOW + 48 * HOUR)
    for because in (Because.FLOOR, Because.ORGANISATION, Because.HAND):
        write(registration_mails.queue_offered, person, why={"because": because}, now=NOW)
        made[f"offered--by-{because}"] = newest_mail(person, "offered")
    write(registration_mails.queue_offered, person, now=NOW)
    for name, words in (("without-words", ""), ("two-lines", "Vi beklagar.\nVi hör av oss.")):
        write(registration_mails.queue_about_offer, person, "offer-withdrawn", words=words, now=NOW)
        made[f"offer-withdrawn--{name}"] = newest_mail(person, "offer-withdrawn")
    made["offered--without-a-reason"] = newest_mail(person, "offered")
    _change(person, status=Status.OFFERED, offer_expires_at=NOW - HOUR)
    write(registration_mails.queue_about_review, person, "change-in-review", now=NOW)
    write(reinstating.tell, person, words="", now=NOW)
    write(separating.tell_kept, person, NOW)
    write(registration_mails.queue_about_review, person, reviewing.ENDED, now=NOW)
    over = ("change-in-review", "reinstated", "merge-undone", reviewing.ENDED)
    return made | {f"{kind}--offer-over": newest_mail(person, kind) for kind in over}


def _about_decisions(language: str) -> dict[str, Mail]:
    """Return mails about a review without a promised day, and a refusal for each further reason."""
    sectors = [make_sector("other", policy=SectorPolicy.REVIEW), make_sector("ngo")]
    event, made = make_event(slug="rey42", is_current=False, sectors=sectors), {}
    for reason in set(DeclineReason) - {DeclineReason.OTHER_SECTOR}:
        person = confirmed(event, "other", language=language)
        words = "Ord." if reason == DeclineReason.OTHER else ""
        write(reviewing.decline, person, Refusal(reason, words), **BY)
        made[f"declined--{reason}"] = newest_mail(person, "declined")
    person = confirmed(event, "other", language=language)
    made["in-review--without-a-day"] = newest_mail(person, "in-review")
    write(separating.tell_kept, person, NOW)
    made["merge-undone--in-review"] = newest_mail(person, "merge-undone")
    placed = confirmed(event, "ngo", language=language)
    _change(placed, review_since=NOW, answer_by=NOW + 48 * HOUR)
    write(separating.tell_kept, placed, NOW)
    made["merge-undone--name-in-review"] = newest_mail(placed, "merge-undone")
    _change(placed, review_since=None, answer_by=None)
    for kind in ("change-in-review", "substitute-in-review"):
        write(registration_mails.queue_about_review, placed, kind, now=NOW)
        made[f"{kind}--without-a-day"] = newest_mail(placed, kind)
    fresh = register(event, "other", language=language)
    made["received-without-place--review-without-a-day"] = newest_mail(fresh, "received-without-place")
    write(actions.cancel, person, actor="person", now=NOW)
    write(reinstating.reinstate, person, words="", **BY)
    return made | {"reinstated--in-review": newest_mail(person, "reinstated")}


def _about_reasons(language: str) -> dict[str, Mail]:
    """Return mails about personal data in which organisers give a reason of two paragraphs."""
    person = confirmed(make_event(slug="osl43", is_current=False), language=language)
    write(privacy_mails.queue_erasure_refused, person, REASON, now=NOW)
    write(privacy_mails.queue_restriction_declined, person, REASON, now=NOW)
    write(privacy_mails.queue_restriction_ending, person, REASON, ends_at=NOW, now=NOW)
    kinds = ("erasure-refused", "restriction-declined", "restriction-ending")
    return {f"{kind}--two-paragraphs": newest_mail(person, kind) for kind in kinds}


def _about_a_closed_event(language: str) -> dict[str, Mail]:
    """Return mails after which nobody can register again, and one to confirm an address where nobody can wait."""
    event = make_event(slug="hel44", is_current=False, has_waiting_list=False)
    person, fresh = confirmed(event, language=language), register(event, language=language)
    _change(fresh, held_until=NOW - HOUR)
    write(registration_mails.queue_received, fresh, now=NOW)
    made = {"received-without-place--no-waiting-list": newest_mail(fresh, "received-without-place")}
    withdrawn = confirmed(event, language=language)
    write(actions.cancel, withdrawn, actor="contact", now=NOW)
    made["cancelled--by-contact"] = newest_mail(withdrawn, "cancelled")
    _change(event, closes_at=NOW - HOUR)
    write(registration_mails.queue_cancelled, person, now=NOW)
    write(registration_mails.queue_offer_declined, person, now=NOW)
    write(registration_mails.queue_offer_lapsed, person, now=NOW)
    kinds = ("cancelled", "offer-declined", "offer-lapsed")
    return made | {f"{kind}--closed": newest_mail(person, kind) for kind in kinds}


def _about_a_frozen_event(language: str) -> dict[str, Mail]:
    """Return mails about a place when people can no longer change what they have told."""
    event = make_event(slug="tam45", is_current=False, freezes_at=NOW - HOUR)
    person = confirmed(event, language=language)
    write(registration_mails.queue_about_review, person, "approved", now=NOW)
    return {f"{kind}--frozen": newest_mail(person, kind) for kind in ("confirmed", "approved")}


def _about_missing_answers(language: str) -> dict[str, Mail]:
    """Return mails about a place, and to a contact, while answers that the event requires are missing."""
    event = make_event(slug="hel47", is_current=False)
    make_question(event, is_required=True)
    person = confirmed(event, language=language)
    write(registration_mails.queue_about_review, person, "approved", now=NOW)
    made = {f"{kind}--unanswered": newest_mail(person, kind) for kind in ("confirmed", "approved")}
    contact = Contact("Kim", "Ek", "contact-47@example.org", "", "SE", language)
    people = [Person("Kari", "Dal", "") for _number in range(2)]
    start_write(db.session)
    locked, sector = places.lock_sector("ngo", event.slug)
    asking.ask(locked, sector, contact, people, is_all_or_nobody=False, form_key="47", now=NOW)
    delegation = db.session.scalars(select(Delegation).where(Delegation.event_id == event.id)).one()
    token = contact_links.issue(delegation, ContactLink.CONFIRM, now=NOW)
    admitting.confirm(token, now=NOW)
    db.session.commit()
    write(actions.cancel, delegation.people[0].registration, actor="person", now=NOW)
    write(contact_news.tell, delegation.id, now=NOW)
    kinds = (delegation_mails.DONE, delegation_mails.CHANGED)
    return made | {f"{kind}--unanswered": newest_mail_to(contact.email, kind) for kind in kinds}


def _about_a_cancelled_event(language: str) -> dict[str, Mail]:
    """Return mails to people whose event was cancelled: after an erasure, and to a new address."""
    event, made = make_event(slug="got46", is_current=False), {}
    person = confirmed(event, language=language)
    write(cancelling.cancel, event, Text(sv="Brand.", en="A fire."), **BY)
    for name, is_all in (("everything", True), ("registration", False)):
        write(privacy_mails.queue_erased, person, is_all=is_all, stays=False, now=NOW)
        made[f"erased--{name}-of-a-cancelled-event"] = newest_mail_to(person.email, "erased")
    address = "new-of-a-cancelled-event@example.org"
    write(registration_mails.queue_new_address, person, address, "z" * 43, until=NOW + HOUR, now=NOW)
    return made | {"new-address--cancelled": newest_mail_to(address, "new-address")}


def _about_bare_events(language: str) -> dict[str, Mail]:
    """Return mails about an event without hours, one with hours and an organiser, and one with words of its own."""
    made = {}
    days = {
        "starts_at": datetime(2027, 11, 15, 23, tzinfo=UTC),
        "ends_at": datetime(2027, 11, 16, 23, tzinfo=UTC),
    }
    bare = {"organiser_name": ORGANISER["organiser_name"], **days}
    full = {**ORGANISER, "ends_at": datetime(2027, 11, 16, 15, 30, tzinfo=UTC)}
    for name, slug, values in (("without-hours", "osl47", bare), ("with-hours", "osl48", full)):
        person = confirmed(make_event(slug=slug, is_current=False, **values), language=language)
        made[f"confirmed--{name}"] = newest_mail(person, "confirmed")
    own = MailText(event_id=person.event_id, kind="confirmed", language=language, standard="0" * 32)
    own.changed_at, own.subject, own.opening = NOW, "Plats", "Hej!\nDu har en plats:\n\nVälkommen."
    save(own)
    write(registration_mails.queue_confirmed, person, now=NOW)
    return made | {"confirmed--in-own-words": newest_mail(person, "confirmed")}


def _about_delegations(language: str) -> dict[str, Mail]:
    """Return mails with links to delegations of which the reader is the contact, too."""
    event = make_event(slug="sto49", is_current=False)
    contact = Contact("Kim", "Ek", "contact-49@example.org", "", "SE", language)
    people = [Person("Kari", "Dal", "") for _number in range(2)]
    start_write(db.session)
    locked, sector = places.lock_sector("ngo", event.slug)
    asking.ask(locked, sector, contact, people, is_all_or_nobody=False, form_key="49", now=NOW)
    delegation = db.session.scalars(select(Delegation).where(Delegation.event_id == event.id)).one()
    token = contact_links.issue(delegation, ContactLink.MANAGE, now=NOW)
    db.session.commit()
    person, fresh = confirmed(event, language=language), register(event, language=language)
    told = {"beside": [(sector.name, LINK, when) for when in (NOW, None)], "now": NOW}
    write(registration_mails.queue_link, person, **told)
    write(registration_mails.queue_link_to_confirm, fresh, None, **told)
    kinds = (delegation_mails.TO_CONFIRM, delegation_mails.LINK)
    for kind in kinds:
        write(delegation_mails.queue_to_contact, delegation, kind, token, **told)
    made = {f"{kind}--of-several": newest_mail_to(contact.email, kind) for kind in kinds}
    _change(event, freezes_at=NOW - HOUR)
    write(delegation_mails.queue_to_contact, delegation, delegation_mails.LINK, token, now=NOW)
    return made | {
        "link--of-a-contact": newest_mail(person, "link"),
        "link-to-confirm--of-a-contact": newest_mail(fresh, "link-to-confirm"),
        "delegation-link--frozen": newest_mail_to(contact.email, delegation_mails.LINK),
    }


def _about_own_words(language: str) -> dict[str, Mail]:
    """Return messages that organisers write: of the other kind, in another language, and a trial to an organiser."""
    event, user = make_event(slug="rey50", is_current=False), make_user(language=language)
    person = confirmed(event, language=language)
    other = {"sv": "en", "en": "sv"}[language]
    words = Text(**{other: "Kim,\nlook here.\n\n{own page}"})
    written = Written(Text(**{other: "Your group"}), words, other, Category.FURTHER)
    make_planned(event, now=NOW - timedelta(minutes=5), written=written)
    for recipient in [*sending.list_first(now=NOW), *sending.list_next(now=NOW)]:
        write(sending.queue_one, recipient, now=NOW)
    draft = make_draft(event)
    write(mailing_mails.queue_trial, draft, user, language, leave_address="", now=NOW)
    return {
        "own-words--further-in-another-language": newest_mail(person, "own-words"),
        "own-words--trial": newest_mail_to(user.email, "own-words"),
    }


def _about_news(language: str) -> dict[str, Mail]:
    """Return the mail about a post whose headline names the event's town, which no subject may do."""
    event, email = make_event(slug="sto51", is_current=False), "reader-51@example.org"
    ask(event, email, language=language)
    follower = db.session.scalars(select(Follower).where(Follower.email == email)).one()
    told = {"headline": "News from Stockholm", "lead": "Lead of the post."}
    post = make_post(event_id=event.id, slug="post-51", content_note=None, **told)
    text = next(text for text in post.texts if text.language == language)
    write(follower_mails.queue_post, follower, text, now=NOW)
    return {"news-post--with-a-telling-headline": newest_mail_to(email, "news-post")}


def _change(row: object, **values: object) -> None:
    """Store other values of a row's columns."""
    start_write(db.session)
    for name, value in values.items():
        setattr(row, name, value)
    db.session.commit()
