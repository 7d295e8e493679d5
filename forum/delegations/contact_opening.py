"""What every page of a delegation's contact begins with: the delegation, one of its people, and that person's page."""

from typing import Any

from flask import abort, render_template

from forum import clock
from forum.delegations import contact_sign_in, delegation_words, queries
from forum.delegations.models import Delegate, Delegation
from forum.events.in_url import show_event
from forum.web.forms import TidyForm


def mine() -> Delegation:
    """Return the delegation to which this browser is signed in. Raises LinkRefused."""
    delegation = contact_sign_in.follow(now=clock.now())
    show_event(delegation.event)
    return delegation


def delegate(number: int) -> Delegate:
    """Return the person at this position of the contact's delegation; without one the page is not found."""
    return queries.find_delegate(mine(), number) or abort(404)


def person_page(act: str, one: Delegate, form: TidyForm, *, refused: str = "", **more: Any) -> str:
    """Return the page of one of the acts for a person of the delegation."""
    return render_template(
        f"public/delegations/{act}.html",
        delegation=one.delegation,
        event=one.delegation.event,
        registration=one.registration,
        person=delegation_words.row_of(one, clock.now()),
        form=form,
        refused=refused,
        **more,
    )
