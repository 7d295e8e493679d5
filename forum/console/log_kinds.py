"""The kinds of entries by which the log is filtered: acts, views, exports and sign-ins (P18, S46)."""

from enum import StrEnum

from forum.audit import queries as audit

SIGN_INS = (
    *("account.signed_in", "account.signed_out", "account.signed_out_everywhere"),
    *("account.recovery_code_used", "account.passkey_used", "account.passkey_cloned"),
    *audit.REFUSALS,
)


class Kind(StrEnum):
    """The kind of a log entry: a view, an export, a sign-in, or an act, which is everything else."""

    ACTS = "acts"
    VIEWS = "views"
    EXPORTS = "exports"
    SIGN_INS = "sign-ins"


class LogPurpose(StrEnum):
    """What an export of the log is for."""

    REQUEST = "request"
    BREACH = "breach"
    SUPERVISION = "supervision"
    OWN = "own"


LISTED: dict[Kind, tuple[str, ...]] = {
    Kind.VIEWS: audit.VIEWS,
    Kind.EXPORTS: audit.EXPORTS,
    Kind.SIGN_INS: SIGN_INS,
}
