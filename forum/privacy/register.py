"""The register of personal data (P01; Articles 13 and 30): every column and form field that says something of a person.

The privacy notice shows it. tests/guards/test_personal_data.py fails on a column or field that is listed neither here
nor in forum/privacy/technical.py.
"""

from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

LEGITIMATE_INTEREST = _l("Legitimate interest, Article 6(1)(f)")
CONSENT = _l("Consent, Article 6(1)(a)")
EXPLICIT_CONSENT = _l("Explicit consent, Article 9(2)(a)")

OFFICE = _l("The office")
ONE_PERSON = _l("The one person at the office who is charged with it")
OFFICE_AND_CARRIER = _l("The office and the provider that carries our e-mail")
NOBODY = _l("Nobody; the system only compares it")
EVERYBODY = _l("Everybody")

AFTER_THE_FORUM = _l("Until 180 days after the forum’s last day")
SOON_AFTER = _l("Until 30 days after the forum’s last day")
WITH_ACCOUNT = _l("As long as the account exists")


@dataclass(frozen=True)
class Entry:
    """One kind of personal data: in people's words, and the columns ("table.column") and form fields that hold it."""

    what: LazyString
    purpose: LazyString
    basis: LazyString
    audience: LazyString
    retention: LazyString
    columns: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


def _of(table: str, *columns: str) -> tuple[str, ...]:
    return tuple(f"{table}.{column}" for column in columns)


REGISTER: tuple[Entry, ...] = (
    Entry(
        _l("Name, or the name you want to be called by"),
        _l("To receive your registration and to know whom to greet"),
        LEGITIMATE_INTEREST,
        _l("The office; everybody, if you choose to be in the list of participants"),
        AFTER_THE_FORUM,
        _of("registrations", "given_name", "family_name", "sort_key", "search_text"),
        ("DetailsForm.given_name", "DetailsForm.family_name"),
    ),
    Entry(
        _l("E-mail address"),
        _l("To confirm that it is yours, and to tell you about your registration"),
        LEGITIMATE_INTEREST,
        OFFICE_AND_CARRIER,
        AFTER_THE_FORUM,
        _of("registrations", "email", "email_canonical"),
        ("RegistrationForm.email", "LinkForm.email"),
    ),
    Entry(
        _l("Organisation, and title or role"),
        _l("To see that you belong to the sector, and that no organisation takes too many places"),
        LEGITIMATE_INTEREST,
        _l("The office; your organisation also everybody, if you choose to be in the list of participants"),
        AFTER_THE_FORUM,
        _of("registrations", "organisation", "organisation_key", "organisation_sort_key", "title"),
        ("DetailsForm.organisation", "DetailsForm.title"),
    ),
    Entry(
        _l("Sector"),
        _l("To share the places between the sectors. It says where you work, not what you think"),
        LEGITIMATE_INTEREST,
        OFFICE,
        AFTER_THE_FORUM,
        _of("registrations", "sector_id"),
    ),
    Entry(
        _l("Country"),
        _l("To see that the Nordic countries are represented"),
        LEGITIMATE_INTEREST,
        OFFICE,
        AFTER_THE_FORUM,
        _of("registrations", "country"),
        ("DetailsForm.country",),
    ),
    Entry(
        _l("Language"),
        _l("To write to you in the language you choose"),
        LEGITIMATE_INTEREST,
        OFFICE,
        AFTER_THE_FORUM,
        (*_of("registrations", "language"), *_of("outbox_messages", "language")),
        ("DetailsForm.language",),
    ),
    Entry(
        _l("Phone number, if you give it"),
        _l("To reach you when something changes at short notice"),
        LEGITIMATE_INTEREST,
        OFFICE,
        AFTER_THE_FORUM,
        _of("registrations", "phone"),
        ("DetailsForm.phone",),
    ),
    Entry(
        _l("Where your registration stands, and when it got there"),
        _l("To keep the places and the waiting list in order"),
        LEGITIMATE_INTEREST,
        OFFICE,
        AFTER_THE_FORUM,
        (
            *_of("registrations", "status", "holds_place", "requested_at", "confirm_by", "confirmed_at"),
            *_of("registrations", "held_until", "waiting_since", "offer_expires_at", "ended_at"),
            *_of("submissions", "registration_id", "received_at"),
        ),
    ),
    Entry(
        _l("Your answer about the list of participants and about photographs"),
        _l("To do as you wish, and to be able to show what you agreed to and when"),
        CONSENT,
        OFFICE,
        AFTER_THE_FORUM,
        _of("consents", "registration_id", "purpose", "text_version", "given_at", "withdrawn_at"),
        (*_of("ConsentsForm", "participant_list", "photographs"),),
    ),
    Entry(
        _l("That you have a protected identity, and your real name if you give it"),
        _l("So that you can take part safely. The name is kept encrypted and apart from the rest"),
        LEGITIMATE_INTEREST,
        _l("Nobody: no page of this service shows it so far"),
        AFTER_THE_FORUM,
        _of("protected_identities", "registration_id", "answer"),
        (
            *_of("RegistrationForm", "is_protected", "real_name"),
            *_of("ProtectedIdentityForm", "is_protected", "real_name"),
        ),
    ),
    Entry(
        _l("Answers about diet and access, if we ask for them"),
        _l("To arrange food and access. They are kept encrypted and apart from the rest"),
        EXPLICIT_CONSENT,
        ONE_PERSON,
        SOON_AFTER,
        _of("care_answers", "registration_id", "answer"),
    ),
    Entry(
        _l("What you filled in, until the address is confirmed"),
        _l("To show it to whoever reads the address, so that nobody is registered by somebody else"),
        LEGITIMATE_INTEREST,
        _l("Nobody but who has the link; it is kept encrypted"),
        _l(
            "Until the address is confirmed, at most 48 hours; up to eight days while our message cannot be sent"
        ),
        ("submissions.answers", "registration_tokens.submission_key"),
    ),
    Entry(
        _l(
            "A code made from the network address that your form came from; the address itself is not kept with it"
        ),
        _l("So that nobody can hold many places with addresses that nobody confirms"),
        LEGITIMATE_INTEREST,
        NOBODY,
        _l(
            "Until the address is confirmed, at most 48 hours; up to eight days while our message cannot be sent"
        ),
        ("registrations.asked_from",),
    ),
    Entry(
        _l("Messages we send you"),
        _l("To deliver them, and to be able to say what was sent and when"),
        LEGITIMATE_INTEREST,
        OFFICE_AND_CARRIER,
        _l(
            "The words until the message has been sent; that it was sent, until 180 days after the forum’s last day"
        ),
        _of(
            "outbox_messages",
            *(
                "registration_id",
                "kind",
                "recipient",
                "subject",
                "content",
                "created_at",
                "sent_at",
                "last_error",
            ),
        ),
    ),
    Entry(
        _l("Your personal links"),
        _l("To let you, and nobody else, see and change your registration"),
        LEGITIMATE_INTEREST,
        NOBODY,
        AFTER_THE_FORUM,
        _of(
            "registration_tokens",
            "digest",
            "registration_id",
            "purpose",
            "created_at",
            "expires_at",
            "revoked_at",
        ),
    ),
    Entry(
        _l("Who at the office has seen or changed something, and when"),
        _l("To be able to show it. The record holds numbers, not names"),
        LEGITIMATE_INTEREST,
        _l("Those who look after the record, and you when you ask"),
        _l("As long as the forum’s records; what would point to you is erased with your registration"),
        (
            *_of("audit_entries", "at", "actor", "action", "subject_type", "subject_id"),
            "audit_details.payload",
        ),
    ),
    Entry(
        _l("Your network address and, in forms, cookies"),
        _l(
            "To slow down whoever guesses or floods us, to send forms safely and to show you your answers before you"
            " send them. None of it is stored with a registration"
        ),
        LEGITIMATE_INTEREST,
        NOBODY,
        _l("The address and your answers at most an hour; the other cookie at most twelve hours"),
    ),
    Entry(
        _l("Name on a post in the news"),
        _l("So that readers know who answers for the text"),
        LEGITIMATE_INTEREST,
        EVERYBODY,
        _l("As long as the post is published"),
        ("posts.author",),
    ),
    Entry(
        _l("For the office’s own people: name, address, language and tasks"),
        _l("To let the right people in, and to know who did what"),
        LEGITIMATE_INTEREST,
        _l("Those who look after the accounts"),
        WITH_ACCOUNT,
        (
            *_of("users", "email", "name", "language", "active", "created_at"),
            *_of("memberships", "user_id", "event_id", "role"),
        ),
        _of("SignInForm", "email") + _of("ForgotForm", "email"),
    ),
    Entry(
        _l("For the office’s own people: sign-ins and what proves who they are"),
        _l("To keep everybody else out. Passwords and codes cannot be read back"),
        LEGITIMATE_INTEREST,
        NOBODY,
        WITH_ACCOUNT,
        (
            *_of("users", "password_hash", "totp_secret", "totp_proposed", "last_totp_counter"),
            *_of("recovery_codes", "user_id", "digest"),
            *_of("sign_ins", "digest", "user_id", "created_at", "last_seen_at", "confirmed_at", "browser"),
            *_of("one_time_links", "digest", "user_id", "purpose", "expires_at", "used_at"),
        ),
        (
            *("SignInForm.password", "CodeForm.code", "ConfirmForm.password", "ConfirmForm.code"),
            *("NewPasswordForm.new_password", "ChangePasswordForm.password"),
        ),
    ),
)
