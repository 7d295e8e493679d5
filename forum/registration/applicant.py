"""What a stakeholder tells us when registering."""

import hashlib
import json
from dataclasses import asdict, dataclass, field

from forum.registration.enums import ConsentPurpose


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
    consents: frozenset[ConsentPurpose] = field(default=frozenset())
    is_protected: bool = False
    real_name: str | None = None

    def digest(self) -> str:
        """Return a fingerprint of the answers, so that the same key with other answers is noticed."""
        answers = {**asdict(self), "consents": sorted(self.consents)}
        return hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest()
