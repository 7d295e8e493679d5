"""Signing mails as they leave (DKIM, RFC 6376), by which receivers know that the forum's domain sent them unchanged."""

from datetime import datetime

import dkim
from flask import current_app

from forum.settings.dkim import Dkim

# The headers that the signature covers, if a mail has them; a relaying server may change or add others.
SIGNED = (
    *(b"from", b"to", b"reply-to", b"subject", b"date", b"message-id"),
    *(b"mime-version", b"content-type", b"content-transfer-encoding", b"content-language", b"auto-submitted"),
    *(b"list-id", b"list-unsubscribe", b"list-unsubscribe-post", b"precedence"),
)
# Headers that the signature lists once more than a mail has them, so that nobody can add another one to a signed mail
# (RFC 6376, 8.15): what a reader sees, where an answer goes, how the text is read, and the links by which a reader
# refuses further messages.
CLOSED = (
    *(b"from", b"sender", b"to", b"cc", b"reply-to", b"subject", b"date", b"message-id"),
    *(
        b"mime-version",
        b"content-type",
        b"content-transfer-encoding",
        b"list-unsubscribe",
        b"list-unsubscribe-post",
    ),
)
RELAXED = (b"relaxed", b"relaxed")


def sign(content: bytes, *, made_at: datetime) -> bytes:
    """Return the mail with a signature as its first header; unchanged where FORUM_DKIM_KEY_FILE is not set.

    The signature's time is that of the mail, not of the attempt: a mail that is sent again has the same bytes.
    """
    key: Dkim | None = current_app.config["DKIM"]
    if key is None:
        return content
    mail = _DatedSignature(content)
    mail.made_at = b"%d" % made_at.timestamp()
    present = {name.lower() for name, _value in mail.headers}
    names = [*(name for name in SIGNED if name in present), *CLOSED]
    signature = mail.sign(
        key.selector.encode(), key.domain.encode(), key.key, canonicalize=RELAXED, include_headers=names
    )
    return signature + content


class _DatedSignature(dkim.DKIM):
    """A signature that says a given time instead of the present one."""

    made_at = b"0"

    def gen_header(self, fields, *others, **more):
        """Return the header with the time `made_at` in its tag t."""
        fields[:] = [(tag, self.made_at if tag == b"t" else value) for tag, value in fields]
        return super().gen_header(fields, *others, **more)
