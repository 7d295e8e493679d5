"""The console's page of a long table, which the worker checks and imports in parts.

The page asks for the columns, as the page of a short table does. Then it shows the progress of the check, the check's
outcome, the progress of the import, and who was refused. Only the outcome that was shown can be imported.
"""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.imports import answers, exports, headings, kept_tables, queries, table_work, wording
from forum.imports.checking import Fault
from forum.imports.enums import ENDED, OF_ORGANISERS, OF_WORKER, TableState
from forum.imports.forms import ALL, LongTableForm
from forum.imports.kept_tables import CHOICES, KeptOutcome
from forum.imports.table_models import ImportTable
from forum.registration import places
from forum.web.forms import TidyForm

bp = Blueprint("import_tables", __name__, url_prefix="/console/<event>/imports/tables/<int:table>")
SHOWN = kept_tables.SHOWN


@bp.route("", methods=["GET", "POST"])
def show(event: str, table: int) -> ResponseReturnValue:
    """Ask for columns and terms, and show the check's outcome; while the worker is busy, or has ended, its progress."""
    this_event = get_any_or_404(event)
    kept = _get_or_404(this_event, table)
    if kept.state not in OF_ORGANISERS:
        return _to(event, table) if request.method == "POST" else _progress_page(this_event, kept)
    if answer := sign_ins.require_fresh():
        return answer
    form = _form(this_event, kept, kept_words.sent_or_kept())
    if not form.validate_on_submit():
        return _asking_page(this_event, kept, form), 422 if form.errors else 200
    note_view(audit_queries.REGISTRATIONS_SEARCHED, this_event, actor=sign_ins.current_actor())
    _go_on(event, table, form)
    db.session.commit()
    return _to(event, table)


@bp.post("/stop")
def stop(event: str, table: int) -> ResponseReturnValue:
    """Stop the check or the import of a table; people who have been imported already stay registered."""
    start_write(db.session)
    this_event = get_any_or_404(event)
    kept = _get_or_404(this_event, table)
    # Wait for the worker, which locks the event while it imports a part: nobody is imported after the stop.
    places.lock(this_event)
    kept = kept_tables.find_locked(kept.id) or abort(404)
    is_stopped = table_work.stop(kept, actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    told = _("Stopped. Whoever has been imported stays.") if is_stopped else _("It had already ended.")
    flash(told, "success")
    return _to(event, table)


@bp.get("/report.csv")
def report(event: str, table: int) -> ResponseReturnValue:
    """Give the faults of the table's rows as a CSV file: those of the last check and those of the import."""
    if answer := sign_ins.require_fresh():
        return answer
    this_event = get_any_or_404(event)
    faults = _list_faults(this_event, _get_or_404(this_event, table))
    return exports.report(this_event, faults)


def _go_on(slug: str, number: int, form: LongTableForm) -> None:
    """Let the worker import the people whom the check accepted, or check again by other choices; the caller commits."""
    start_write(db.session)
    event = get_any_or_404(slug)
    places.lock(event)
    table = kept_tables.find_locked(_get_or_404(event, number).id) or abort(404)
    if table.state not in OF_ORGANISERS:
        return
    outcome, now = kept_tables.outcome_of(event, table), clock.now()
    is_shown = (
        outcome is not None
        and form.previewed.data == outcome.mark
        and kept_tables.read(table, CHOICES) == form.all_chosen()
    )
    if outcome is None or not is_shown or not _may_carry_out(form, outcome):
        kept_tables.write(table, CHOICES, form.all_chosen())
        kept_tables.move(table, TableState.CHECKING, now=now)
    elif kept_tables.list_importing(event):
        flash(_("Another table is being imported. Wait until it is done."), "warning")
    else:
        kept_tables.move(table, TableState.STARTING, now=now)


def _form(event: Event, kept: ImportTable, sent: MultiDict[str, str] | None) -> LongTableForm:
    """Return a table's form with the sent values, else with the choices stored earlier, else with suggestions."""
    table, chosen = kept_tables.headings_of(kept), kept_tables.read(kept, CHOICES)
    is_filled = sent is not None or chosen is not None
    form = LongTableForm(
        sent if sent is not None or not chosen else MultiDict(chosen),
        questions=answers.list_asked(event.slug),
    )
    if is_filled:
        form.keep(event, table)
    else:
        form.suggest(event, table, queries.find_columns(event, table.digest))
    return form


def _may_carry_out(form: LongTableForm, outcome: KeptOutcome) -> bool:
    """Return whether people can be imported: not if any row is wrong and the organiser wants all rows or none."""
    return bool(outcome.good) and not (form.which.data == ALL and outcome.faults)


def _asking_page(event: Event, kept: ImportTable, form: LongTableForm) -> str:
    table = kept_tables.headings_of(kept)
    read = set(form.columns().values())
    outcome = None if form.errors else kept_tables.outcome_of(event, kept)
    if outcome:
        form.previewed.data = outcome.mark
        note_view(audit_queries.REGISTRATIONS_SEARCHED, event, actor=sign_ins.current_actor())
    return render_template(
        "console/imports/columns.html",
        event=event,
        form=form,
        table=table,
        system=headings.recognise(table.headings),
        unread=[text for place, text in enumerate(table.labels) if text and place not in read],
        doubled=headings.list_doubled(table.headings, read),
        outcome=outcome,
        may_carry_out=outcome is not None and _may_carry_out(form, outcome),
        shown=SHOWN,
        left=places.places_left(event, clock.now()),
        can_wait=places.takes_waiters(event, clock.now()),
        kept=kept,
    )


def _progress_page(event: Event, kept: ImportTable) -> str:
    faults = _list_faults(event, kept) if kept.state in ENDED else []
    label, sign = wording.STATES[kept.state]
    return render_template(
        "console/imports/progress.html",
        event=event,
        kept=kept,
        form=TidyForm(),
        label=label,
        sign=sign,
        is_running=kept.state in OF_WORKER,
        faults=faults,
        shown=SHOWN,
    )


def _list_faults(event: Event, kept: ImportTable) -> list[Fault]:
    """Return the faults of the table's rows, by row; once the import has ended, why each row was left out.

    This is recorded as a search in the audit trail, because it tells which addresses are registered.
    """
    note_view(audit_queries.REGISTRATIONS_SEARCHED, event, actor=sign_ins.current_actor())
    outcome = kept_tables.outcome_of(event, kept) or KeptOutcome()
    alike = [Fault(one.row, "", one.text) for one in outcome.alike]
    absent: list[Fault] = []
    if kept.state in ENDED:
        # A table that was stopped before its columns were chosen has no choices.
        chosen = kept_tables.read(kept, CHOICES) or {}
        alike = [] if chosen.get("with_alike") else alike
        told = _("The status says that the person does not come")
        absent = [Fault(row, _("Status"), told) for row in outcome.left_out]
        if not chosen.get("with_undecided"):
            told = _("The status says that the person has no place yet")
            absent += [Fault(row, _("Status"), told) for row in outcome.undecided]
    faults = [*outcome.faults, *alike, *absent, *kept_tables.list_refused(kept)]
    return sorted(faults, key=lambda fault: fault.row)


def _get_or_404(event: Event, number: int) -> ImportTable:
    return kept_tables.find_own(event, g.user.id, number) or abort(404)


def _to(slug: str, number: int) -> ResponseReturnValue:
    return redirect(url_for(".show", event=slug, table=number), 303)
