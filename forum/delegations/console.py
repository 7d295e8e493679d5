"""The organisers' list of an event's delegations."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from forum import clock
from forum.delegations import delegation_words, queries
from forum.events.in_url import get_any_or_404

bp = Blueprint("delegations_console", __name__, url_prefix="/console/<event>")


@bp.route("/delegations")
def index(event: str) -> ResponseReturnValue:
    """Show each delegation with its contact and its people."""
    found, now = get_any_or_404(event), clock.now()
    delegations = [
        (one, [(delegation_words.for_organisers(person, now), person.registration) for person in one.people])
        for one in queries.list_confirmed(found)
    ]
    return render_template("console/delegations/index.html", event=found, delegations=delegations)
