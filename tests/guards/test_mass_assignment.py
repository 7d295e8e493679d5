"""A form accepts its own fields only: the name of every column is posted to every form (S15).

A POST route that is not in FORMS fails. What may change is declared by table and column; a row that is added or
changed may never contain a forged value.
"""

import re

import pytest
from sqlalchemy import Boolean, DateTime, Integer, select

from forum.accounts.models import User
from forum.database import Base
from forum.events.models import Event
from forum.extensions import db
from tests.factories.tasks import make_cancelled
from tests.guards.addresses import addresses
from tests.guards.conftest import BOTH
from tests.guards.world import ADMIN, ELSEWHERE, HANDLER, HERE, PERSON, VISITOR

WORD, NUMBER, MOMENT = "zforged", "424242", "2001-01-01T00:00"
# Finds forged values. The forged number counts only outside of hexadecimal digits: a digest may contain it by chance.
FORGED = re.compile(rf"{WORD}|2001-01-01|(?<![0-9a-f]){NUMBER}(?![0-9a-f])")
LIKELY = {
    "price": "0",
    "checked_in": "1",
    "is_admin": "1",
    "role": "admin",
    "roles": "admin",
    "status": "confirmed",
    "holds_place": "1",
    "active": "1",
    "policy": "invitation",
    "purpose": "manage",
    "is_current": "1",
}
DETAILS = {
    "given_name": "New",
    "family_name": "Name",
    "organisation": "Ours",
    "title": "",
    "country": "SE",
    "language": "en",
    "phone": "",
}
INVITED = {
    **{name: DETAILS[name] for name in ("given_name", "family_name", "organisation", "language")},
    "email": "new@example.org",
}
NEW_EVENT = {
    "name": "New",
    "first_day": "2028-11-16",
    "last_day": "2028-11-17",
    "timezone": "Europe/Oslo",
    "place": "Oslo",
    "capacity": "10",
    "template": "open",
    "languages": "en",
    "organiser_name": "Ours",
    "contact_email": "ask@example.org",
}
DERIVED = {"sort_key", "organisation_key", "organisation_sort_key", "version"}
DERIVED |= {"search_text", "search_extra", "search_extra_from"}
ADDED = {"audit_entries", "audit_details"}
ORGANISATIONS = {
    *("organisations", "organisation_marks", "organisation_caps"),
    *("organisation_merges", "organisation_distinctions"),
}
# Every change of public content also writes these tables.
FOLLOWING = {
    "content_version",
    "search_entries",
}
# Forms that this module sends with a wrong password or code, or for somebody who has no offer: the only new row is the
# audit entry about the refusal, or about viewing the page that shows it (S46).
TRACED = {"accounts.sign_in", "own_account.authenticator", "own_account.confirm", "own_account.password"}
TRACED |= {"passkeys.confirm", "passkeys.index"}
TRACED |= {"waiting_list.offer", "waiting_list.extend", "waiting_list.withdraw"}
MAILED = {"outbox_messages", "registration_tokens"} | ADDED
CALENDAR = {"calendar_sequence", "calendar_changed_at"}
LEFT = {"registration_tokens": {"revoked_at"}, "delegation_links": {"left_at"}}
PLACE = {"events": {"taken"}, "sectors": {"taken"}}
# Columns that change when a new capacity, or a new floor, leads to offers of places.
OFFERED = {"registrations": {"status", "holds_place", "offer_expires_at", "version"}}
PASSWORD = "mynta lokomotiv regnbåge fjord"
WRITTEN = {
    f"{code}-{name}": "New" for code in ("sv", "en") for name in ("headline", "lead", "body", "author")
}
POST = {
    **WRITTEN,
    "event": HERE,
    "tags": "#New",
    "sources-0-sv": "New",
    "sources-0-published_on": "2016-11-25",
}
PAGE = {f"{code}-{name}": "New" for code in ("sv", "en") for name in ("title", "summary", "body")}
ACTION = ("action_label", "action_url")
OF_POST = {"post_texts", "post_tags", "post_revisions", "sources", "tags"} | ADDED
TERM = {"language": "en", "avoid": "oldish", "better": "new", "reason": "It is new."}
MERGED = {"post_texts": {"search_text"}, "tag_aliases": {"tag_id"}}
OF_TAG, LINKED = {"tags", "tag_aliases", "post_tags"}, {"post_categories", "old_addresses"}
# Columns that change with an organisation of the event: they say to which organisation registrations belong.
SETTLED = {"registrations": {"organisation_key"}}
REVIEWED = {"status", "holds_place", "review_since", "answer_by", "version"} | CALENDAR
DECLINED = {"ended_at", "decline_reason", "decline_words"}
UNSENT = {"status", "abort_reason", "content", "lease_owner"}
DELEGATE = {"registration_id", "state", "told", "given_name", "family_name", "title", "email", "typed"}
REGISTER = (
    VISITOR,
    {**DETAILS, "event": HERE, "email": "new@example.org", "real_name": ""},
    PLACE,
    {"registrations", "submissions", "protected_identities", "care_answers"} | MAILED,
)
# Columns that erasing a person changes in rows that are not deleted.
ERASED = PLACE | {
    "erasure_requests": {"state", "decided_at", "reason", "registration_id"},
    "mailing_recipients": {"message_id"},
}
LETTER = {
    **{f"subjects-{code}": "New" for code in ("sv", "en")},
    **{f"words-{code}": "New" for code in ("sv", "en")},
    "fallback": "",
    "category": "further",
}
FORMS = {  # For each endpoint: audience, form values, columns that may change, tables that may get rows.
    "registration.check": (*REGISTER[:2], {}, set()),
    "registration.another": (*REGISTER[:2], {}, set()),
    "registration.details": REGISTER,
    "registration.received": (VISITOR, {}, {}, set()),
    "registration.resend": (VISITOR, {"email": "new@example.org"}, {}, MAILED),
    "self_service.enter": (VISITOR, {}, {"registration_tokens": {"revoked_at"}}, set()),
    "self_service.leave": (PERSON, {}, LEFT, {"ended_sign_ins"}),
    "self_service.change": (
        PERSON,
        {**DETAILS, "q-arrival": "New"},
        {"registrations": {*DETAILS, *DERIVED}, "answers": {"value"}},
        ADDED,
    ),
    "self_service.care": (PERSON, {"q-diet": "vegetarian"}, {"care_answers": {"answer"}}, set()),
    "self_service.consents": (
        PERSON,
        {"photographs": "y", "participant_list": "organisation", "readers": "public"},
        {"consents": {"withdrawn_at"}},
        {"consents"} | ADDED,
    ),
    "self_service.protected_identity": (
        PERSON,
        {"is_protected": "yes", "real_name": "New"},
        {"protected_identities": {"answer"}, "consents": {"withdrawn_at"}},
        ADDED,
    ),
    "self_service.accept": (PERSON, {}, {}, set()),
    # The person has a place and no offer, so nothing changes.
    "self_service.decline": (PERSON, {}, {}, set()),
    "waiting_list.offer": (ADMIN, {"reason": "New", "hours": "24", "instead_of": ""}, {}, set()),
    "waiting_list.extend": (ADMIN, {"hours": "24"}, {}, set()),
    "waiting_list.withdraw": (ADMIN, {"words": "New"}, {}, set()),
    "self_service.confirm": (
        VISITOR,
        {"photographs": "y", "participant_list": "name", "readers": "public"},
        {
            "registrations": {"status", "confirmed_at", "held_until", "asked_from", "version"} | CALENDAR,
            "submissions": {"answers", "given"},
            "answers": {"value"},
        },
        {"consents"} | MAILED,
    ),
    "self_service.cancel": (PERSON, {}, None, MAILED),
    "own_everything.ask": (PERSON, {}, {"registration_tokens": {"revoked_at"}}, MAILED),
    "own_everything.enter": (VISITOR, {}, {"registration_tokens": {"revoked_at"}}, MAILED),
    "own_everything.close": (PERSON, {}, {"registration_tokens": {"revoked_at"}}, set()),
    # Nothing changes: this person's request for erasure is open already.
    "own_requests.erasure": (PERSON, {}, {}, set()),
    "own_restriction.show": (
        PERSON,
        {"kind": "objection", "words": "New"},
        {},
        {"restriction_requests"} | ADDED,
    ),
    "restriction_requests.grant": (
        ADMIN,
        {},
        {"restriction_requests": {"state", "decided_at"}},
        MAILED,
    ),
    "restriction_requests.decline": (
        ADMIN,
        {"reason": "New"},
        {"restriction_requests": {"state", "decided_at", "reason"}},
        MAILED,
    ),
    "restriction_requests.lift": (
        ADMIN,
        {"reason": "New"},
        {"restriction_requests": {"reason", "ends_at"}},
        MAILED,
    ),
    "erasure_requests.carry_out": (ADMIN, {}, ERASED, {"outbox_messages", "tombstones"} | ADDED),
    "erasure_requests.refuse": (
        ADMIN,
        {"reason": "New"},
        {"erasure_requests": {"state", "decided_at", "reason"}},
        MAILED,
    ),
    "delegations.details": (
        VISITOR,
        {
            **{name: value for name, value in DETAILS.items() if name not in ("phone", "title")},
            "event": HERE,
            "email": "new@example.org",
            "choice": "fit",
            "people-0-given_name": "New",
            "people-1-given_name": "New",
        },
        {},
        {"delegations", "delegates", "delegation_links"} | MAILED - {"registration_tokens"},
    ),
    "own_delegation.enter": (VISITOR, {}, {"delegation_links": {"expires_at"}}, set()),
    "own_delegation.confirm": (
        VISITOR,
        {},
        PLACE | {"delegations": {"confirmed_at"}, "delegates": DELEGATE},
        {"delegation_links", "registrations", "protected_identities", "care_answers"} | MAILED,
    ),
    "own_delegation.change": (
        PERSON,
        {"given_name": "New", "family_name": "New", "title": "New"},
        {"registrations": {"given_name", "family_name", "title"} | DERIVED, "delegates": DELEGATE},
        ADDED,
    ),
    "own_delegation.replace": (
        PERSON,
        {"given_name": "New"},
        {
            "registrations": {"status", "holds_place", "ended_at", "version"} | CALENDAR,
            "delegates": DELEGATE,
        },
        {"registrations", "protected_identities", "care_answers", "substitutions"} | ADDED,
    ),
    "own_delegation.withdraw": (
        PERSON,
        {},
        PLACE
        | {
            "registrations": {"status", "holds_place", "ended_at", "cancelled_from", "version"} | CALENDAR,
            "delegates": {"told"},
        },
        {"offers"} | MAILED,
    ),
    "own_delegation_answers.answers": (
        PERSON,
        {"q-arrival": "New"},
        {"answers": {"value"}},
        {"answers"} | ADDED,
    ),
    "own_delegation_answers.care": (
        PERSON,
        {"q-diet": "vegetarian"},
        {"care_answers": {"answer"}},
        ADDED,
    ),
    "own_delegation_people.add": (
        PERSON,
        {"given_name": "New", "family_name": "New", "title": "New", "email": ""},
        PLACE,
        {"delegates", "registrations", "protected_identities", "care_answers"} | MAILED,
    ),
    "own_delegation_people.correct": (
        PERSON,
        {"email": "new@example.org"},
        PLACE
        | {
            "delegates": DELEGATE | {"asked_at", "first_asked_at", "bare_hold_id"},
            # The registration with the new address takes over the place that was held without one.
            "sectors": {"taken", "reserved"},
        },
        {"registrations", "protected_identities", "care_answers"} | MAILED,
    ),
    "own_delegation_people.take_back": (PERSON, {}, {}, ADDED),
    "own_delegation.forget": (PERSON, {}, {}, {"tombstones"} | ADDED),
    "own_delegation.leave": (PERSON, {}, LEFT, {"ended_sign_ins"}),
    "own_invitation.show": (VISITOR, {"answer": "yes"}, {"invitations": {"opened_at"}}, set()),
    "own_invitation.accept": (
        VISITOR,
        {**DETAILS, "real_name": ""},
        PLACE
        | {
            "invitations": {"state", "ended_at", "opened_at", "registration_id"}
            | {"given_name", "family_name", "organisation"}
        },
        {"registrations", "protected_identities", "care_answers"} | MAILED,
    ),
    "own_invitation.decline": (
        VISITOR,
        {"reason": "New"},
        {"invitations": {"state", "ended_at", "opened_at", "reason"}},
        ADDED,
    ),
    "own_invitation.forward": (
        VISITOR,
        {**INVITED, "email": "colleague@example.org"},
        {"invitations": {"state", "ended_at", "opened_at", "forwarded_to_id"}},
        {"invitations"} | ADDED,
    ),
    "invitations.invite": (
        ADMIN,
        {
            **INVITED,
            "sector": "ngo",
            "until": "2027-05-10",
            "holds_place": "y",
            "may_forward": "y",
            "exempt_from_rule": "y",
            "words": "New",
        },
        {"events": {"taken"}, "sectors": {"taken", "reserved"}},
        {"invitations"} | ADDED,
    ),
    "invitations.invite_many": (  # nothing changes: the first request only shows who would be invited
        ADMIN,
        {"lines": "Kim;;new@example.org", "sector": "ngo", "language": "en", "until": "2027-05-10"},
        {},
        set(),
    ),
    "invitations.change": (
        ADMIN,
        {
            "language": "sv",
            "until": "2027-05-10",
            "holds_place": "y",
            "remind_days": "1",
            "words": "New",
            "may_forward": "",
            "exempt_from_rule": "y",
        },
        {
            "events": {"taken"},
            "sectors": {"taken", "reserved"},
            "invitations": {
                *("language", "expires_at", "holds_place", "remind_at", "words", "may_forward"),
                "exempt_from_rule",
            },
        },
        ADDED,
    ),
    "invitations.remind": (ADMIN, {}, {"invitations": {"remind_at"}}, ADDED),
    "invitations.release": (ADMIN, {}, {"invitations": {"link_digest"}}, ADDED),
    "invitations.withdraw": (ADMIN, {}, {"invitations": {"state", "ended_at"}}, ADDED),
    "attendees.export": (
        ADMIN,
        {"purpose": "door", "recipient": "office", "columns": "needed", "shape": "csv", "kept": "y"},
        {},
        {"kept_exports", "kept_export_parts"} | ADDED,
    ),
    "log.export": (ADMIN, {"purpose": "own", "recipient": "office"}, {}, ADDED),
    "log.export_site": (ADMIN, {"purpose": "own", "recipient": "office"}, {}, ADDED),
    "attendees.resend": (ADMIN, {}, {}, MAILED),
    "delegations_console.send_link": (ADMIN, {}, {}, {"delegation_links"} | MAILED - {"registration_tokens"}),
    "attendees.cancel": (ADMIN, {"reason": "New", "words": "New"}, None, {"registration_notes"} | MAILED),
    "attendee_answers.change": (ADMIN, {"q-arrival": "New", "words": "New"}, {"answers": {"value"}}, MAILED),
    "attendee_answers.care": (ADMIN, {"q-diet": "vegetarian"}, {"care_answers": {"answer"}}, ADDED),
    "attendee_merges.merge": (
        ADMIN,
        {"taken": "title"},
        PLACE
        | {
            "registrations": DERIVED | CALENDAR | {"title", "status", "holds_place", "ended_at"},
            "delegates": {"registration_id"},
            "registration_notes": {"registration_id"},
            "registration_tokens": {"revoked_at"},
            "outbox_messages": {"status", "content", "abort_reason", "lease_owner"},
            **{table: {"answer"} for table in ("protected_identities", "care_answers")},
            "submissions": {"answers", "given"},
            "address_changes": set(),
        },
        MAILED | {"registration_merges", "registration_tags"},
    ),
    "attendee_merges.undo": (
        ADMIN,
        {},
        PLACE
        | {
            "registrations": DERIVED
            | CALENDAR
            | {"title", "status", "holds_place", "ended_at", "cancelled_from"},
            **{table: {"answer"} for table in ("protected_identities", "care_answers")},
            "consents": {"withdrawn_at"},
            "outbox_messages": {"status", "content", "abort_reason", "lease_owner"},
        },
        MAILED,
    ),
    # Nothing changes: the person has a place, so there is no cancellation to undo.
    "attendee_undoing.reinstate": (ADMIN, {"words": "New"}, {}, set()),
    "attendee_changes.change": (ADMIN, DETAILS, {"registrations": {*DETAILS, *DERIVED}}, MAILED),
    # The request deletes the mark that mails to this address fail.
    "attendee_suppressions.lift": (ADMIN, {"reason": "mended"}, {}, ADDED),
    "attendee_addresses.change": (ADMIN, {"email": "new@example.org"}, {}, {"address_changes"} | MAILED),
    # Nothing changes: the first request only asks for the columns of the table.
    "imports.new": (ADMIN, {"lines": "Name;E-mail\nKim;new@example.org"}, {}, set()),
    # Nothing changes: the form lacks answers that are required.
    "import_tables.show": (ADMIN, {"reason": "New"}, {}, set()),
    # Nothing changes: the worker is not handling the table, so it cannot be stopped.
    "import_tables.stop": (ADMIN, {}, {}, set()),
    # Nothing changes: a person of the import has been deleted, so the import cannot be undone.
    "imports.undo": (ADMIN, {}, {}, set()),
    "attendee_additions.add": (
        ADMIN,
        {**DETAILS, "email": "new@example.org", "sector": "ngo", "if_full": "wait", "reason": "New"},
        PLACE,
        {"registrations", "protected_identities", "care_answers", "registration_notes", "address_changes"}
        | {"submissions"}
        | MAILED,
    ),
    "telephone.add": (
        HANDLER,
        {**DETAILS, "email": "new@example.org", "sector": "ngo", "if_full": "wait", "reason": "New"}
        | {"real_name": "New", "contact": "New"},
        PLACE,
        {"registrations", "protected_identities", "care_answers", "registration_notes", "address_changes"}
        | {"submissions"}
        | MAILED,
    ),
    "own_moves.address": (PERSON, {"email": "new@example.org"}, {}, {"address_changes"} | MAILED),
    "own_moves.sector": (
        PERSON,
        {"sector": "tech", "if_full": "wait"},
        {
            "registrations": {"sector_id", "waiting_since", "calendar_sequence", "calendar_changed_at"}
            | OFFERED["registrations"],
            **PLACE,
            "outbox_messages": UNSENT,
        },
        MAILED,
    ),
    "own_moves.confirm_address": (
        VISITOR,
        {},
        {
            "registrations": {"email", "email_canonical", "sealed_for", "version"} | DERIVED,
            "registration_tokens": {"revoked_at"},
            # Failed mails change, because the mail about the registration's status replaces them.
            "outbox_messages": {"status", "abort_reason", "content"},
        },
        MAILED,
    ),
    "substitutions.ask": (PERSON, {"email": "new@example.org"}, {}, {"substitutions"} | MAILED),
    "substitutions.take_back": (PERSON, {}, {}, ADDED),
    "substitutions.confirm": (
        VISITOR,
        {**DETAILS, "real_name": "", "q-arrival": "New", "photographs": "y"},
        {
            "registrations": {"status", "holds_place", "ended_at", "version"} | CALENDAR,
            "registration_tokens": {"revoked_at"},
            "substitutions": {"successor_id", "confirmed_at", "digest", "email"},
            # the newcomer replaces the former person in the delegation
            "delegates": {"registration_id", "told", "typed"},
            "outbox_messages": UNSENT,
        },
        {"registrations", "protected_identities", "care_answers", "answers", "consents"} | MAILED,
    ),
    "attendee_moves.sector": (
        ADMIN,
        {"sector": "tech", "if_full": "wait"},
        {
            "registrations": {"sector_id", "waiting_since", "calendar_sequence", "calendar_changed_at"}
            | OFFERED["registrations"],
            **PLACE,
            # The unsent mail about the place changes, because it names the old sector.
            "outbox_messages": UNSENT,
        },
        MAILED,
    ),
    # Nothing changes: the forms name no file that is kept.
    **{f"kept_exports.{act}": (ADMIN, {}, {}, set()) for act in ("take", "remove")},
    "attendee_columns.choose": (ADMIN, {}, {}, {"list_columns"}),
    "bulk_choice.change": (ADMIN, {"act": "matching"}, {}, {"chosen_people"}),
    "attendee_views.new": (ADMIN, {"name": "New", "is_shared": "y"}, {}, {"saved_views"} | ADDED),
    "attendee_views.change": (
        ADMIN,
        {"name": "New", "is_shared": "", "replaces": "y"},
        {"saved_views": {"name", "is_shared", "query", "columns"}},
        ADDED,
    ),
    "attendee_views.remove": (ADMIN, {}, {}, ADDED),
    "attendee_notes.index": (ADMIN, {"text": "New"}, {}, {"registration_notes"} | ADDED),
    "attendee_notes.remove": (ADMIN, {}, {}, ADDED),
    "attendee_notes.tags": (ADMIN, {"tags": "new"}, {}, {"registration_tags"} | ADDED),
    "review.approve": (
        ADMIN,
        {"en": "New"},
        PLACE | {"registrations": {*REVIEWED, "waiting_since"}},
        MAILED,
    ),
    "review.decline": (
        ADMIN,
        {"reason": "other", "en": "New"},
        {"registrations": {*REVIEWED, *DECLINED}, "outbox_messages": UNSENT},
        MAILED,
    ),
    "review.confirm_refusal": (
        ADMIN,
        {},
        {"registrations": {*REVIEWED, *DECLINED}, "outbox_messages": UNSENT},
        MAILED,
    ),
    "review.withdraw_refusal": (ADMIN, {}, {}, ADDED),
    "review.recuse": (ADMIN, {}, {}, {"recusals"} | ADDED),
    # The forms of these rounds of decisions name nobody, so nothing changes; tests/review decides about chosen people.
    "review_many.approve": (ADMIN, {"en": "New"}, {}, set()),
    "review_many.decline": (ADMIN, {"reason": "other", "en": "New"}, {}, set()),
    "review_proposed.confirm": (ADMIN, {}, {}, set()),
    "review_proposed.withdraw": (ADMIN, {}, {}, set()),
    "reveals.reveal": (HANDLER, {"reason": "The police have called."}, {}, {"outbox_messages"} | ADDED),
    "posts.new": (ADMIN, POST, {}, {"posts"} | OF_POST),
    "posts.edit": (
        ADMIN,
        POST,
        {
            "posts": {"author", "has_help_box", "updated_at"},
            "post_texts": {"label", "headline", "lead", "body", "content_note", *ACTION, "search_text"},
        },
        OF_POST,
    ),
    "writing.autosave": (ADMIN, POST, {}, {"autosaves"}),
    "writing.preview": (ADMIN, {**POST, "in": "sv"}, {}, set()),
    "page_writing.autosave": (ADMIN, PAGE, {}, {"autosaves"}),
    "page_writing.preview": (ADMIN, {**PAGE, "in": "sv"}, {}, set()),
    "posts.preview": (ADMIN, {**POST, "in": "sv"}, {}, set()),
    "publishing.publish": (
        ADMIN,
        {"when": "now", "day": "", "hour": ""},
        {"posts": {"published_at", "announced_at", "goes_by_mail"}},
        ADDED,
    ),
    "publishing.withdraw": (
        ADMIN,
        {},
        {"posts": {"published_at", "announced_at"}},
        {"withdrawals"} | ADDED,
    ),
    "publishing.correct": (
        ADMIN,
        {"sv": "New", "en": "New"},
        {"posts": {"updated_at"}},
        {"corrections"} | ADDED,
    ),
    "revisions.show": (
        ADMIN,
        {},
        {
            "posts": {"author", "has_help_box", "updated_at"},
            "post_texts": {"label", "headline", "lead", "body", "content_note", *ACTION, "search_text"},
        },
        OF_POST,
    ),
    # Nothing changes: the only category cannot be moved.
    "categories.order": (ADMIN, {"act": "down-1"}, {}, set()),
    "categories.new": (ADMIN, {"name-en": "New"}, {}, {"categories"} | ADDED),
    "categories.edit": (
        ADMIN,
        {"name-en": "New", "slug-en": "another"},
        {"categories": {"name", "slug"}},
        {"old_addresses"} | ADDED,
    ),
    "categories.merge": (
        ADMIN,
        {"into": "2"},
        {"old_addresses": {"category_id"}},
        LINKED | {"follower_categories"} | ADDED,
    ),
    "categories.remove": (ADMIN, {}, {}, set()),  # nothing changes: a category that posts have is not removed
    "organisations.new": (
        ADMIN,
        {
            "name": "New",
            "aliases": "Newer",
            "domains": "new.example",
            "country": "SE",
            "sector": "ngo",
            "cap": "3",
            "sector_caps-ngo": "2",
        },
        SETTLED,
        {"organisations", "organisation_marks", "organisation_caps"} | ADDED,
    ),
    "organisations.edit": (
        ADMIN,
        {
            "name": "New",
            "aliases": "Police",
            "domains": "new.example",
            "sector": "",
            "country": "",
            "cap": "3",
            "is_suggested": "y",
            "sector_caps-tech": "2",
            "sector_caps-ngo": "2",
        },
        SETTLED | {"organisations": {"name", "key", "cap", "is_suggested"}, "organisation_caps": {"cap"}},
        {"organisation_marks", "organisation_caps"} | ADDED,
    ),
    "organisations.remove": (ADMIN, {}, SETTLED, ADDED),
    "organisation_merges.merge": (
        ADMIN,
        {"cap": "3"},
        SETTLED | {"organisations": {"counts_as_id", "cap"}},
        {"organisation_merges"} | ADDED,
    ),
    "organisation_merges.undo": (ADMIN, {}, SETTLED | {"organisations": {"counts_as_id", "cap"}}, ADDED),
    # Nothing changes: the two organisations are marked as different already.
    "organisation_merges.tell_apart": (ADMIN, {}, {}, set()),
    "organisation_merges.propose_again": (ADMIN, {}, {}, ADDED),
    "glossary.new": (ADMIN, TERM, {}, {"glossary_terms"} | ADDED),
    "glossary.edit": (ADMIN, TERM, {"glossary_terms": {*TERM}}, ADDED),
    "glossary.remove": (ADMIN, {}, {}, ADDED),
    "redirects.new": (ADMIN, {"old": "/older", "leads_to": "/en/"}, {}, {"old_addresses"} | ADDED),
    "redirects.edit": (
        ADMIN,
        {"old": "/old", "leads_to": "/en/news/"},
        {"old_addresses": {"post_id", "leads_to"}},
        ADDED,
    ),
    "redirects.remove": (ADMIN, {}, {}, ADDED),
    "redirects.import_file": (ADMIN, {"lines": "/older,/en/"}, {}, {"old_addresses"} | ADDED),
    "hashtags.new": (ADMIN, {"name": "#New", "names-en": "", "aliases": "newer"}, {}, OF_TAG | ADDED),
    "hashtags.edit": (
        ADMIN,
        {"name": "#New", "names-en": "#Newer", "aliases": "newest"},
        {"tags": {"name", "folded", "names"}, "post_texts": {"search_text"}},
        OF_TAG | ADDED,
    ),
    "hashtags.merge": (ADMIN, {"into": "#Barn"}, MERGED, OF_TAG | ADDED),
    "hashtags.remove": (ADMIN, {}, {}, set()),  # nothing changes: a hashtag that posts have is not removed
    "pages.new": (
        ADMIN,
        {**PAGE, "slug": "", "after": "practical"},
        {"pages": {"position"}},
        {"pages", "page_revisions"} | ADDED,
    ),
    "pages.edit": (
        ADMIN,
        {**PAGE, "after": ""},
        {"pages": {"title", "summary", "body", "position", "updated_at"}},
        {"page_revisions"} | ADDED,
    ),
    "page_revisions.show": (
        ADMIN,
        {},
        {"pages": {"title", "summary", "body", "position", "updated_at"}},
        {"page_revisions"} | ADDED,
    ),
    "pages.preview": (ADMIN, {**PAGE, "after": "", "in": "sv"}, {}, set()),
    "pages.remove": (ADMIN, {}, {}, ADDED),
    # Nothing changes without a file; tests/console/test_library.py sends one.
    "library.add": (ADMIN, {"alt-sv": "Ny", "alt-en": "New", "credit": "Ours"}, {}, set()),
    "library.show": (
        ADMIN,
        {"alt-sv": "Ny", "alt-en": "New", "credit": "Ours", "focus": "top"},
        {"images": {"alt", "credit", "focus"}},
        ADDED,
    ),
    "library.remove": (ADMIN, {}, {}, ADDED),
    "outbox.retry": (
        ADMIN,
        {},
        {
            "outbox_messages": {"status", "attempts", "lane", "next_attempt_at", "last_error"},
            "mail_relay": {"paused_until"},
        },
        ADDED,
    ),
    "outbox.send_now": (
        ADMIN,
        {},
        {"outbox_messages": {"status", "lane", "next_attempt_at"}, "mail_relay": {"paused_until"}},
        ADDED,
    ),
    "outbox.dismiss": (
        ADMIN,
        {"reason": "not_needed"},
        {"outbox_messages": {"status", "abort_reason", "content"}},
        ADDED,
    ),
    "mailings.show": (ADMIN, {"words-sv": "Nytt", "words-en": "New"}, {"mailings": {"words"}}, ADDED),
    "mailings.send": (
        ADMIN,
        {},
        {"mailings": {"status", "people", "started_at", "started_by"}},
        {"mailing_recipients"} | ADDED,
    ),
    "mailings.dismiss": (ADMIN, {}, {"mailings": {"status", "ended_at"}}, ADDED),
    # Nothing changes: the mailing is not sent yet.
    **{f"mailings.{act}": (ADMIN, {}, {}, set()) for act in ("pause", "resume", "stop")},
    "own_mailings.new": (ADMIN, LETTER, {}, {"mailings"} | ADDED),
    "own_mailings.write": (
        ADMIN,
        LETTER,
        {"mailings": {"subjects", "words", "changed_at", "category"}},
        ADDED,
    ),
    "own_mailings.people": (
        ADMIN,
        {"sector": "ngo", "status": "confirmed"},
        {"mailings": {"audience", "changed_at"}},
        ADDED,
    ),
    "own_mailings.discard": (ADMIN, {}, {}, ADDED),
    "sent_mailings.send": (
        ADMIN,
        {"when": "now"},
        {"mailings": {"status", "people", "left_out", "started_at", "started_by", "begins_at"}},
        {"mailing_recipients"} | ADDED,
    ),
    "mail_texts.edit": (
        ADMIN,
        {"subject": "New", "opening": "New {deadline}", "closing": ""},
        {"mail_texts": {"subject", "opening", "closing", "standard", "changed_at"}},
        ADDED,
    ),
    "mail_texts.reset": (ADMIN, {}, {}, ADDED),
    "reminders.plan": (
        ADMIN,
        {"anchor": "start", "days": "2", "hour": "9"},
        {},
        {"reminders"} | ADDED,
    ),
    "reminders.take_off": (ADMIN, {}, {}, ADDED),
    "reminder_rules.of_offers": (
        ADMIN,
        {"way": "before", "number": "12"},
        {"events": {"offer_reminder_hours"}},
        ADDED,
    ),
    "reminder_rules.of_invitations": (
        ADMIN,
        {"way": "after", "number": "5", "hour": "10"},
        {"events": {"invitation_reminder_days", "invitation_reminder_hour"}},
        ADDED,
    ),
    # Nothing changes: the message was sent, and none of its mails has failed.
    **{f"sent_mailings.{act}": (ADMIN, {}, {}, set()) for act in ("take_back", "again")},
    "self_service.subscribe": (PERSON, {}, {}, {"registration_tokens"} | ADDED),
    "self_service.unsubscribe": (PERSON, {}, {}, set()),  # nothing changes: there is no calendar feed
    "refusing.show": (VISITOR, {}, {}, {"mail_refusals"}),
    "followers.ask": (
        VISITOR,
        {"email": "new@example.org", "language": "en", "pace": "weekly"},
        {},
        {"followers", "follower_links", "outbox_messages"},
    ),
    "followers.confirm": (VISITOR, {}, {}, {"follower_links"}),
    "followers.choose": (
        VISITOR,
        {"language": "sv", "pace": "at_once"},
        {"followers": {"language", "pace", "has_every"}},
        set(),
    ),
    "followers.end": (VISITOR, {}, {"mailed_posts": {"sent"}}, {"tombstones"}),
    "followers.leave": (VISITOR, {}, {}, set()),
    "bulk.ask": (ADMIN, {"sector": "ngo"}, {}, {"tasks", "task_people"} | ADDED),
    "bulk.stop": (ADMIN, {}, {}, set()),  # nothing changes: the task has ended already
    "bulk_undoing.ask": (ADMIN, {}, {}, {"tasks", "task_people"} | ADDED),
    "new_event.make": (ADMIN, NEW_EVENT, {}, {"events", "sectors", "pages"} | ADDED),
    "new_event.copy": (
        ADMIN,
        {"name": "New", "first_day": "2028-11-16"},
        {},
        {"events", "sectors", "pages", "questions", "question_choices", "mail_texts"} | ORGANISATIONS | ADDED,
    ),
    # No private link is made: a published event needs no preview.
    "previews.index": (ADMIN, {"days": "7"}, {}, set()),
    "previews.end": (ADMIN, {}, {"preview_links": {"revoked_at"}}, ADDED),
    # The form is refused and changes no row: too few people have a place, so the table cannot be made public.
    # tests/participants/test_balance.py tests it with enough people.
    "public_balance.show": (ADMIN, {}, {}, set()),
    "public_balance.take_back": (ADMIN, {}, {"public_balances": {"is_shown"}}, ADDED),
    "publication.unpublish": (
        ADMIN,
        {"even_so": "y"},
        {"events": {"is_published", "unpublished_at"}},
        ADDED,
    ),
    "cancellation.show": (
        ADMIN,
        {"reason-sv": "Snö", "reason-en": "Snow"},
        {
            "events": {"cancelled_at", "cancel_reason", "calendar_sequence"},
            "mailings": {"steps"},
            # Cancelling gives more time to whoever has not confirmed: people, contacts of delegations and substitutes.
            "registrations": {"confirm_by", "version"},
            "registration_tokens": {"expires_at"},
            "delegations": {"confirm_by"},
            "delegates": {"confirm_by"},
            "bare_holds": {"confirm_by"},
            "delegation_links": {"expires_at"},
            "substitutions": {"expires_at"},
        },
        ADDED,
    ),
    "cancellation.take_back": (ADMIN, {}, {}, set()),  # nothing changes: the event is not cancelled
    "publication.publish": (ADMIN, {}, {}, set()),  # nothing changes: the event is published already
    # Nothing changes: the event is on the front page already.
    "publication.front_page": (ADMIN, {}, {}, set()),
    "settings.facts": (
        ADMIN,
        {
            "name-sv": "Nytt",
            "name-en": "New",
            "timezone": "Europe/Stockholm",
            "name_order": "danish",
            "hashtag": "#NF28",
            "days-0-day": "2027-11-15",
            "days-0-starts": "09:00",
            "days-0-ends": "17:00",
            "contact_email": "new@example.org",
            "map_url": "https://example.org/there",
        },
        {
            "events": {"name", "hashtag", "contact_email", "starts_at", "ends_at", "nights", *CALENDAR}
            | {"map_url", "directions", "name_order", "sorted_to"},
            # An unsent mailing about an earlier change is changed, because it now tells of the new change, too.
            "mailings": {"steps", "changed_at"},
        },
        ADDED,
    ),
    "settings.registration": (
        ADMIN,
        {
            "opens_at": "2027-04-01T09:00",
            "closes_at": "2027-10-01T09:00",
            "release_at": "",
            "freezes_at": "2027-11-01T09:00",
            "has_waiting_list": "y",
            "offer_hours": "24",
            "offer_cutoff_hours": "12",
            "line_order": "balance",
            "organisation_cap": "50",
            "review_days": "9",
            "has_second_reviewer": "y",
        },
        {
            "events": {"opens_at", "closes_at", "release_at", "freezes_at", "offer_hours"}
            | {"offer_cutoff_hours", "line_order", "organisation_cap", "review_days", "has_second_reviewer"}
        },
        ADDED,
    ),
    "settings.sectors": (
        ADMIN,
        {
            "capacity": "7",
            "shares-0-key": "ngo",
            "shares-0-floor": "7",
            "shares-0-ceiling": "8",
            "shares-1-key": "tech",
            "shares-1-floor": "0",
            "shares-1-ceiling": "1",
            "shares-0-policy": "open",
            "shares-1-policy": "invitation",
        },
        OFFERED | {"events": {"capacity", "taken"}, "sectors": {"floor", "ceiling", "policy", "taken"}},
        {"offers"} | MAILED,
    ),
    "settings.new_sector": (
        ADMIN,
        {"name-en": "Research", "floor": "0", "ceiling": "5", "policy": "open"},
        {},
        {"sectors"} | ADDED,
    ),
    "settings.sector": (
        ADMIN,
        {"name-en": "Civil society", "invited-en": "You."},
        {"sectors": {"name", "invited"}},
        ADDED,
    ),
    "settings.close_sector": (
        ADMIN,
        {},
        OFFERED | {"events": {"taken"}, "sectors": {"floor", "ceiling", "taken"}},
        {"offers"} | MAILED,
    ),
    "settings.remove_sector": (ADMIN, {}, {}, set()),
    "settings.merge_sector": (
        ADMIN,
        {"floor": "6", "ceiling": "6"},
        {
            "registrations": {"sector_id"} | OFFERED["registrations"],
            "sectors": {"floor", "ceiling", "taken", "reserved", "merged_keys"},
            "events": {"taken"},
            "submissions": {"answers"},
            "invitations": {"sector_id"},
            "bare_holds": {"sector_id"},
            "delegations": {"sector_id"},
        },
        {"offers", "reviewed_sectors"} | MAILED,
    ),
    "questions.order": (ADMIN, {"act": "up-1"}, {}, set()),
    "questions.take_over": (ADMIN, {}, {}, {"questions"} | ADDED),
    "questions.add": (
        ADMIN,
        {"label-en": "New", "condition": "", "sensitivity": "ordinary"},
        {},
        {"questions"} | ADDED,
    ),
    "questions.edit": (
        ADMIN,
        {"label-en": "New", "help-en": "New", "is_required": "y", "is_locating": "y", "condition": ""},
        {"questions": {"label", "help", "is_required", "is_locating"}},
        ADDED,
    ),
    "questions.withdraw": (ADMIN, {}, {"questions": {"withdrawn_at"}}, ADDED),
    "questions.bring_back": (ADMIN, {}, {}, set()),
    "settings.organiser": (
        ADMIN,
        {
            "organiser_name-en": "The office",
            "postal_code": "111 22",
            "town": "Here",
            "country": "SE",
            "organiser_phone": "+46 8 123 45 67",
            "organiser_url": "https://example.org/",
            "help_lines-0-country": "SE",
            "help_lines-0-emergency": "112",
            "help_lines-0-police": "",
            "help_lines-0-children": "",
            "help_lines-0-url": "",
            "postal_line": "",
            "help_lines-0-report-sv": "",
            "help_lines-0-report-en": "",
        },
        {
            "events": {f"organiser_{name}" for name in ("name", "address", "phone", "url")}
            | {"help_lines", "contacts"}
        },
        ADDED,
    ),
    "settings.texts": (
        ADMIN,
        {
            "lead-en": "A lead.",
            "sharing-en": "In turn.",
            "facts-0-label-en": "Cost",
            "facts-0-value-en": "Nothing.",
            "programme_points-0-day": "1",
            "programme_points-0-title-en": "A point",
        },
        {"events": {"lead", "sharing", "facts", "programme_points"}},
        ADDED,
    ),
    "settings.privacy": (
        ADMIN,
        {"participant_list": "participants"},
        {"events": {"participant_list"}},
        ADDED,
    ),
    "settings.languages": (ADMIN, {"languages": "en"}, {"events": {"languages"}}, ADDED),
    "settings.look": (
        ADMIN,
        {"accent_light": "#2050c0", "accent_dark": "#91b6ff", "logo_key": "", "share_key": ""},
        {"events": {"accent_light", "accent_dark"}},
        ADDED,
    ),
    "own_account.confirm": (ADMIN, {"password": "x", "code": "1"}, {}, set()),
    "passkeys.confirm": (ADMIN, {"password": "x", "answer": "{}"}, {}, set()),
    "passkeys.confirm_challenge": (ADMIN, {}, {}, {"one_time_links"}),
    "passkeys.index": (ADMIN, {"name": "Laptop", "answer": "{}"}, {}, set()),
    "passkeys.challenge": (ADMIN, {}, {}, {"one_time_links"}),
    "passkeys.show": (ADMIN, {"name": "Telephone"}, {"passkeys": {"name"}}, ADDED),
    "passkeys.remove": (ADMIN, {}, {}, MAILED | ADDED),
    "passkeys.sign_in_challenge": (VISITOR, {}, {}, set()),
    "passkeys.sign_in": (VISITOR, {"answer": "{}"}, {}, set()),
    "own_account.choose_language": (ADMIN, {"language": "sv"}, {"users": {"language"}}, set()),
    "own_account.password": (ADMIN, {"password": "x", "new_password": PASSWORD}, {}, set()),
    "own_account.propose_authenticator": (ADMIN, {}, {"users": {"totp_proposed"}}, set()),
    "own_account.authenticator": (ADMIN, {"code": "1"}, {}, set()),
    "own_account.recovery_codes": (ADMIN, {}, {}, {"recovery_codes"} | MAILED),
    "own_account.recovery_codes_file": (ADMIN, {"codes": "x"}, {}, set()),
    "own_account.end_session": (ADMIN, {}, {}, ADDED),
    "own_account.end_other_sessions": (ADMIN, {}, {}, ADDED),
    "colleagues.invite": (
        ADMIN,
        {"email": "new@example.org", "name": "New", "language": "en", "role": "organiser"},
        {},
        {"users", "memberships", "one_time_links", "outbox_messages"} | ADDED,
    ),
    # Nothing changes: an account with a password gets no link.
    "colleagues.invite_again": (ADMIN, {}, {}, set()),
    "colleagues.roles": (ADMIN, {"here": "admin"}, {}, {"memberships", "outbox_messages"} | ADDED),
    "colleagues.remove": (ADMIN, {}, {}, {"outbox_messages"} | ADDED),
    "colleagues.end_sign_in": (ADMIN, {}, {}, ADDED),
    "colleagues.end_all_sign_ins": (ADMIN, {}, {}, ADDED),
    "colleagues.reset_second_factor": (
        ADMIN,
        {},
        {"users": {"totp_secret", "totp_proposed", "last_totp_counter"}},
        {"outbox_messages"} | ADDED,
    ),
    "colleagues.disable": (ADMIN, {}, {"users": {"active"}}, {"outbox_messages"} | ADDED),
    "colleagues.enable": (ADMIN, {}, {}, set()),  # nothing changes: the account is not disabled
    "accounts.forgot": (VISITOR, {"email": "new@example.org"}, {}, {"one_time_links"} | MAILED),
    "accounts.reset": (
        VISITOR,
        {"new_password": PASSWORD},
        {"users": {"password_hash"}, "one_time_links": {"used_at"}},
        MAILED,
    ),
    "accounts.welcome": (
        VISITOR,
        {"new_password": PASSWORD},
        {"users": {"password_hash"}, "one_time_links": {"used_at"}},
        MAILED,
    ),
    "accounts.sign_in": (VISITOR, {"email": "x@example.org", "password": "x"}, {}, set()),
    "accounts.second_factor": (VISITOR, {"code": "1"}, {}, set()),
    "accounts.set_up": (VISITOR, {"code": "1"}, {}, set()),
    "accounts.open_demo": (VISITOR, {}, {}, set()),
    "accounts.sign_out": (ADMIN, {}, {}, ADDED),
}


def let_a_task_cancel_some(world) -> None:
    """Let a task cancel three people of the current event, so that it can be undone."""
    with world.app.app_context():
        make_cancelled(db.session.scalars(select(Event).where(Event.slug == HERE)).one())


# By endpoint: the function to call before the form is sent, which makes what the form can change.
PREPARED = {"bulk_undoing.ask": let_a_task_cancel_some}
# Forms after which the admin is signed out.
SIGNING_OUT = {
    "accounts.reset",
    "accounts.welcome",
    "accounts.sign_out",
    "own_account.end_session",
}
CANCELLED = PLACE | {
    "registrations": {
        "status",
        "holds_place",
        "ended_at",
        "cancelled_from",
        "version",
        "offer_expires_at",
        "confirmed_at",
        *CALENDAR,
    },
    "registration_tokens": {"revoked_at"},
    "outbox_messages": {"status", "abort_reason", "content", "lease_owner"},
}


@pytest.fixture(scope="module", params=BOTH)
def world_kind(request):
    return request.param


def test_every_form_is_declared(world):
    assert {address.endpoint for address in addresses(world) if "POST" in address.methods} == set(FORMS)


@pytest.mark.parametrize("endpoint", FORMS)
def test_form_changes_its_own_fields_only(fresh_world, endpoint):
    world, (audience, data, changing, adding) = fresh_world, FORMS[endpoint]
    PREPARED.get(endpoint, lambda _world: None)(world)
    changing = CANCELLED if changing is None else changing
    (path, *_others) = [address.path for address in addresses(world, (HERE,)) if address.endpoint == endpoint]
    sent = {**forged(world), **data, **hidden_fields(world, audience, path)}
    before = rows(world)
    status = world.browsers[audience].post(path, data=sent).status_code
    after = rows(world)
    assert status in ({200, 303} if changing or adding else {200, 303, 400, 404, 409, 410, 422}), status
    assert changed(before, after) == {} or set(changed(before, after)) <= set(changing), changed(
        before, after
    )
    assert {
        table: names - changing[table]
        for table, names in changed(before, after).items()
        if names - changing[table]
    } == {}
    may_add = adding | FOLLOWING | (ADDED if endpoint in TRACED else set())
    assert {table for table in after if set(after[table]) - set(before[table])} <= may_add
    assert holds_forged(before, after) == []


def test_declared_changes_do_happen(fresh_world):
    """Control: the same requests make their declared changes, and the comparison notices them."""
    (path,) = [
        address.path
        for address in addresses(fresh_world, (HERE,))
        if address.endpoint == "self_service.change"
    ]
    before = rows(fresh_world)
    sent = {**forged(fresh_world), **DETAILS, "given_name": WORD, **hidden_fields(fresh_world, PERSON, path)}
    assert fresh_world.browsers[PERSON].post(path, data=sent).status_code == 303
    after = rows(fresh_world)
    assert "given_name" in changed(before, after)["registrations"]
    assert holds_forged(before, after) != []


def forged(world) -> dict[str, str]:
    """Return a forged value for every column of every table, by the column's name."""
    values = {
        column.name: _forged(column) for table in Base.metadata.sorted_tables for column in table.columns
    }
    with world.app.app_context():
        values["user_id"] = str(db.session.scalar(select(User.id).limit(1)))
    values["event"] = values["slug"] = ELSEWHERE
    return {
        name: value for name, value in {**values, **LIKELY}.items() if name not in {*DETAILS, "email", "key"}
    }


SHOWING_STORED = (
    "/account/recovery-codes",
    "/en/r/delegation/add",
    *("/en/r/care", "/en/r/change", "/en/r/sector"),
)


def hidden_fields(world, audience: str, path: str) -> dict[str, str]:
    """Return the CSRF token and the form's other hidden fields."""
    browser, page = world.browsers[audience], ""
    where = {PERSON: "/en/r/", VISITOR: "/en/register/ngo"}.get(audience, "/account/")
    if path.startswith("/en/r/delegation/"):
        where = "/en/r/delegation"
    if path in SHOWING_STORED or path.startswith(("/console/", "/en/r/delegation/", "/sv/r/delegation/")):
        page = browser.get(path).text
    # A console page has the CSRF token and its hidden fields; for other forms another page gives the token.
    if not (path.startswith("/console/") and _hidden(page, "csrf_token")):
        page += browser.get(where).text
    found = {
        name: _hidden(page, name)
        for name in ("csrf_token", "key", "replaced", "seen", "about", "page_of", "asked")
    }
    return {name: match[1] for name, match in found.items() if match}


def _hidden(page: str, name: str) -> re.Match[str] | None:
    return re.search(rf'name="{name}"[^>]* value="([^"]+)"', page)


def rows(world) -> dict[str, dict[tuple, dict]]:
    """Return every stored row of every table by its key, without the times of the last use."""
    found = {}
    with world.app.app_context():
        for table in Base.metadata.sorted_tables:
            names = [column.name for column in table.columns]
            keys = [column.name for column in table.primary_key]
            listed = db.session.connection().exec_driver_sql(f'SELECT {", ".join(names)} FROM "{table.name}"')  # noqa: S608
            stored = [dict(zip(names, row, strict=True)) for row in listed]
            found[table.name] = {tuple(row[key] for key in keys): row for row in stored}
    return found


def changed(before, after) -> dict[str, set[str]]:
    """Return the changed columns of rows that existed before, by table."""
    found: dict[str, set[str]] = {}
    for table, stored in before.items():
        for key, row in stored.items():
            for name, value in after[table].get(key, row).items():
                if value != row[name] and table not in FOLLOWING:
                    found.setdefault(table, set()).add(name)
    return found


def holds_forged(before, after) -> list[str]:
    """Return the columns of the database in which a forged value is stored."""
    return [
        f"{table}.{name}"
        for table, stored in after.items()
        for key, row in stored.items()
        for name, value in row.items()
        if value != before[table].get(key, {}).get(name) and FORGED.search(str(value))
    ]


def _forged(column) -> str:
    if isinstance(column.type, Boolean):
        return "1"
    if isinstance(column.type, Integer):
        return NUMBER
    return MOMENT if "_at" in column.name or isinstance(column.type, DateTime) else WORD
