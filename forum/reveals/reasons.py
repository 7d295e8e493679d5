"""A handler's reason, as the audit trail keeps it: sealed, because it may say what only handlers may know (P28).

The audit trail refuses changes, so its values cannot be sealed anew under newer keys. The reason is therefore sealed
under the key of the audit trail: the older ones of these keys are kept for as long as the trail is verified.
"""

from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag

from forum.sealing import seal, unseal

PURPOSE = "audit"


def close(reason: str, key: str) -> str:
    """Return the reason sealed for the reveal with this key, as text."""
    return b64encode(seal(reason.encode(), PURPOSE, _location(key))).decode()


def read(sealed: str, key: str) -> str | None:
    """Return the reason; None when its key is not configured, or when it belongs to another reveal."""
    try:
        return unseal(b64decode(sealed), PURPOSE, _location(key)).decode()
    except (InvalidTag, ValueError):
        return None


def _location(key: str) -> str:
    return f"reason of reveal {key}"
