"""The authenticator app as second factor: codes by time (RFC 6238), their key and its picture (S03)."""

import base64
import secrets
from datetime import datetime

import segno
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import hotp, totp

SECRET_BYTES, DIGITS, STEP_SECONDS = 20, 6, 30  # what every authenticator app understands
DRIFT_STEPS = 1  # a phone's clock may be this many steps off


def new_secret() -> bytes:
    """Return a random secret to share with an app."""
    return secrets.token_bytes(SECRET_BYTES)


def matching_counter(secret: bytes, code: str, *, now: datetime) -> int | None:
    """Return the step that the code belongs to if it is the present one or a neighbour, else None."""
    present = int(now.timestamp()) // STEP_SECONDS
    generator = hotp.HOTP(secret, DIGITS, SHA1())  # noqa: S303 - as the apps have it; HMAC-SHA-1 is not broken
    given = "".join(code.split()).encode()
    for counter in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        if secrets.compare_digest(generator.generate(counter), given):
            return counter
    return None


def key_text(secret: bytes) -> str:
    """Return the secret to type in, in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def picture(secret: bytes, *, account: str, issuer: str) -> str:
    """Return a QR code for the app to scan, as a data address; black on white in dark mode too."""
    generator = totp.TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303
    address = generator.get_provisioning_uri(account, issuer)
    return segno.make(address, error="m", micro=False).svg_data_uri(scale=5, border=4, light="#fff")
