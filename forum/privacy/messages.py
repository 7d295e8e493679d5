"""The entries of the register of personal data about mails, and about people who want no messages from organisers."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import LEGITIMATE_INTEREST, NOBODY, OFFICE_AND_CARRIER, Entry, of

MESSAGES = (
    Entry(
        what=_l("Messages we send you"),
        purpose=_l("To deliver them, and to be able to say what was sent and when"),
        basis=LEGITIMATE_INTEREST,
        audience=OFFICE_AND_CARRIER,
        retention=_l(
            "The words until the message has been sent; that it was sent, until the organiser erases it. If you were"
            " chosen by an answer that tells where you are, until seven days after the forum"
        ),
        columns=(
            *of("outbox_messages", "registration_id", "kind", "recipient", "subject", "content"),
            *of("outbox_messages", "created_at", "sent_at", "last_error"),
            *of("mailing_recipients", "registration_id", "message_id", "status", "step"),
            *of("mailing_recipients", "leave_digest", "left_because"),
        ),
    ),
    Entry(
        what=_l(
            "That a link in a message lets you refuse further ones, where nothing else tells that you got it"
        ),
        purpose=_l(
            "So that the link works, although who got the message was deleted with answers that tell where people were,"
            " or with you, or the message has been sent to you again"
        ),
        basis=LEGITIMATE_INTEREST,
        audience=NOBODY,
        retention=_l(
            "A year after the forum; your address is kept as a keyed digest from which nobody can read it"
        ),
        columns=of("leave_links", "digest", "address_digest", "category", "ends_at"),
    ),
    Entry(
        what=_l(
            "That you want no messages that a forum’s organisers write to many people, or none of a kind"
        ),
        purpose=_l("So that none is sent to your address again, even if your data are erased and come back"),
        basis=LEGITIMATE_INTEREST,
        audience=NOBODY,
        retention=_l(
            "Until you take it back; your address and the forum are kept as a keyed digest from which nobody can read"
            " them"
        ),
        columns=of("mail_refusals", "category", "digest", "refused_at"),
    ),
)
