"""Reviews in words, for organisers: the evidence, how long a person has waited, and the decision."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext, pgettext
from flask_babel.speaklater import LazyString

from forum.accounts.access import may_open
from forum.events.models import Event
from forum.invitations.enums import InvitationState
from forum.invitations.wording import evidence_text
from forum.registration import wording
from forum.registration.enums import Status
from forum.registration.errors import SectorFull
from forum.registration.models import Registration
from forum.review import recipients
from forum.review.errors import (
    AlreadyProposed,
    NobodyElse,
    NothingProposed,
    OutOfSectors,
    Recused,
    SamePerson,
    SeenChanged,
)
from forum.review.evidence import Evidence
from forum.review.recipients import Recipient, Who
from forum.web.languages import day_text, in_language

FOR, AGAINST, NEITHER = "for", "against", "neither"
REFUSALS: Mapping[type[Exception], LazyString] = {
    SectorFull: _l(
        "Nothing was changed: no place is free, and nobody can join the waiting list. Raise the ceiling first,"
        " or leave the registration in review."
    ),
    OutOfSectors: _l("Nothing was changed: this person is in a sector that is not yours."),
    Recused: _l("Nothing was changed: you have left this decision to others."),
    AlreadyProposed: _l(
        "Nothing was changed: a refusal has been proposed already. Another organiser confirms it."
    ),
    NothingProposed: _l("Nothing was changed: the proposed refusal has been withdrawn."),
    SamePerson: _l("Nothing was changed: somebody else has to confirm the refusal that you proposed."),
    NobodyElse: _l("Nothing was changed: no other organiser could decide. Give somebody the role first."),
    SeenChanged: _l(
        "Nothing was changed: the person’s answers are others than your page showed. Look again."
    ),
}
# states of an invitation that was not declined and has not ended
INVITED = (InvitationState.OPEN, InvitationState.YES)
SHOWN = 3  # the most earlier registrations that the evidence lists for one person


@dataclass(frozen=True)
class Point:
    """Evidence in words: `sign` says whether it is for the person, against or neither; `url` leads to its subject."""

    sign: str
    label: str
    text: str
    url: str = ""


def person_url(registration: Registration) -> str:
    """Return the URL of the person's page in the console; for organisers who only review, of the page for deciding."""
    shown = "attendees.show" if may_open("attendees.show", registration.event) else "review.show"
    return url_for(shown, event=registration.event.slug, reference=registration.reference)


def _url_if_read(registration: Registration) -> str:
    """Return the URL of the page of a person whom the evidence names; "" if the organiser may not see that page."""
    is_read = may_open("attendees.show", registration.event) or registration.is_in_review
    return person_url(registration) if is_read else ""


def points(registration: Registration, evidence: Evidence, events: Mapping[int, Event]) -> list[Point]:
    """Return the evidence about a registration in words; `events` are the other events by id."""
    return [
        *_changes(registration, evidence),
        _mail(evidence),
        _organisation(evidence),
        *_invitation(registration, evidence),
        *_earlier(registration, evidence),
        *_colleagues(evidence, events),
        *_same_name(registration, evidence),
        *_place(registration, evidence),
    ]


def refusal_text(refusal: Exception, registration: Registration) -> str:
    """Return in words why a decision was refused; if somebody else has decided, name the present status."""
    if type(refusal) in REFUSALS:
        return str(REFUSALS[type(refusal)])
    status = wording.state_name(registration)
    return _(
        "Nothing was changed: it has been decided or has ended meanwhile. It stands at “%(status)s” now.",
        status=status,
    )


def since_text(registration: Registration) -> str:
    """Return since when the person has waited for a decision, in words."""
    since = registration.review_since or registration.requested_at
    return _("since %(day)s", day=day_text(since, registration.event.zone))


def promise_text(registration: Registration, now: datetime) -> str:
    """Return the day on which an answer is or was promised, in words; "" without a promise."""
    if registration.answer_by is None:
        return ""
    day = day_text(registration.answer_by, registration.event.zone)
    if registration.answer_by <= now:
        return _("Answer was promised by %(day)s", day=day)
    return _("Answer promised by %(day)s", day=day)


def outcome_text(registration: Registration, recipient: Recipient, *, is_change: bool) -> str:
    """Return the outcome of an approval in words, and who is written to about it."""
    if is_change:
        done = _("Approved. The change stands.")
    elif registration.status == Status.WAITING:
        done = _("Approved. No place is free, so the person is on the waiting list.")
    else:
        done = _("Approved. The person has a place.")
    return f"{done} {recipients.news_text(recipient)}"


def declined_text(recipient: Recipient) -> str:
    """Return the outcome of a refusal in words, and who reads the reason."""
    if recipient.who == Who.PERSON:
        return _("Declined. A message with the reason is on its way to the person.")
    done = _("Declined.")
    return f"{done} {recipients.who_reads_reason(recipient)}"


def _changes(registration: Registration, evidence: Evidence) -> Iterator[Point]:
    """Yield evidence for each answer that was changed since the approval: the former value and the new one."""
    for name in (name for name in wording.FIELDS if name in evidence.before):
        before, after = evidence.before[name], getattr(registration, name)
        if before == after:
            continue
        if before and after:
            text = _("“%(before)s” became “%(after)s”", before=before, after=after)
        elif after:
            text = _("“%(after)s” was added", after=after)
        else:
            text = _("“%(before)s” was removed", before=before)
        yield Point(AGAINST, str(wording.FIELDS[name]), text)


def _mail(evidence: Evidence) -> Point:
    label, domain = _("E-mail"), evidence.domain
    if not domain:
        return Point(NEITHER, label, _("No address"))
    if evidence.is_public_domain:
        return Point(NEITHER, label, _("@%(domain)s is a public mail provider", domain=domain))
    if evidence.domains:
        return _known_mail(evidence)
    if domain in evidence.known_domains:
        text = _(
            "@%(domain)s is a domain of people of the organisation whom organisers approved, invited or added",
            domain=domain,
        )
        return Point(FOR, label, text)
    if evidence.known_domains:
        known = ", ".join(f"@{known}" for known in sorted(evidence.known_domains))
        text = _(
            "@%(domain)s, but people of the organisation whom organisers approved, invited or added have %(known)s",
            domain=domain,
            known=known,
        )
        return Point(AGAINST, label, text)
    text = _("@%(domain)s; no mail domain of the organisation is known so far", domain=domain)
    return Point(NEITHER, label, text)


def _known_mail(evidence: Evidence) -> Point:
    """Return evidence on whether the address has a mail domain that organisers have entered for the organisation."""
    label, domain = _("E-mail"), evidence.domain
    if evidence.has_own_domain:
        return Point(FOR, label, _("@%(domain)s is a mail domain of the organisation", domain=domain))
    known = ", ".join(f"@{known}" for known in evidence.domains)
    return Point(
        AGAINST,
        label,
        _("@%(domain)s, but the organisation’s mail is at %(known)s", domain=domain, known=known),
    )


def _organisation(evidence: Evidence) -> Point:
    point = _places(evidence)
    if not evidence.counts_for:
        return point
    text = _("Counts for %(name)s. %(places)s", name=evidence.counts_for, places=point.text)
    return Point(point.sign, point.label, text)


def _places(evidence: Evidence) -> Point:
    label, cap, held = _("Organisation"), evidence.cap, evidence.places_held
    if held is None:
        return _cap(evidence)
    if cap is None:
        text = (
            ngettext("Has %(num)s other place", "Has %(num)s other places", held)
            if held
            else _("Has no other place")
        )
        return Point(NEITHER, label, text)
    if evidence.is_cap_reached:
        return _cap(evidence)
    ordinal = wording.ordinal(held + 1)
    return Point(FOR, label, _("This is its %(ordinal)s place of at most %(cap)s", ordinal=ordinal, cap=cap))


def _cap(evidence: Evidence) -> Point:
    """Return evidence on whether the organisation can have another place, without saying how many it has."""
    label, cap = _("Organisation"), evidence.cap
    if cap is None:
        return Point(NEITHER, label, _("Has no upper limit of places"))
    if evidence.is_cap_reached:
        return Point(AGAINST, label, _("Has all the places that it can have, %(cap)s", cap=cap))
    return Point(FOR, label, _("Can have another place, of at most %(cap)s", cap=cap))


def _invitation(registration: Registration, evidence: Evidence) -> Iterator[Point]:
    if invitation := evidence.invitation:
        is_good = invitation.state in INVITED and invitation.sector_id == registration.sector_id
        # Ignore a forwarded invitation: organisers did not choose the colleague who got it.
        is_good = is_good and not invitation.from_colleague
        told = evidence_text(invitation, registration)
        yield Point(FOR if is_good else NEITHER, _("Invitation"), told)


def _earlier(registration: Registration, evidence: Evidence) -> Iterator[Point]:
    for earlier in evidence.earlier[:SHOWN]:
        is_here = earlier.event_id == registration.event_id
        status = wording.state_name(earlier)
        sector = in_language(earlier.sector.name)
        text = _(
            "%(event)s, %(sector)s: %(status)s",
            event=in_language(earlier.event.short_name),
            sector=sector,
            status=status,
        )
        url = _url_if_read(earlier)
        is_good = earlier.status == Status.CONFIRMED
        yield Point(FOR if is_good else AGAINST if is_here else NEITHER, _("Same address"), text, url)
    if evidence.domain and not evidence.earlier:
        yield Point(NEITHER, _("Same address"), _("Not registered before"))


def _colleagues(evidence: Evidence, events: Mapping[int, Event]) -> Iterator[Point]:
    for event_id, number in sorted(evidence.colleagues.items()):
        event = in_language(events[event_id].short_name)
        text = ngettext(
            "%(num)s person of the organisation at %(event)s",
            "%(num)s people of the organisation at %(event)s",
            number,
            event=event,
        )
        yield Point(FOR, _("Colleagues"), text)


def _same_name(registration: Registration, evidence: Evidence) -> Iterator[Point]:
    if other := evidence.same_name:
        text = _(
            "%(organisation)s: %(status)s",
            organisation=other.organisation,
            status=wording.state_name(other),
        )
        url = _url_if_read(other)
        yield Point(AGAINST, _("Same name"), text, url)


def _place(registration: Registration, evidence: Evidence) -> Iterator[Point]:
    if registration.status != Status.IN_REVIEW:
        return
    sector, label = registration.sector, pgettext("seat", "Place")
    numbers = {"sector": in_language(sector.name), "taken": sector.taken, "ceiling": sector.ceiling}
    if evidence.finds_place:
        text = ngettext(
            "%(sector)s: %(taken)s of at most %(ceiling)s taken, %(num)s is free",
            "%(sector)s: %(taken)s of at most %(ceiling)s taken, %(num)s are free",
            evidence.places_free,
            **numbers,
        )
        yield Point(FOR, label, text)
    else:
        text = _(
            "%(sector)s: %(taken)s of at most %(ceiling)s taken, none is free for this person", **numbers
        )
        yield Point(AGAINST, label, text)
