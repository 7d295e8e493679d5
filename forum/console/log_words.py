"""The words by which the log calls each action that the audit trail records.

Actions about registrations, exports and rate limits have the same words as on the pages of people.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from forum.audit import queries as audit
from forum.bulk.wording import KINDS as KINDS_OF_TASKS
from forum.console.log_kinds import Kind, LogPurpose
from forum.events.models import Event
from forum.outbox.wording import kind_text
from forum.registration import list_columns, readers, views_naming, wording
from forum.registration.enums import ExportRecipient
from forum.registration.exports import RECIPIENTS
from forum.web.languages import in_language, language_name

KINDS: Mapping[Kind, LazyString] = {
    Kind.ACTS: _l("Acts"),
    Kind.VIEWS: _l("Views"),
    Kind.EXPORTS: _l("Exports"),
    Kind.SIGN_INS: _l("Sign-ins"),
}
PURPOSES: Mapping[LogPurpose, LazyString] = {
    LogPurpose.REQUEST: _l("Answering a person who asks"),
    LogPurpose.BREACH: _l("Looking into a possible breach"),
    LogPurpose.SUPERVISION: _l("Supervision or audit"),
    LogPurpose.OWN: _l("Following up our own work"),
}
LISTS: Mapping[str, LazyString] = {
    **readers.LISTS,
    audit.INVITATIONS_VIEWED: _l("Looked at the invitations"),
    audit.DELEGATIONS_VIEWED: _l("Looked at the delegations"),
    audit.ORGANISATIONS_VIEWED: _l("Looked at names of organisations from registrations"),
    audit.REGISTRATIONS_SEARCHED: _l("Searched the attendees"),
    audit.LOG_VIEWED: _l("Looked at the log"),
    audit.IDENTITY_ASKED: _l("Opened the page that looks up a protected identity"),
    audit.IDENTITY_REVEALED: _l("Looked up a protected identity"),
    audit.DETAILS_ERASED: _l("Details of an entry in the log erased"),
}
EVENT: Mapping[str, LazyString] = {
    "event.made": _l("Event made"),
    "event.copied": _l("Event made as a copy of another"),
    "event.changed": _l("Settings changed"),
    "event.places_changed": _l("Number of places, floors or ceilings changed"),
    "event.seeded": _l("Invented people added, to try the forum"),
    "event.counters_mended": _l("Counters of places mended"),
    "event.published": _l("Event published"),
    "event.cancelled": _l("Event cancelled"),
    "event.taken_up_again": _l("Event taken up again"),
    "event.unpublished": _l("Event no longer public"),
    "event.made_front_page": _l("Made the front page of the site"),
    "event.left_front_page": _l("No longer the front page of the site"),
    "preview.made": _l("Private link for a preview made"),
    "preview.ended": _l("Private link for a preview ended"),
    "sector.added": _l("Sector added"),
    "sector.described": _l("Sector’s texts changed"),
    "sector.closed": _l("Sector closed to new registrations"),
    "sector.removed": _l("Sector removed"),
    "sector.merged": _l("Another sector merged into this one"),
    "question.added": _l("Question added"),
    "question.changed": _l("Question changed"),
    "question.moved": _l("Question moved"),
    "question.withdrawn": _l("Question withdrawn"),
    "question.brought_back": _l("Question asked again"),
    "question.answers_deleted": _l("Answers that tell where people are deleted after the event"),
    "content.imported": _l("Content imported"),
    "view.shared": _l("View of the attendee list shared"),
    "view.changed": _l("Shared view of the attendee list changed"),
    "view.taken_back": _l("View of the attendee list no longer shared"),
    "view.deleted": _l("Shared view of the attendee list deleted"),
    "balance.published": _l("Sectors and countries of participants made public"),
    "balance.taken_back": _l("Sectors and countries of participants no longer public"),
}
PEOPLE: Mapping[str, LazyString] = {
    audit.DELEGATION_ASKED: _l("Delegation registered"),
    audit.DELEGATION_ASKED_AGAIN: _l("Delegation registered once more by the same contact"),
    "delegation.confirmed": _l("Delegation confirmed by its contact"),
    "delegation.person_added": _l("Person added to a delegation"),
    "delegation.address_corrected": _l("Address of a person in a delegation corrected"),
    "delegation.link_sent": _l("Link sent to the contact of a delegation"),
    "delegation.contact_erased": _l("Contact of a delegation erased"),
    "invitation.made": _l("Person invited"),
    "invitation.changed": _l("Invitation changed"),
    "invitation.withdrawn": _l("Invitation withdrawn"),
    "invitation.expired": _l("Invitation ran out"),
    "invitation.accepted": _l("Invitation accepted"),
    "invitation.declined": _l("Invitation declined"),
    "invitation.forwarded": _l("Invitation left to a colleague"),
    "invitation.reminder_asked": _l("Reminder of an invitation ordered"),
    "invitation.released": _l("Invitation sent that a restore had paused"),
    "invitation.reminded": _l("Reminded of an invitation"),
    "import.made": _l("People imported from a table"),
    "import.started": _l("Import of people from a long table begun"),
    "import.part_made": _l("Part of a long table imported"),
    "import.stopped": _l("Import of people from a long table stopped"),
    "import.undo_asked": _l("Undoing an import of people begun"),
    "import.undone": _l("Import of people undone"),
    "organisation.added": _l("Organisation added"),
    "organisation.changed": _l("Organisation changed"),
    "organisation.removed": _l("Organisation removed"),
    "organisation.merged": _l("Organisations merged"),
    "organisation.unmerged": _l("Merge of organisations undone"),
    "organisation.told_apart": _l("Organisations marked as different"),
    "organisation.proposed_again": _l("Organisations no longer marked as different"),
}
MAIL: Mapping[str, LazyString] = {
    "mail.failed": _l("Message could not be sent"),
    "mail.bounced": _l("Message came back"),
    "mail.complained": _l("Message marked as unwanted by its recipient"),
    "mail.retried": _l("Failed message sent again"),
    "mail.hastened": _l("Message sent without waiting"),
    "mail.dismissed": _l("Message given up"),
    "mail_text.changed": _l("Words of a standard message changed"),
    "mail_text.reset": _l("Standard words of a message restored"),
    "mailing.proposed": _l("Message to many proposed"),
    "mailing.change_added": _l("A further change added to a message to many"),
    "mailing.written": _l("Words of a message to many written"),
    "mailing.dismissed": _l("Message to many found unnecessary"),
    "mailing.started": _l("Message to many sent"),
    "mailing.paused": _l("Message to many paused"),
    "mailing.resumed": _l("Message to many continued"),
    "mailing.stopped": _l("Message to many ended early"),
    "mailing.done": _l("Sending of a message to many ended"),
    "mailing.people_forgotten": _l("Who got a message to many deleted, because it told where people were"),
    "mailing.drafted": _l("Message to many drafted"),
    "mailing.readdressed": _l("Other people chosen for a message to many"),
    "mailing.discarded": _l("Draft of a message to many deleted"),
    "mailing.taken_back": _l("Message to many stopped before anything left"),
    "mailing.planned": _l("Message to many planned as a reminder"),
    "mailing.unplanned": _l("Message to many taken out of the plan of reminders"),
    "mailing.skipped": _l("Reminder left out"),
    "mailing.people_left_out": _l("People left out of a reminder because its time was over"),
    "mailing.repeated": _l("Message to many sent again where it had failed"),
    "mailing.superseded": _l("Message to many replaced by a newer one"),
}
TASKS: Mapping[str, LazyString] = {
    "task.started": _l("Change to many people started"),
    "task.stopped": _l("Change to many people stopped"),
    "task.done": _l("Change to many people finished"),
}
SITE: Mapping[str, LazyString] = {
    "post.created": _l("Post written"),
    "post.changed": _l("Post changed"),
    "post.published": _l("Post published"),
    "post.scheduled": _l("Post scheduled"),
    "post.unscheduled": _l("Post no longer scheduled"),
    "post.withdrawn": _l("Post withdrawn"),
    "post.corrected": _l("Correction added to a post"),
    "page.created": _l("Page written"),
    "page.filled": _l("Page filled in from a template"),
    "page.changed": _l("Page changed"),
    "page.removed": _l("Page removed"),
    "image.added": _l("Image added"),
    "image.changed": _l("Image changed"),
    "image.removed": _l("Image removed"),
    "category.created": _l("Category added"),
    "category.changed": _l("Category changed"),
    "category.moved": _l("Category moved"),
    "category.merged": _l("Categories merged"),
    "category.removed": _l("Category removed"),
    "category.followers_moved": _l("Followers of the news moved to another category"),
    "follower.left_again": _l("Follower of the news removed again after a restored backup"),
    "hashtag.created": _l("Hashtag added"),
    "hashtag.changed": _l("Hashtag changed"),
    "hashtag.merged": _l("Hashtags merged"),
    "hashtag.removed": _l("Hashtag removed"),
    "glossary.created": _l("Word added to the glossary"),
    "glossary.changed": _l("Word of the glossary changed"),
    "glossary.removed": _l("Word removed from the glossary"),
    "old_address.stored": _l("Old address stored"),
    "old_address.removed": _l("Old address removed"),
    "old_address.imported": _l("Old addresses imported"),
}
ACCOUNTS: Mapping[str, LazyString] = {
    "account.created": _l("Account made"),
    "account.invited": _l("Link to a first password made"),
    "account.role_given": _l("Role given"),
    "account.sectors_given": _l("Sectors of a reviewer changed"),
    "account.role_taken": _l("Role taken away"),
    "account.removed": _l("Account removed"),
    "account.disabled": _l("Account disabled"),
    "account.enabled": _l("Account enabled"),
    "account.password_set": _l("Password set"),
    "account.authenticator_set": _l("Authenticator app set up"),
    "account.recovery_codes_renewed": _l("New recovery codes made"),
    "account.second_factor_forgotten": _l("Second factor removed"),
    "account.recovery_code_used": _l("Signed in with a recovery code"),
    "account.passkey_added": _l("Passkey added"),
    "account.passkey_renamed": _l("Passkey renamed"),
    "account.passkey_removed": _l("Passkey removed"),
    "account.passkey_used": _l("Passkey used"),
    "account.passkey_cloned": _l("Passkey refused: it may have been copied"),
    "account.signed_in": _l("Signed in"),
    "account.signed_out": _l("Signed out"),
    "account.signed_out_everywhere": _l("Signed out by a colleague"),
    audit.SIGN_IN_REFUSED: _l("Wrong address or password"),
    audit.CODE_REFUSED: _l("Wrong code"),
    audit.PASSKEY_REFUSED: _l("Passkey refused"),
    audit.TRIES_LIMITED: _l("Too many attempts to sign in"),
}
ACTS: Mapping[str, LazyString] = {
    **wording.ACTS,
    **wording.BRAKES,
    **LISTS,
    **EVENT,
    **PEOPLE,
    **MAIL,
    **TASKS,
    **SITE,
    **ACCOUNTS,
}
# Why a shared view of the attendee list was deleted or renamed automatically.
VIEWS_GONE: Mapping[str, LazyString] = {
    views_naming.Why.PERSON_GONE: _l("It named somebody whose registration was deleted"),
    views_naming.Why.FORMER_VALUES: _l("It named somebody by a former name, address or number"),
}
# Actions whose words need the details of their entry.
TOLD = frozenset(audit.EXPORTS)


def act_words(action: str, details: Mapping[str, Any]) -> str:
    """Return the words for an action of the audit trail; `details` are those of its entry."""
    if action == audit.REGISTRATIONS_EXPORTED:
        return readers.export_text(details)
    if action == audit.EXPORT_FETCHED:
        return readers.fetched_text(details)
    if action == audit.LOG_EXPORTED:
        return _log_export(details)
    return str(ACTS[action]) if action in ACTS else wording.act_text(action)


def _log_export(details: Mapping[str, Any]) -> str:
    purpose = PURPOSES.get(details.get("purpose", LogPurpose.OWN), "")
    recipient = RECIPIENTS.get(details.get("recipient", ExportRecipient.OFFICE), "")
    return _("Exported the log: %(purpose)s. For: %(recipient)s", purpose=purpose, recipient=recipient)


def _exported(details: Mapping[str, Any]) -> Iterator[str]:
    """Yield how many people an exported list has and, in words, which columns of the attendee list were chosen.

    Questions are named by their keys, as in the settings: the event may have others by now.
    """
    if "count" in details:
        yield _("Registrations: %(number)s", number=details["count"])
    if chosen := details.get("columns", "").split():
        labels = [str(list_columns.LABELS.get(key, key.removeprefix(list_columns.ANSWER))) for key in chosen]
        yield _("Columns: %(columns)s", columns=", ".join(labels))


def _sectors(keys: str, event: Event | None) -> str:
    """Return the names of the event's sectors with these keys, which stand in one text with blanks between them.

    A sector that the event no longer has is named by its key; no key means all sectors.
    """
    names = {sector.key: in_language(sector.name) for sector in event.sectors} if event else {}
    return ", ".join(names.get(key, key) for key in keys.split()) or _("All sectors")


def act_detail(action: str, details: Mapping[str, Any], event: Event | None = None) -> str:
    """Return further words for an entry, made only from details that all organisers may read (P21).

    `event` is the event whose log has the entry, None in the log of no event.
    """
    if action == audit.ATTENDEES_VIEWED:
        return _sectors(details["sector"], event) if "sector" in details else ""
    if action in (audit.REGISTRATIONS_EXPORTED, audit.EXPORT_FETCHED):
        return " · ".join(_exported(details))
    if action.startswith("view."):
        return str(VIEWS_GONE.get(details.get("reason", ""), ""))
    if action.startswith("mail_text."):
        kind, code = details.get("kind", ""), details.get("language", "")
        return _("%(message)s, in %(language)s", message=kind_text(kind), language=language_name(code))
    if action == "task.started":
        kind = KINDS_OF_TASKS.get(details.get("kind", ""), "")
        return _("%(act)s: %(number)s", act=kind, number=details.get("people", 0))
    return wording.act_detail(action, details)
