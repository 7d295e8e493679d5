"""Passkeys as the browser's Web Authentication interface has them: what a page asks for, and what comes back.

Nothing here reads or writes the database. The site's ID and origin are those of FORUM_BASE_URL, whatever the request's
Host is (S39). The device must have recognised the person, by fingerprint, face or PIN: what it signs then proves
possession and person, and stands in for the authenticator's code beside the password (S03).
"""

import json
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import urlsplit

import idna
from flask import current_app
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    options_to_json_dict,
    parse_authentication_credential_json,
    parse_cbor,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from forum.accounts import cbor
from forum.accounts.errors import PasskeyCloned, PasskeyRefused
from forum.accounts.models import Passkey, User

Checked = TypeVar("Checked")
log = logging.getLogger("forum.accounts")
# The most characters of a browser's answer: twice as many as for a key of 4,096 bits and an ID of 1,023 bytes.
LONGEST = 12_000
# Seconds for which the browser waits for the device; the challenge stays valid for longer (`links.LIFETIMES`).
WAITS = 120
REQUIRED = UserVerificationRequirement.REQUIRED
SELECTION = AuthenticatorSelectionCriteria(
    resident_key=ResidentKeyRequirement.PREFERRED, user_verification=REQUIRED
)
# Browsers take a host whose last part is a number for an IP address (URL Standard, 3.5).
ENDS_IN_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$")
# Kinds of attestation that a browser sends when none was asked for.
UNATTESTED = {"none", "packed"}


@dataclass(frozen=True)
class NewKey:
    """A new passkey as its device describes it."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def are_possible() -> bool:
    """Return whether browsers have passkeys for the site's address: it needs a name in place of an IP address."""
    name = _site_id()
    return name.isascii() and ":" not in name and not ENDS_IN_NUMBER.search(name)


def creation_options(user: User, passkeys: Iterable[Passkey], challenge: str) -> dict[str, Any]:
    """Return what the browser needs to make a passkey that none of the user's devices has yet, as JSON values."""
    options = generate_registration_options(
        rp_id=_site_id(),
        rp_name=_site_id(),
        user_id=handle_of(user),
        user_name=user.email,
        user_display_name=user.name,
        challenge=challenge.encode(),
        timeout=WAITS * 1000,
        authenticator_selection=SELECTION,
        exclude_credentials=_described(passkeys),
    )
    return options_to_json_dict(options)


def request_options(passkeys: Iterable[Passkey], challenge: str) -> dict[str, Any]:
    """Return what the browser needs to let one of these passkeys sign the challenge, as JSON values."""
    options = generate_authentication_options(
        rp_id=_site_id(),
        challenge=challenge.encode(),
        timeout=WAITS * 1000,
        allow_credentials=_described(passkeys),
        user_verification=REQUIRED,
    )
    return options_to_json_dict(options)


def check_new(answer: str, challenge: str) -> NewKey:
    """Return the passkey that the browser has made for this challenge. Raises PasskeyRefused."""
    return _refusing(lambda: _check_new(_read(answer), challenge))


def credential_in(answer: str) -> bytes:
    """Return the ID of the passkey that the browser says it has used; nothing proves it yet. Raises PasskeyRefused."""
    return _refusing(lambda: parse_authentication_credential_json(_read(answer)).raw_id)


def check_use(answer: str, challenge: str, passkey: Passkey, user: User) -> int:
    """Return the device's counter after this passkey of the user has signed the challenge.

    Raises PasskeyRefused, and PasskeyCloned when the signature is right and the counter is not higher than before.
    """
    counted = _refusing(lambda: _check_use(_read(answer), challenge, passkey, user))
    if (counted or passkey.sign_count) and counted <= passkey.sign_count:
        raise PasskeyCloned
    return counted


def handle_of(user: User) -> bytes:
    """Return the bytes by which devices know the account; they tell nothing about the person."""
    return sha256(f"passkeys of account {user.id} at {_site_id()}".encode()).digest()


def _check_new(sent: dict[str, Any], challenge: str) -> NewKey:
    credential = parse_registration_credential_json(sent)
    attestation = credential.response.attestation_object
    cbor.refuse_odd_attestation(attestation)
    told = parse_cbor(attestation)
    if told["fmt"] not in UNATTESTED or "x5c" in told["attStmt"]:
        raise PasskeyRefused
    cbor.refuse_odd_authenticator_data(told["authData"])
    _refuse_framed(credential.response.client_data_json)
    made = verify_registration_response(
        credential=credential,
        expected_challenge=challenge.encode(),
        expected_rp_id=_site_id(),
        expected_origin=_origin(),
        require_user_verification=True,
    )
    # Trust only the ID that the device signed; the browser's own statement of the ID must agree with it.
    if made.credential_id != credential.raw_id:
        raise PasskeyRefused
    return NewKey(made.credential_id, made.credential_public_key, made.sign_count)


def _check_use(sent: dict[str, Any], challenge: str, passkey: Passkey, user: User) -> int:
    credential = parse_authentication_credential_json(sent)
    cbor.refuse_odd_authenticator_data(credential.response.authenticator_data)
    _refuse_framed(credential.response.client_data_json)
    if credential.response.user_handle not in {None, b"", handle_of(user)}:
        raise PasskeyRefused
    used = verify_authentication_response(
        credential=credential,
        expected_challenge=challenge.encode(),
        expected_rp_id=_site_id(),
        expected_origin=_origin(),
        credential_public_key=passkey.public_key,
        # The caller compares the counter: a low one reveals a copied passkey only if the signature is right.
        credential_current_sign_count=0,
        require_user_verification=True,
    )
    return used.new_sign_count


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST:
        raise PasskeyRefused
    sent = json.loads(answer)
    if not isinstance(sent, dict):
        raise PasskeyRefused
    return sent


def _refuse_framed(client_data: bytes) -> None:
    """Refuse an answer that the browser gave inside a frame of another site's page."""
    if parse_client_data_json(client_data).cross_origin:
        raise PasskeyRefused


def _refusing(check: Callable[[], Checked]) -> Checked:
    """Return the result of `check`, and turn any error that a parser raises on malformed bytes into a refusal (S17)."""
    try:
        return check()
    except PasskeyRefused:
        raise
    # For malformed bytes the parsers of webauthn, cbor2 and cryptography raise KeyError, TypeError, OverflowError and
    # more, so catch every error.
    except Exception as odd:
        log.info("a passkey's answer was refused: %s", type(odd).__name__)
        raise PasskeyRefused from odd


def _described(passkeys: Iterable[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in passkeys]


def _site_id() -> str:
    """Return the host of the site as browsers write it: letters beyond ASCII are encoded by UTS #46, ß among them."""
    host = urlsplit(current_app.config["BASE_URL"]).hostname or ""
    try:
        return host if host.isascii() else idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return host


def _origin() -> str:
    """Return the origin as browsers write it: small letters, and no port that the scheme implies."""
    parts = urlsplit(current_app.config["BASE_URL"])
    implied = {"https": 443, "http": 80}[parts.scheme]
    port = "" if parts.port in {None, implied} else f":{parts.port}"
    return f"{parts.scheme}://{_site_id()}{port}"
