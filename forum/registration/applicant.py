"""What a stakeholder tells us when registering."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Any

NOT_CARRIED = ("email", "submission_key")


@dataclass(frozen=True)
class Details:
    """What a person may change later; every text tidied (NFC, trimmed). The name may be an alias (P20)."""

    given_name: str
    family_name: str
    organisation: str
    title: str
    country: str
    language: str
    phone: str | None


@dataclass(frozen=True)
class Applicant(Details):
    """A whole application. `submission_key` is the form's own key: sent twice, it is one registration (R03)."""

    email: str
    submission_key: str
    is_protected: bool = False
    real_name: str | None = None

    def digest(self) -> str:
        """Return a fingerprint of the answers, so that the same key with other answers is noticed."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def answers(self, sector: str) -> dict[str, Any]:
        """Return what a confirming link carries: everything but the address, which is what it confirms."""
        told = asdict(self)
        return {"sector": sector, **{name: told[name] for name in told if name not in NOT_CARRIED}}


# The one list of a registration's details, in the order in which forms, pages and files have them.
CHANGEABLE = tuple(field.name for field in fields(Details))
# CHANGEABLE and the e-mail address, which forms and pages have behind the name.
ASKED = (*CHANGEABLE[:2], "email", *CHANGEABLE[2:])
