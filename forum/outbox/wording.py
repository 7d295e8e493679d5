"""What organisers read about mails: kinds and states in words, never subjects, bodies or links."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.models import MailRelay
from forum.web.languages import short_moment_text

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
    "link-to-confirm": _l("Link to confirm the address"),
    "test": _l("Test message"),
    "account-reset": _l("Account: new password asked for"),
    "account-password-changed": _l("Account: password changed"),
    "account-recovery-code-used": _l("Account: signed in with a recovery code"),
    "account-second-factor-changed": _l("Account: second factor changed"),
}
STATUSES = {
    MessageStatus.QUEUED: (_l("In the queue"), "wait"),
    MessageStatus.INFLIGHT: (_l("Being sent"), "offered"),
    MessageStatus.AWAITING_RETRY: (_l("Will be tried again"), "review"),
    MessageStatus.SENT: (_l("Sent"), "in"),
    MessageStatus.FAILED: (_l("Failed"), "failed"),
    MessageStatus.WITHHELD: (_l("Withheld"), "out"),
    MessageStatus.ABORTED: (_l("Put aside or taken back"), "out"),
}
REASONS = {
    AbortReason.ADDRESS_WRONG: _l("The address is wrong"),
    AbortReason.TOLD_OTHERWISE: _l("The person was told in another way"),
    AbortReason.NOT_NEEDED: _l("It is not needed any more"),
    AbortReason.OUTDATED: _l("What it said holds no longer"),
}
SPOKEN = re.compile(r"[2-5][0-9][0-9] ")  # so begins what the mail server itself has said
CUT_OFF = _l("The mail server ended the connection.")
CAUSES = {  # by the error that was met; the mail server has said nothing then
    "ConnectionRefusedError": _l("Nothing answers at the address and port of the mail server."),
    "gaierror": _l("The name of the mail server is not found."),
    "TimeoutError": _l("The mail server does not answer in time."),
    "SSLError": _l("No encrypted connection to the mail server comes about."),
    "SSLCertVerificationError": _l("The certificate of the mail server is not accepted."),
    "SMTPServerDisconnected": CUT_OFF,
    "ConnectionResetError": CUT_OFF,
    "BrokenPipeError": CUT_OFF,
    "SMTPNotSupportedError": _l("The mail server does not offer what the settings ask for."),
}
SOON = timedelta(minutes=1)


@dataclass(frozen=True)
class StatusWords:
    """A state as components/status.html shows it."""

    label: str
    kind: str


def kind_text(kind: str) -> str:
    """Return a mail's kind in words."""
    return str(KINDS[kind]) if kind in KINDS else _("Another message")


def reason_text(reason: AbortReason) -> str:
    """Return in words why a mail was put aside or taken back."""
    return str(REASONS[reason])


def failure_text(error: str) -> str:
    """Return why a mail did not leave: the server's own words where it spoke, ours for a cause that is known."""
    return str(CAUSES.get(error.partition(":")[0], error))


def relay_text(relay: MailRelay, zone: tzinfo, now: datetime) -> str:
    """Return since when and why the mail server takes no mail, and when it is tried again."""
    since, error, until = relay.failing_since or now, relay.last_error or "", relay.paused_until or now
    told = _("The mail server has not taken mail since %(moment)s.", moment=short_moment_text(since, zone))
    if SPOKEN.match(error):
        why = _("It says: %(reason)s.", reason=error.rstrip("."))
    else:
        known = CAUSES.get(error.partition(":")[0])
        why = str(known or _("The connection to it fails; whoever runs the server finds why in the log."))
    if until - now < SOON:
        again = _("The next attempt comes within a minute; no message is lost.")
    else:
        moment = short_moment_text(until, zone)
        again = _("The next attempt is at %(moment)s; no message is lost.", moment=moment)
    return f"{told} {why} {again}"


def status_words(status: MessageStatus, reason: AbortReason | None = None) -> StatusWords:
    """Return a mail's state in words, and its sign; one that will not be sent is told by the reason, if given."""
    label, kind = STATUSES[status]
    if status == MessageStatus.ABORTED and reason:
        label = _l("Taken back") if reason == AbortReason.OUTDATED else _l("Put aside")
    return StatusWords(str(label), kind)
