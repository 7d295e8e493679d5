"""Whatever an organiser types as a subject, the mail has exactly its own headers, or is not made (S36, M06)."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.outbox import messages
from forum.outbox.addresses import Mailbox
from forum.outbox.errors import UnsafeMessage
from forum.outbox.messages import Draft

LINK = "https://forum.example/en/r/messages/" + "x" * 43
HEADERS = [
    *("Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress"),
    *("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Precedence", "Content-Language"),
    *("MIME-Version", "Content-Type"),
]
NASTY = st.sampled_from(
    ["\r\n", "\n", "\r", "\u2028", "\x85", "\x00", "=?utf-8?q?x?=", "Bcc: a@b.example", ":", "<"]
)


def draft(subject: str, leave_link: str = LINK, leave_address: str = "") -> Draft:
    """Return a message's draft with this subject."""
    return Draft(
        sender=Mailbox("forum@example.org", "Registration"),
        recipient=Mailbox("a@example.org"),
        subject=subject,
        text="Text",
        html="<p>Text</p>",
        language="en",
        message_id="<1@example.org>",
        date=datetime(2027, 1, 1, tzinfo=UTC),
        leave_link=leave_link,
        leave_address=leave_address,
    )


@given(st.lists(NASTY | st.text(max_size=12), max_size=8).map("".join))
def test_no_subject_adds_a_header(subject):
    try:
        raw = messages.build(draft(subject))
    except UnsafeMessage:
        return
    read = message_from_bytes(raw, policy=policy.compat32)
    assert read.keys() == HEADERS
    assert read["List-Unsubscribe"] == f"<{LINK}>"


@pytest.mark.parametrize(
    "link", ["javascript:x", f"{LINK}\r\nBcc: a@b.example", f"{LINK}>, <mailto:a@b>", f"{LINK}å"]
)
def test_a_link_that_is_none_makes_no_mail(link):
    with pytest.raises(UnsafeMessage):
        messages.build(draft("Choose", link))
