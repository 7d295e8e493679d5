"""The result of moving to another sector in words, for organisers and for the person; and the form's fields."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from forum.events.models import Sector
from forum.questions.models import Question
from forum.registration import moving
from forum.registration.missing_answers import Missing
from forum.registration.models import Registration
from forum.registration.moving import Outcome
from forum.registration.wording import ordinal
from forum.web.edits import ShowsStored
from forum.web.forms import TidyForm, required
from forum.web.languages import in_language

STAY, WAIT = "stay", "wait"


class MoveForm(ShowsStored, TidyForm):
    """The sector to move to, and the choice of what happens if no place is free there."""

    sector = RadioField(_l("Move to"), [required(_l("Choose a sector"))])
    if_full = RadioField(_l("If no place is free there when you save"), default=STAY)

    @staticmethod
    def stored(registration: Registration) -> dict[str, Any]:
        """Return the values of the registration on which the result of a move depends, such as the status."""
        return {"sector": registration.sector.key, "status": registration.status}

    def offer(self, sectors: Sequence[Sector], *, by_person: bool) -> None:
        """Set the choices to these sectors, worded for the person or for an organiser."""
        self.sector.choices = [SelectChoice(sector.key, in_language(sector.name)) for sector in sectors]
        self.if_full.choices = [
            SelectChoice(STAY, _("Keep my place where I am") if by_person else _("Leave it as it is")),
            SelectChoice(
                WAIT,
                _("Give up my place and wait in that sector")
                if by_person
                else _("Give up the place and wait in that sector"),
            ),
        ]


def hints(
    registration: Registration, sectors: Sequence[Sector], *, actor: str, now: datetime
) -> dict[str, str]:
    """Return by sector key, in words, what moving there would result in now."""
    say = _to_person if actor == moving.PERSON else _to_organiser
    return {
        sector.key: say(
            moving.foresee(registration, sector, actor=actor, now=now),
            ordinal(moving.position_in(registration, sector)),
        )
        for sector in sectors
    }


def _to_organiser(outcome: Outcome, position: str) -> str:
    return {
        Outcome.KEEPS_PLACE: _("The place is kept."),
        Outcome.NO_PLACE: _(
            "No place is free there. In the waiting list: %(ordinal)s in line.", ordinal=position
        ),
        Outcome.IN_LINE: _("Waits there, %(ordinal)s in line by the time of registering.", ordinal=position),
        Outcome.REVIEWED: _("Goes into review."),
        Outcome.GETS_PLACE: _("Gets a place there, without a review."),
        Outcome.JOINS_LINE: _(
            "No place is free there. Waits, %(ordinal)s in line, without a review.", ordinal=position
        ),
        Outcome.NOWHERE: _("No place is free there, and nobody can wait."),
        Outcome.AS_IT_IS: _("Nothing else changes."),
    }[outcome]


def done(sector: str, outcome: Outcome | None) -> str:
    """Return the result of an organiser's move in words."""
    if outcome == Outcome.NO_PLACE:
        return _(
            "Moved to %(sector)s. No place was free there, so the person has none any more.", sector=sector
        )
    if outcome == Outcome.GETS_PLACE:
        return _("Moved to %(sector)s. The person has a place.", sector=sector)
    if outcome == Outcome.JOINS_LINE:
        return _("Moved to %(sector)s. The person is on the waiting list.", sector=sector)
    return _("Moved to %(sector)s.", sector=sector)


def missing_to_person(sector: Sector, missing: Sequence[Question]) -> str:
    """Return in words which questions of the new sector the person has to answer."""
    told = {"sector": in_language(sector.name), "questions": names(missing)}
    return _("For %(sector)s you have not answered yet: %(questions)s.", **told)


def missing_to_organiser(sector: Sector, missing: Sequence[Question]) -> str:
    """Return in words which questions of the new sector the person has not answered."""
    told = {"sector": in_language(sector.name), "questions": names(missing)}
    return _("For %(sector)s the person has not answered yet: %(questions)s.", **told)


def added_care(sector: Sector, added: Sequence[Question]) -> str:
    """Return in words what the new sector asks about food and access beyond the former one."""
    told = {"sector": in_language(sector.name), "questions": names(added)}
    return _("%(sector)s also asks about food and access: %(questions)s.", **told)


def missing_of_many(missing: Missing) -> str:
    """Return in words how many people have not answered what a sector requires, and what one or more of them lack."""
    return ngettext(
        "%(num)s person has not answered all that is required there: %(questions)s.",
        "%(num)s people have not answered all that is required there. Missing from one or more: %(questions)s.",
        missing.people,
        questions=names(missing.questions),
    )


def names(questions: Sequence[Question]) -> str:
    """Return the names of the questions in quotation marks."""
    return ", ".join(_("“%(question)s”", question=in_language(one.label)) for one in questions)


def _to_person(outcome: Outcome, position: str) -> str:
    return {
        Outcome.KEEPS_PLACE: _("You keep your place."),
        Outcome.NO_PLACE: _(
            "No place is free there. If you give up your place, you are %(ordinal)s in line.",
            ordinal=position,
        ),
        Outcome.IN_LINE: _(
            "You wait there, %(ordinal)s in line by the time you registered.", ordinal=position
        ),
        Outcome.REVIEWED: _(
            "The organisers review each registration there. You have no place until they have decided."
        ),
        Outcome.GETS_PLACE: _("You get a place there, without a review."),
        Outcome.JOINS_LINE: _(
            "No place is free there. You wait, %(ordinal)s in line, without a review.", ordinal=position
        ),
        Outcome.NOWHERE: _("No place is free there, and nobody can wait."),
        Outcome.AS_IT_IS: _("Nothing else changes."),
    }[outcome]
