"""Answers of an event as counts for the kitchen and the venue, and as a list of people for the role care (P06)."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from forum import clock
from forum.accounts import sign_ins
from forum.accounts.enums import Role
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.outbox import listing as outbox
from forum.outbox.wording import failure_text
from forum.questions import care_consent, queries
from forum.questions.enums import Sensitivity
from forum.questions.locating import has_been_emptied
from forum.questions.models import Question
from forum.questions.wording import answer_text
from forum.registration import by_part, tallies, wording
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.restrictions import IS_FREE
from forum.registration.small_numbers import LEAST
from forum.registration.tallies import TEXTS, Tally
from forum.web.charts import draw_bars
from forum.web.languages import in_language
from forum.web.tables import short_csv_response

bp = Blueprint("counts", __name__, url_prefix="/console/<event>/counts")


@bp.route("")
def show(event: str) -> ResponseReturnValue:
    """Show how many people gave each answer; only the role care sees small numbers of sensitive questions."""
    this_event = get_any_or_404(event)
    is_care = sign_ins.holds(Role.CARE, this_event)
    listed = tallies.list_tallies(this_event, is_exact=is_care)
    secret = [tally for tally in listed if tally.question.sensitivity == Sensitivity.CARE]
    return render_template(
        "console/counts/show.html",
        event=this_event,
        is_care=is_care,
        failed=outbox.count_failed_of_care(this_event.id) if is_care else 0,
        people=tallies.count_confirmed(this_event),
        secret=[_shown(tally) for tally in secret],
        ordinary=[_shown(tally) for tally in listed if tally not in secret],
        hides=any(tally.hides for tally in secret),
        fewest=LEAST,
        now=clock.now(),
    )


@bp.route("/numbers.csv")
def file(event: str) -> Response:
    """Return the counts as a CSV file; small numbers, even of ordinary questions, are for the role care only (P10)."""
    this_event, now = get_any_or_404(event), clock.now()
    listed = tallies.list_tallies(this_event, is_exact=sign_ins.holds(Role.CARE, this_event), is_file=True)
    name = f"{this_event.slug}-counts-{now.astimezone(this_event.zone):%Y-%m-%d}.csv"
    return short_csv_response(name, [_("Question"), _("Answer"), _("People")], [*_cells(listed)])


@bp.route("/people")
def people(event: str) -> ResponseReturnValue:
    """Show to the role care each person's answers about food and access; each view is recorded."""
    if answer := sign_ins.require_fresh():
        return answer
    this_event = get_any_or_404(event)
    # Record the view even if nobody has a need of food or access: an entry that is missing would tell readers of the
    # log that nobody has one (S23).
    if tallies.count_confirmed(this_event):
        note_view(audit_queries.CARE_ANSWERS_VIEWED, this_event, actor=sign_ins.current_actor())
    listed = _people(this_event)
    return render_template(
        "console/counts/people.html",
        event=this_event,
        people=[one for one in listed if one["answers"]],
        withdrawn=[one for one in listed if one["withdrawn_at"]],
        unreached=_unreached(this_event),
        failed=outbox.count_failed_of_care(this_event.id),
        now=clock.now(),
    )


@bp.route("/by-part")
def parts(event: str) -> ResponseReturnValue:
    """Show to the role care, on one sheet, how many people with each need come to each part of the event."""
    this_event = get_any_or_404(event)
    offered = by_part.list_questions(this_event)
    wanted = [one for one in offered if one.key == request.args.get("by")]
    asked = next(iter(wanted or offered), None)
    sheet = _sheet_shown(by_part.count(this_event, asked), asked) if asked else {}
    told = {"event": this_event, "offered": offered, "asked": asked, "now": clock.now()}
    return render_template("console/counts/parts.html", **told, **sheet)


def _sheet_shown(sheet: by_part.Sheet, asked: Question) -> dict[str, Any]:
    """Return the sheet's numbers, with the names of parts and needs in the page's language."""
    return {
        "headings": [answer_text(asked, part) if part else _("Not said") for part in sheet.parts],
        "people": sheet.people,
        "needs": [
            (
                in_language(question.label),
                [(answer_text(question, need), numbers) for _q, need, numbers in rows],
            )
            for question, rows in groupby(sheet.needs, key=lambda row: row[0])
        ],
    }


def _shown(tally: Tally) -> dict[str, Any]:
    """Return the count of answers in the page's language; None stands for a hidden number."""
    question = tally.question
    # A hidden number has no bar, and the scale of the bars is that of the numbers shown.
    bars = draw_bars([{"all": number or 0} for number in tally.counts.values()])
    others = [(_("Other answers"), None, "")] if tally.has_others else []
    return {
        "question": question,
        "answered": tally.answered,
        "is_deleted": has_been_emptied(question, question.event),
        "is_text": question.kind in TEXTS,
        "total": tally.total,
        "counts": [
            *(
                (answer_text(question, part), number, bar)
                for (part, number), bar in zip(tally.counts.items(), bars, strict=True)
            ),
            *others,
        ],
    }


def _cells(listed: list[Tally]) -> Iterator[list[str | int]]:
    """Yield a row for each answer to each question, then how many have answered it and the sum of given numbers."""
    for tally in listed:
        label = in_language(tally.question.label)
        for part, number in tally.counts.items():
            yield [label, answer_text(tally.question, part), _("hidden") if number is None else number]
        if tally.has_others:
            yield [label, _("Other answers"), _("hidden")]
        yield [label, _("All who answered"), _("hidden") if tally.answered is None else tally.answered]
        if tally.total is not None and tally.answered:
            yield [label, _("Sum of the numbers"), tally.total]


def _people(event: Event) -> list[dict[str, Any]]:
    """Return for each person name, reference, answers in words in the order of the form, and details of the consent."""
    questions = [one for one in queries.list_all(event.id) if one.sensitivity == Sensitivity.CARE]

    def told(person: Registration, record: dict[str, Any]) -> dict[str, Any]:
        given, note = record.get("given", {}), care_consent.find_note(record) or {}
        return {
            "name": wording.full_name(person),
            "reference": person.reference,
            "answers": [(one, answer_text(one, given[one.key])) for one in questions if one.key in given],
            "text_version": note.get("text_version"),
            **{name: _moment(note.get(name)) for name in ("given_at", "withdrawn_at")},
        }

    return [told(person, record) for person, record in tallies.list_care(event)]


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


def _unreached(event: Event) -> list[dict[str, Any]]:
    """Return the recipients of the newest failed mails about missing answers; record that an organiser sees them.

    For confirmed people the page itself records a view; for anybody else this function adds an audit entry (P18).
    """
    mails = outbox.list_failed_of_care(event.id)
    named = select(Registration).where(Registration.id.in_({mail.registration_id for mail in mails}), IS_FREE)
    people = {person.id: person for person in db.session.scalars(named)}
    for other in people.values():
        if other.status != Status.CONFIRMED:
            note_view(audit_queries.REGISTRATION_VIEWED, other, actor=sign_ins.current_actor())
    return [
        {
            "name": wording.full_name(person),
            "reference": person.reference,
            "why": failure_text(mail.last_error or ""),
            "at": mail.created_at,
        }
        for mail in mails
        if (person := people.get(mail.registration_id or 0))
    ]
