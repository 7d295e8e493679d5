"""When this browser's sign-in to a personal or a contact's page ends, for the layout, which announces it (A11).

Following a sign-in notes its end for the request, and a view that shows a page of this sign-in has it announced. The
layout reads only this note, never the session: a page that everybody may read must not depend on a cookie.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import g

from forum import clock


@dataclass(frozen=True)
class SignInEnd:
    """When a sign-in ends: at `ends_at` unless a page is opened before, and at `last_at` in any case.

    `blueprint` names the blueprint whose view `show` is the page, and whose view `time_left` tells a script the time.
    `of` is a keyed digest of the registration or delegation: another one may be opened in the same browser meanwhile.
    `with_link` says that `last_at` is the end of the link itself, which then cannot be opened again; `is_announced`
    that the request's page is one that closes.
    """

    ends_at: datetime
    last_at: datetime
    blueprint: str
    of: str
    with_link: bool
    is_announced: bool = False

    @property
    def is_last(self) -> bool:
        """Whether opening another page no longer prolongs the sign-in."""
        return self.ends_at >= self.last_at

    def time_left(self) -> dict[str, int]:
        """Return the seconds until the sign-in ends without use, and with use."""
        now, second = clock.now(), timedelta(seconds=1)
        return {"seconds": (self.ends_at - now) // second, "longest": (self.last_at - now) // second}


def note(end: SignInEnd) -> None:
    """Keep the end of the sign-in for the rest of the request."""
    g.sign_in_end = end


def announce() -> None:
    """Have the layout announce the noted end: this request shows a page that closes with the sign-in."""
    g.sign_in_end = replace(g.sign_in_end, is_announced=True)


def find() -> SignInEnd | None:
    """Return the end that this request's page announces, or None."""
    end: SignInEnd | None = g.get("sign_in_end")
    return end if end and end.is_announced else None


def time_left(of: str | None) -> dict[str, int] | None:
    """Return the seconds until the sign-in that this request has followed ends, without use and with use.

    Return None if `of`, which a page's script sends, says that the page is of another registration or delegation.
    """
    end: SignInEnd = g.sign_in_end
    return end.time_left() if of in (None, end.of) else None


def forget() -> None:
    """Announce no end on this request's page, because the sign-in is over."""
    g.pop("sign_in_end", None)
