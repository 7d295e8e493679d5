"""The reasons for which a mail cannot be built, sent or tried again."""


class UnsafeMessage(ValueError):
    """A value, such as a name, cannot be put into a mail safely (F2, F3, S36)."""


class ContentGone(Exception):
    """The mail's content is not stored: the mail was sent, cancelled, or could never be rendered (S18)."""


class NotStopped(Exception):
    """The mail is not in the state that retrying, dismissing or moving to the front of the queue needs.

    Only failed mails are retried or dismissed, and only waiting ones moved to the front.
    """


class MailOverdue(Exception):
    """The mail may not leave any more: the moment before which it had to leave is over."""


class DeliveryFailure(Exception):
    """The mail was not sent; the exception's text is the reason, in words that are safe to store."""


class TemporaryFailure(DeliveryFailure):
    """The attempt failed and a later one may succeed, for instance because the server is busy."""


class ServerUnreachable(TemporaryFailure):
    """No mail at all can be sent now, because of the network, TLS, the sign-in or the server itself."""


class SenderRefused(ServerUnreachable):
    """The mail server refuses the forum's sender address, so no mail would be accepted."""


class ConnectionSpent(TemporaryFailure):
    """The server has taken mails over this connection and takes no more over it; over a new one it may."""


class PermanentFailure(DeliveryFailure):
    """This mail will never be accepted, so it is not tried again."""
