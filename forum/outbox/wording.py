"""Texts for organisers about mails: kinds and states in words, never subjects, contents or links."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.models import MailRelay
from forum.outbox.reports import is_about_address
from forum.web.languages import short_moment_text

# How the console names each kind of mail (a folder of templates/mail). A name must not distinguish mails to protected
# persons from others (P21, P26).
KINDS = {
    "received": _l("Confirm your address"),
    "received-without-place": _l("Confirm your address, no place held"),
    "already-registered": _l("Already registered"),
    "confirmed": _l("Place confirmed"),
    "waiting": _l("On the waiting list"),
    "in-review": _l("Registration in review"),
    "approved": _l("Approved, place confirmed"),
    "approved-waiting": _l("Approved, on the waiting list"),
    "declined": _l("Registration declined"),
    "change-in-review": _l("Change in review"),
    "change-approved": _l("Change approved"),
    "change-review-ended": _l("Review of a change ended"),
    "offered": _l("Place offered"),
    "offer-reminder": _l("Reminder of an offer"),
    "offer-extended": _l("Offer extended"),
    "offer-withdrawn": _l("Offer withdrawn"),
    "offer-declined": _l("Place declined"),
    "offer-lapsed": _l("Offer ran out"),
    "cancelled": _l("Registration cancelled"),
    "invitation": _l("Invitation"),
    "invitation-reminder": _l("Reminder of an invitation"),
    "reinstated": _l("Cancellation undone"),
    "merged": _l("Registrations merged"),
    "merge-undone": _l("Merge of registrations undone"),
    "link": _l("Personal link"),
    "own-data": _l("Link to one’s own data"),
    "erased": _l("Erased on request"),
    "erasure-refused": _l("Erasure refused"),
    "restriction-granted": _l("Data restricted"),
    "restriction-declined": _l("Restriction or objection refused"),
    "restriction-ending": _l("Restriction will be lifted"),
    "link-to-confirm": _l("Link to confirm the address"),
    "new-address": _l("Confirm a new address"),
    "address-leaving": _l("A new address was entered"),
    "substitute-asked": _l("Asked to come instead"),
    "substitute-registered": _l("Asked to come instead, but registered already"),
    "substituted": _l("Somebody else comes instead"),
    "substitute-in-review": _l("Comes instead, in review"),
    "delegation-asked": _l("Confirm a delegation"),
    "delegation-again": _l("Link to a delegation"),
    "delegation-link": _l("Lost link to a delegation"),
    "delegation-registered": _l("Delegation registered"),
    "delegation-changed": _l("Changes in a delegation"),
    "changed": _l("Details changed"),
    "event-changed": _l("Date, time or place changed, or cancelled"),
    "own-words": _l("Message from the organisers"),
    "follow-asked": _l("Confirm following the news"),
    "follow-known": _l("Follows the news already"),
    "news-post": _l("A post in the news"),
    "news-weekly": _l("News of the week"),
    "test": _l("Test message"),
    "identity-revealed": _l("Notice to handlers of protected identity"),
    "account-invited": _l("Account: invitation"),
    "account-added": _l("Account: added to an event"),
    "account-roles-changed": _l("Account: roles changed"),
    "account-disabled": _l("Account: disabled"),
    "account-enabled": _l("Account: enabled again"),
    "account-second-factor-reset": _l("Account: second factor reset"),
    "account-colleague-reset": _l("Account: second factor of a colleague reset"),
    "account-reset": _l("Account: new password asked for"),
    "account-password-changed": _l("Account: password changed"),
    "account-recovery-code-used": _l("Account: signed in with a recovery code"),
    "account-passkey-added": _l("Account: passkey added"),
    "account-passkey-removed": _l("Account: passkey removed"),
    "account-passkey-cloned": _l("Account: copy of a passkey"),
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
    AbortReason.OUTDATED: _l("What it said is no longer true"),
}
# Matches a text that is an answer of the mail server: it begins with an SMTP code.
SPOKEN = re.compile(r"[2-5][0-9][0-9] ")
CUT_OFF = _l("The mail server ended the connection.")
CAUSES = {  # words for failures without an answer of the mail server, by the type of the error
    "ConnectionRefusedError": _l("Nothing answers at the address and port of the mail server."),
    "gaierror": _l("The name of the mail server cannot be found."),
    "TimeoutError": _l("The mail server does not answer in time."),
    "SSLError": _l("An encrypted connection to the mail server cannot be made."),
    "SSLCertVerificationError": _l("The certificate of the mail server is not accepted."),
    "SMTPServerDisconnected": CUT_OFF,
    "ConnectionResetError": CUT_OFF,
    "BrokenPipeError": CUT_OFF,
    "Complaint": _l("The recipient has marked this message as unwanted."),
    "SMTPNotSupportedError": _l("The mail server does not offer what the settings ask for."),
}
# Matches what `outbox.bounces` stores of a report: that the mail came back or is late, and the status code.
REPORTED = re.compile(r"(Bounced|Delayed)(?: ([245][.][0-9]{1,3}[.][0-9]{1,3}))?")
BY_SUBJECT = {  # words for a status code by its second number (RFC 3463, 3.1)
    "2": _l("The mailbox takes no messages now."),
    "3": _l("The recipient’s mail server cannot take the message now."),
    "4": _l("The recipient’s mail server could not be reached."),
    "7": _l("The recipient’s mail server does not accept the message."),
}
SOON = timedelta(minutes=1)


@dataclass(frozen=True)
class StatusWords:
    """A state as text and icon, for components/status.html."""

    label: str
    kind: str


def kind_text(kind: str) -> str:
    """Return the name of a mail's kind."""
    return str(KINDS[kind]) if kind in KINDS else _("Another message")


def reason_text(reason: AbortReason) -> str:
    """Return the text for the reason for which a mail was dismissed or cancelled."""
    return str(REASONS[reason])


def failure_text(error: str) -> str:
    """Return why a mail was not sent or did not arrive: the server's answer, or the forum's text for a known cause."""
    if reported := REPORTED.fullmatch(error):
        return _reported_text(reported[2] or "")
    return str(CAUSES.get(error.partition(":")[0], error))


def report_text(error: str) -> str:
    """Return what has been reported about a mail that has left: that it is late, or not wanted."""
    if reported := REPORTED.fullmatch(error):
        return _("Delayed on the way: %(reason)s", reason=_reported_text(reported[2] or ""))
    return str(CAUSES[error]) if error in CAUSES else _("Delayed on the way: %(reason)s", reason=error)


def _reported_text(code: str) -> str:
    """Return what a status code (RFC 3463) in a report means, with the code; the report's own words are not kept."""
    _kind, subject, _detail = code.split(".") if code else ("", "", "")
    if is_about_address(code):
        reason = _("Nobody can be written to at the address.")
    elif code.endswith(".2.2"):
        reason = _("The mailbox is full.")
    else:
        reason = str(BY_SUBJECT.get(subject, _l("The recipient’s mail server gives no reason that we know.")))
    return f"{reason.rstrip('.')} ({code})." if code else reason


def no_server_text() -> str:
    """Return a text that says what happens to messages while no mail server is configured."""
    return _(
        "None is set: messages are written as files and reach nobody. Whoever runs the server can set one."
    )


def relay_text(relay: MailRelay, zone: tzinfo, now: datetime) -> str:
    """Return a text that says why and since when sending is paused, and when it is tried again."""
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
    """Return a mail's state as text and icon; for a cancelled mail the reason, if given, is the text."""
    label, kind = STATUSES[status]
    if status == MessageStatus.ABORTED and reason:
        label = _l("Taken back") if reason == AbortReason.OUTDATED else _l("Put aside")
    return StatusWords(str(label), kind)
