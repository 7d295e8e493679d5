"""Why signing in, a code, a link or a password is refused."""


class SignInRefused(Exception):
    """The address and the password do not open an account; which of them is wrong is nobody's business (S24)."""


class CodeRefused(Exception):
    """The code is neither the authenticator's present one nor an unused recovery code."""


class LinkRefused(Exception):
    """The link is unknown, used, expired or replaced by a newer one."""


class PasswordRefused(Exception):
    """The new password is too weak; a subclass says why."""


class TooShort(PasswordRefused):
    """It has fewer characters than `passwords.MIN_LENGTH`."""


class TooLong(PasswordRefused):
    """It has more characters than `passwords.MAX_LENGTH`."""


class TooCommon(PasswordRefused):
    """It is on every attacker's list, or is one such word with figures around it."""


class TooNear(PasswordRefused):
    """It is made of words that anybody who knows the forum or the person would try first."""


class OrganiserExists(Exception):
    """The address has an account already."""


class SignedOut(Exception):
    """The browser's sign-in ended between the guard's look and the act."""
