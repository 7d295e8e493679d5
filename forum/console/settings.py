"""The pages of an event's settings: name, days and town; registration; privacy; sectors; organiser; texts."""

from datetime import datetime
from typing import Any

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from forum.accounts import sign_ins
from forum.console import (
    language_settings,
    look_settings,
    reminder_words,
    sector_merging,
    sector_settings,
)
from forum.console.mailings import proposed_change
from forum.console.privacy_settings import PrivacyForm
from forum.console.settings_editing import Former, Part, edit
from forum.console.settings_forms import FactsForm, RulesForm
from forum.console.settings_text_forms import FrontTextsForm, OrganiserForm
from forum.events.changes import touches_calendars
from forum.events.days import list_days
from forum.events.models import Event
from forum.mailings import actions as mailings
from forum.mailings import moved_reminders
from forum.participants import queries as participants
from forum.registration import listing, waiting_list
from forum.registration.enums import Group

bp = Blueprint("settings", __name__, url_prefix="/console/<event>/settings")
GIVING_PLACES = {"release_at", "organisation_cap", "starts_at", "offer_hours", "offer_cutoff_hours"}


@bp.route("/facts", methods=["GET", "POST"])
def facts(event: str) -> ResponseReturnValue:
    """Change the event's name, its days and hours, its town and its contact address."""
    return edit(event, Part("facts", FactsForm, _facts_context, _after_facts))


@bp.route("/registration", methods=["GET", "POST"])
def registration(event: str) -> ResponseReturnValue:
    """Change the dates of registration, and the rules by which places are offered."""
    return edit(event, Part("registration", RulesForm, _people, _after_rules))


@bp.route("/organiser", methods=["GET", "POST"])
def organiser(event: str) -> ResponseReturnValue:
    """Change who arranges the event, and the help lines."""
    return edit(event, Part("organiser", OrganiserForm))


@bp.route("/texts", methods=["GET", "POST"])
def texts(event: str) -> ResponseReturnValue:
    """Change the texts of the front page."""
    return edit(event, Part("texts", FrontTextsForm))


@bp.route("/privacy", methods=["GET", "POST"])
def privacy(event: str) -> ResponseReturnValue:
    """Change who may read the list of participants."""
    return edit(event, Part("privacy", PrivacyForm, _readers))


for rule, view in (
    ("/look", look_settings.look),
    ("/languages", language_settings.languages),
    ("/sectors", sector_settings.sectors),
    ("/sectors/new", sector_settings.new_sector),
    ("/sectors/<sector>", sector_settings.sector),
    ("/sectors/<sector>/closure", sector_settings.close_sector),
    ("/sectors/<sector>/removal", sector_settings.remove_sector),
    ("/sectors/<sector>/merging/<into>", sector_merging.merge_sector),
):
    bp.add_url_rule(rule, view_func=view, methods=["GET", "POST"])


def _facts_context(event: Event) -> dict[str, Any]:
    return {**_calendars(event), "proposed": proposed_change(event)}


def _calendars(event: Event) -> dict[str, int]:
    counts = listing.count_by_sector_and_status(event)
    people = listing.count_status(event, counts, None) - listing.count_status(event, counts, Group.ENDED)
    return {"people": people, "days": len(list_days(event))}


def _after_facts(event: Event, former: Former, now: datetime) -> str:
    told = [_("The lists are being sorted anew.")] if "name_order" in former else []
    if not touches_calendars(former):
        return " ".join(told)
    # Offers of places end when the event starts, so a later start may allow new offers.
    told.append(sector_settings.served_words(waiting_list.offer_free_places(event, now=now)))
    numbers = _calendars(event)
    if numbers["people"]:
        told.insert(0, _calendar_words(**numbers))
    actor = sign_ins.current_actor()
    told += reminder_words.followed_texts(moved_reminders.follow(event, former, actor=actor, now=now))
    mailings.propose_change(event, former, actor=actor, now=now)
    return " ".join(filter(None, told))


def _calendar_words(people: int, days: int) -> str:
    return ngettext(
        "The change concerns the calendar entries of %(num)s registered person, at most %(entries)s entries."
        " Nobody has been written to yet.",
        "The change concerns the calendar entries of %(num)s registered people, at most %(entries)s entries."
        " Nobody has been written to yet.",
        people,
        entries=people * days,
    )


def _people(event: Event) -> dict[str, Any]:
    return {"waiting": listing.count_waiting(event)}


def _readers(event: Event) -> dict[str, Any]:
    url = url_for("consent_texts.index", event=event.slug)
    return {"shown": participants.count_consents(event), "consent_texts_url": url}


def _after_rules(event: Event, former: Former, now: datetime) -> str:
    if not GIVING_PLACES & former.keys():
        return ""
    return sector_settings.served_words(waiting_list.offer_free_places(event, now=now))
