"""Why a mail cannot be made, sent, or tried again."""


class UnsafeMessage(ValueError):
    """The mail cannot be built so that it says exactly what was meant (F2, F3, S36)."""


class ContentGone(Exception):
    """The mail's bytes are no longer kept: it was sent, aborted, or could never be rendered (S18)."""


class NotStopped(Exception):
    """The mail is not in a state that allows this: a failed one is retried or dismissed, a waiting one hastened."""


class DeliveryFailure(Exception):
    """The mail did not leave; the text is the reason, safe to store beside the row."""


class TemporaryFailure(DeliveryFailure):
    """Later it may go well: the server is busy, or does not know us yet."""


class ServerUnreachable(TemporaryFailure):
    """No mail at all can be sent now: network, TLS, sign-in or the server itself."""


class SenderRefused(ServerUnreachable):
    """The server takes nothing from our address, whatever the mail."""


class PermanentFailure(DeliveryFailure):
    """This mail will never be accepted as it is."""
