"""When this browser's sign-in to a personal or a contact's page ends, for the layout, which announces it (A11).

Following a sign-in notes its end for the request. The layout reads only this note, never the session: a page that
everybody may read must not depend on a cookie.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import g

from forum import clock


@dataclass(frozen=True)
class SignInEnd:
    """When a sign-in ends: at `ends_at` unless a page is opened before, and at `last_at` in any case.

    `blueprint` names the blueprint whose view `show` is the page, and whose view `time_left` tells a script the time.
    """

    ends_at: datetime
    last_at: datetime
    blueprint: str

    @property
    def is_last(self) -> bool:
        """Whether opening a page does not make the sign-in last longer any more."""
        return self.ends_at >= self.last_at

    def time_left(self) -> dict[str, int]:
        """Return the seconds until the sign-in ends without use, and with use."""
        now, second = clock.now(), timedelta(seconds=1)
        return {"seconds": (self.ends_at - now) // second, "longest": (self.last_at - now) // second}


def note(end: SignInEnd) -> None:
    """Keep the end of the sign-in for the rest of the request."""
    g.sign_in_end = end


def find() -> SignInEnd | None:
    """Return the end of the sign-in that this request has followed, or None."""
    return g.get("sign_in_end")


def time_left() -> dict[str, int]:
    """Return the seconds until the sign-in that this request has followed ends, without use and with use."""
    end: SignInEnd = g.sign_in_end
    return end.time_left()


def forget() -> None:
    """Announce no end on this request's page, because the sign-in is over."""
    g.pop("sign_in_end", None)
