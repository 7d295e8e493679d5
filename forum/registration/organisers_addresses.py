"""The page on which an organiser enters a new e-mail address of a registration."""

from typing import Any

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
from forum.registration import listing, new_address, places
from forum.registration.console import has_ended, person_of, to_person
from forum.registration.errors import AddressTaken, NotLive, SameAddress
from forum.registration.models import Registration
from forum.registration.own_moves_forms import NewAddressForm
from forum.registration.wording import full_name
from forum.web.edits import ChangedMeanwhile, ShowsStored

bp = Blueprint("attendee_addresses", __name__, url_prefix="/console/<event>/registrations/<reference>")


class OrganisersAddressForm(ShowsStored, NewAddressForm):
    """A new e-mail address that an organiser enters for somebody."""

    @staticmethod
    def stored(registration: Registration) -> dict[str, Any]:
        """Return the values of the registration that the page shows."""
        return {"address": registration.email}


@bp.route("/address", methods=["GET", "POST"])
def change(event: str, reference: str) -> ResponseReturnValue:
    """Say what entering a new address does; on POST send a link to it."""
    registration, filters = person_of(event, reference)
    form = OrganisersAddressForm(kept_words.sent_or_kept())
    if not form.is_submitted() and not form.seen.data:
        form.show(OrganisersAddressForm.stored(registration))
    try:
        if not form.validate_on_submit():
            return _page(registration, filters, form)
        _save(event, reference, form)
    except NotLive:
        return has_ended(registration, filters)
    except (ChangedMeanwhile, SameAddress, AddressTaken) as refusal:
        db.session.rollback()
        return _page(*person_of(event, reference), form, refusal)
    said = _("A link is on its way to %(email)s. Nothing changes until it is used.", email=form.email.data)
    flash(said, "success")
    return redirect(to_person(registration, filters), 303)


def _save(slug: str, reference: str, form: OrganisersAddressForm) -> None:
    """Send the link. Raises what `new_address.ask` raises, and ChangedMeanwhile."""
    start_write(db.session)
    registration, _filters = person_of(slug, reference)
    places.lock_live(registration)
    form.refuse_if_changed(OrganisersAddressForm.stored(registration))
    actor, now = sign_ins.current_actor(), clock.now()
    new_address.ask(registration, form.email.data or "", actor=actor, now=now)
    db.session.commit()


def _page(
    registration: Registration,
    filters: listing.Filters,
    form: OrganisersAddressForm,
    refusal: Exception | None = None,
) -> ResponseReturnValue:
    """Show the form; after a refusal with the typed values. Raises NotLive."""
    now, taken = clock.now(), None
    if not registration.is_live or events.is_over(registration.event, now):
        raise NotLive
    if isinstance(refusal, ChangedMeanwhile):
        form.show(refusal.stored)
        form.email.errors = [
            _("The address has been changed meanwhile. Look at it before you enter another.")
        ]
    elif isinstance(refusal, AddressTaken):
        taken = {"name": full_name(refusal.registration), "url": to_person(refusal.registration, filters)}
        form.email.errors = [
            _("Registration %(reference)s has this address", reference=refusal.registration.reference)
        ]
    elif refusal:
        form.email.errors = [_("This is the address that the registration has")]
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    page = render_template(
        "console/attendees/address.html",
        event=registration.event,
        registration=registration,
        form=form,
        taken=taken,
        asked=new_address.find_asked(registration, now),
        ends_at=new_address.find_early_end(registration.event, actor=sign_ins.current_actor(), now=now),
        back_to_person=to_person(registration, filters),
    )
    return page, 409 if refusal else 422 if form.errors else 200
