"""Imports all models, so that migrations and tests see the complete metadata."""

from forum.accounts import models as accounts
from forum.audit import models as audit
from forum.delegations import models as delegations
from forum.events import models as events
from forum.followers import models as followers
from forum.health import models as health
from forum.images import models as images
from forum.imports import models as imports
from forum.imports import table_models as import_tables
from forum.invitations import models as invitations
from forum.mailings import models as mailings
from forum.news import models as news
from forum.news import search_entries
from forum.organisations import models as merged_organisations
from forum.outbox import mail_text_models as mail_texts
from forum.outbox import models as outbox
from forum.outbox import suppression_models as suppressions
from forum.participants import models as participants
from forum.people import models as people
from forum.privacy import models as privacy
from forum.questions import models as questions
from forum.registration import bare_hold_models as bare_holds
from forum.registration import chosen_models as chosen
from forum.registration import kept_answer_models as kept_answers
from forum.registration import kept_export_models as kept_exports
from forum.registration import list_column_models as list_columns
from forum.registration import merge_models as merges
from forum.registration import models as registration
from forum.registration import offer_models as offers
from forum.registration import organisation_models as organisations
from forum.registration import restriction_models as restrictions
from forum.registration import saved_view_models as saved_views
from forum.registration import sign_in_models as sign_ins
from forum.registration import tombstone_models as tombstones
from forum.review import models as review
from forum.tasks import models as tasks

ALL = (
    audit,
    images,
    outbox,
    suppressions,
    mail_texts,
    accounts,
    events,
    news,
    search_entries,
    health,
    people,
    questions,
    registration,
    bare_holds,
    chosen,
    list_columns,
    kept_answers,
    kept_exports,
    merges,
    offers,
    organisations,
    merged_organisations,
    restrictions,
    saved_views,
    sign_ins,
    tombstones,
    invitations,
    imports,
    import_tables,
    review,
    delegations,
    mailings,
    followers,
    participants,
    tasks,
    privacy,
)
