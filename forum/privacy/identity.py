"""The entry of the register of personal data about protected identity."""

from flask_babel import lazy_gettext as _l

from forum.privacy.entries import HANDLERS, LEGITIMATE_INTEREST, UNTIL_ERASED, Entry, of

ASKING = ("RegistrationForm", "ProtectedIdentityForm", "SuccessorForm")
IDENTITY = Entry(
    what=_l("That you have a protected identity, and your real name if you give it"),
    purpose=_l("So that you can take part safely. The name is kept encrypted and apart from the rest"),
    basis=LEGITIMATE_INTEREST,
    audience=HANDLERS,
    retention=UNTIL_ERASED,
    columns=of("protected_identities", "registration_id", "answer"),
    fields=(
        *(f"{form}.{name}" for form in ASKING for name in ("is_protected", "real_name")),
        *of("TelephoneForm", "real_name", "contact"),
    ),
)
