"""Storing the answers to an event's own questions: ordinary ones as rows, those about diet and access sealed (P05).

Until the address is confirmed, both kinds are stored encrypted in the row of the sent form. Organisers change answers
in that row, too: confirming copies the form's answers, and so keeps the change. If several forms were sent, nobody can
read or change the answers until the person confirms one of the forms: functions then raise SeveralForms.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete

from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.questions import care_consent, files, locating, queries
from forum.questions.enums import Sensitivity
from forum.questions.models import Answer, Question
from forum.registration import queries as registrations
from forum.registration.enums import Status
from forum.registration.errors import SeveralForms
from forum.registration.models import CareAnswer, Registration, Submission
from forum.web.limits import keyed

# A mark among the answers of a sent form: somebody else than the person has entered those about diet and access. No
# question can have this key, because a question's key has no slash.
BY_OTHERS = "/by-others"


@dataclass(frozen=True)
class Answered:
    """The questions that a form has asked, and the answers by the question's key."""

    questions: Sequence[Question]
    given: Mapping[str, Any]


def find_form(registration: Registration) -> Submission | None:
    """Return the form that holds the answers while the address is unconfirmed, else None.

    Raises SeveralForms if several forms with answers were sent.
    """
    if registration.status != Status.PENDING:
        return None
    forms = registrations.list_answered_forms(registration)
    if len(forms) > 1:
        raise SeveralForms
    return forms[0] if forms else None


def read(registration: Registration, questions: Sequence[Question]) -> dict[str, Any]:
    """Return the registration's answers that are not sensitive, by the question's key.

    Raises SeveralForms if the address is unconfirmed and several forms with answers were sent.
    """
    ordinary = [question for question in questions if question.sensitivity == Sensitivity.ORDINARY]
    if form := find_form(registration):
        told = form.given or {}
        return {question.key: told[question.key] for question in ordinary if question.key in told}
    stored = queries.list_answers(registration.id)
    return {question.key: stored[question.id] for question in ordinary if question.id in stored}


def list_missing(registration: Registration, questions: Iterable[Question]) -> list[Question]:
    """Return the required ones of the event's `questions` that the person is asked and has not answered.

    Questions about diet and access are left out: whether they are answered must not show (S23). Raises SeveralForms.
    """
    ordinary = list_askable(questions, registration.event)
    if not any(one.is_required for one in ordinary):
        return []
    told = read(registration, ordinary)
    asked = queries.asked(ordinary, registration.sector.key, told)
    return [one for one in asked if one.is_required and one.key not in told]


def list_askable(questions: Iterable[Question], event: Event) -> list[Question]:
    """Return those of the event's `questions` that people can answer now, without those about diet and access."""
    return [
        one
        for one in questions
        if one.sensitivity == Sensitivity.ORDINARY
        and not one.withdrawn_at
        and not locating.has_been_emptied(one, event)
    ]


def list_added_care(registration: Registration, was: str) -> list[Question]:
    """Return the required questions about diet and access that only the registration's present sector asks.

    The former sector, whose key is `was`, does not ask them. Whether they are answered makes no difference (S23).
    Raises SeveralForms.
    """
    asked, sector = asking_care(registration)["questions"], registration.sector.key
    required = [one for one in asked if one.is_required and queries.of_sector(one, sector)]
    return [one for one in required if not queries.of_sector(one, was)]


def asking(registration: Registration) -> dict[str, Any]:
    """Return the arguments to make a form with the event's ordinary questions, filled in. Raises SeveralForms."""
    slug = registration.event.slug
    asked = [one for one in _list_for_form(registration) if one.sensitivity == Sensitivity.ORDINARY]
    stored = read(registration, asked)
    return {"questions": asked, "sector": registration.sector.key, "stored": stored, "asks": slug}


def asking_care(registration: Registration) -> dict[str, Any]:
    """Return the arguments to make an empty form about diet and access: stored answers are never shown (S23).

    A question that depends on an ordinary question is asked if the stored answer to that fulfils the condition. Raises
    SeveralForms.
    """
    slug, sector = registration.event.slug, registration.sector.key
    every = _list_for_form(registration)
    ordinary = {one.id for one in every if one.sensitivity == Sensitivity.ORDINARY}
    told = read(registration, every)
    asked = []
    for one in every:
        if one.id in ordinary:
            continue
        if one.depends_on_id in ordinary:
            if one not in queries.asked([*(q for q in every if q.id in ordinary), one], sector, told):
                continue
            one.depends_on_id = None
        asked.append(one)
    return {"questions": asked, "sector": sector, "asks": slug}


def _list_for_form(registration: Registration) -> list[Question]:
    """Return the event's open questions, without those whose answers were deleted after the event (P27)."""
    event = registration.event
    return [one for one in queries.list_for_form(event.slug) if not locating.has_been_emptied(one, event)]


def store(registration: Registration, given: Mapping[str, Any], *, now: datetime) -> None:
    """Store the answers of a confirmed form; answers to other questions stay as they are."""
    given = _still_kept(registration, given, now)
    answered = [question for question in queries.list_all(registration.event_id) if question.key in given]
    given = files.settle(registration.id, answered, given)
    answered = [question for question in answered if question.key in given]
    _put(
        registration, {one.id: given[one.key] for one in answered if one.sensitivity == Sensitivity.ORDINARY}
    )
    if told := {one.key: given[one.key] for one in answered if one.sensitivity == Sensitivity.CARE}:
        say_care(registration, told, is_own=BY_OTHERS not in given, now=now)


def store_first(registration: Registration, answered: Answered, *, now: datetime) -> None:
    """Store the answers, without files, of a registration that was just made and has no answers yet."""
    given = {one: answered.given[one.key] for one in answered.questions if one.key in answered.given}
    ordinary = {one.id: told for one, told in given.items() if one.sensitivity == Sensitivity.ORDINARY}
    rows = [
        Answer(registration_id=registration.id, question_id=each, value=told)
        for each, told in ordinary.items()
    ]
    db.session.add_all(rows)
    if told := {one.key: told for one, told in given.items() if one.sensitivity == Sensitivity.CARE}:
        say_care(registration, told, now=now)


def change(registration: Registration, answered: Answered, *, now: datetime) -> list[str]:
    """Replace the ordinary answers to the questions that a form has shown; return the keys of those that differ.

    An answer is removed when it was emptied, or when the person has changed the answer on which its question depends.
    An answer stays if the form did not have its question, which was withdrawn or got another condition. Raises
    SeveralForms.
    """
    ordinary = [one for one in answered.questions if one.sensitivity == Sensitivity.ORDINARY]
    before = read(registration, ordinary)
    sector, after = registration.sector.key, _still_kept(registration, answered.given, now)
    shown = {*queries.asked(ordinary, sector, before), *queries.asked(ordinary, sector, after)}
    changed = [one for one in ordinary if one in shown and before.get(one.key) != after.get(one.key)]
    if form := find_form(registration):
        held = files.settle(registration.id, changed, after, until=now + files.KEPT_UNSENT)
        _change_form(form, {one.key: held.get(one.key) for one in changed})
        return [one.key for one in changed]
    told = files.settle(registration.id, changed, after)
    _put(registration, {one.id: told[one.key] for one in changed if one.key in told})
    gone = [one.id for one in changed if one.key not in told]
    mine = Answer.registration_id == registration.id, Answer.question_id.in_(gone)
    if gone:
        db.session.execute(delete(Answer).where(*mine))
    return [one.key for one in changed]


def change_care(registration: Registration, told: Mapping[str, Any], *, now: datetime) -> None:
    """Replace all answers about diet and access by those that somebody else enters for the person.

    Until the address is confirmed they are put into the sent form, with a mark (BY_OTHERS): when they are stored, no
    consent of the person is noted with them. Raises SeveralForms.
    """
    form = find_form(registration)
    if form is None:
        say_care(registration, told, now=now)
        return
    every = queries.list_all(registration.event_id)
    emptied = {one.key: None for one in every if one.sensitivity == Sensitivity.CARE}
    told = _still_kept(registration, told, now)
    _change_form(form, {**emptied, **told, BY_OTHERS: True if told else None})


def digest_care(registration: Registration) -> str:
    """Return a keyed digest that changes with the answers about diet and access. Raises SeveralForms.

    It is made of the decrypted record, because the worker encrypts all records anew each day. The answers of a sent
    form are not encrypted anew, so their encrypted record serves.
    """
    if form := find_form(registration):
        kept = bytes(form.sealed_given or b"").hex()
    else:
        record = registration.care_answer and registration.care_answer.answer
        kept = json.dumps(record, sort_keys=True)
    return keyed(f"care {registration.id} {kept}")


def say_care(
    registration: Registration, told: Mapping[str, Any], *, is_own: bool = False, now: datetime
) -> None:
    """Store the answers about diet and access, encrypted, in place of earlier ones; note the consent to storing them.

    `is_own` says that the person has given the answers, below the text of the consent, or has deleted them, which
    withdraws the consent.
    """
    told, sealed = _still_kept(registration, told, now), registration.care_answer
    was = sealed.answer if sealed else {}
    note = care_consent.given_now(now, is_own=is_own) if told else care_consent.ended(was, now, is_own=is_own)
    if sealed:
        sealed.answer = care(told, consent=note, now=now)
    else:
        registration.care_answer = CareAnswer(answer=care(told, consent=note, now=now))


def care(
    told: Mapping[str, Any], *, consent: care_consent.Note | None = None, now: datetime | None
) -> dict[str, Any]:
    """Return the record of answers about diet and access for encrypting: all encrypted records have the same length."""
    noted = {"consent": consent} if consent else {}
    return {"given": dict(told), "recorded_at": now.isoformat() if told and now else None, **noted}


def _still_kept(registration: Registration, told: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """Return these answers without those to questions whose answers were deleted after the event (P27).

    Answers may have been deleted since the form was read. Both deleting and storing answers lock the event.
    """
    if not told or not events.is_over(registration.event, now):
        return told
    emptied = locating.list_emptied(registration.event)
    return {key: value for key, value in told.items() if key not in emptied}


def _change_form(form: Submission, told: Mapping[str, Any]) -> None:
    """Change these answers in the row of a sent form, by the question's key; None removes an answer."""
    form.given = {key: value for key, value in {**(form.given or {}), **told}.items() if value is not None}


def _put(registration: Registration, by_id: Mapping[int, Any]) -> None:
    for question_id, value in by_id.items():
        db.session.merge(Answer(registration_id=registration.id, question_id=question_id, value=value))
