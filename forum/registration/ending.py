"""Hooks: other packages register rules for when a registration ends, is merged, or is erased unconfirmed.

Undoing a cancellation does not undo what these hooks did.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from flask import current_app
from flask.sansio.app import App

from forum.registration import mails
from forum.registration.models import Registration

RULES = "what ends with a registration"
TAKING_BACK = "what notes that the mails of ended registrations are taken back"
BEFORE_ERASING = "what parts from an unconfirmed registration"
FOLLOWING = "what follows a person to another registration"
# A function that moves rows from one registration to another. Its arguments: source, target, and ids of the rows to
# move (None: all). It returns the ids of the moved rows.
Following = Callable[[Registration, Registration, Collection[int] | None], list[int]]


def install(app: App, rule: Callable[[Registration], None]) -> None:
    """Register `rule`, called with a registration that ends, before anything is recorded in the audit trail."""
    app.extensions.setdefault(RULES, []).append(rule)


def end_what_leads_to(registration: Registration) -> None:
    """Call the rules for a registration that ends: one rule ends the link of a colleague asked to come instead."""
    for rule in current_app.extensions.get(RULES, ()):
        rule(registration)


def install_taking_back(app: App, rule: Callable[[Sequence[Registration]], None]) -> None:
    """Register `rule`, called with registrations that end just before their unsent mails are cancelled."""
    app.extensions.setdefault(TAKING_BACK, []).append(rule)


def take_back_mails(registrations: Sequence[Registration]) -> None:
    """Cancel the unsent mails of registrations that end. Call before anything is recorded in the audit trail.

    One rule notes why these people do not get the messages of organisers that wait in the outbox (R12).
    """
    for rule in current_app.extensions.get(TAKING_BACK, ()) if registrations else ():
        rule(registrations)
    mails.take_back(registrations)


def install_before_erasing(app: App, rule: Callable[[Collection[int], datetime], None]) -> None:
    """Register `rule`, which gets ids of unconfirmed registrations before they are erased, to unlink rows that stay."""
    app.extensions.setdefault(BEFORE_ERASING, []).append(rule)


def part_from_unconfirmed(registration_ids: Collection[int], *, now: datetime) -> None:
    """Call the rules for unconfirmed registrations before erasing them; one rule keeps people listed in delegations."""
    for rule in current_app.extensions.get(BEFORE_ERASING, ()):
        rule(registration_ids, now)


def install_following(app: App, rule: Following) -> None:
    """Register `rule`, which moves rows of a merged registration to the kept one, and back when the merge is undone."""
    app.extensions[FOLLOWING] = rule


def follow(registration: Registration, to: Registration, *, only: Collection[int] | None = None) -> list[int]:
    """Move rows that belong to a merged registration to the registration `to`; return the ids of the moved rows."""
    rule: Following | None = current_app.extensions.get(FOLLOWING)
    return rule(registration, to, only) if rule else []
