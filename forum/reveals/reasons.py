"""A handler's reason, stored encrypted in the audit trail, because only handlers may read it (P28).

The audit trail refuses changes, so its values cannot be encrypted again with newer keys. The reason is therefore
encrypted with the key of the audit trail, whose older keys are kept as long as the trail is verified.
"""

from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag

from forum.sealing import seal, unseal

PURPOSE = "audit"


def close(reason: str, key: str) -> str:
    """Return the reason as encrypted text, bound to the reveal with this key."""
    return b64encode(seal(reason.encode(), PURPOSE, _location(key))).decode()


def read(sealed: str, key: str) -> str | None:
    """Return the decrypted reason; None when its key is not configured, or when it belongs to another reveal."""
    try:
        return unseal(b64decode(sealed), PURPOSE, _location(key)).decode()
    except (InvalidTag, ValueError):
        return None


def _location(key: str) -> str:
    return f"reason of reveal {key}"
