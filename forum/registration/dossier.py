"""A registration as organisers see it: details, consents and history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial
from typing import Any

from babel import Locale
from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from forum import clock
from forum.accounts.access import may_open
from forum.accounts.models import User
from forum.audit.models import AuditEntry
from forum.audit.queries import REGISTRATION_RECEIVED
from forum.events import queries as events
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.outbox.wording import kind_text
from forum.outbox.wording import status_words as mail_words
from forum.people.models import RegistrationNote
from forum.questions import queries as questions
from forum.registration import deadlines, imported, new_address, own_answers, restrictions
from forum.registration.enums import ConsentPurpose, Status
from forum.registration.errors import SeveralForms
from forum.registration.models import Consent, Registration
from forum.registration.review_words import CHOICES
from forum.registration.wording import CONSENTS, FIELDS, READERS, SHOWN, act_detail, act_text, actor_text
from forum.web.languages import NAMES, day_text, in_language, language, moment_text


@dataclass(frozen=True)
class Fact:
    """A label and its value, which may be a link to a file, for a row of components/summary_list.html."""

    label: str
    value: str
    file_url: str = ""


@dataclass(frozen=True)
class Happening:
    """An action or a mail in a registration's history, for an entry of components/timeline.html."""

    at: datetime
    at_text: str
    title: str
    detail: str = ""
    actor: str = ""
    is_note: bool = False

    @property
    def at_iso(self) -> str:
        """The moment in ISO 8601, for the datetime attribute."""
        return self.at.isoformat(timespec="seconds")


def lead(registration: Registration) -> str:
    """Return a line about a person: title and organisation, sector, country, reference."""
    who = ", ".join(filter(None, (registration.title, registration.organisation)))
    sector = in_language(registration.sector.name)
    return " · ".join((who, sector, _country(registration), registration.reference))


def details(registration: Registration, zone: tzinfo) -> list[Fact]:
    """Return the person's answers to the core questions, and the dates that matter in the registration's status."""
    facts = [
        (_("Reference"), registration.reference),
        (str(FIELDS["given_name"]), registration.given_name),
        (str(FIELDS["family_name"]), registration.family_name),
        (_("E-mail address"), registration.email or _address_asked(registration, zone)),
        (str(FIELDS["phone"]), registration.phone or ""),
        (str(FIELDS["organisation"]), registration.organisation),
        (str(FIELDS["title"]), registration.title),
        (_("Sector"), in_language(registration.sector.name)),
        (str(FIELDS["country"]), _country(registration)),
        (str(FIELDS["language"]), NAMES.get(registration.language, registration.language)),
        (_("Registered"), moment_text(registration.requested_at, zone)),
        *_moments(registration, zone),
        *_refusal(registration),
    ]
    return [Fact(label, value) for label, value in facts]


def review_facts(registration: Registration) -> list[Fact]:
    """Return the answers that somebody deciding about the registration reads: no phone number and no consents."""
    facts = [
        (_("E-mail address"), registration.email or _("None: no messages go out")),
        (str(FIELDS["organisation"]), registration.organisation),
        (str(FIELDS["title"]), registration.title),
        (_("Sector"), in_language(registration.sector.name)),
        (str(FIELDS["country"]), _country(registration)),
        (str(FIELDS["language"]), NAMES.get(registration.language, registration.language)),
        (_("Registered"), moment_text(registration.requested_at, registration.event.zone)),
    ]
    return [*(Fact(label, value) for label, value in facts), *own_questions(registration)]


def own_questions(registration: Registration) -> list[Fact]:
    """Return the answers to the event's own questions, without those about diet and access (S14).

    While several forms wait for the address to be confirmed, return no answers: nobody knows which form counts.
    """
    try:
        rows = own_answers.question_rows(
            registration,
            questions.list_all(registration.event_id),
            address_of_file=partial(_file_address, registration),
        )
    except SeveralForms:
        return []
    return [Fact(row["label"], row["value"], row["file_url"]) for row in rows]


def _file_address(registration: Registration, key: str) -> str:
    """Return the URL of a person's file for those who may download it.

    Return "" before the address is confirmed, and while the data are restricted.
    """
    if not may_open("attendee_files.download", registration.event):
        return ""
    if registration.status == Status.PENDING or restrictions.is_restricted(registration):
        return ""
    known = {"event": registration.event.slug, "reference": registration.reference}
    return url_for("attendee_files.download", file_key=key, **known)


def consents(registration: Registration, zone: tzinfo) -> list[Fact]:
    """Return for each purpose whether the person has consented, and since when."""
    latest = {consent.purpose: consent for consent in sorted(registration.consents, key=_given_at)}
    return [
        Fact(str(CONSENTS[purpose]), _consent_text(latest.get(purpose), zone)) for purpose in ConsentPurpose
    ]


def timeline(
    entries: Sequence[AuditEntry],
    notes: Sequence[RegistrationNote],
    mails: Sequence[OutboxMessage],
    zone: tzinfo,
) -> list[Happening]:
    """Return actions, notes and mails together, newest first.

    A mail counts as later than an action of the same moment. The organiser who added a person by hand is not named: a
    handler's name would reveal who has protected identity (P21).
    """
    added_at = {entry.at for entry in entries if _is_by_hand(entry)}
    names = _name_actors([*(entry.actor for entry in entries), *map(author_of, notes)])
    imports = imported.list_added(entries)
    acts = [
        _act(entry, imported.details_of(entry, imports), {} if entry.at in added_at else names, zone)
        for entry in entries
        if entry.action != "registration.noted"
    ]
    told = [*acts, *(_note(note, names, zone) for note in notes), *(_mail(mail, zone) for mail in mails)]
    return sorted(told, key=lambda happening: happening.at)[::-1]


def written_notes(notes: Sequence[RegistrationNote], zone: tzinfo) -> list[tuple[int, Happening]]:
    """Return each note's number and the note as the timeline shows it, newest first."""
    names = _name_actors(map(author_of, notes))
    return [(note.id, _note(note, names, zone)) for note in reversed(notes)]


def author_of(note: RegistrationNote) -> str:
    """Return how the audit trail names the note's author; "" if the account was deleted."""
    return f"user:{note.author_id}" if note.author_id else ""


def _address_asked(registration: Registration, zone: tzinfo) -> str:
    """Return, for a person without a confirmed address, in words which address waits to be confirmed, if any."""
    if asked := new_address.find_asked(registration, clock.now()):
        until = moment_text(asked.expires_at, zone)
        return _("%(email)s, not confirmed; the link works until %(moment)s", email=asked.email, moment=until)
    return _("None: no messages go out")


def _country(registration: Registration) -> str:
    return Locale.parse(language()).territories.get(registration.country, registration.country)


def _moments(registration: Registration, zone: tzinfo) -> list[tuple[str, str]]:
    moments = [
        (_("Confirm the address before"), registration.confirm_by, Status.PENDING),
        (_("Waiting since"), registration.waiting_since, Status.WAITING),
        (_offer_label(registration), registration.offer_expires_at, Status.OFFERED),
    ]
    goes_on = not events.is_off(registration.event, clock.now())
    shown = [
        (label, moment_text(moment, zone))
        for label, moment, status in moments
        if moment and goes_on and registration.status == status
    ]
    return [
        *shown,
        *([(_("Ended"), moment_text(registration.ended_at, zone))] if registration.ended_at else []),
    ]


def _offer_label(registration: Registration) -> str:
    is_past = deadlines.is_past_offer_now(registration)
    return _("The time to accept the place ended") if is_past else _("Offer holds until")


def _name_actors(actors: Iterable[str]) -> dict[str, str]:
    """Return the names of the organisers among these actors, by actor ("user:7")."""
    ids = {int(number) for kind, _, number in (actor.partition(":") for actor in actors) if kind == "user"}
    query = select(User.id, User.name).where(User.id.in_(ids))
    return {f"user:{user_id}": name for user_id, name in db.session.execute(query)} if ids else {}


def _refusal(registration: Registration) -> list[tuple[str, str]]:
    """Return why a registration was declined, with the organisers' own words to the person."""
    if registration.decline_reason is None:
        return []
    why = (
        _("Why it was declined"),
        str(CHOICES.get(registration.decline_reason, registration.decline_reason)),
    )
    words = registration.decline_words
    return [why, (_("The organisers’ own words"), words)] if words else [why]


def _given_at(consent: Consent) -> datetime:
    return consent.given_at


def _consent_text(consent: Consent | None, zone: tzinfo) -> str:
    if consent is None:
        return _("No")
    if consent.withdrawn_at:
        return _("No, withdrawn %(day)s", day=day_text(consent.withdrawn_at, zone))
    day = day_text(consent.given_at, zone)
    if consent.listed_as and consent.audience:
        shown, readers = SHOWN[consent.listed_as], READERS[consent.audience]
        return _("%(shown)s, %(readers)s, since %(day)s", shown=shown, readers=readers, day=day)
    return _("Yes, since %(day)s", day=day)


def _is_by_hand(entry: AuditEntry) -> bool:
    told = entry.details.payload if entry.details else {}
    return entry.action == REGISTRATION_RECEIVED and bool(told.get("by_hand"))


def _act(entry: AuditEntry, details: Mapping[str, Any], names: Mapping[str, str], zone: tzinfo) -> Happening:
    return Happening(
        entry.at,
        moment_text(entry.at, zone),
        act_text(entry.action),
        act_detail(entry.action, details),
        actor_text(entry.actor, names),
    )


def _note(note: RegistrationNote, names: Mapping[str, str], zone: tzinfo) -> Happening:
    actor = actor_text(author_of(note), names)
    return Happening(note.made_at, moment_text(note.made_at, zone), _("Note"), note.text, actor, is_note=True)


def _mail(mail: OutboxMessage, zone: tzinfo) -> Happening:
    state = mail_words(mail.status, mail.abort_reason).label
    detail = f"{state}, {moment_text(mail.sent_at, zone)}" if mail.sent_at else state
    title = _("Message: %(kind)s", kind=kind_text(mail.kind))
    return Happening(mail.created_at, moment_text(mail.created_at, zone), title, detail)
