"""The reasons for which a sign-in, a code, a link, a new password or a change of colleagues is refused."""


class SignInRefused(Exception):
    """No account has this address and password; the message does not say which of the two is wrong (S24)."""


class CodeRefused(Exception):
    """The code is neither the authenticator's current one nor an unused recovery code."""


class PasskeyRefused(Exception):
    """What the browser sent is not the answer of one of the account's passkeys to the challenge that was asked."""


class PasskeyCloned(PasskeyRefused):
    """The passkey's counter has gone back: two devices have the same private key."""


class PasskeyKnown(PasskeyRefused):
    """A passkey with this ID was added before, to this account or another."""


class TooManyPasskeys(PasskeyRefused):
    """The account has as many passkeys as are allowed."""


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


class ColleagueRefused(Exception):
    """A change of the organisers who work on an event is refused; a subclass says why."""


class NotManager(ColleagueRefused):
    """The organiser who asks for the change is no longer an admin of the event."""


class RoleTooWide(ColleagueRefused):
    """The organiser may not give this role, or take it away; nobody gives a role to themselves."""


class LastAdmin(ColleagueRefused):
    """Without this admin nobody would be left who can sign in and manage colleagues."""


class AccountDisabled(ColleagueRefused):
    """The account is disabled. Before the change it has to be enabled, on the colleague's page or by a command."""


class HasRole(ColleagueRefused):
    """The invited person has an account and this role already."""


class HasPassword(ColleagueRefused):
    """The invitation was accepted: an account with a password gets no further link that sets one."""


class TooManyInvitations(ColleagueRefused):
    """The admin has sent, or the address has got, as many invitations within an hour as are allowed."""


class OutOfReach(ColleagueRefused):
    """The admin may not manage the account: their own, or one with roles for other events or secret roles they lack."""


class NoSecondFactor(ColleagueRefused):
    """There is no second factor that could be reset."""


class DisabledAbove(ColleagueRefused):
    """A command or an admin of all events has disabled the account, so this admin may not enable it."""
