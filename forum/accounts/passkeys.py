"""Passkeys of an organiser: adding, using, renaming and removing them. Nothing here commits.

The authenticator app stays every account's second factor; a passkey may stand in for its code beside the password
(S03). Each answer uses up its challenge, right or wrong: a view commits even when the answer is refused.
"""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from forum.accounts import ceremonies, links, mails, queries
from forum.accounts.actions import actor, end_sign_ins, open_sign_in
from forum.accounts.enums import LinkPurpose
from forum.accounts.errors import (
    LinkRefused,
    PasskeyCloned,
    PasskeyKnown,
    PasskeyRefused,
    TooManyPasskeys,
)
from forum.accounts.models import Passkey, SignIn, User
from forum.audit import actions as audit
from forum.extensions import db

MOST = 10


def ask(user: User, purpose: LinkPurpose, *, now: datetime) -> str:
    """Return a challenge for the user's passkeys; it can be answered once, and earlier challenges no longer work.

    The caller keeps the challenge in the session, so that no other browser can answer it.
    """
    return links.issue(user, purpose, now=now)


def may_use(user: User) -> bool:
    """Return whether the user has a passkey, and browsers have passkeys for the site's address."""
    return ceremonies.are_possible() and queries.count_passkeys(user) > 0


def add(user: User, name: str, *, challenge: str, answer: str, now: datetime) -> Passkey:
    """Add the passkey that a browser has made for the challenge, and return it.

    Raises PasskeyRefused, PasskeyKnown when the passkey was added before, and TooManyPasskeys when the account has MOST
    passkeys.
    """
    _use_up(challenge, LinkPurpose.ADD_PASSKEY, user, now=now)
    made = ceremonies.check_new(answer, challenge)
    if queries.count_passkeys(user) >= MOST:
        raise TooManyPasskeys
    if queries.find_credential(made.credential_id):
        raise PasskeyKnown
    passkey = Passkey(
        user_id=user.id,
        name=name,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        added_at=now,
    )
    _insert(passkey)
    audit.record("account.passkey_added", user, actor=actor(user), at=now, passkey=passkey.id)
    mails.queue_passkey_added(user, name, now=now)
    return passkey


def check(user: User, *, challenge: str, answer: str, now: datetime) -> None:
    """Accept the challenge's signature by one of the user's passkeys. Raises PasskeyRefused.

    The caller has locked the account. Raises PasskeyCloned when the device's counter is not higher than before, after
    recording this in the audit trail and queueing a mail to the user.
    """
    _use_up(challenge, LinkPurpose.USE_PASSKEY, user, now=now)
    passkey = queries.find_credential(ceremonies.credential_in(answer))
    # A passkey is refused once the second factor was reset: an earlier version, which may run beside this one during an
    # update, resets it without deleting the passkeys.
    is_reset = user.totp_secret is None
    if is_reset or passkey is None or passkey.user_id != user.id:
        raise PasskeyRefused
    try:
        passkey.sign_count = ceremonies.check_use(answer, challenge, passkey, user)
    except PasskeyCloned:
        audit.record("account.passkey_cloned", user, actor=actor(user), at=now, passkey=passkey.id)
        mails.queue_passkey_cloned(user, passkey.name, now=now)
        raise
    passkey.last_used_at = now
    db.session.flush()
    audit.record("account.passkey_used", user, actor=actor(user), at=now, passkey=passkey.id)


def finish_sign_in(waiting: str, *, challenge: str, answer: str, browser: str, now: datetime) -> str:
    """Check a passkey in place of the code and return the token of a new sign-in.

    `waiting` is the token from `actions.ask_second_factor`; it works once. Raises LinkRefused or PasskeyRefused.
    """
    user = links.look(waiting, LinkPurpose.SECOND_FACTOR, now=now)
    queries.lock_user(user.id)
    check(user, challenge=challenge, answer=answer, now=now)
    links.use(waiting, LinkPurpose.SECOND_FACTOR, now=now)
    return open_sign_in(user, browser=browser, now=now)


def confirm(sign_in: SignIn, *, challenge: str, answer: str, now: datetime) -> None:
    """Check a passkey and note that this sign-in has just been confirmed with both factors (S09).

    The caller has checked the password. Raises PasskeyRefused.
    """
    check(sign_in.user, challenge=challenge, answer=answer, now=now)
    sign_in.confirmed_at = now
    db.session.flush()


def rename(passkey: Passkey, name: str, user: User, *, now: datetime) -> None:
    """Give a passkey of the user another name; does nothing when it has that name already."""
    if passkey.name != name:
        passkey.name = name
        db.session.flush()
        audit.record("account.passkey_renamed", user, actor=actor(user), at=now, passkey=passkey.id)


def remove(passkey: Passkey, user: User, *, but: SignIn, now: datetime) -> None:
    """Remove a passkey of the user and end all sign-ins except `but`: its device may be in other hands."""
    number, name = passkey.id, passkey.name
    db.session.delete(passkey)
    db.session.flush()
    end_sign_ins(user, but=but)
    audit.record("account.passkey_removed", user, actor=actor(user), at=now, passkey=number)
    mails.queue_passkey_removed(user, name, now=now)


def _use_up(challenge: str, purpose: LinkPurpose, user: User, *, now: datetime) -> None:
    try:
        asked = links.use(challenge, purpose, now=now)
    except LinkRefused:
        raise PasskeyRefused from None
    if asked.id != user.id:
        raise PasskeyRefused


def _insert(passkey: Passkey) -> None:
    """Insert the passkey's row. Raises PasskeyKnown when a simultaneous request has added the same passkey."""
    try:
        with db.session.begin_nested():
            db.session.add(passkey)
    except IntegrityError:
        raise PasskeyKnown from None
