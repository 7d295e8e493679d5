"""The page on which an organiser adds a registration by hand."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import EmailField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.database import start_write
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.people.models import LONGEST_NOTE
from forum.questions import queries as questions
from forum.registration import by_hand, given, listing, places
from forum.registration.console import to_person
from forum.registration.errors import AddressTaken, RegistrationClosed, SectorFull, SentWithOtherValues
from forum.registration.models import Registration
from forum.registration.moving_words import STAY, WAIT
from forum.registration.organisers_forms import PersonForm
from forum.web.forms import LinesField, SentOnce, is_email, new_form_key, required
from forum.web.identity_numbers import no_identity_number
from forum.web.languages import in_language

REFUSALS = (AddressTaken, SectorFull, RegistrationClosed, SentWithOtherValues)
bp = Blueprint("attendee_additions", __name__, url_prefix="/console/<event>")


class AdditionForm(SentOnce, PersonForm):
    """A person whom an organiser registers, with or without an address, and the reason."""

    email = EmailField(_l("E-mail address"), [Optional(), is_email])
    sector = RadioField(_l("Sector"), [required(_l("Choose a sector"))])
    if_full = RadioField(
        _l("If no place is free there when you save"),
        [required(_l("Choose what happens if no place is free"))],
    )
    reason = LinesField(
        _l("Why you add this person"),
        [
            required(_l("Write why")),
            Length(max=LONGEST_NOTE, message=_l("Use at most 2,000 characters")),
            no_identity_number,
        ],
    )

    def offer(self, event: Event) -> None:
        """Set the choices: the event's sectors, and what happens if one is full."""
        self.sector.choices = [SelectChoice(one.key, in_language(one.name)) for one in event.sectors]
        self.if_full.choices = [
            SelectChoice(STAY, _("Add nobody")),
            SelectChoice(WAIT, _("Add the person to the waiting list")),
        ]


@bp.route("/attendees/add", methods=["GET", "POST"])
def add(event: str) -> ResponseReturnValue:
    """Show the form for a new registration; on POST register the person."""
    chosen, form = get_any_or_404(event), AdditionForm(kept_words.sent_or_kept())
    form.offer(chosen)
    if not form.validate_on_submit():
        return render(chosen, form), 422 if form.errors else 200
    try:
        added = save(event, form)
    except REFUSALS as refusal:
        db.session.rollback()
        return render(get_any_or_404(event), form, refusal), 409
    told, asks = words_of(added, form.email.data or ""), _asks_questions(added)
    now_answers = _("Now enter the answers, as far as you know them.")
    flash(f"{told} {now_answers}" if asks else told, "success")
    return redirect(_to_answers(added) if asks else to_person(added, listing.Filters()), 303)


def words_of(added: Registration, email: str) -> str:
    """Return a message: what was done, and to which address a link was sent."""
    told = (
        _("The person has been added and has a place.")
        if added.holds_place
        else _("The person has been added to the waiting list.")
    )
    link = _("A link to confirm the address is on its way to %(email)s.", email=email) if email else ""
    return f"{told} {link}".strip()


def _asks_questions(added: Registration) -> bool:
    """Return whether the sector asks people anything beyond the details, diet and access apart."""
    asking = given.asking(added)
    return bool(questions.asked(asking["questions"], asking["sector"], asking["stored"]))


def _to_answers(added: Registration) -> str:
    return url_for("attendee_answers.change", event=added.event.slug, reference=added.reference)


def save(slug: str, form: AdditionForm, identity: by_hand.Identity | None = None) -> Registration:
    """Add the registration, with the identity that a handler has typed. Raises what `by_hand.add` raises."""
    start_write(db.session)
    event = get_any_or_404(slug)
    places.lock(event)
    sector = next(one for one in event.sectors if one.key == form.sector.data)
    added = by_hand.add(
        event,
        sector,
        form.details(),
        email=form.email.data or "",
        reason=form.reason.data or "",
        may_wait=form.if_full.data == WAIT,
        form_key=form.blank_key(),
        values=form.own_key(),
        identity=identity,
        actor=sign_ins.current_actor(),
        now=clock.now(),
    )
    db.session.commit()
    return added


def render(
    event: Event,
    form: AdditionForm,
    refusal: Exception | None = None,
    template: str = "console/attendees/add.html",
) -> str:
    """Return the page with the form; after a refusal with the typed values."""
    now = clock.now()
    if isinstance(refusal, AddressTaken):
        form.email.errors = [
            _("Registration %(reference)s has this address", reference=refusal.registration.reference)
        ]
    elif isinstance(refusal, SentWithOtherValues):
        # Whoever sends the form once more adds another person.
        form.key.data = new_form_key()
    elif refusal and not events.is_off(event, now):
        form.if_full.errors = [_("No place is free there. Nobody has been added.")]
    left = places.places_left(event, now)
    free = {sector.key: left[sector.id] for sector in event.sectors}
    return render_template(
        template,
        event=event,
        form=form,
        hints={key: _hint(number) for key, number in free.items()},
        is_off=events.is_off(event, now),
        made=refusal.registration if isinstance(refusal, SentWithOtherValues) else None,
        can_wait=places.takes_waiters(event, now),
    )


def _hint(number: int) -> str:
    if not number:
        return _("No place is free.")
    return ngettext("%(num)s place is free.", "%(num)s places are free.", number)
