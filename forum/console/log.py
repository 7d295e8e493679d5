"""The log of an event, and of what belongs to no event: who did, saw and exported what (P18, S46).

Organisers of an event read what was done. Only its admins read who has seen or exported what, because that tells how
colleagues work. What belongs to no event, sign-ins among it, is for admins of all events.
"""

from collections.abc import Sequence
from datetime import UTC, tzinfo
from typing import Any

from flask import Blueprint, abort, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from forum import clock
from forum.accounts import queries as accounts
from forum.accounts import sign_ins
from forum.accounts.enums import Role
from forum.audit import checking
from forum.audit import queries as audit
from forum.audit.models import AuditEntry
from forum.audit.traces import note_view
from forum.console import log_reading, log_words
from forum.console.log_kinds import Kind
from forum.console.log_reading import Filters, Reader
from forum.console.log_rows import Row, names_of, rows_of
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.registration import wording
from forum.web.languages import moment_text
from forum.web.pagination import Cursor, Page

bp = Blueprint("log", __name__, url_prefix="/console")
OF_EVENT = (Kind.ACTS, Kind.VIEWS, Kind.EXPORTS)


@bp.route("/<event>/log")
def index(event: str) -> ResponseReturnValue:
    """Show the event's log; its filters and the position in the list are in the URL."""
    this_event = get_any_or_404(event)
    note_view(audit.LOG_VIEWED, this_event, actor=sign_ins.current_actor())
    return _show(this_event)


@bp.route("/log")
def site() -> ResponseReturnValue:
    """Show the log of what belongs to no event: accounts, sign-ins and what all posts share."""
    note_view(audit.LOG_VIEWED, g.user, actor=sign_ins.current_actor())
    return _show(None)


def reader_of(event: Event | None) -> Reader:
    """Return which kinds of entries the signed-in organiser may read in the event's log, or in that of no event."""
    if event is None:
        return Reader(tuple(Kind))
    kinds = OF_EVENT if sign_ins.holds(Role.ADMIN, event) else (Kind.ACTS,)
    return Reader(kinds, is_handler=sign_ins.holds(Role.PROTECTED_HANDLER, event))


def filters_of(event: Event | None) -> Filters:
    """Return the filters in the URL; abort with 404 for one that does not exist."""
    try:
        return Filters.of(request.args, reader_of(event))
    except log_reading.UnknownFilter:
        abort(404)


def zone_of(event: Event | None) -> tzinfo:
    """Return the time zone of the log's times: that of the event or, in the log of no event, of the current event."""
    known = event or events.find_current()
    return known.zone if known else UTC


def _show(event: Event | None) -> str:
    reader, filters, zone = reader_of(event), filters_of(event), zone_of(event)
    page = log_reading.read_log(event, filters, reader, zone, Cursor.of(request.args))
    person = log_reading.find_person(event, filters) if event else None
    rows = rows_of(page.rows, event, zone)
    return render_template(
        "console/log/index.html",
        event=event,
        is_admin_of_all=sign_ins.is_admin_of_all(),
        filters=filters,
        kinds=[(kind.value, log_words.KINDS[kind]) for kind in reader.kinds] if len(reader.kinds) > 1 else [],
        actors=_actors(event, filters, reader, rows),
        person=person,
        rows=rows,
        pages=_pages(event, filters, page),
        **_chain(zone),
        export_url=url_of(event, filters, "export"),
        is_narrowed=bool(filters.query()),
        sees_views=Kind.VIEWS in reader.kinds,
    )


def _chain(zone: tzinfo) -> dict[str, str]:
    """Return the result of the worker's last check of the audit trail in words, as a remark or a warning."""
    check, now = checking.find_check(), clock.now()
    if check is None or check.ended_at is None:
        said = _("The log has not been checked yet. It is checked automatically every day.")
        return {"chain_text": said, "chain_trouble": ""}
    at = moment_text(check.ended_at, zone)
    if not check.is_whole:
        trouble = _(
            "The check on %(moment)s found that entries were changed or removed. Tell whoever runs the server: the "
            "command “forum audit verify” says which.",
            moment=at,
        )
        return {"chain_text": "", "chain_trouble": trouble}
    if not check.is_proven:
        unproven = _(
            "The check on %(moment)s could not show that the log is whole, because what it compares with is missing. "
            "Tell whoever runs the server: the command “forum audit verify” says what.",
            moment=at,
        )
        return {"chain_text": unproven, "chain_trouble": ""}
    told = ngettext(
        "The log of all events was checked on %(moment)s and found whole: %(num)s entry.",
        "The log of all events was checked on %(moment)s and found whole: %(num)s entries.",
        check.entries,
        moment=at,
    )
    if checking.is_well(check, now=now):
        return {"chain_text": told, "chain_trouble": ""}
    late = _("%(told)s It should be checked every day: tell whoever runs the server.", told=told)
    return {"chain_text": late, "chain_trouble": ""}


def _actors(
    event: Event | None, filters: Filters, reader: Reader, rows: Sequence[Row]
) -> list[tuple[str, str]]:
    """Return the choices of the filter by who acted.

    The choices are the people named on the page and, for admins, everybody with a role for the event. Another account
    whose number is in the URL is shown without a name: else trying all numbers would reveal every account's name.
    """
    listed = accounts.list_members(event.id if event else None) if Kind.VIEWS in reader.kinds else ()
    named = names_of({f"user:{number}" for number in listed} | {row.actor for row in rows})
    if filters.who.isdecimal():
        named.setdefault(filters.actor, wording.actor_text(filters.actor, {}))
    others = [(who, wording.actor_text(who, {})) for who in log_reading.OTHERS]
    return [
        *others,
        *sorted(((actor[5:], name) for actor, name in named.items()), key=lambda one: one[1].casefold()),
    ]


def _pages(event: Event | None, filters: Filters, page: Page[AuditEntry]) -> dict[str, str | None]:
    def url(beside: str, entry: AuditEntry) -> str:
        return url_of(event, filters, **{beside: str(entry.id)})

    return {
        "previous_url": url("before", page.rows[0]) if page.has_previous else None,
        "next_url": url("after", page.rows[-1]) if page.has_next else None,
        "summary": None,
    }


def url_of(event: Event | None, filters: Filters, endpoint: str = "", **differing: Any) -> str:
    """Return the URL of the log, or of another page about it, with the filters."""
    query = {**filters.query(), **differing}
    if event is None:
        return url_for(f".{endpoint}_site" if endpoint else ".site", **query)
    return url_for(f".{endpoint or 'index'}", event=event.slug, **query)
