"""The shape of CBOR that browsers send with passkeys, checked before a parser reads it (S17, S35).

In CBOR a value can be repeated many times by reference, a number can have a million digits, and a tag can make the
parser build an object: parsing a hundred bytes can then take minutes. Passkeys need none of that. Accepted are whole
numbers, bytes, texts, lists, maps, true, false and null, of known length and at most DEEPEST levels deep.
"""

DEEPEST = 6
NUMBERS, LISTS, MAPS, OTHERS = {0, 1}, 4, 5, 7
BYTES_AND_TEXTS = {2, 3}
# The last five bits of an item's first byte are its length, up to 23. From 24 to 27 they say that the length follows,
# in 1, 2, 4 or 8 bytes (RFC 8949, 3).
LAST_SHORT, LAST_LONG = 23, 27
FALSE_TRUE_NULL = {20, 21, 22}


class OddShape(ValueError):
    """The bytes are cut off, or are of a kind that no passkey needs."""


def end_of_value(data: bytes, start: int, depth: int = 0) -> int:
    """Return where the CBOR value ends that begins at `start`. Raises OddShape.

    Takes at most as many steps as there are bytes.
    """
    if start >= len(data) or depth > DEEPEST:
        raise OddShape
    kind, info = data[start] >> 5, data[start] & 31
    size, at = _size(data, start, info)
    if kind in NUMBERS or (kind == OTHERS and info in FALSE_TRUE_NULL):
        return at
    if kind in BYTES_AND_TEXTS and at + size <= len(data):
        return at + size
    if kind not in {LISTS, MAPS} or size > len(data):
        raise OddShape
    for _each in range(size * (2 if kind == MAPS else 1)):
        at = end_of_value(data, at, depth + 1)
    return at


def refuse_odd_attestation(data: bytes) -> None:
    """Refuse bytes that are not exactly one CBOR value. Raises OddShape."""
    if end_of_value(data, 0) != len(data):
        raise OddShape


def refuse_odd_authenticator_data(data: bytes) -> None:
    """Refuse authenticator data whose public key or extensions are of an odd shape. Raises OddShape.

    Source: Web Authentication, section 6.1: 32 bytes of the site's hash, flags, a counter of 4 bytes; then, as the
    flags say, 16 bytes for the device's model, length (2 bytes), ID and key of the passkey, and a map of extensions.
    """
    if len(data) < 37:
        raise OddShape
    at, flags = 37, data[32]
    if flags & 0x40:
        at += 18 + int.from_bytes(data[53:55], "big")
        at = end_of_value(data, at)
    if flags & 0x80:
        at = end_of_value(data, at)
    if at != len(data):
        raise OddShape


def _size(data: bytes, start: int, info: int) -> tuple[int, int]:
    """Return the number that the first bytes of a CBOR item state, such as its length, and where these bytes end."""
    if info <= LAST_SHORT:
        return info, start + 1
    if info > LAST_LONG:
        raise OddShape
    end = start + 1 + (1 << (info - LAST_SHORT - 1))
    if end > len(data):
        raise OddShape
    return int.from_bytes(data[start + 1 : end], "big"), end
