"""What organisers read about mails: kinds and states in words, never subjects, bodies or links."""

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.outbox.enums import MessageStatus

# The folders of templates/mail. A kind says nothing that a protected person's mail would not say too (P21, P26).
KINDS = {
    "received": _l("Confirm your address"),
    "received-without-place": _l("Confirm your address, no place free"),
    "already-registered": _l("Already registered"),
    "confirmed": _l("Place confirmed"),
    "waiting": _l("On the waiting list"),
    "in-review": _l("Under review"),
    "offered": _l("Place offered"),
    "offer-lapsed": _l("Offer run out"),
    "cancelled": _l("Registration cancelled"),
    "link": _l("Personal link"),
    "test": _l("Test message"),
}
STATUSES = {
    MessageStatus.QUEUED: (_l("In the queue"), "wait"),
    MessageStatus.INFLIGHT: (_l("Being sent"), "offered"),
    MessageStatus.AWAITING_RETRY: (_l("Will be tried again"), "review"),
    MessageStatus.SENT: (_l("Sent"), "in"),
    MessageStatus.FAILED: (_l("Failed"), "failed"),
    MessageStatus.WITHHELD: (_l("Withheld"), "out"),
    MessageStatus.ABORTED: (_l("Taken back"), "out"),
}


@dataclass(frozen=True)
class StatusWords:
    """A state as components/status.html shows it."""

    label: str
    kind: str


def kind_text(kind: str) -> str:
    """Return a mail's kind in words."""
    return str(KINDS[kind]) if kind in KINDS else _("Another message")


def status_words(status: str) -> StatusWords:
    """Return a mail's state in words, and its sign."""
    label, kind = STATUSES[MessageStatus(status)]
    return StatusWords(str(label), kind)
