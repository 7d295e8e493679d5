"""Signing in with two factors, and what a person changes about their own account. Nothing here commits.

What changes an account locks its row first, then changes codes, links and sign-ins in this order.
"""

from datetime import datetime

from sqlalchemy import delete, or_, update

from forum.accounts import authenticators, links, mails, passwords, queries, recovery_codes
from forum.accounts.enums import LinkPurpose
from forum.accounts.errors import CodeRefused, LinkRefused, SignInRefused
from forum.accounts.models import OneTimeLink, SignIn, User
from forum.audit import actions as audit
from forum.columns import digest, new_token
from forum.database import rehearsed
from forum.extensions import db


def check_password(email: str, password: str) -> User:
    """Return the account that the two open, after equal work for any address (S24).

    Ends the transaction: it may have to wait. Raises SignInRefused, and NoTurn when too many try.
    """
    user = queries.find_by_email(email)
    stored, is_active = (user.password_hash, user.active) if user else (None, False)
    db.session.rollback()
    if not passwords.matches(stored, password) or not user or not is_active:
        raise SignInRefused
    return user


def ask_second_factor(user: User, password: str, *, now: datetime) -> str:
    """Return a token for the browser that gave the right password: it opens nothing but the second step.

    Renews the hash when its parameters are outdated (S02), and proposes an authenticator to who has none.
    """
    if user.password_hash and passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hashed(password)
    if user.totp_secret is None:
        user.totp_proposed = authenticators.new_secret()
    return links.issue(user, LinkPurpose.SECOND_FACTOR, now=now)


def check_code(user: User, code: str, *, now: datetime) -> None:
    """Accept the authenticator's code or a recovery code, once (S03). Raises CodeRefused."""
    if user.totp_secret is None:
        raise CodeRefused
    counter = authenticators.matching_counter(user.totp_secret, code, now=now)
    if counter is not None:
        _use_counter(user, counter)
    elif recovery_codes.use(user, code):
        audit.record("account.recovery_code_used", user, actor=actor(user), at=now)
        mails.queue_recovery_code_used(user, queries.count_recovery_codes(user), now=now)
    else:
        raise CodeRefused


def finish_sign_in(waiting: str, code: str, *, browser: str, now: datetime) -> str:
    """Return the token of a new sign-in to who gave the password and now the code.

    `waiting` is the token from `ask_second_factor`, used up by this. Raises LinkRefused or CodeRefused.
    """
    user = links.look(waiting, LinkPurpose.SECOND_FACTOR, now=now)
    queries.lock_user(user.id)
    check_code(user, code, now=now)
    links.use(waiting, LinkPurpose.SECOND_FACTOR, now=now)
    return open_sign_in(user, browser=browser, now=now)


def finish_set_up(waiting: str, code: str, *, browser: str, now: datetime) -> tuple[str, list[str]]:
    """Take the first authenticator into use; return a new sign-in's token and the recovery codes.

    Raises LinkRefused or CodeRefused.
    """
    user = links.look(waiting, LinkPurpose.SECOND_FACTOR, now=now)
    if user.totp_secret is not None:  # there is one: only a code of it, or a fresh sign-in, may replace it
        raise LinkRefused
    queries.lock_user(user.id)
    codes = accept_authenticator(user, code, now=now)
    links.use(waiting, LinkPurpose.SECOND_FACTOR, now=now)
    return open_sign_in(user, browser=browser, now=now), codes


def open_sign_in(user: User, *, browser: str, now: datetime) -> str:
    """Make a sign-in and return its token for the browser's session; both factors have been checked."""
    token = new_token()
    row = SignIn(
        digest=digest(token),
        user_id=user.id,
        created_at=now,
        last_seen_at=now,
        confirmed_at=now,
        browser=browser[:200],
    )
    db.session.add(row)
    db.session.flush()
    audit.record("account.signed_in", user, actor=actor(user), at=now, sign_in=row.id)
    return token


def propose_authenticator(user: User) -> None:
    """Make a secret that takes the present one's place with its first right code."""
    user.totp_proposed = authenticators.new_secret()
    db.session.flush()


def accept_authenticator(user: User, code: str, *, now: datetime) -> list[str]:
    """Take the proposed authenticator into use and return new recovery codes. Raises CodeRefused."""
    proposed = user.totp_proposed
    counter = authenticators.matching_counter(proposed, code, now=now) if proposed else None
    if counter is None:
        raise CodeRefused
    if user.totp_secret is not None:
        mails.queue_second_factor_changed(user, now=now)
    user.totp_secret, user.totp_proposed, user.last_totp_counter = proposed, None, counter
    audit.record("account.authenticator_set", user, actor=actor(user), at=now)
    return recovery_codes.renew(user)


def renew_recovery_codes(user: User, *, now: datetime) -> list[str]:
    """Return new recovery codes; the earlier ones are void."""
    audit.record("account.recovery_codes_renewed", user, actor=actor(user), at=now)
    mails.queue_second_factor_changed(user, now=now)
    return recovery_codes.renew(user)


def confirm(sign_in: SignIn, code: str, *, now: datetime) -> None:
    """Note that the person at the browser, whose password was just right, has the code too (S09).

    Raises CodeRefused.
    """
    check_code(sign_in.user, code, now=now)
    sign_in.confirmed_at = now
    db.session.flush()


def change_password(user: User, password: str, *, now: datetime) -> None:
    """Change the password and end every sign-in. Raises PasswordRefused."""
    _set_password(user, password, now=now)
    mails.queue_password_changed(user, now=now)


def accept_welcome(token: str, password: str, *, now: datetime) -> None:
    """Set the password that the command's link is for. Raises LinkRefused or PasswordRefused."""
    _set_password(links.use(token, LinkPurpose.WELCOME, now=now), password, now=now)


def ask_reset(email: str, *, now: datetime) -> None:
    """Send a link that sets another password, if the address has an account that is in use.

    A link kills the older ones, so a young one is not followed by another: whoever asks in somebody's name neither
    ends the link that they are about to use nor fills their inbox, and there is always one that works (S04, S25).
    Where no mail is to go, the same rows are written, and the mail's is only rehearsed (S24).
    """
    user = queries.find_by_email(email)
    has_young = links.has_young(user, LinkPurpose.RESET, now=now)
    reader = user if user and user.active and user.password_hash and not has_young else None
    token = links.issue(reader, LinkPurpose.RESET, now=now)
    with rehearsed(db.session, when=reader is None):
        mails.queue_reset(reader or User(email="nobody@example.org", name="", language="en"), token, now=now)


def reset_password(token: str, password: str, *, now: datetime) -> None:
    """Set another password by the mailed link; signing in still takes both factors (S04).

    Raises LinkRefused or PasswordRefused.
    """
    user = links.use(token, LinkPurpose.RESET, now=now)
    _set_password(user, password, now=now)
    mails.queue_password_changed(user, now=now)


def sign_out(sign_in: SignIn, *, now: datetime) -> None:
    """End a sign-in: a copy of its cookie opens nothing any more (F5)."""
    user, number = sign_in.user, sign_in.id
    db.session.delete(sign_in)
    db.session.flush()
    audit.record("account.signed_out", user, actor=actor(user), at=now, sign_in=number)


def end_sign_ins(user: User, *, but: SignIn | None = None) -> None:
    """End the user's sign-ins, except the one that asks for it."""
    others = (SignIn.user_id == user.id) & (SignIn.id != (but.id if but else 0))
    db.session.execute(delete(SignIn).where(others))


def forget_expired(*, now: datetime) -> int:
    """Delete the links that time has ended and the sign-ins that nobody asks for any more; return how many.

    For the worker. A sign-in's row outlives it until the browser's cookie has ended too: a form that is sent late is
    kept for its owner (kept_words).
    """
    ended = SignIn.last_seen_at <= now - queries.ABSOLUTE
    links_gone = delete(OneTimeLink).where(OneTimeLink.expires_at <= now).returning(OneTimeLink.digest)
    sign_ins_gone = delete(SignIn).where(ended).returning(SignIn.id)
    return len(db.session.scalars(links_gone).all()) + len(db.session.scalars(sign_ins_gone).all())


def actor(user: User) -> str:
    """Return how the audit trail names a user."""
    return f"user:{user.id}"


def _use_counter(user: User, counter: int) -> None:
    """Take this step's code once: of two requests with the same code, one gets it. Raises CodeRefused."""
    later = or_(User.last_totp_counter.is_(None), User.last_totp_counter < counter)
    taken = update(User).where(User.id == user.id, later).values(last_totp_counter=counter)
    if db.session.scalars(taken.returning(User.id)).one_or_none() is None:
        raise CodeRefused


def _set_password(user: User, password: str, *, now: datetime) -> None:
    passwords.refuse_if_weak(password, about=(user.name, user.email))
    user.password_hash = passwords.hashed(password)
    links.revoke_all(user)
    end_sign_ins(user)
    audit.record("account.password_set", user, actor=actor(user), at=now)
