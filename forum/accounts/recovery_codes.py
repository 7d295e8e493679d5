"""Recovery codes: shown once, used once, stored only as a keyed digest (S03)."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence

from flask import current_app
from sqlalchemy import delete, select

from forum.accounts.models import RecoveryCode, User
from forum.extensions import db

NUMBER, GROUPS, GROUP_LENGTH = 10, 3, 4
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no characters that look alike; 12 of these are 59 random bits
SHOWN = re.compile(rf"[{LETTERS}]{{{GROUP_LENGTH}}}(?:-[{LETTERS}]{{{GROUP_LENGTH}}}){{{GROUPS - 1}}}")


def renew(user: User) -> list[str]:
    """Replace the user's codes and return the new ones; only digests are stored, so they can be shown only now."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [_new() for _ in range(NUMBER)]
    db.session.add_all(RecoveryCode(user_id=user.id, digest=_digests(user, code)[0]) for code in codes)
    db.session.flush()
    return codes


def use(user: User, code: str) -> bool:
    """Delete this recovery code of the user, because each works once; return whether the user had the code."""
    mine = (RecoveryCode.user_id == user.id) & RecoveryCode.digest.in_(_digests(user, code))
    return (
        db.session.scalars(delete(RecoveryCode).where(mine).returning(RecoveryCode.user_id)).first()
        is not None
    )


def are_in_use(user: User, codes: Sequence[str]) -> bool:
    """Return whether all the codes are unused codes of the user, spelt as they were shown; False for an empty list."""
    if not codes or len(codes) > NUMBER or not all(SHOWN.fullmatch(code) for code in codes):
        return False
    wanted = [_digests(user, code) for code in codes]
    known = set(db.session.scalars(select(RecoveryCode.digest).where(RecoveryCode.user_id == user.id)))
    return all(known.intersection(digests) for digests in wanted)


def digest_of_set(user: User) -> str:
    """Return a digest of all unused codes of the user, which changes when codes are replaced or one is used."""
    query = select(RecoveryCode.digest).where(RecoveryCode.user_id == user.id).order_by(RecoveryCode.digest)
    return hashlib.sha256(" ".join(db.session.scalars(query)).encode()).hexdigest()


def _new() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))


def _digests(user: User, code: str) -> list[str]:
    """Return the code's digest under each key, the newest key first; dashes, spaces and capitals are ignored."""
    plain = "".join(letter for letter in code.lower() if letter in LETTERS)
    message = f"recovery-code:{user.id}:{plain}".encode()
    keys = current_app.config["DATA_KEYS"]["totp"]
    return [hmac.new(key, message, hashlib.sha256).hexdigest() for key in keys]
