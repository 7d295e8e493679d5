"""Making organisers and signing them in, with their authenticators.

user = make_user(Role.ORGANISER, event)            # with PASSWORD and an authenticator
sign_in(pages, user)                                # without the sign-in pages: a row in the database and a cookie
page = walk_in(pages, user)                         # through both sign-in pages, as a person would
"""

from functools import cache
from itertools import count

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from forum import clock
from forum.accounts import actions, passwords, sign_ins
from forum.accounts.enums import Role
from forum.accounts.models import Membership, User
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from tools.pages import Page, Pages

PASSWORD = "fjäll stämgaffel 🙂 kanot"
OTHER_PASSWORD = "mynta lokomotiv regnbåge"
SECRET = b"twenty bytes of test"
_numbers = count(1)


def make_user(role: Role | None = Role.ORGANISER, event: Event | None = None, **differing) -> User:
    """Save an organiser with PASSWORD and an authenticator that shares SECRET."""
    sealed = {"totp_secret": SECRET, "totp_proposed": None}
    sealed |= {name: differing.pop(name) for name in sealed if name in differing}
    values = {
        "email": f"organiser-{next(_numbers)}@example.org",
        "name": "Alva Lindqvist",
        "language": "en",
        "created_at": clock.now(),
        "password_hash": _hashed(PASSWORD),
        **differing,
    }
    user = User(**values)
    if role:
        user.memberships = [Membership(role=role, event_id=event.id if event else None)]
    start_write(db.session)
    db.session.add(user)
    db.session.flush()  # a flush gives the row its id, to which sealed values are bound
    for name, secret in sealed.items():
        setattr(user, name, secret)
    db.session.commit()
    return user


def sign_in(pages: Pages, user: User) -> str:
    """Sign the browser in without the sign-in pages; return the token of the sign-in."""
    start_write(db.session)
    token = actions.open_sign_in(user, browser="Firefox, Linux", now=clock.now())
    db.session.commit()
    with pages.client.session_transaction() as session:
        session[sign_ins.TOKEN] = token
    return token


def give_password(pages: Pages, user: User, password: str = PASSWORD, **values) -> Page:
    """Enter address and password on the sign-in page."""
    data = {"email": user.email, "password": password}
    return pages.post("accounts.sign_in", data, lang="en", **values)


def walk_in(pages: Pages, user: User, password: str = PASSWORD, **values) -> Page:
    """Sign in through both sign-in pages and return the answer of the second page."""
    page = give_password(pages, user, password, **values)
    return pages.open(page.location).submit({"code": code_of(user)}, expect=303)


def code_of(user: User, *, seconds_ago: int = 0) -> str:
    """Return the code that the user's authenticator shows now, or showed `seconds_ago`."""
    db.session.refresh(user)
    assert user.totp_secret, f"{user.email} has no authenticator"
    return code_for(user.totp_secret, seconds_ago=seconds_ago)


def code_for(secret: bytes, *, seconds_ago: int = 0) -> str:
    """Return the code that an authenticator with this secret shows now, or showed some seconds ago."""
    counter = int(clock.now().timestamp() - seconds_ago) // 30
    return HOTP(secret, 6, SHA1()).generate(counter).decode()  # noqa: S303 - SHA-1 is what authenticator apps use


@cache
def _hashed(password: str) -> str:
    return passwords.hashed(password)
