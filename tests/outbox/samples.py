"""Reports of mail servers for tests, as Postfix, Exchange and providers' feedback loops write them."""

POSTFIX = """\
Return-Path: <>
Delivered-To: {to}
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B/1"

--B/1
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B/1
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Tue, 16 Nov 2027 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; p@example.org
Original-Recipient: rfc822;p@example.org
Action: {action}
Status: {status}
Remote-MTA: dns; in.example.org
Diagnostic-Code: {diagnostic}

--B/1
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <{return_path}>
From: Forum <forum@example.org>
Subject: hello
Message-ID: {message_id}

--B/1--
"""
FEEDBACK = """\
From: <feedback@provider.example>
To: <abuse@example.org>
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="F"

--F
Content-Type: text/plain

This is an email abuse report.
--F
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Provider/1.0
Version: 1
Original-Mail-From: <{return_path}>

--F
Content-Type: message/rfc822

From: Forum <forum@example.org>
Message-ID: {message_id}
Subject: hello

words
--F--
"""


def dsn(
    status: str = "5.1.1",
    *,
    action: str = "failed",
    diagnostic: str = "smtp; 550 5.1.1 <p@example.org>: nobody here",
    to: str = "forum@example.org",
    message_id: str = "",
    return_path: str = "",
) -> bytes:
    """Return a report about a mail that was not delivered, as Postfix writes it."""
    told = {"status": status, "action": action, "diagnostic": diagnostic}
    text = POSTFIX.format(to=to, message_id=message_id, return_path=return_path, **told)
    return text.replace("\n", "\r\n").encode()


def complaint(kind: str = "abuse", *, message_id: str = "", return_path: str = "") -> bytes:
    """Return a complaint as a provider's feedback loop sends it."""
    text = FEEDBACK.format(kind=kind, message_id=message_id, return_path=return_path)
    return text.replace("\n", "\r\n").encode()
