"""The page on which a person confirms an address, or reads that it is confirmed already."""

from collections.abc import Mapping
from typing import Any

from flask import render_template

from forum import clock
from forum.columns import Text
from forum.events.in_url import show_event
from forum.questions import care_consent
from forum.questions import queries as questions
from forum.questions.enums import Sensitivity
from forum.registration import answers, deadlines, links, own_answers, queries
from forum.registration.consents_form import ConsentsForm
from forum.registration.enums import Status, TokenPurpose
from forum.registration.errors import NotLive
from forum.registration.models import Registration


def ask_to_confirm(token: str, form: ConsentsForm, *, is_full: bool = False, notice: str = "") -> str:
    """Show the details that the link confirms, or that they are confirmed already, or that the event is cancelled."""
    now = clock.now()
    registration = links.follow(token, TokenPurpose.CONFIRM, now=now)
    show_event(registration.event)
    if not registration.is_live:
        raise NotLive
    if registration.status != Status.PENDING:
        return render_template(
            "public/self_service/already_confirmed.html",
            registration=registration,
            has_other_answers=queries.count_forms(registration) > 1,
            notice=notice,
        )
    if registration.event.cancelled_at:
        until = links.find_end(token, now=now)
        return render_template("public/self_service/on_hold.html", registration=registration, until=until)
    carried = links.find_submission(token, now=now)
    told = answers.read(registration, carried)
    return render_template(
        "public/self_service/confirm.html",
        registration=registration,
        answers=own_answers.carried_rows(registration, told),
        form=form,
        care_text=_care_text(registration, told),
        is_full=is_full,
        has_form=carried is not None,
        notice=notice,
        is_held=deadlines.is_held(registration, now) and not answers.moves(registration, told),
    )


def _care_text(registration: Registration, told: Mapping[str, Any]) -> Text | None:
    """Return the text of the consent to storing answers on diet and access; None if the event asks for none.

    Confirming gives this consent. The text does not depend on whether anything was answered: somebody else may have the
    link (S23).
    """
    sector, asked = answers.sector_of(registration, told).key, questions.list_open(registration.event.slug)
    asks = any(one.sensitivity == Sensitivity.CARE and questions.of_sector(one, sector) for one in asked)
    return care_consent.words() if asks else None
