"""The key with which mails are signed (DKIM), read and checked at the start."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from forum.addresses import NotAnAddress, split, split_sender
from forum.settings.given import Given

# Receivers must be able to check RSA keys of 1024 to 2048 bits, and mostly can up to 4096 (RFC 8301, 3.2).
LEAST_BITS, MOST_BITS = 2048, 4096
NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


@dataclass(frozen=True)
class Dkim:
    """Where receivers find the public key (`selector`._domainkey.`domain`), and the private key as PEM (PKCS #1)."""

    selector: str
    domain: str
    key: bytes = field(repr=False)


class _NoKey(Exception):
    """The key's file cannot be used; the message says why, without quoting the file."""


def read_dkim(given: Given, sender: str) -> Dkim | None:
    """Return the signing key that the FORUM_DKIM_* settings name, None without one; problems are noted in `given`.

    The key's domain is that of the sender, or one above it, or else DMARC would not count the signature.
    """
    path = str(given.get("DKIM_KEY_FILE") or "")
    selector = str(given.get("DKIM_SELECTOR") or "").lower()
    own = _domain_of(sender)
    domain = str(given.get("DKIM_DOMAIN") or own).lower()
    if not path:
        if given.get("DKIM_SELECTOR") or given.get("DKIM_DOMAIN"):
            given.refuse("FORUM_DKIM_KEY_FILE is missing: without a key nothing is signed")
        return None
    given.secret_files.append(Path(path))
    if not NAME.fullmatch(selector):
        given.refuse("FORUM_DKIM_SELECTOR must be the key's name in DNS, such as forum2026")
    if not NAME.fullmatch(domain) or not f".{own}".endswith(f".{domain}"):
        given.refuse("FORUM_DKIM_DOMAIN must be the domain of FORUM_MAIL_DEFAULT_SENDER, or one above it")
    try:
        return Dkim(selector, domain, _read_key(Path(path)))
    except _NoKey as problem:
        given.refuse(f"FORUM_DKIM_KEY_FILE {problem}")
        return None


def _domain_of(sender: str) -> str:
    """Return the domain of the sender's address in its ASCII form; "" for a text that is no address."""
    try:
        return split(split_sender(sender)[1])[1]
    except NotAnAddress:
        return ""


def _read_key(path: Path) -> bytes:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError:
        raise _NoKey("cannot be read") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _NoKey("must hold a private key without a passphrase (PEM)") from None
    if isinstance(key, Ed25519PrivateKey):
        raise _NoKey(
            "holds an Ed25519 key (RFC 8463), whose signatures most receivers cannot check: make an RSA key instead,"
            " as with `openssl genrsa 2048`"
        )
    if not isinstance(key, RSAPrivateKey):
        raise _NoKey("must hold an RSA key: many receivers cannot check a signature of another kind")
    if not LEAST_BITS <= key.key_size <= MOST_BITS:
        raise _NoKey(f"must hold a key of {LEAST_BITS} to {MOST_BITS} bits")
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
