"""The page on which an organiser moves a registration to another sector."""

from collections.abc import Iterator

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.events import queries as events
from forum.extensions import db
from forum.questions import queries as questions
from forum.registration import answers, barring, given, listing, mails, moving, moving_words, places
from forum.registration.console import has_ended, person_of, to_person
from forum.registration.errors import NoPlaceThere, NoSuchSector, NotLive, SeveralForms
from forum.registration.models import Registration
from forum.registration.organisers_answers import leave_to_person
from forum.registration.organisers_words import words_field
from forum.web.edits import ChangedMeanwhile, differences
from forum.web.languages import in_language, language_name

bp = Blueprint("attendee_moves", __name__, url_prefix="/console/<event>/registrations/<reference>")
bp.register_error_handler(SeveralForms, leave_to_person)


class OrganisersMoveForm(moving_words.MoveForm):
    """The sector to which an organiser moves a person, and words to the person if a mail is to be sent."""

    words = words_field()


@bp.route("/sector", methods=["GET", "POST"])
def sector(event: str, reference: str) -> ResponseReturnValue:
    """Say what moving to each sector would result in now; on POST move the registration."""
    registration, filters = person_of(event, reference)
    form = OrganisersMoveForm(kept_words.sent_or_kept())
    form.offer(moving.list_sectors(registration, actor=sign_ins.current_actor()), by_person=False)
    if not form.is_submitted() and not form.seen.data:
        form.show(OrganisersMoveForm.stored(registration))
    try:
        if not form.validate_on_submit():
            return _page(registration, filters, form)
        flash(_save(event, reference, form), "success")
    except (NotLive, NoSuchSector):
        return has_ended(registration, filters)
    except (ChangedMeanwhile, NoPlaceThere) as refusal:
        db.session.rollback()
        return _page(*person_of(event, reference), form, refusal)
    return redirect(to_person(registration, filters), 303)


def _save(slug: str, reference: str, form: OrganisersMoveForm) -> str:
    """Move the registration; return a message.

    Raises what `moving.move` raises, and ChangedMeanwhile when the registration has changed since the page was shown,
    or when this organiser may not move it, because others have to decide in a review (R30).
    """
    start_write(db.session)
    registration, _filters = person_of(slug, reference)
    places.lock_live(registration)
    stored = OrganisersMoveForm.stored(registration)
    if barring.why_not_moved(registration):
        raise ChangedMeanwhile(stored)
    form.refuse_if_changed(stored)
    into = next(one for one in registration.event.sectors if one.key == form.sector.data)
    may_wait, was, now = form.if_full.data == moving_words.WAIT, registration.sector.key, clock.now()
    outcome = moving.move(registration, into, may_wait=may_wait, actor=sign_ins.current_actor(), now=now)
    if form.words.data:
        mails.queue_changed(registration, [mails.SECTOR], words=form.words.data, now=now)
    # Put the result into words before the commit: right after it, another form of an unconfirmed person may arrive, and
    # then nobody knows which form's answers count.
    told = [moving_words.done(in_language(into.name), outcome), *_asked_more(registration, was)]
    db.session.commit()
    return " ".join(told)


def _asked_more(registration: Registration, was: str) -> Iterator[str]:
    """Yield in words what the new sector requires: unanswered questions, and questions about food and access.

    `was` is the key of the former sector.
    """
    into = registration.sector
    if missing := given.list_missing(registration, questions.list_open(registration.event.slug)):
        yield moving_words.missing_to_organiser(into, missing)
    if added := given.list_added_care(registration, was):
        yield moving_words.added_care(into, added)


def _page(
    registration: Registration,
    filters: listing.Filters,
    form: OrganisersMoveForm,
    refusal: ChangedMeanwhile | NoPlaceThere | None = None,
) -> ResponseReturnValue:
    """Show the form; after a refusal with the chosen values. Raises NotLive, SeveralForms."""
    now, actor = clock.now(), sign_ins.current_actor()
    if not registration.is_live or events.is_off(registration.event, now):
        raise NotLive
    answers.find_carried(registration)
    meanwhile, compared = None, []
    if isinstance(refusal, ChangedMeanwhile):
        meanwhile, compared = refusal, list(differences(form, refusal.stored))
        form.show(refusal.stored)
    elif refusal:
        refused = form.if_full if registration.holds_place else form.sector
        refused.errors = [_("No place is free there. Nothing has been changed.")]
    sectors = list(moving.list_sectors(registration, actor=actor))
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=actor)
    page = render_template(
        "console/attendees/sector.html",
        event=registration.event,
        registration=registration,
        form=form,
        hints=moving_words.hints(registration, sectors, actor=actor, now=now),
        barred=barring.why_not_moved(registration),
        can_wait=moving.can_wait(registration, now),
        language=language_name(registration.language),
        meanwhile=meanwhile,
        compared=compared,
        back_to_person=to_person(registration, filters),
    )
    return page, 409 if refusal else 422 if form.errors else 200
