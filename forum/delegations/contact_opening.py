"""What the pages of a delegation's contact share: reading the delegation and its people, a person's page, refusals."""

from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.delegations import contact_acts, contact_sign_in, correcting, delegation_words, queries
from forum.delegations.errors import AskedAlready, NotTheirs, SomebodyElse
from forum.delegations.models import Delegate, Delegation
from forum.events.freezing import AnswersFrozen, refuse_if_frozen
from forum.events.in_url import show_event
from forum.extensions import db
from forum.questions import queries as questions
from forum.questions.enums import QuestionKind, Sensitivity
from forum.registration import page_of, places, sign_in_end
from forum.web.edits import ShowsStored
from forum.web.limits import keyed

CAN = {
    "change": contact_acts.can_change,
    "withdraw": contact_acts.can_withdraw,
    "replace": contact_acts.can_replace,
    "correct": correcting.can_correct,
}


def mine() -> Delegation:
    """Return the delegation to whose page this browser is signed in.

    Raises LinkRefused, also for a form from a page about another delegation.
    """
    page_of.keep_sent()
    delegation = contact_sign_in.follow(now=clock.now())
    page_of.refuse_another(f"delegation {delegation.id}")
    show_event(delegation.event)
    sign_in_end.announce()
    return delegation


def delegate(number: int) -> Delegate:
    """Return the person at this position of the contact's delegation; abort with 404 if there is nobody."""
    return queries.find_delegate(mine(), number) or abort(404)


def may(act: str, number: int) -> Delegate:
    """Return the person at this position if the contact may do `act`, a key of CAN. Raises NotTheirs, AnswersFrozen."""
    one, now = delegate(number), clock.now()
    if not CAN[act](one, now):
        raise NotTheirs
    if act != "withdraw":
        refuse_if_frozen(one.delegation.event, now)
    return one


def asks_of(delegation: Delegation) -> dict[str, bool]:
    """Return whether the event has ordinary questions that contacts can answer, and questions about food and access."""
    asked = questions.list_for_form(delegation.event.slug)
    ordinary = [one for one in asked if one.sensitivity == Sensitivity.ORDINARY]
    return {
        "ordinary": any(one.kind != QuestionKind.FILE for one in ordinary),
        "care": len(asked) > len(ordinary),
    }


def still_shown(number: int, form: ShowsStored) -> Delegate:
    """Lock the event and return the person at this position, read afresh. Call after `start_write`.

    Raises ChangedMeanwhile if the page showed somebody else, or the person before a change (R30).
    """
    one = delegate(number)
    places.lock(one.delegation.event)
    db.session.refresh(one)
    if one.registration is not None:
        db.session.refresh(one.registration)
    form.refuse_if_changed(_shown(one))
    return one


def changed_page(act: str, number: int, form: ShowsStored) -> ResponseReturnValue:
    """Return the page of an act again, with the typed values and the person's present state. Raises NotTheirs."""
    db.session.rollback()
    one = delegate(number)
    if not CAN[act](one, clock.now()):
        raise NotTheirs
    form.show(_shown(one))
    return person_page(act, one, form, refused="changed"), 409


def _shown(one: Delegate) -> dict[str, object]:
    """Return the values of a person that a page shows, with their status.

    Until the person has confirmed an address, the result does not depend on whether there is a registration (S24).
    """
    now = clock.now()
    row = delegation_words.row_of(one, now)
    told = {name: getattr(row, name) for name in ("name", "title", "email", "kind")}
    is_known = contact_acts.is_known(one, now)
    return {**told, "who": keyed(f"delegate {one.registration_id}") if is_known else ""}


def person_page(act: str, one: Delegate, form: Any, *, refused: str = "", **more: Any) -> str:
    """Render the page on which the contact acts for a person.

    `act` names its template, and `refused` says why the last try failed.
    """
    if not form.is_submitted() and isinstance(form, ShowsStored) and not form.seen.data:
        form.show(_shown(one))
    now = clock.now()
    return render_template(
        f"public/delegations/{act}.html",
        delegation=one.delegation,
        event=one.delegation.event,
        registration=one.registration,
        person=delegation_words.row_of(one, now),
        instead=delegation_words.asked_instead([one], now).get(one.registration_id or 0),
        form=form,
        refused=refused,
        **more,
    )


def not_done(refusal: Exception) -> ResponseReturnValue:
    """Redirect to the delegation's page; say that the act is not possible, or no longer, and nothing was changed."""
    db.session.rollback()
    if isinstance(refusal, AnswersFrozen):
        why = _("Nothing has been changed: it was too late to change anything here.")
    elif isinstance(refusal, SomebodyElse):
        why = _(
            "Nothing has been changed: somebody else comes instead of the person whom the page was about."
        )
    elif isinstance(refusal, AskedAlready):
        why = delegation_words.asked_already(refusal, mine().event)
    else:
        why = _("Nothing has been changed: this is not possible for the person any more.")
    flash(why, "warning")
    return redirect(url_for("own_delegation.show"), 303)
