"""The entry of the register of personal data about invitations."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import LEGITIMATE_INTEREST, OFFICE_AND_CARRIER, Entry, of

INVITATIONS = Entry(
    what=_l(
        "An invitation to you: name, address, organisation, language, what became of it, and why you say no"
    ),
    purpose=_l("To invite people whose knowledge the forum needs, and to know who comes"),
    basis=LEGITIMATE_INTEREST,
    audience=OFFICE_AND_CARRIER,
    retention=_l("Until 30 days after the forum; if you say yes, as long as your registration"),
    columns=(
        *of("invitations", "sector_id", "given_name", "family_name", "email", "email_canonical"),
        *of("invitations", "organisation", "language", "words", "state", "made_at", "made_by"),
        *of(
            "invitations",
            "expires_at",
            "holds_place",
            "link_digest",
            "message_id",
            "opened_at",
            "ended_at",
            "reason",
        ),
        *of("invitations", "registration_id", "remind_at", "reminded_at", "reminder_digest", "reminder_id"),
        *of("invitations", "may_forward", "exempt_from_rule", "from_colleague", "forwarded_to_id"),
    ),
    fields=(
        *of("PersonForm", "given_name", "family_name", "email", "organisation"),
        *of("TermsForm", "language", "words"),
        "InvitesForm.sector",
        *of("InviteManyForm", "file", "lines"),
        *of("AcceptForm", "is_protected", "real_name"),
        "RefuseForm.reason",
        *of("ForwardForm", "language"),
    ),
)
