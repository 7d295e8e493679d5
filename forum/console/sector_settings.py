"""The pages on which an event's capacity and sectors are changed; forum.console.settings gives them their addresses."""

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.sector_forms import NewSectorForm, PlacesForm, SectorForm
from forum.console.sector_words import effects_of, idle_text
from forum.console.settings_editing import flash_saved, get_locked_or_404, render, show_stored
from forum.events.enums import SectorPolicy
from forum.events.in_url import get_any_or_404
from forum.events.models import Event, Sector
from forum.events.queries import find_sector
from forum.extensions import db
from forum.invitations import queries as invitations
from forum.registration import listing, places, waiting_list
from forum.registration import sectors as rules
from forum.registration.enums import Status
from forum.registration.errors import LastSector, SectorInUse, SharesRefused
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm
from forum.web.languages import in_language

PREVIEW, UP, DOWN = "preview", "up-", "down-"


def sectors(event: str) -> ResponseReturnValue:
    """Show capacity and sectors; preview what other numbers would mean, or save them."""
    this_event = get_any_or_404(event)
    form = PlacesForm(kept_words.sent_or_kept(), data=PlacesForm.stored(this_event))
    if not form.is_submitted():
        show_stored(form, PlacesForm.stored(this_event))
    is_valid = form.validate_on_submit()
    if not is_valid or _is_preview(form):
        return _preview(this_event, form)
    this_event, now = get_locked_or_404(event), clock.now()
    actor = sign_ins.current_actor()
    try:
        _refuse_if_changed(form, this_event)
        changed = rules.arrange(this_event, form.capacity.data, form.read_shares(), actor=actor, now=now)
    except (ChangedMeanwhile, SharesRefused) as refusal:
        db.session.rollback()
        return _refused(this_event, form, refusal)
    served = waiting_list.offer_free_places(this_event, now=now) if changed else waiting_list.Served()
    db.session.commit()
    flash_saved(_told(this_event, served), is_changed=changed)
    return redirect(url_for("settings.sectors", event=event), 303)


def new_sector(event: str) -> ResponseReturnValue:
    """Show the form for a new sector, with its name and number of places; on POST add it."""
    this_event = get_any_or_404(event)
    form = NewSectorForm(kept_words.sent_or_kept())
    if not form.validate_on_submit():
        return _sector_page("new_sector", this_event, form)
    this_event = get_locked_or_404(event)
    numbers = {"floor": form.floor.data, "ceiling": form.ceiling.data}
    policy, actor = SectorPolicy(form.policy.data), sign_ins.current_actor()
    try:
        rules.add(this_event, form.texts(), **numbers, policy=policy, actor=actor, now=clock.now())
    except SharesRefused as refusal:
        db.session.rollback()
        form.note_faults(refusal.faults)
        return _sector_page("new_sector", this_event, form)
    db.session.commit()
    flash(_("The sector has been added, the last in order."), "success")
    return redirect(url_for("settings.sectors", event=event), 303)


def sector(event: str, sector: str) -> ResponseReturnValue:
    """Change a sector's name and its description of who belongs there."""
    this_event, mine = sector_or_404(get_any_or_404(event), sector)
    form = SectorForm(kept_words.sent_or_kept(), data=SectorForm.stored(mine))
    if not form.is_submitted():
        show_stored(form, SectorForm.stored(mine))
    if not form.validate_on_submit():
        return _sector_page("sector", this_event, form, sector=mine, **_ways(mine))
    this_event, mine = sector_or_404(get_locked_or_404(event), sector)
    try:
        form.refuse_if_changed(SectorForm.stored(mine))
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return render(this_event, "sector", form, meanwhile, sector=mine, **_ways(mine)), 409
    changed = rules.describe(mine, form.texts(), actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash_saved("", is_changed=bool(changed))
    return redirect(url_for("settings.sectors", event=event), 303)


def close_sector(event: str, sector: str) -> ResponseReturnValue:
    """Say what closing a sector does; on POST close it."""
    form = TidyForm()
    if not form.validate_on_submit():
        this_event, mine = sector_or_404(get_any_or_404(event), sector)
        return _sector_page("close_sector", this_event, form, sector=mine, **_ways(mine))
    this_event, mine = sector_or_404(get_locked_or_404(event), sector)
    now = clock.now()
    rules.close(mine, actor=sign_ins.current_actor(), now=now)
    # Places that were kept for the closed sector (its floor) are open to the other sectors now.
    served = waiting_list.offer_free_places(this_event, now=now)
    db.session.commit()
    closed = _("%(name)s has been closed.", name=in_language(mine.name))
    flash(" ".join(filter(None, (closed, _told(this_event, served)))), "success")
    return redirect(url_for("settings.sectors", event=event), 303)


def remove_sector(event: str, sector: str) -> ResponseReturnValue:
    """Ask whether to remove a sector to which nobody belongs; on POST remove it."""
    form = TidyForm()
    if not form.validate_on_submit():
        this_event, mine = sector_or_404(get_any_or_404(event), sector)
        invited = invitations.count_of(mine)
        return _sector_page("remove_sector", this_event, form, sector=mine, invited=invited, **_ways(mine))
    this_event, mine = sector_or_404(get_locked_or_404(event), sector)
    name, now = in_language(mine.name), clock.now()
    try:
        _refuse_if_invited(mine)
        rules.remove(mine, actor=sign_ins.current_actor(), now=now)
    except (SectorInUse, LastSector):
        db.session.rollback()
        return redirect(url_for("settings.remove_sector", event=event, sector=sector), 303)
    served = waiting_list.offer_free_places(this_event, now=now)
    db.session.commit()
    removed = _("%(name)s has been removed.", name=name)
    flash(" ".join(filter(None, (removed, _told(this_event, served)))), "success")
    return redirect(url_for("settings.sectors", event=event), 303)


def _refuse_if_invited(sector: Sector) -> None:
    """Raise SectorInUse for a sector to which people were invited: their links would lead nowhere."""
    if number := invitations.count_of(sector):
        raise SectorInUse(number)


def _told(event: Event, served: waiting_list.Served) -> str:
    """Return in words how many places a saved change has offered, and how many stay empty; "" for none of them."""
    return " ".join(filter(None, (served_words(served), idle_text(event))))


def served_words(served: waiting_list.Served) -> str:
    """Return in sentences how many waiting people a change has offered a place or given one at once; "" for none."""
    offered, given = served.offered.total(), served.given.total()
    told = [
        ngettext(
            "%(num)s place has been offered to the next in line.",
            "%(num)s places have been offered to those next in line.",
            offered,
        )
        if offered
        else "",
        given_words(given),
    ]
    return " ".join(filter(None, told))


def given_words(number: int) -> str:
    """Return a sentence on how many people without an address a change has given a place; "" for none."""
    if not number:
        return ""
    return ngettext(
        "%(num)s person without an address got a place at once and is not written to.",
        "%(num)s people without an address got a place at once and are not written to.",
        number,
    )


def _is_preview(form: PlacesForm) -> bool:
    """Return whether the pressed button only previews the numbers or moves a sector's row; move the row in the form."""
    act = request.form.get("act", "")
    for beginning, step in ((UP, -1), (DOWN, 1)):
        if act.startswith(beginning):
            form.move(act.removeprefix(beginning), step)
            return True
    return act == PREVIEW


def _preview(event: Event, form: PlacesForm) -> ResponseReturnValue:
    """Show the form and, in words, the effects that its numbers would have; nothing is stored."""
    tried = places.trial_of(event)
    if form.is_submitted() and not form.errors and sorted(form.keys) == sorted(_keys(event)):
        try:
            rules.apply(tried, form.capacity.data, form.read_shares())
        except SharesRefused as refusal:
            form.note_faults(refusal.faults, event)
            tried = places.trial_of(event)
    return _places_page(event, form, tried), 422 if form.errors else 200


def _refuse_if_changed(form: PlacesForm, event: Event) -> None:
    """Raise ChangedMeanwhile when the page showed other numbers or other sectors than there are now."""
    stored = PlacesForm.stored(event)
    form.refuse_if_changed(stored)
    if sorted(form.keys) != sorted(_keys(event)):
        raise ChangedMeanwhile(stored)


def _refused(
    event: Event, form: PlacesForm, refusal: ChangedMeanwhile | SharesRefused
) -> ResponseReturnValue:
    if isinstance(refusal, SharesRefused):
        form.note_faults(refusal.faults, event)
        return _places_page(event, form, places.trial_of(event)), 422
    form = form.onto(event)
    return _places_page(event, form, places.trial_of(event), refusal), 409


def _places_page(
    event: Event, form: PlacesForm, tried: Event, meanwhile: ChangedMeanwhile | None = None
) -> str:
    counts, now = listing.count_by_sector_and_status(event), clock.now()
    effects = effects_of(tried, counts, now)
    tones = {own.key: own.tone for own in effects.balance.sectors}
    names = {mine.key: in_language(mine.name) for mine in event.sectors}
    is_tried = PlacesForm.stored(tried) != PlacesForm.stored(event)
    context: dict[str, Any] = {"effects": effects, "tones": tones, "names": names, "is_tried": is_tried}
    return render(event, "sectors", form, meanwhile, **context)


def _sector_page(name: str, event: Event, form: Any, **context: Any) -> ResponseReturnValue:
    return render(event, name, form, **context), 422 if form.errors else 200


def sector_or_404(event: Event, key: str) -> tuple[Event, Sector]:
    """Return event and sector; a key that only another event has is a 404 (S13)."""
    mine = find_sector(event, key)
    if mine is None:
        abort(404)
    return event, mine


def _ways(mine: Sector) -> dict[str, Any]:
    """Return the context of a page about one sector: its number of registrations, and the other sectors."""
    counts = listing.count_by_sector_and_status(mine.event)
    others = [other for other in mine.event.sectors if other is not mine]
    return {
        "called": in_language(mine.name),
        "registered": rules.count_registrations(mine),
        "waiting": listing.total(counts, sector_id=mine.id, status=Status.WAITING),
        "others": [{"key": other.key, "name": in_language(other.name)} for other in others],
    }


def _keys(event: Event) -> list[str]:
    return [mine.key for mine in event.sectors]
