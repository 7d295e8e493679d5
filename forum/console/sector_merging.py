"""The page on which a sector is merged into another; forum.console.settings gives it its address."""

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.sector_forms import MergeSectorForm
from forum.console.sector_settings import sector_or_404, served_words
from forum.console.settings_editing import get_locked_or_404, render, show_stored
from forum.delegations import asking as delegations
from forum.events.in_url import get_any_or_404
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.invitations import actions as invitations
from forum.registration import listing, merging, waiting_list
from forum.registration import sectors as rules
from forum.registration.enums import Status
from forum.registration.errors import SharesRefused
from forum.web.edits import ChangedMeanwhile
from forum.web.languages import in_language


def merge_sector(event: str, sector: str, into: str) -> ResponseReturnValue:
    """Say with numbers what merging two sectors does, and ask for floor and ceiling of the two; on POST merge them."""
    mine, other = _pair_or_404(get_any_or_404(event), sector, into)
    form = MergeSectorForm(kept_words.sent_or_kept(), data=MergeSectorForm.stored(mine, other))
    if not form.is_submitted():
        show_stored(form, MergeSectorForm.stored(mine, other))
    if not form.validate_on_submit():
        return _page(form, mine, other)
    mine, other = _pair_or_404(get_locked_or_404(event), sector, into)
    name, now = in_language(mine.name), clock.now()
    try:
        form.refuse_if_changed(MergeSectorForm.stored(mine, other))
        invitations.move_to(mine, other)
        delegations.move_to(mine, other)
        moved = merging.merge(mine, other, form.limits(), actor=sign_ins.current_actor(), now=now)
    except (ChangedMeanwhile, SharesRefused) as refusal:
        db.session.rollback()
        return _refused(form, mine, other, refusal)
    served = waiting_list.offer_free_places(other.event, now=now)
    db.session.commit()
    flash(" ".join(filter(None, (_merged_words(name, other, moved), served_words(served)))), "success")
    return redirect(url_for("settings.sectors", event=event), 303)


def _merged_words(name: str, into: Sector, moved: int) -> str:
    names = {"name": name, "into": in_language(into.name)}
    return ngettext(
        "%(name)s has been merged into %(into)s, and %(num)s registration has moved there.",
        "%(name)s has been merged into %(into)s, and %(num)s registrations have moved there.",
        moved,
        **names,
    )


def _pair_or_404(event: Event, key: str, into: str) -> tuple[Sector, Sector]:
    """Return both sectors of the event; an unknown key, or the same key twice, is a 404 (S13)."""
    (_event, mine), (_event, other) = (
        sector_or_404(event, one) for one in (key, into if into != key else "")
    )
    return mine, other


def _refused(
    form: MergeSectorForm, mine: Sector, other: Sector, refusal: ChangedMeanwhile | SharesRefused
) -> ResponseReturnValue:
    if isinstance(refusal, SharesRefused):
        form.note_faults(refusal.faults, in_language(other.name))
        return _page(form, mine, other)
    return _page(form, mine, other, refusal)


def _page(
    form: MergeSectorForm, mine: Sector, other: Sector, meanwhile: ChangedMeanwhile | None = None
) -> ResponseReturnValue:
    page = render(other.event, "merge_sector", form, meanwhile, **_numbers(mine, other))
    return page, 409 if meanwhile else 422 if form.errors else 200


def _numbers(mine: Sector, other: Sector) -> dict[str, Any]:
    """Return the context of the page: both sectors' names, and how many registrations each has by status."""
    counts = listing.count_by_sector_and_status(mine.event)

    def of(status: Status) -> list[int]:
        return [listing.total(counts, sector_id=sector.id, status=status) for sector in (mine, other)]

    return {
        "sector": mine,
        "into": other,
        "called": in_language(mine.name),
        "into_called": in_language(other.name),
        "registered": rules.count_registrations(mine),
        "waiting": of(Status.WAITING),
        "in_review": of(Status.IN_REVIEW)[0],
    }
