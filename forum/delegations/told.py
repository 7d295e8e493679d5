"""Substitutions and delegations on a person's own page: the functions that its templates call."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from flask.blueprints import BlueprintSetupState

from forum import clock
from forum.delegations import (
    contact_sign_in,
    delegation_words,
    in_lists,
    lost_links,
    named,
    queries,
    unanswered,
)
from forum.delegations.models import Delegation, Substitution
from forum.extensions import db
from forum.registration import delegated, ending, links_by_mail, own_sign_in
from forum.registration.models import Registration


@dataclass(frozen=True)
class Told:
    """What a person's own page says of substitutes: the successor, the predecessor, and the open substitution."""

    successor: Registration | None
    predecessor: Registration | None
    asked: Substitution | None


def install(state: BlueprintSetupState) -> None:
    """Give templates of `registration` the function `substitutions_of`: `registration` must not import this package."""
    state.app.jinja_env.globals.update(substitutions_of=substitutions_of)
    ending.install(state.app, unanswered.forget_asked)
    ending.install_before_erasing(state.app, _stay_in_delegation)
    ending.install_following(state.app, _follow)


def install_delegations(state: BlueprintSetupState) -> None:
    """Let templates of `registration` show delegations, and its lists, links and sign-ins take them into account."""
    told = {
        "delegation_of": delegation_of,
        "delegation_address": delegation_words.console_address,
        "delegation_label": in_lists.label,
    }
    state.app.jinja_env.globals.update(told)
    own_sign_in.install_leaving(state.app, contact_sign_in.leave)
    delegated.install(state.app, in_lists)
    links_by_mail.install(state.app, lost_links.find_beside)


def _stay_in_delegation(registration_ids: Collection[int], now: datetime) -> None:
    for one in queries.list_delegates(registration_ids):
        named.part(one, now)
    db.session.flush()


def _follow(registration: Registration, to: Registration, only: Collection[int] | None) -> list[int]:
    """When two registrations of one person were merged, link people of delegations to the registration that remains."""
    mine = [one for one in queries.list_delegates([registration.id]) if only is None or one.id in only]
    for one in mine:
        one.registration = to
    db.session.flush()
    return [one.id for one in mine]


def delegation_of(registration: Registration) -> Delegation | None:
    """Return the delegation to which a registration belongs, if any."""
    return queries.find_of(registration)


def substitutions_of(registration: Registration) -> Told:
    """Return the person's substitutions for their own page; an open one only while the registration is live."""
    asked = queries.find_asked(registration, clock.now()) if registration.is_live else None
    return Told(queries.find_successor(registration), queries.find_predecessor(registration), asked)
