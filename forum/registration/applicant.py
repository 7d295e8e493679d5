"""The answers that a person gives when registering."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

NOT_CARRIED = ("email", "submission_key", "given")


@dataclass(frozen=True)
class Details:
    """The answers that a person may change later; texts are tidied (NFC, trimmed). The name may be an alias (P20)."""

    given_name: str
    family_name: str
    organisation: str
    title: str
    country: str
    language: str
    phone: str | None


@dataclass(frozen=True)
class Applicant(Details):
    """A whole application. `submission_key` is the key of the form: a form sent twice makes one registration (R03).

    `given` are the answers to the event's own questions by key, None where the event asks nothing.
    """

    email: str
    submission_key: str
    is_protected: bool = False
    real_name: str | None = None
    given: Mapping[str, Any] | None = None

    def digest(self) -> str:
        """Return a fingerprint of the answers, which shows when a form is sent again with other answers.

        Without questions the fingerprint is that of earlier releases, because a form may be sent again after an update.
        """
        told = self._told()
        if told["given"] is None:
            del told["given"]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def answers(self, sector: str) -> dict[str, Any]:
        """Return the core answers that a confirming link carries: all but the address, which the link itself confirms.

        The link carries answers to the event's own questions, too, in `models.Submission.given`.
        """
        told = self._told()
        return {"sector": sector, **{name: told[name] for name in told if name not in NOT_CARRIED}}

    def _told(self) -> dict[str, Any]:
        """Return the application's values by name.

        Unlike `asdict` this copies no answers, because copying takes as long as digesting them.
        """
        return {field.name: getattr(self, field.name) for field in fields(self)}


# The registration's details, in the order in which forms, pages and files show them.
CHANGEABLE = tuple(field.name for field in fields(Details))
# The details in the order of CHANGEABLE, with the e-mail address, which forms and pages show after the name.
ASKED = (*CHANGEABLE[:2], "email", *CHANGEABLE[2:])
