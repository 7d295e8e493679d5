"""The entry of the register of personal data about reviews."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import LEGITIMATE_INTEREST, OFFICE, UNTIL_ERASED, Entry

REVIEW = Entry(
    what=_l(
        "Why a registration was declined, or who proposes to decline it or has left the decision to others"
    ),
    purpose=_l("To decide fairly about registrations in sectors that are reviewed, and to tell you why"),
    basis=LEGITIMATE_INTEREST,
    audience=OFFICE,
    retention=UNTIL_ERASED,
    columns=(
        *("registrations.decline_reason", "registrations.decline_words"),
        *(f"proposed_refusals.{name}" for name in ("registration_id", "reason", "words")),
        *("proposed_refusals.proposed_by", "proposed_refusals.proposed_at"),
        *(f"recusals.{name}" for name in ("registration_id", "user_id", "recused_at")),
    ),
    fields=("OwnWordsForm.sv", "OwnWordsForm.en", "ReasonForm.reason"),
)
