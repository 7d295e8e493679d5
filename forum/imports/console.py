"""The console's pages of imports: the list, importing in steps, and undoing.

A table is sent, then read by columns that the organiser can correct, then shown as a dry run. Only what the dry run has
shown is carried out.
"""

import re

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.imports import (
    actions,
    answers,
    checking,
    exports,
    headings,
    in_lists,
    kept_tables,
    queries,
    tables,
    wording,
)
from forum.imports.checking import Outcome
from forum.imports.errors import EventOver, HasActed, OutcomeChanged, UndoneAlready
from forum.imports.forms import ALL, ImportPeopleForm, ImportTableForm
from forum.imports.models import AttendeeImport
from forum.registration import places, waiting_list
from forum.turns import processor
from forum.web.forms import TidyForm
from forum.web.languages import language
from forum.web.sheet_rows import SheetRefused

bp = Blueprint("imports", __name__, url_prefix="/console/<event>/imports")
bp.record_once(in_lists.install)
SHOWN = 100  # the most faults, and the most people, that the page of the dry run lists
# Matches the only URL of imports that accepts a large file; LARGEST_BODY is the most bytes of file and fields together.
UPLOAD = re.compile(r"/console/[^/]+/imports/new")
LARGEST_BODY = tables.LARGEST + 256 * 1024


@bp.get("/")
def index(event: str) -> ResponseReturnValue:
    """List the event's imports."""
    shown = get_any_or_404(event)
    return render_template(
        "console/imports/index.html",
        event=shown,
        imports=queries.list_newest(shown),
        own=kept_tables.list_own(shown, g.user.id),
        importing=kept_tables.list_importing(shown),
        states=wording.STATES,
        is_off=events.is_off(shown, clock.now()),
    )


@bp.get("/template.csv")
def csv_template(event: str) -> ResponseReturnValue:
    """Give an empty table with the headings that an import reads, as a CSV file."""
    return exports.template(get_any_or_404(event), "csv")


@bp.get("/template.xlsx")
def xlsx_template(event: str) -> ResponseReturnValue:
    """Give an empty table with the headings that an import reads, as an XLSX file."""
    return exports.template(get_any_or_404(event), "xlsx")


@bp.route("/new", methods=["GET", "POST"])
def new(event: str) -> ResponseReturnValue:
    """Ask for a table, then for its columns and how to import its people; then show a dry run, and carry it out."""
    if answer := sign_ins.require_fresh():
        return answer
    shown, sent = get_any_or_404(event), kept_words.sent_or_kept()
    if sent and sent.get("table"):
        asked = _form(shown, sent)
        return _choose_again(shown, asked) if sent.get("again") else _read(shown, asked)
    form = ImportTableForm(sent)
    if not form.validate_on_submit():
        return _upload_page(shown, form), 422 if form.errors else 200
    try:
        table = _read_table(form)
    except SheetRefused as refused:
        form.lines.errors = [str(wording.REFUSALS[type(refused)])]
        return _upload_page(shown, form), 422
    if not tables.is_short(table):
        return _keep(event, table)
    return _page(shown, _first_asked(shown, table, form.kept_for(table)))


def _read_table(form: ImportTableForm) -> tables.Table:
    """Return the table that was sent. Raises SheetRefused."""
    uploaded = request.files.get("file")
    data = uploaded.read(tables.LARGEST + 1) if uploaded else b""
    # A file of thousands of rows takes a second: let other requests compute meanwhile.
    with processor.lent():
        table = tables.read(data, form.lines.data or "")
    if table.other_sheets and table.has_headings and not headings.guess(table.headings):
        told = _(
            "Only the first sheet of the workbook was read, and none of its headings is known. If the people are on "
            "another sheet, move that one to the front."
        )
        flash(told, "warning")
    return table


def _keep(slug: str, table: tables.Table) -> ResponseReturnValue:
    """Store a long table for the worker, and redirect to the table's page."""
    start_write(db.session)
    event, now = get_any_or_404(slug), clock.now()
    # Lock the event, or two tables that are sent at the same time would both be kept.
    places.lock(event)
    kept = kept_tables.keep(event, table, user_id=g.user.id, language=language(), now=now)
    db.session.commit()
    return redirect(url_for("import_tables.show", event=slug, table=kept.id), 303)


def _first_asked(event: Event, table: tables.Table, kept: MultiDict[str, str] | None) -> ImportPeopleForm:
    """Return the form for a table just sent, with the choices made for an earlier table, or with suggestions."""
    asked = _form(event, kept)
    asked.table.bound_to = _bound_to(event)
    if kept:
        asked.keep(event, table)
    else:
        asked.suggest(event, table, queries.find_columns(event, table.digest))
    return asked


def _form(event: Event, sent: MultiDict[str, str] | None) -> ImportPeopleForm:
    return ImportPeopleForm(sent, questions=answers.list_asked(event.slug))


def _choose_again(event: Event, asked: ImportPeopleForm) -> str:
    """Ask for a corrected table, and keep the choices made for the table that was sent before."""
    form = ImportTableForm(None)
    form.kept.data = asked.to_keep() if asked.table.open(_bound_to(event)) else None
    return _upload_page(event, form)


def _read(event: Event, form: ImportPeopleForm) -> ResponseReturnValue:
    """Show the dry run of the sent table; if the page has shown its outcome before, import the people."""
    table = form.table.open(_bound_to(event))
    if table is None:
        flash(_("The table was sent too long ago. Nobody has been imported. Choose it again."), "warning")
        return redirect(url_for(".new", event=event.slug), 303)
    form.offer(event, table)
    if not form.validate_on_submit():
        return _page(event, form), 422 if form.errors else 200
    if queries.find_sent(form.terms().form_key):
        return redirect(url_for(".index", event=event.slug), 303)
    # Record the dry run in the audit trail as a search: it tells which of up to 500 addresses are registered.
    note_view(audit_queries.REGISTRATIONS_SEARCHED, event, actor=sign_ins.current_actor())
    outcome = _outcome(event, form)
    if not form.was_previewed(outcome) or not _may_carry_out(form, outcome):
        return _page(event, form, outcome)
    return _carry_out(event.slug, form)


def _carry_out(slug: str, form: ImportPeopleForm) -> ResponseReturnValue:
    """Carry out the import under the event's lock; if the result would differ from the dry run, show a new dry run."""
    start_write(db.session)
    event = get_any_or_404(slug)
    places.lock(event)
    now, terms = clock.now(), form.terms()
    if queries.find_sent(terms.form_key):
        db.session.rollback()
        return redirect(url_for(".index", event=slug), 303)
    try:
        waiting_list.offer_free_places(event, now=now)
        outcome = _outcome(event, form)
        if not form.was_previewed(outcome):
            raise OutcomeChanged
        made = actions.carry_out(event, outcome.people, terms, user_id=g.user.id, now=now)
    except (OutcomeChanged, EventOver):
        db.session.rollback()
        flash(
            _("Something has changed meanwhile, and nobody has been imported. Look through it again."),
            "warning",
        )
        return _page(get_any_or_404(slug), form, _outcome(get_any_or_404(slug), form)), 409
    db.session.commit()
    flash(_done(made), "success")
    return redirect(url_for(".index", event=slug), 303)


@bp.route("/<int:imported>/undo", methods=["GET", "POST"])
def undo(event: str, imported: int) -> ResponseReturnValue:
    """Ask before everybody of an import is removed; on POST remove them."""
    if answer := sign_ins.require_fresh():
        return answer
    shown, form = get_any_or_404(event), TidyForm(kept_words.sent_or_kept())
    made = queries.find(shown, imported) or abort(404)
    if not form.validate_on_submit():
        told = {"acted": queries.count_acted(made), "is_long": _is_long(made)}
        told |= {"is_running": kept_tables.is_importing(made)}
        return render_template("console/imports/undo.html", event=shown, made=made, form=form, **told)
    return _undo(event, imported)


def _undo(slug: str, number: int) -> ResponseReturnValue:
    """Undo an import; where that is refused, redirect to the page that says why."""
    start_write(db.session)
    event = get_any_or_404(slug)
    places.lock(event)
    made = queries.find(event, number) or abort(404)
    actor, now = sign_ins.current_actor(), clock.now()
    try:
        if _is_long(made):
            actions.ask_undo(made, event, actor=actor, now=now)
            told = _("The import is being undone. It goes on if you leave this page.")
        else:
            told = _undone(actions.undo(made, event, actor=actor, now=now))
    except (UndoneAlready, HasActed):
        db.session.rollback()
        return redirect(url_for(".undo", event=slug, imported=number), 303)
    db.session.commit()
    flash(told, "success")
    return redirect(url_for(".index", event=slug), 303)


def _is_long(made: AttendeeImport) -> bool:
    """Return whether an import is so long that the worker undoes it in parts."""
    return made.people > tables.MOST or kept_tables.is_importing(made)


def _undone(count: int) -> str:
    told = ngettext(
        "%(num)s person has been removed again.", "%(num)s people have been removed again.", count
    )
    return _("The import has been undone.") + " " + told


def _outcome(event: Event, form: ImportPeopleForm) -> Outcome:
    read = form.read(event)
    chosen = {"may_wait": form.terms().may_wait, "with_alike": form.with_alike.data}
    outcome = checking.check(event, read.people, **chosen, now=clock.now())
    outcome.faults = sorted([*read.faults, *outcome.faults], key=lambda fault: fault.row)
    outcome.left_out, outcome.undecided = read.left_out, read.undecided
    return outcome


def _may_carry_out(form: ImportPeopleForm, outcome: Outcome) -> bool:
    """Return whether people can be imported: not if any row is wrong and the organiser wants all rows or none."""
    return bool(outcome.people) and not (form.which.data == ALL and outcome.faults)


def _bound_to(event: Event) -> str:
    return f"import for event {event.id} by user {g.user.id}"


def _done(made: AttendeeImport) -> str:
    told = ngettext("%(num)s person has been imported.", "%(num)s people have been imported.", made.people)
    link = (
        _("Links to confirm the addresses are on their way.")
        if made.sends_links
        else _("Nobody was written to.")
    )
    return f"{told} {link}"


def _upload_page(event: Event, form: ImportTableForm) -> str:
    return render_template(
        "console/imports/upload.html",
        event=event,
        form=form,
        is_off=events.is_off(event, clock.now()),
        short=tables.MOST,
        replaced=kept_tables.list_replaced(event, g.user.id),
    )


def _page(event: Event, form: ImportPeopleForm, outcome: Outcome | None = None) -> str:
    table = form.table.data
    read, texts = set(form.columns().values()), table.labels if table else ()
    return render_template(
        "console/imports/columns.html",
        event=event,
        form=form,
        table=table,
        system=headings.recognise(table.headings) if table else "",
        unread=[text for place, text in enumerate(texts) if text and place not in read],
        doubled=headings.list_doubled(texts, read),
        outcome=outcome,
        may_carry_out=outcome is not None and _may_carry_out(form, outcome),
        shown=SHOWN,
        left=places.places_left(event, clock.now()),
        can_wait=places.takes_waiters(event, clock.now()),
    )
