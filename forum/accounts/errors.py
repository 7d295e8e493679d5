"""The reasons for which a sign-in, a code, a link or a new password is refused."""


class SignInRefused(Exception):
    """No account has this address and password; the message does not say which of the two is wrong (S24)."""


class CodeRefused(Exception):
    """The code is neither the authenticator's current one nor an unused recovery code."""


class LinkRefused(Exception):
    """The link is unknown, used, expired or replaced by a newer one."""


class PasswordRefused(Exception):
    """The new password is too weak; a subclass says why."""


class TooShort(PasswordRefused):
    """The password has fewer characters than `passwords.MIN_LENGTH`."""


class TooLong(PasswordRefused):
    """The password has more characters than `passwords.MAX_LENGTH`."""


class TooCommon(PasswordRefused):
    """The password is on lists of common passwords, or is one of them with digits around it."""


class TooNear(PasswordRefused):
    """The password is made of words about the forum or the person, which an attacker would try first."""


class OrganiserExists(Exception):
    """An account with this address exists already."""


class SignedOut(Exception):
    """The sign-in was ended, by another browser, after the request had passed the access check."""
