"""Rules for mail addresses, the same in every form, command and setting (S27, S36).

Nothing but spaces around an address is removed: an address with an invalid character is refused, never corrected.
"""

import re
import unicodedata

import idna
from email_validator import EmailNotValidError, validate_email

from forum.tidying import CONTROLS, UNSEEN

LONGEST = 254  # the most characters of a mail address (RFC 5321, 4.5.3.1.3, without the angle brackets)
LONGEST_LOCAL_PART = 64  # the most octets of an address before the @ (RFC 5321, 4.5.3.1.1)
BLANK_ENDS = " \t\r\n\xa0\u2002\u2003\u2009\u202f\u3000"
# The sign that a page shows in place of a control character.
NO_CHARACTER = "\ufffd"
HIDDEN = re.compile(f"[{UNSEEN}{CONTROLS}{NO_CHARACTER}]")
CONTROL = re.compile(f"[{CONTROLS}]")
# Characters that set the direction of writing; with them a mail's subject or a name would be shown in another order.
DIRECTIONS = "\u202a-\u202e\u2066-\u2069"
UNSAFE_IN_HEADER = re.compile(f"[{CONTROLS}\u2028\u2029{DIRECTIONS}]")
ENCODED_WORD = ("=?", "?=")  # the characters that begin and end an encoded word in a header (RFC 2047, 2)
# A letter that may stand before the @ of an address (RFC 5322, 3.2.3; RFC 6531, 3.3).
ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]"
LOCAL_PART = re.compile(rf"{ATEXT}+(\.{ATEXT}+)*")
HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
NAMED = re.compile(r"(?P<name>.*)<(?P<address>[^<>]*)>\s*")


class NotAnAddress(ValueError):
    """The text is not a usable mail address; `str()` of the error says why."""

    told = "is not a mail address"

    def __str__(self) -> str:
        return self.told


class HoldsHidden(NotAnAddress):
    """The address contains an invisible character, so it is not the address that people read on the page."""

    told = "holds a control character or one that cannot be seen"


class HoldsEncodedWord(NotAnAddress):
    """An encoded word (RFC 2047) would change the meaning of a mail's header (F2)."""

    told = "holds an encoded word (=? … ?=)"


class LocalPartTooLong(NotAnAddress):
    """The part before the @ is longer than mail servers have to accept."""

    told = "has more than 64 characters before the @"


class AddressTooLong(NotAnAddress):
    """The address is longer than mail servers have to accept."""

    told = "has more than 254 characters"


class NeedsUtf8(NotAnAddress):
    """The address needs SMTPUTF8, which the configured mail server lacks (FORUM_MAIL_SMTPUTF8)."""

    told = "has letters such as å before the @, which our mail server cannot write to"


class NameHoldsUnsafe(NotAnAddress):
    """The display name would end the mail's header or change its meaning (F2, S36)."""

    told = "has a name with control characters or an encoded word"


def trimmed(text: str) -> str:
    """Return a typed address in NFC, without spaces around it and otherwise unchanged."""
    return unicodedata.normalize("NFC", text).strip(BLANK_ENDS)


def shown(text: str) -> str:
    """Return a typed address with U+FFFD for each control character, so that a page can show the refused address."""
    return CONTROL.sub(NO_CHARACTER, text)


def read(text: str, *, takes_utf8: bool) -> str:
    """Return the normalised form of a mail address. Raises the subclass of NotAnAddress that says what is wrong."""
    refuse_wrong(text)
    if len(text) > LONGEST:
        raise AddressTooLong
    try:
        address = validate_email(text, check_deliverability=False, allow_smtputf8=True)
    except EmailNotValidError:
        raise NotAnAddress from None
    if address.ascii_email is None and not takes_utf8:
        raise NeedsUtf8
    return address.normalized


def refuse_wrong(text: str) -> None:
    """Raise HoldsHidden, HoldsEncodedWord or LocalPartTooLong; the syntax of the address is not checked."""
    if HIDDEN.search(text):
        raise HoldsHidden
    if holds_encoded_word(text):
        raise HoldsEncodedWord
    if len(text.rpartition("@")[0].encode()) > LONGEST_LOCAL_PART:
        raise LocalPartTooLong


def split(text: str) -> tuple[str, str]:
    """Split an address into local part and ASCII host, which may lack a dot, like localhost. Raises NotAnAddress."""
    refuse_wrong(text)
    local_part, _, domain = text.rpartition("@")
    if not LOCAL_PART.fullmatch(local_part) or any(map(str.isspace, text)):
        raise NotAnAddress
    try:
        host = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        raise NotAnAddress from None
    if not HOST.fullmatch(host) or len(host) > 253:
        raise NotAnAddress
    return local_part, host


def split_sender(text: str) -> tuple[str, str]:
    """Split a setting such as "Forum, the Nordic <forum@example.org>" into name and address (F3d)."""
    if named := NAMED.fullmatch(text):
        return _unquoted(named["name"].strip()), named["address"].strip()
    return "", text.strip()


def refuse_wrong_sender(text: str) -> None:
    """Raise a subclass of NotAnAddress for a setting that cannot be used as a mail's sender."""
    name, address = split_sender(text)
    split(address)
    if is_unsafe_in_header(name):
        raise NameHoldsUnsafe


def is_unsafe_in_header(text: str) -> bool:
    """Return whether the text could end a mail's header or change its meaning (F2, S36)."""
    return UNSAFE_IN_HEADER.search(text) is not None or holds_encoded_word(text)


def holds_encoded_word(text: str) -> bool:
    """Return whether the text contains an encoded word.

    A regular expression would need quadratic time for a text with many starts of encoded words and no end (S35).
    """
    begin, end = ENCODED_WORD
    _, begun, rest = text.partition(begin)
    return bool(begun) and end in rest


def _unquoted(name: str) -> str:
    if len(name) >= 2 and name[0] == name[-1] == '"':
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name
