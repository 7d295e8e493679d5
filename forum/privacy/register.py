"""The register of personal data (P01; GDPR, Articles 13 and 30): all columns and form fields with data about people.

The privacy notice shows it. tests/guards/test_personal_data.py fails on a column or field that is listed neither here
nor in forum/privacy/technical.py.
"""

from flask_babel import lazy_gettext as _l

from forum.privacy.answers import FILES, ON_THEIR_WAY, OWN_QUESTIONS
from forum.privacy.bulk import BULK
from forum.privacy.delegations import COLLEAGUES
from forum.privacy.entries import (
    CARERS,
    CONSENT,
    EVERYBODY,
    EXPLICIT_CONSENT,
    LEGITIMATE_INTEREST,
    NOBODY,
    OFFICE,
    OFFICE_AND_CARRIER,
    UNTIL_CONFIRMED,
    UNTIL_ERASED,
    UNTIL_ERASED_OR_WEEK,
    Entry,
)
from forum.privacy.entries import of as _of
from forum.privacy.erasure import ERASURE, SUPPRESSIONS, TOMBSTONES
from forum.privacy.followers import FOLLOWERS
from forum.privacy.identity import IDENTITY
from forum.privacy.imported import IMPORTED, LONG_TABLES
from forum.privacy.invitations import INVITATIONS
from forum.privacy.merges import MERGES
from forum.privacy.messages import MESSAGES
from forum.privacy.office import OFFICE_ENTRIES
from forum.privacy.restriction_entry import RESTRICTION
from forum.privacy.review import REVIEW

REGISTER: tuple[Entry, ...] = (
    Entry(
        what=_l("Name, or the name you want to be called by"),
        purpose=_l("To receive your registration and to know whom to greet"),
        basis=LEGITIMATE_INTEREST,
        audience=OFFICE,
        retention=UNTIL_ERASED,
        columns=_of("registrations", "given_name", "family_name", "sort_key"),
        fields=("DetailsForm.given_name", "DetailsForm.family_name"),
    ),
    Entry(
        what=_l("E-mail address"),
        purpose=_l("To confirm that it is yours, and to tell you about your registration"),
        basis=LEGITIMATE_INTEREST,
        audience=OFFICE_AND_CARRIER,
        retention=UNTIL_ERASED,
        columns=(
            *_of("registrations", "email", "email_canonical", "sealed_for"),
            *_of("address_changes", "digest", "registration_id", "email", "asked_at", "expires_at", "is_own"),
        ),
        fields=(
            *("RegistrationForm.email", "LinkForm.email", "NewAddressForm.email", "AdditionForm.email"),
            "ImportedRowForm.email",
        ),
    ),
    Entry(
        what=_l("Organisation, and title or role"),
        purpose=_l("To see that you belong to the sector, and that no organisation takes too many places"),
        basis=LEGITIMATE_INTEREST,
        audience=OFFICE,
        retention=UNTIL_ERASED,
        columns=_of("registrations", "organisation", "organisation_key", "organisation_sort_key", "title"),
        fields=("DetailsForm.organisation", "DetailsForm.title"),
    ),
    Entry(
        what=_l("Sector"),
        purpose=_l("To share the places between the sectors. It says where you work, not what you think"),
        basis=LEGITIMATE_INTEREST,
        audience=OFFICE,
        retention=UNTIL_ERASED,
        columns=_of("registrations", "sector_id"),
        fields=("MoveForm.sector", "AdditionForm.sector"),
    ),
    Entry(
        what=_l("Country"),
        purpose=_l("To see that the Nordic countries are represented"),
        basis=LEGITIMATE_INTEREST,
        audience=OFFICE,
        retention=UNTIL_ERASED,
        columns=_of("registrations", "country"),
        fields=("DetailsForm.country",),
    ),
    Entry(
        what=_l("Language"),
        purpose=_l("To write to you in the language you choose"),
        basis=LEGITIMATE_INTEREST,
        audience=OFFICE,
        retention=UNTIL_ERASED,
        columns=(*_of("registrations", "language"), *_of("outbox_messages", "language")),
        fields=("DetailsForm.language",),
    ),
    Entry(
        what=_l("Phone number, if you give it"),
        purpose=_l("To reach you when something changes at short notice"),
        basis=LEGITIMATE_INTEREST,
        audience=OFFICE,
        retention=UNTIL_ERASED,
        columns=_of("registrations", "phone"),
        fields=("DetailsForm.phone",),
    ),
    Entry(
        what=_l("Name, organisation, title, e-mail address and phone number once more, for searching"),
        purpose=_l("So that the office finds your registration however a word is spelt"),
        basis=LEGITIMATE_INTEREST,
        audience=NOBODY,
        retention=UNTIL_ERASED,
        columns=_of("registrations", "search_text", "search_extra", "search_extra_from"),
    ),
    Entry(
        what=_l("The status of your registration, and when it changed"),
        purpose=_l("To keep the places and the waiting list in order"),
        basis=LEGITIMATE_INTEREST,
        audience=OFFICE,
        retention=UNTIL_ERASED,
        columns=(
            *_of("registrations", "status", "holds_place", "requested_at", "confirm_by", "confirmed_at"),
            *_of("registrations", "held_until", "waiting_since", "offer_expires_at", "ended_at"),
            *_of("registrations", "review_since", "answer_by", "cancelled_from"),
            *_of("submissions", "registration_id", "received_at"),
        ),
    ),
    Entry(
        what=_l(
            "Each place that was offered to you: until when, why it was your turn, and what became of it"
        ),
        purpose=_l("To be able to show that offers follow the rules"),
        basis=LEGITIMATE_INTEREST,
        audience=OFFICE,
        retention=UNTIL_ERASED,
        columns=(
            *_of("offers", "registration_id", "made_at", "made_by", "reason", "why", "expires_at"),
            *_of("offers", "remind_at", "reminded_at", "ended_at", "ended_how"),
        ),
        fields=("ByHandForm.reason",),
    ),
    Entry(
        what=_l("Your answers about the list of participants and about photographs"),
        purpose=_l("To do as you wish, and to be able to show what you agreed to and when"),
        basis=CONSENT,
        audience=OFFICE,
        retention=UNTIL_ERASED,
        columns=(
            *_of("consents", "registration_id", "purpose", "text_version", "given_at", "withdrawn_at"),
            *_of("consents", "listed_as", "audience"),
        ),
        fields=(*_of("ConsentsForm", "participant_list", "photographs"),),
    ),
    INVITATIONS,
    REVIEW,
    *COLLEAGUES,
    MERGES,
    ERASURE,
    TOMBSTONES,
    RESTRICTION,
    IDENTITY,
    Entry(
        what=_l(
            "Your answers about food and access, if the forum asks for them, with the text and the moment of your"
            " consent and of taking it back"
        ),
        purpose=_l("To arrange food and access. They are kept encrypted and apart from the rest"),
        basis=EXPLICIT_CONSENT,
        audience=CARERS,
        retention=UNTIL_ERASED_OR_WEEK,
        columns=_of("care_answers", "registration_id", "answer"),
    ),
    OWN_QUESTIONS,
    FILES,
    ON_THEIR_WAY,
    Entry(
        what=_l("What you filled in, until the address is confirmed"),
        purpose=_l("To show it to whoever reads the address, so that nobody is registered by somebody else"),
        basis=LEGITIMATE_INTEREST,
        audience=_l("Only whoever has the link; it is kept encrypted"),
        retention=UNTIL_CONFIRMED,
        columns=("submissions.answers", "submissions.given", "registration_tokens.submission_key"),
    ),
    Entry(
        what=_l(
            "A code made from the network address that your form came from; the address itself is not kept with it"
        ),
        purpose=_l("So that nobody can hold many places with addresses that nobody confirms"),
        basis=LEGITIMATE_INTEREST,
        audience=NOBODY,
        retention=UNTIL_CONFIRMED,
        columns=("registrations.asked_from", "bare_holds.asked_from"),
    ),
    Entry(
        what=_l("Notes and tags of the organisers about your registration"),
        purpose=_l("To remember what was agreed, and to find those who belong together"),
        basis=LEGITIMATE_INTEREST,
        audience=_l("The office, and you when you ask"),
        retention=UNTIL_ERASED,
        columns=(
            *_of("registration_notes", "registration_id", "author_id", "text", "made_at"),
            *_of("registration_tags", "registration_id", "name"),
        ),
        fields=(
            *("NoteForm.text", "TagsForm.tags"),
            "ChangeForm.words",
            "AnswersForm.words",
            "ReinstateForm.words",
            "OrganisersMoveForm.words",
            "AdditionForm.reason",
            "ImportPeopleForm.reason",
            # The hidden field `kept` carries the choices that the organiser made for the table sent before: its
            # columns, and the reason for the import.
            "ImportTableForm.kept",
            *("CancelForm.reason", "CancelForm.words"),
        ),
    ),
    IMPORTED,
    LONG_TABLES,
    *BULK,
    *MESSAGES,
    SUPPRESSIONS,
    FOLLOWERS,
    Entry(
        what=_l("Your personal links, and the address of the calendar to which you have subscribed"),
        purpose=_l("To let you, and nobody else, see and change your registration"),
        basis=LEGITIMATE_INTEREST,
        audience=NOBODY,
        retention=UNTIL_ERASED,
        columns=_of(
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
        what=_l("That you have left your page in a browser"),
        purpose=_l("So that nobody can open it there again without your link"),
        basis=LEGITIMATE_INTEREST,
        audience=NOBODY,
        retention=_l("At most twelve hours"),
        columns=_of("ended_sign_ins", "digest", "registration_id", "ends_at"),
    ),
    Entry(
        what=_l("Who at the office has seen or changed something, when, and why where a reason is asked for"),
        purpose=_l(
            "To be able to show it. The record holds numbers, not names; a reason is encrypted, and so is your earlier"
            " name or organisation where a change of it is reviewed"
        ),
        basis=LEGITIMATE_INTEREST,
        audience=_l("Those who look after the record, and you when you ask"),
        retention=_l(
            "As long as the forum’s records; what would point to you is erased with your registration"
        ),
        columns=(
            *_of("audit_entries", "at", "actor", "action", "subject_type", "subject_id"),
            "audit_details.payload",
        ),
        fields=("RevealForm.reason",),
    ),
    Entry(
        what=_l("Your network address and, in forms, cookies"),
        purpose=_l(
            "To slow down whoever guesses or floods us, to send forms safely and to take your answers from one page"
            " to the next. None of it is stored with a registration"
        ),
        basis=LEGITIMATE_INTEREST,
        audience=NOBODY,
        retention=_l("The address and your answers at most an hour; the other cookie at most twelve hours"),
    ),
    Entry(
        what=_l("Name on a post in the news, or below an image"),
        purpose=_l("So that readers know who answers for the text, and whose work the image is"),
        basis=LEGITIMATE_INTEREST,
        audience=EVERYBODY,
        retention=_l("As long as the post is published, or the image is in the library"),
        columns=("posts.author", "images.credit"),
        fields=("PostTextForm.author", "DescribedForm.credit"),
    ),
    Entry(
        what=_l(
            "For people whom the organiser names as contacts: name, role, e-mail address and phone number"
        ),
        purpose=_l("So that visitors know whom to ask"),
        basis=LEGITIMATE_INTEREST,
        audience=EVERYBODY,
        retention=_l("Until the organiser removes the contact"),
        columns=("events.contacts",),
        fields=_of("ContactRow", "name", "role", "contact_email", "phone"),
    ),
    *OFFICE_ENTRIES,
)
