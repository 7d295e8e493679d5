"""The form with the consents: on the page that confirms an address, and on the person's own page (P03, P04, P15)."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import AnyOf, Optional

from forum.events.enums import ListAudience
from forum.registration import consents
from forum.registration.consent_texts import NOT_SHOWN, current_text
from forum.registration.consents import Listed
from forum.registration.enums import ConsentPurpose, ListedAs
from forum.registration.models import Registration
from forum.registration.wording import CONSENTS
from forum.web.forms import TidyForm
from forum.web.languages import in_language

PHOTOGRAPHED = "photographed"
READERS = (ListAudience.PARTICIPANTS, ListAudience.PUBLIC)


class ConsentsForm(TidyForm):
    """The person's consents. No answer is preselected unless the person has given it before.

    Without a registration there is no question about the list. `readers` are those named in the text of the question.
    The answer applies to them only, even if an organiser has opened the list to more readers since the page was shown.
    """

    # The answers that the page showed. A yes counts as said only where the page showed another answer: the person may
    # have withdrawn it in another window meanwhile, or left the list by telling of a protected identity (R30). A no
    # always counts, so that saving a page that says no withdraws what was agreed to meanwhile (P04).
    shown = HiddenField()
    participant_list = RadioField(CONSENTS[ConsentPurpose.PARTICIPANT_LIST], [Optional()])
    readers = HiddenField(validators=[Optional(), AnyOf([*READERS])])
    photographs = BooleanField(_l("I agree to be photographed"))

    def __init__(self, registration: Registration | None = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept = consents.find(registration, consents.LIST) if registration else None
        self._is_photographed = bool(registration and registration.has_consented(ConsentPurpose.PHOTOGRAPHS))
        asked = consents.asked_audience(registration) if registration else None
        audience = self.readers.data if self.is_submitted() else asked
        self._audience = ListAudience(audience) if audience in READERS else None
        if self._audience is None:
            del self.participant_list
        else:
            self.readers.data = self._audience
            answers = current_text(consents.LIST, self._audience).answers
            self.participant_list.choices = [
                SelectChoice(value, in_language(words)) for value, words in answers.items()
            ]

    @classmethod
    def of(cls, registration: Registration) -> "ConsentsForm":
        """Return the form filled in with the person's present consents, for the person's own page."""
        form = cls(registration, data={"photographs": registration.has_consented(ConsentPurpose.PHOTOGRAPHS)})
        if form.participant_list and not form.is_asked_anew:
            form.participant_list.data = (form._kept.listed_as if form._kept else None) or NOT_SHOWN
        said = form.participant_list.data if form.participant_list else None
        form.shown.data = f"{PHOTOGRAPHED if form._is_photographed else ''}/{said or ''}"
        return form

    @property
    def where(self) -> str:
        """The text that says where the list of participants is and who reads it; "" if the form omits the list."""
        return in_language(current_text(consents.LIST, self._audience).words) if self._audience else ""

    @property
    def is_asked_anew(self) -> bool:
        """Whether the person's consent names fewer readers than the list has today: then the list omits the person."""
        if self._audience is None or self._kept is None:
            return False
        return self._kept.audience not in consents.COVERING[self._audience]

    def wanted(self) -> frozenset[ConsentPurpose]:
        """Return the purposes that the person consents to; an unanswered question about the list changes nothing."""
        said = self._said()
        is_listed = said != NOT_SHOWN if said else self._kept is not None
        photographs = {ConsentPurpose.PHOTOGRAPHS} if self._wants_photographs() else set()
        return frozenset({*photographs, *({consents.LIST} if is_listed else ())})

    def listed(self) -> Listed | None:
        """Return the person's choice for the list of participants; None if that question was not answered."""
        said = self._said()
        return (
            Listed(ListedAs(said), self._audience) if said and said != NOT_SHOWN and self._audience else None
        )

    def _wants_photographs(self) -> bool:
        shown, _slash, _said = (self.shown.data or "").partition("/")
        return self.photographs.data and (self._is_photographed or shown != PHOTOGRAPHED)

    def _said(self) -> str | None:
        """Return the answer about the list if it is no, or another one than the page showed."""
        _photographs, _slash, shown = (self.shown.data or "").partition("/")
        said = self.participant_list.data if self.participant_list else None
        return None if said == shown and said != NOT_SHOWN else said
