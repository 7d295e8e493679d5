"""What a mail server's answer means for a mail that was not sent, and for the mails after it (R09)."""

import re
import smtplib

from forum.outbox.errors import (
    ConnectionSpent,
    PermanentFailure,
    SenderRefused,
    ServerUnreachable,
    TemporaryFailure,
)

GOING_DOWN, TOO_LARGE = 421, 552
# Refusals of the forum or its sender that a server gives only after RCPT, as Postfix does unless it is told otherwise:
# by the status (RFC 3463: sender's address or its host; sign-in), else by the words of Postfix, Exim, sendmail and
# Exchange, which share 5.7.1 with refusals of a single recipient. A server that has asked another one about the
# recipient quotes it after the words "Recipient address rejected".
ABOUT_THE_FORUM = re.compile(
    rb"^5\.(1\.[78]|7\.(8|9|60))\b"
    rb"|\brelay(ing)? (access )?(is )?(denied|not permitted|not allowed|prohibited)\b|\bunable to relay\b"
    rb"|\b(sender address|client host|helo command) rejected\b|\bsender verify failed\b"
    rb"|\b(smtp )?auth(entication)? (is )?required\b",
    re.I,
)
ABOUT_THE_RECIPIENT = re.compile(rb"\brecipient address rejected\b", re.I)
NOT_SIGNED_IN = 530
WORD = re.compile(r"[^\s<>\"'(),;:\[\]]+")


def failure_of(
    problem: Exception, *, has_options: bool, has_taken: bool
) -> TemporaryFailure | PermanentFailure:
    """Return a mail's failure: that of `classify`, or ConnectionSpent if the server wants another connection.

    With `has_taken` the server has accepted mails over this connection before.
    """
    if has_taken and is_going_down(problem):
        return ConnectionSpent(told(problem))
    return classify(problem, has_options=has_options)


def classify(problem: Exception, *, has_options: bool) -> TemporaryFailure | PermanentFailure:
    """Return the failure that the server's answer means: 5xx for recipient or content is final, others are not (R09).

    A refused sender is SenderRefused: no mail would be accepted until an operator corrects it. When the mail needed
    SMTPUTF8 (`has_options`), the refusal may be about that, so it is only ServerUnreachable. So is a refusal at the
    recipient whose words are about the forum: the mail loses an attempt, because words may mean something else.
    """
    match problem:
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            code, words = next(iter(refused.values()))
            is_for_all = _is_about_the_forum(code, words)
            return ServerUnreachable(told(problem)) if is_for_all else _by_code(code, problem)
        case smtplib.SMTPSenderRefused(smtp_code=code) if code == TOO_LARGE:
            return PermanentFailure(told(problem))
        case smtplib.SMTPSenderRefused():
            return (ServerUnreachable if has_options else SenderRefused)(told(problem))
        case smtplib.SMTPDataError(smtp_code=code):
            return _by_code(code, problem)
        case smtplib.SMTPNotSupportedError():
            return PermanentFailure("the mail server cannot take letters beyond a–z before the at sign")
        case ValueError():
            return PermanentFailure(told(problem))
        case _:
            return ServerUnreachable(told(problem))


def is_going_down(problem: Exception) -> bool:
    """Return whether the server has answered that it closes this connection, by which it has refused the mail."""
    answer = _answer_in(problem)
    return answer is not None and answer[0] == GOING_DOWN


def told(problem: Exception) -> str:
    """Return why a mail was not sent, in one line: the server's answer if there was one, else the error.

    Mail addresses are left out: what is returned is stored and shown, also to organisers of other events (S13).
    """
    return WORD.sub(lambda word: "…" if "@" in word[0] else word[0], _told(problem)).replace("<…>", "…")


def _told(problem: Exception) -> str:
    answer = _answer_in(problem)
    if answer is None:
        return " ".join(f"{type(problem).__name__}: {problem}".split())[:400]
    code, words = answer
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return " ".join(f"{code} {text}".split())[:400]


def _answer_in(problem: Exception) -> tuple[int, bytes | str] | None:
    """Return the code and the words of the server's answer that caused the problem; None if no answer did."""
    match problem:
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            return next(iter(refused.values()))
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=words):
            return code, words
        case _:
            return None


def _is_about_the_forum(code: int, words: bytes | str) -> bool:
    """Return whether a server that has refused a recipient would refuse each mail of the forum alike (R07)."""
    said = words if isinstance(words, bytes) else str(words).encode("utf-8", "replace")
    if code == NOT_SIGNED_IN:
        return True
    is_final = 500 <= code < 600 and not ABOUT_THE_RECIPIENT.search(said)
    return is_final and ABOUT_THE_FORUM.search(said) is not None


def _by_code(code: int, problem: Exception) -> TemporaryFailure | PermanentFailure:
    if code == GOING_DOWN:
        return ServerUnreachable(told(problem))
    return (PermanentFailure if 500 <= code < 600 else TemporaryFailure)(told(problem))
