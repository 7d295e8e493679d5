"""Signing in with two factors, and what an organiser changes about their own account. Nothing here commits.

To avoid deadlocks, a change locks the account's row first, then writes to codes, links and sign-ins, in this order.
"""

from datetime import datetime

from sqlalchemy import delete, or_, update

from forum.accounts import authenticators, links, mails, passwords, queries, recovery_codes
from forum.accounts.enums import LinkPurpose
from forum.accounts.errors import CodeRefused, LinkRefused, SignInRefused
from forum.accounts.models import Autosave, KeptWords, OneTimeLink, Passkey, SignIn, User
from forum.audit import actions as audit
from forum.audit.queries import SIGNED_IN
from forum.columns import digest, new_token
from forum.database import rehearsed
from forum.extensions import db


def check_password(email: str, password: str) -> User:
    """Return the account with this address and password. Raises SignInRefused.

    Takes the same time for an address without an account (S24). The check may wait until other password checks have
    ended, so the open transaction is ended before it. Raises NoTurn when too many passwords are being checked.
    """
    user = queries.find_by_email(email)
    stored, is_active = (user.password_hash, user.active) if user else (None, False)
    db.session.rollback()
    if not passwords.matches(stored, password) or not user or not is_active:
        raise SignInRefused
    return user


def ask_second_factor(user: User, password: str, *, now: datetime) -> str:
    """Return a token by which this browser may go on to the second factor; the token opens nothing else.

    Call this function once the password was right. An outdated password hash is renewed (S02), and a user who has no
    authenticator gets the secret for one.
    """
    if user.password_hash and passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hashed(password)
    if user.totp_secret is None:
        user.totp_proposed = authenticators.new_secret()
    return links.issue(user, LinkPurpose.SECOND_FACTOR, now=now)


def check_code(user: User, code: str, *, now: datetime) -> None:
    """Accept a code of the authenticator or a recovery code; each code works once (S03). Raises CodeRefused."""
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
    """Check the second factor and return the token of a new sign-in.

    `waiting` is the token from `ask_second_factor`; it works once. Raises LinkRefused or CodeRefused.
    """
    user = links.look(waiting, LinkPurpose.SECOND_FACTOR, now=now)
    queries.lock_user(user.id)
    check_code(user, code, now=now)
    links.use(waiting, LinkPurpose.SECOND_FACTOR, now=now)
    return open_sign_in(user, browser=browser, now=now)


def finish_set_up(waiting: str, code: str, *, browser: str, now: datetime) -> tuple[str, list[str]]:
    """Activate a user's first authenticator; return the token of a new sign-in and the recovery codes.

    `waiting` is the token from `ask_second_factor`; it works once. Raises LinkRefused or CodeRefused.
    """
    user = links.look(waiting, LinkPurpose.SECOND_FACTOR, now=now)
    # Refuse the link where the account has an authenticator by now: the password alone must not replace one that is in
    # use.
    if user.totp_secret is not None:
        raise LinkRefused
    queries.lock_user(user.id)
    codes = accept_authenticator(user, code, now=now)
    # Delete passkeys that an earlier version of the forum left behind when it reset the second factor.
    db.session.execute(delete(Passkey).where(Passkey.user_id == user.id))
    links.use(waiting, LinkPurpose.SECOND_FACTOR, now=now)
    return open_sign_in(user, browser=browser, now=now), codes


def open_sign_in(user: User, *, browser: str, now: datetime) -> str:
    """Store a sign-in and return its token for the session cookie. The caller has checked both factors."""
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
    audit.record(SIGNED_IN, user, actor=actor(user), at=now, sign_in=row.id)
    return token


def propose_authenticator(user: User) -> None:
    """Make the secret of a new authenticator; it replaces the current one when its first code is accepted."""
    user.totp_proposed = authenticators.new_secret()
    db.session.flush()


def accept_authenticator(user: User, code: str, *, now: datetime) -> list[str]:
    """Activate the proposed authenticator with its first code; return new recovery codes. Raises CodeRefused."""
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
    """Replace the user's recovery codes and return the new ones."""
    audit.record("account.recovery_codes_renewed", user, actor=actor(user), at=now)
    mails.queue_second_factor_changed(user, now=now)
    return recovery_codes.renew(user)


def confirm(sign_in: SignIn, code: str, *, now: datetime) -> None:
    """Check the code and note that this sign-in has just been confirmed with both factors (S09).

    The caller has checked the password. Raises CodeRefused.
    """
    check_code(sign_in.user, code, now=now)
    sign_in.confirmed_at = now
    db.session.flush()


def change_password(user: User, password: str, *, now: datetime) -> None:
    """Change the password and end every sign-in. Raises PasswordRefused."""
    _set_password(user, password, now=now)
    mails.queue_password_changed(user, now=now)


def accept_welcome(token: str, password: str, *, now: datetime) -> None:
    """Set a new organiser's first password, by the link of an invitation or of the command line.

    Raises LinkRefused or PasswordRefused.
    """
    _set_password(links.use(token, LinkPurpose.WELCOME, now=now), password, now=now)


def ask_reset(email: str, *, now: datetime) -> None:
    """Mail a link that resets the password, if the address has an active account.

    A new link revokes the older ones, so none is made while the last one is young: a stranger who asks for another
    person's link can neither revoke the link that this person is about to use nor fill the inbox (S04, S25). For
    other addresses the same rows are written and the mail's row is rolled back, so the response time does not tell
    whether an account exists (S24).
    """
    user = queries.find_by_email(email)
    has_young = links.has_young(user, LinkPurpose.RESET, now=now)
    reader = user if user and user.active and user.password_hash and not has_young else None
    token = links.issue(reader, LinkPurpose.RESET, now=now)
    with rehearsed(db.session, when=reader is None):
        mails.queue_reset(reader or User(email="nobody@example.org", name="", language="en"), token, now=now)


def reset_password(token: str, password: str, *, now: datetime) -> None:
    """Set a new password by the mailed link; signing in still takes both factors (S04).

    Raises LinkRefused or PasswordRefused.
    """
    user = links.use(token, LinkPurpose.RESET, now=now)
    _set_password(user, password, now=now)
    mails.queue_password_changed(user, now=now)


def sign_out(sign_in: SignIn, *, now: datetime, by: User | None = None) -> None:
    """End a sign-in on the server; a copied cookie fails, too (F5). `by` is an admin who ends it, None for its user."""
    user, number = sign_in.user, sign_in.id
    db.session.delete(sign_in)
    db.session.flush()
    audit.record("account.signed_out", user, actor=actor(by or user), at=now, sign_in=number)


def end_sign_ins(user: User, *, but: SignIn | None = None) -> None:
    """End all sign-ins of the user, except the sign-in `but`."""
    others = (SignIn.user_id == user.id) & (SignIn.id != (but.id if but else 0))
    db.session.execute(delete(SignIn).where(others))


def forget_expired(*, now: datetime) -> int:
    """Delete expired links, old sign-ins and old form values; return how many. The worker calls this.

    A sign-in's row is kept for some hours after it has expired: when a form arrives late, the row tells whose
    form it is, so that its values can be kept for that person (`kept_words`).
    """
    ended = SignIn.last_seen_at <= now - queries.ABSOLUTE
    links_gone = delete(OneTimeLink).where(OneTimeLink.expires_at <= now).returning(OneTimeLink.digest)
    sign_ins_gone = delete(SignIn).where(ended).returning(SignIn.id)
    words_gone = (
        delete(KeptWords).where(KeptWords.made_at <= now - queries.WORDS_KEPT_FOR).returning(KeptWords.digest)
    )
    typed_gone = (
        delete(Autosave).where(Autosave.made_at <= now - queries.AUTOSAVED_FOR).returning(Autosave.version)
    )
    gone = (links_gone, sign_ins_gone, words_gone, typed_gone)
    return sum(len(db.session.scalars(each).all()) for each in gone)


def actor(user: User) -> str:
    """Return how the audit trail names a user."""
    return f"user:{user.id}"


def _use_counter(user: User, counter: int) -> None:
    """Mark the time step of a code as used, so that one of two simultaneous requests fails. Raises CodeRefused."""
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
