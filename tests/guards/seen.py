"""Which audience may see the content of which column; nobody may see a column that is not listed (S14, P21, P22)."""

from forum.accounts.enums import Role
from tests.guards.texts import Canary
from tests.guards.world import DECLINED, PERSON, UNSEEN, VISITOR, World

PUBLIC = {
    *(
        f"events.{name}"
        for name in ("name", "short_name", "lead", "place", "sharing", "hashtag", "contact_email")
    ),
    *(f"events.{name}" for name in ("programme_points", "facts", "help_lines")),
    *(f"events.{name}" for name in ("map_url", "directions", "contacts")),
    *(f"events.organiser_{name}" for name in ("name", "address", "phone", "url")),
    *(f"sectors.{name}" for name in ("name", "invited")),
    *(f"pages.{name}" for name in ("title", "summary", "body")),
    *("questions.label", "questions.help", "question_choices.label"),
    "posts.author",
    "images.alt",
    "images.credit",
    *(f"post_texts.{name}" for name in ("label", "headline", "lead", "body", "content_note")),
    *("post_texts.action_label", "post_texts.action_url"),
    "corrections.text",
    *(f"sources.{name}" for name in ("title", "url")),
    "categories.name",
    "tags.name",
}
# Columns that a person reads on one page only, that of all of their own data (S23). Those in PERSONS_OWN may be
# shown on the person’s other pages, too.
KEPT_APART = {
    *("protected_identities.answer", "care_answers.answer", "erasure_requests.reason"),
    *(f"invitations.{name}" for name in ("given_name", "family_name", "email", "organisation")),
    *("invitations.words", "invitations.reason"),
}
LISTED = {  # columns whose texts everybody may read, if the person is on the public list of participants
    f"registrations.{name}" for name in ("given_name", "family_name", "organisation")
}
ORGANISERS = {  # columns whose texts the organisers of the registration's event may see
    "registrations.reference",
    "registrations.given_name",
    "registrations.family_name",
    "registrations.organisation",
    "registrations.title",
    "registrations.email",
    "registrations.phone",
    "answers.value",
    "registrations.decline_words",
    "proposed_refusals.words",
    "outbox_messages.recipient",
    "outbox_messages.last_error",
    "post_revisions.content",
    "page_revisions.content",
    "images.file_name",
    *("mailings.words", "mailings.subjects"),
    *(f"mail_texts.{name}" for name in ("subject", "opening", "closing")),
    "tasks.payload",
    "address_changes.email",
    "substitutions.email",
    "restriction_requests.words",
    "registration_notes.text",
    "registration_tags.name",
    "offers.reason",
    *("saved_views.name", "saved_views.query"),
    *(f"invitations.{name}" for name in ("given_name", "family_name", "email", "organisation", "reason")),
    "invitations.words",
    *(f"delegations.{name}" for name in ("given_name", "family_name", "email", "organisation")),
    *(f"delegates.{name}" for name in ("given_name", "family_name", "title", "email")),
    *("organisations.name", "organisations.key", "organisation_marks.value", "organisation_marks.written"),
    "users.name",  # the history of a registration names the person who acted
}
# Columns whose texts a handler of protected identity may see, besides the answers that a reveal shows once.
HANDLERS = {f"registrations.{name}" for name in ("reference", "given_name", "family_name")}
# Columns of data that all events share, which only admins of all events may see.
ADMINS = {f"glossary_terms.{name}" for name in ("avoid", "better", "reason")}
PERSONS_OWN = {
    *(
        f"registrations.{name}"
        for name in ("reference", "given_name", "family_name", "organisation", "title")
    ),
    *(f"registrations.{name}" for name in ("email", "phone", "decline_words")),
    *(f"outbox_messages.{name}" for name in ("recipient", "subject")),
    "consents.text_version",
    "registration_notes.text",
    "registration_tags.name",
    "answers.value",
    "address_changes.email",
    "substitutions.email",
    *("restriction_requests.words", "restriction_requests.reason"),
    "offers.reason",
    *(f"delegations.{name}" for name in ("given_name", "family_name", "email", "organisation")),
    *(f"delegates.{name}" for name in ("given_name", "family_name", "title", "email", "typed")),
}
# Columns of people's own data that only a person whose registration was declined can read.
OF_DECLINED = {"registrations.decline_words"}
# Columns that the role care may see: the answers about food and access, each beside the person's reference and name.
CARE = {
    "care_answers.answer",
    *(f"registrations.{name}" for name in ("reference", "given_name", "family_name")),
}
# For each set of roles: the columns whose texts these roles may see of their event, besides what is public.
OF_ROLES = (
    ({Role.ORGANISER, Role.ADMIN}, ORGANISERS),
    (
        {Role.REGISTRAR},
        ORGANISERS
        - {
            *("post_revisions.content", "page_revisions.content", "images.file_name", "mailings.words"),
            *("mailings.subjects", "mail_texts.subject", "mail_texts.opening", "mail_texts.closing"),
            *("outbox_messages.recipient", "outbox_messages.last_error", "restriction_requests.words"),
        },
    ),
    (
        {Role.VIEWER},
        {
            *(f"registrations.{name}" for name in ("reference", "given_name", "family_name", "organisation")),
            *(f"registrations.{name}" for name in ("title", "email", "phone", "decline_words")),
            *("answers.value", "substitutions.email", "registration_tags.name"),
            *("offers.reason", "address_changes.email", "users.name"),
            *("saved_views.name", "saved_views.query"),
            *("delegations.given_name", "delegations.family_name", "delegations.organisation"),
        },
    ),
    ({Role.EDITOR}, {"post_revisions.content", "page_revisions.content", "images.file_name", "users.name"}),
    ({Role.DOOR}, {"registrations.given_name", "registrations.family_name"}),
    (
        {Role.MAILER},
        {
            *("outbox_messages.recipient", "outbox_messages.last_error"),
            *("mailings.words", "mailings.subjects", "users.name"),
            *("mail_texts.subject", "mail_texts.opening", "mail_texts.closing"),
        },
    ),
)
# Columns whose texts a reviewer sees of people in the reviewer's sector. The key of each row begins with the id of the
# registration to which the row belongs.
REVIEWERS = {
    *(f"registrations.{name}" for name in ("reference", "given_name", "family_name", "organisation")),
    *("registrations.title", "registrations.email", "answers.value", "proposed_refusals.words"),
}
OWN_ACCOUNT = {"users.name", "users.email", "sign_ins.browser", "passkeys.name"}
# Columns of the organisers who work on an event, which its admins may see.
COLLEAGUES = {"users.name", "users.email", "sign_ins.browser"}
UNPUBLISHED = {"posts", "post_texts"}


def may_see(world: World, audience: str, canary: Canary) -> bool:
    """Return whether this module's sets of columns allow the audience to see the canary's text (see world.py)."""
    if canary.column in PUBLIC and canary.event != UNSEEN and not _is_unpublished(world, canary):
        return True
    if audience == VISITOR:
        return False
    if audience in {PERSON, DECLINED}:
        return canary.column in PERSONS_OWN and _is_own(world, audience, canary)
    if canary.column in OWN_ACCOUNT and _is_own_account(world, audience, canary):
        return True
    if canary.column in ADMINS and (Role.ADMIN, None) in world.held[audience]:
        return True
    if canary.column in CARE and _holds({Role.CARE}, world, audience, canary.event):
        return True
    is_handler = _handles(world, audience, canary.event)
    if (canary.column in HANDLERS | PUBLIC and is_handler) or _reviews(world, audience, canary):
        return True
    return any(
        canary.column in columns | PUBLIC and _holds(roles, world, audience, canary.event)
        for roles, columns in OF_ROLES
    )


def _reviews(world: World, audience: str, canary: Canary) -> bool:
    """Return whether the audience is a reviewer of the event and the text is about somebody in the reviewer's sector.

    The name of an organiser is shown beside the refusal that they have proposed.
    """
    if not _holds({Role.REVIEWER}, world, audience, canary.event):
        return False
    is_theirs = canary.column in REVIEWERS and canary.row[0] in world.reviewed
    return is_theirs or canary.column == "users.name"


def is_own_everything(world: World, audience: str, path: str, canary: Canary) -> bool:
    """Return whether the path is the page of all of a person's data, and the text belongs to that person."""
    own = audience == PERSON and _is_own(world, audience, canary)
    return own and path.partition("?")[0].endswith("/r/everything") and canary.column in KEPT_APART


def is_listed(world: World, path: str, canary: Canary) -> bool:
    """Return whether the path is the public list of participants, and the text is one that it shows."""
    return path.endswith("/participants") and canary.column in LISTED and canary.row[0] in world.listed


def _holds(roles: set[Role], world: World, audience: str, slug: str) -> bool:
    """Return whether the audience has one of the roles for the event; texts without an event are for every event."""
    return any(role in roles and (not slug or of in {None, slug}) for role, of in world.held[audience])


def _handles(world: World, audience: str, slug: str) -> bool:
    """Return whether the audience is a handler of protected identity of the event."""
    return any(role == Role.PROTECTED_HANDLER and of in {None, slug} for role, of in world.held[audience])


def _is_own_account(world: World, audience: str, canary: Canary) -> bool:
    """Return whether the text is of the audience's own account, or is shown to admins on the list of colleagues."""
    is_own = _is_own(world, audience, canary)
    return is_own or (canary.column in COLLEAGUES and _manages(world, audience, canary))


def _manages(world: World, audience: str, canary: Canary) -> bool:
    """Return whether the audience is an admin of an event for which the organiser in the canary's row has a role."""
    (colleague,) = (
        name
        for name, owned in world.owned.items()
        if canary.row[0] in owned.get(canary.table, set()) and name in world.held
    )
    ours = {slug for role, slug in world.held[audience] if role == Role.ADMIN}
    theirs = {slug for _role, slug in world.held[colleague]}
    return bool(ours) and (None in ours | theirs or not ours.isdisjoint(theirs))


def _is_own(world: World, audience: str, canary: Canary) -> bool:
    return canary.row[0] in world.owned[audience].get(canary.table, set())


def _is_unpublished(world: World, canary: Canary) -> bool:
    return canary.table in UNPUBLISHED and canary.row[0] in world.unpublished
