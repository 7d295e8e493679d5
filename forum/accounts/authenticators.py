"""The authenticator app as second factor: time-based codes (TOTP, RFC 6238), their secret and its QR code (S03)."""

import base64
import secrets
from datetime import datetime

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import hotp, totp

SECRET_BYTES, DIGITS, STEP_SECONDS = 20, 6, 30  # the only values that every authenticator app supports
HASH = SHA1()  # noqa: S303 - the only hash that every authenticator app knows; HMAC-SHA-1 is not broken
DRIFT_STEPS = 1  # tolerated difference of the phone's clock, in time steps


def new_secret() -> bytes:
    """Return a random secret to share with an app."""
    return secrets.token_bytes(SECRET_BYTES)


def matching_counter(secret: bytes, code: str, *, now: datetime) -> int | None:
    """Return the time step of this code, or None when the code is of no step near `now`."""
    present = int(now.timestamp()) // STEP_SECONDS
    generator = hotp.HOTP(secret, DIGITS, HASH)
    given = "".join(code.split()).encode()
    for counter in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        if secrets.compare_digest(generator.generate(counter), given):
            return counter
    return None


def key_text(secret: bytes) -> str:
    """Return the secret as Base32 text in groups of four, to be typed into an app."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def picture(secret: bytes, *, account: str, issuer: str) -> str:
    """Return a QR code of the secret as a `data:` URL; black on white in dark mode too, or apps cannot scan it."""
    generator = totp.TOTP(secret, DIGITS, HASH, STEP_SECONDS)
    address = generator.get_provisioning_uri(account, issuer)
    return segno.make(address, error="m", micro=False).svg_data_uri(scale=5, border=4, light="#fff")
