"""A simulated device with a passkey: makes the answers that a browser would send (Web Authentication, level 2)."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_bytes
from typing import Any

from cbor2 import dumps
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40
SITE, ORIGIN = "localhost", "http://localhost:8000"


@dataclass
class Device:
    """A security key with one passkey, which knows the person by a PIN and counts its signatures."""

    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: token_bytes(32))
    count: int = 0
    flags: int = PRESENT | VERIFIED
    origin: str = ORIGIN
    site: str = SITE
    is_framed: bool = False

    def make(self, options: dict[str, Any], **odd: Any) -> str:
        """Return the answer to a page that asks for a new passkey; the parts in `odd` replace the attestation's."""
        data = (
            self._data(WITH_KEY) + bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        )
        attestation = {"fmt": "none", "attStmt": {}, "authData": data + self.public_key(), **odd}
        return self._answer("webauthn.create", options, {"attestationObject": dumps(attestation)})

    def use(self, options: dict[str, Any], *, handle: bytes | None = None) -> str:
        """Return the answer to a page that asks for a signature."""
        self.count += 1
        data, said = self._data(0), self._client_data("webauthn.get", options)
        signature = self.key.sign(data + sha256(said).digest(), ECDSA(SHA256()))
        parts = {"authenticatorData": data, "signature": signature}
        return self._answer("webauthn.get", options, parts | ({"userHandle": handle} if handle else {}))

    def public_key(self) -> bytes:
        """Return the public key, which checks signatures, in the format COSE (RFC 9052)."""
        point = self.key.public_key().public_numbers()
        coordinates = (point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big"))
        return dumps({1: 2, 3: -7, -1: 1, -2: coordinates[0], -3: coordinates[1]})

    def _data(self, more: int) -> bytes:
        return (
            sha256(self.site.encode()).digest() + bytes([self.flags | more]) + self.count.to_bytes(4, "big")
        )

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(said | ({"crossOrigin": True} if self.is_framed else {})).encode()

    def _answer(self, kind: str, options: dict[str, Any], parts: dict[str, bytes]) -> str:
        parts = {"clientDataJSON": self._client_data(kind, options), **parts}
        name = bytes_to_base64url(self.credential_id)
        response = {part: bytes_to_base64url(value) for part, value in parts.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def handle_in(options: dict[str, Any]) -> bytes:
    """Return the bytes (user handle) by which a device knows the account for which these options made a passkey."""
    return base64url_to_bytes(options["user"]["id"])
