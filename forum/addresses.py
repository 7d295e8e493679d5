"""Rules for mail addresses, the same in every form, command and setting (S27, S36).

Apart from blanks at its ends nothing is removed from an address: what cannot be part of one is refused.
"""

import re
import unicodedata

import idna
from email_validator import EmailNotValidError, validate_email

from forum.tidying import CONTROLS, UNSEEN

LONGEST = 254  # characters (RFC 5321, 4.5.3.1.3, without the angle brackets)
LONGEST_LOCAL_PART = 64  # octets (RFC 5321, 4.5.3.1.1)
BLANK_ENDS = " \t\r\n\xa0\u2002\u2003\u2009\u202f\u3000"
# What a page shows in the place of a control character.
NO_CHARACTER = "\ufffd"
HIDDEN = re.compile(f"[{UNSEEN}{CONTROLS}{NO_CHARACTER}]")
CONTROL = re.compile(f"[{CONTROLS}]")
UNSAFE_IN_HEADER = re.compile(f"[{CONTROLS}\u2028\u2029]")
ENCODED_WORD = ("=?", "?=")  # how one begins and ends (RFC 2047, 2)
ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]"  # RFC 5322, 3.2.3; RFC 6531, 3.3
LOCAL_PART = re.compile(rf"{ATEXT}+(\.{ATEXT}+)*")
HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
NAMED = re.compile(r"(?P<name>.*)<(?P<address>[^<>]*)>\s*")


class NotAnAddress(ValueError):
    """The text is no address that mail can be sent to; as text it says what the address does wrong."""

    told = "is not a mail address"

    def __str__(self) -> str:
        return self.told


class HoldsHidden(NotAnAddress):
    """Somebody would write to another address than the one that is seen."""

    told = "holds a control character or one that cannot be seen"


class HoldsEncodedWord(NotAnAddress):
    """A header would mean something else with it (F2)."""

    told = "holds an encoded word (=? … ?=)"


class LocalPartTooLong(NotAnAddress):
    """No mail server need take it."""

    told = "has more than 64 characters before the @"


class AddressTooLong(NotAnAddress):
    """No mail server need take it."""

    told = "has more than 254 characters"


class NeedsUtf8(NotAnAddress):
    """Our mail server cannot write to it (FORUM_MAIL_SMTPUTF8)."""

    told = "has letters such as å before the @, which our mail server cannot write to"


class NameHoldsUnsafe(NotAnAddress):
    """The name before the address would end the header or mean something else (F2, S36)."""

    told = "has a name with control characters or an encoded word"


def trimmed(text: str) -> str:
    """Return a typed address in NFC without blanks around it; nothing else is taken away."""
    return unicodedata.normalize("NFC", text).strip(BLANK_ENDS)


def shown(text: str) -> str:
    """Return a typed address with U+FFFD for each control character: a page can show that, and `read` refuses it."""
    return CONTROL.sub(NO_CHARACTER, text)


def read(text: str, *, takes_utf8: bool) -> str:
    """Return the normalised form of an address that can receive mail. Raises NotAnAddress, by its kind."""
    refuse_wrong(text)
    if len(text) > LONGEST:
        raise AddressTooLong
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=True)
    except EmailNotValidError:
        raise NotAnAddress from None
    if found.ascii_email is None and not takes_utf8:
        raise NeedsUtf8
    return found.normalized


def refuse_wrong(text: str) -> None:
    """Raise HoldsHidden, HoldsEncodedWord or LocalPartTooLong for what no address may be, whatever its shape."""
    if HIDDEN.search(text):
        raise HoldsHidden
    if holds_encoded_word(text):
        raise HoldsEncodedWord
    if len(text.rpartition("@")[0].encode()) > LONGEST_LOCAL_PART:
        raise LocalPartTooLong


def split(text: str) -> tuple[str, str]:
    """Return an address's local part and its host in A-labels, which need have no dot. Raises NotAnAddress."""
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
    """Return name and address of a setting: "forum@example.org" or "Forum, the Nordic <forum@example.org>" (F3d)."""
    if named := NAMED.fullmatch(text):
        return _unquoted(named["name"].strip()), named["address"].strip()
    return "", text.strip()


def refuse_wrong_sender(text: str) -> None:
    """Raise NotAnAddress, by its kind, for a setting that is no sender."""
    name, address = split_sender(text)
    split(address)
    if is_unsafe_in_header(name):
        raise NameHoldsUnsafe


def is_unsafe_in_header(text: str) -> bool:
    """Whether a header could end in this text or mean something else (F2, S36)."""
    return UNSAFE_IN_HEADER.search(text) is not None or holds_encoded_word(text)


def holds_encoded_word(text: str) -> bool:
    """Look for one by hand: a pattern would try every beginning with every end (S35)."""
    begin, end = ENCODED_WORD
    _, begun, rest = text.partition(begin)
    return bool(begun) and end in rest


def _unquoted(name: str) -> str:
    if len(name) >= 2 and name[0] == name[-1] == '"':
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name
