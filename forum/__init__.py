"""Forum: a microsite for a stakeholder forum. `create_app` lists all parts of the application."""

from forum import seldom_garbage  # noqa: F401 - before all others, whose imports it makes quicker

# isort: split

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Flask

from forum import database, models
from forum.accounts import access, kept_words, own_account, passkey_pages, sign_ins
from forum.accounts import console as colleagues
from forum.accounts import public as account_public
from forum.audit import actions as audit
from forum.bulk import choice_pages as bulk_choice
from forum.bulk import console as bulk_console
from forum.bulk import undo_pages as bulk_undoing
from forum.console import (
    all_events,
    cancellation,
    categories,
    counts,
    figures,
    glossary,
    hashtags,
    image_choice,
    library,
    log_export,
    long_bodies,
    mail_frames,
    mail_texts,
    new_event,
    organisation_merging,
    organisations,
    own_mailings,
    page_revisions,
    page_writing,
    public_balance,
    publication,
    question_settings,
    redirects,
    reminder_rules,
    reminders,
    sent_mailings,
)
from forum.console import mailings as console_mailings
from forum.console import outbox as console_outbox
from forum.console import overview as console_overview
from forum.console import pages as console_pages
from forum.console import previews as console_previews
from forum.console import settings as console_settings
from forum.delegations import console as delegations_console
from forum.delegations import contact_additions, contact_answers, contact_pages, substitution_pages
from forum.delegations import public as delegations_public
from forum.events import in_url, versions
from forum.events import public as events_public
from forum.extensions import csrf, db, mail, migrate
from forum.followers import public as followers_public
from forum.followers.withdrawing import take_back_with_posts
from forum.health import public as health_public
from forum.home import crawlers, icons, site
from forum.home import public as home_public
from forum.images import public as images_public
from forum.images.errors import StorageAway
from forum.imports import console as imports
from forum.imports import table_pages as import_tables
from forum.invitations import answering
from forum.invitations import console as invitations_console
from forum.invitations import public as invitations_public
from forum.mailings import public as mailings_public
from forum.news import console as news_console
from forum.news import corrections, feeds, old_addresses, publishing, revision_pages, search_entries, writing
from forum.news import public as news_public
from forum.participants import console as consent_texts
from forum.participants import public as participants_public
from forum.participants.versions import raise_with_lists
from forum.privacy import console as erasure_requests
from forum.privacy import own_everything, own_requests, own_restriction, restriction_pages
from forum.privacy import public as privacy_public
from forum.questions import uploads
from forum.registration import console as registration_console
from forum.registration import (
    organisers_additions,
    organisers_addresses,
    organisers_answers,
    organisers_changes,
    organisers_columns,
    organisers_exports,
    organisers_files,
    organisers_merges,
    organisers_moves,
    organisers_notes,
    organisers_reception,
    organisers_suppressions,
    organisers_undoing,
    organisers_views,
    own_files,
    own_moves,
    waiting_pages,
)
from forum.registration import public as registration_public
from forum.registration.kept_exports import end_with_people
from forum.registration.settling import settle_with
from forum.reveals import console as reveals_console
from forum.reveals import telephone
from forum.review import console as review_console
from forum.review import many as review_many
from forum.review import many_proposed as review_proposed
from forum.review.endings import end_with_reviews
from forum.settings.loading import load_settings
from forum.settings.project import PROJECT
from forum.web import (
    cache,
    door,
    errors,
    headers,
    languages,
    limits,
    lobby,
    requests,
    routes,
    static,
    turns,
)
from forum.web.layers import Layer, put_around

__all__ = ["create_app", "models"]  # importing `models` registers all tables in SQLAlchemy's metadata
BLUEPRINTS = (
    health_public.bp,
    crawlers.bp,
    icons.bp,
    home_public.bp,
    events_public.bp,
    images_public.bp,
    news_public.bp,
    corrections.bp,
    feeds.bp,
    old_addresses.bp,
    privacy_public.bp,
    own_everything.bp,
    own_requests.bp,
    own_restriction.bp,
    erasure_requests.bp,
    restriction_pages.bp,
    registration_public.bp,
    # The blueprint of a registered person's own page; its views are in `self_service`, `own_care` and `own_files`.
    own_files.bp,
    own_moves.bp,
    invitations_public.bp,
    mailings_public.bp,
    followers_public.bp,
    substitution_pages.bp,
    delegations_public.bp,
    contact_pages.bp,
    contact_additions.bp,
    contact_answers.bp,
    delegations_console.bp,
    participants_public.bp,
    consent_texts.bp,
    account_public.bp,
    own_account.bp,
    passkey_pages.bp,
    colleagues.bp,
    console_overview.bp,
    new_event.bp,
    all_events.bp,
    publication.bp,
    cancellation.bp,
    console_previews.bp,
    registration_console.bp,
    organisers_changes.bp,
    organisers_columns.bp,
    organisers_exports.bp,
    organisers_reception.bp,
    organisers_views.bp,
    organisers_answers.bp,
    organisers_files.bp,
    organisers_merges.bp,
    organisers_undoing.bp,
    organisers_notes.bp,
    organisers_moves.bp,
    organisers_addresses.bp,
    organisers_suppressions.bp,
    organisers_additions.bp,
    waiting_pages.bp,
    bulk_console.bp,
    bulk_choice.bp,
    bulk_undoing.bp,
    organisations.bp,
    organisation_merging.bp,
    review_console.bp,
    review_many.bp,
    review_proposed.bp,
    reveals_console.bp,
    telephone.bp,
    invitations_console.bp,
    imports.bp,
    import_tables.bp,
    console_outbox.bp,
    console_mailings.bp,
    own_mailings.bp,
    reminder_rules.bp,
    reminders.bp,
    sent_mailings.bp,
    mail_texts.bp,
    mail_frames.bp,
    news_console.bp,
    publishing.bp,
    writing.bp,
    revision_pages.bp,
    categories.bp,
    hashtags.bp,
    glossary.bp,
    redirects.bp,
    console_pages.bp,
    library.bp,
    image_choice.bp,
    page_writing.bp,
    page_revisions.bp,
    console_settings.bp,
    question_settings.bp,
    counts.bp,
    figures.bp,
    public_balance.bp,
    # The blueprint of the organisers' log; its views are in `log` and `log_export`.
    log_export.bp,
)
# The layers through which each request passes, from the outside in. After them three blueprints of `accounts`
# (`public`, `own_account`, `passkey_pages`) load the sign-in before each of their views.
LAYERS: tuple[Layer, ...] = (
    # Layers around Flask:
    static.serve_built,  # answers with the files of static/
    cache.answer_kept,  # answers with a public page from the page cache
    # Limits how many requests a process holds at once; reads each body whole, a large one only from an organiser or
    # for a form that may ask for files.
    partial(lobby.let_in, longest_for=long_bodies.longest_body, longest_for_anybody=uploads.longest_body),
    cache.render_once,  # renders a public page once for all requests that wait for it
    # refuses headers too long in total; puts the Host header in lower case
    door.refuse_long_headers,
    turns.take_turns,  # lets one request of a process compute at a time
    requests.trust_proxies,  # takes the client's address and scheme from trusted proxies
    # Layers within Flask, before the view and after it:
    languages.read_from_address,  # reads the language from the URL's path
    in_url.stay_with_event,  # makes the links on an event's page lead to that event's pages
    requests.refuse_and_log,  # refuses a malformed request, or a form from another site; logs every request
    # Adds the security headers to the answer.
    partial(headers.set_headers, is_open=access.is_open, may_be_listed=access.may_be_listed),
    access.guard_routes,  # refuses a route that has no audience, and users outside a route's audience
    csrf.init_app,  # refuses a form without its session's CSRF token
    requests.lead_to_own_address,  # redirects a public page to its canonical URL
    old_addresses.lead_on,  # redirects from an address of an earlier site
)
MIGRATIONS = str(PROJECT / "migrations")


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """Return the Flask application; `settings` override the environment's and are named without their FORUM_ prefix.

    Raises UnsafeSettings when a setting is missing or unsafe.
    """
    app = Flask(__name__, template_folder=str(PROJECT / "templates"), static_folder=None)
    app.config.update(load_settings(settings))

    _init_database(app)
    mail.init_app(app)
    languages.init_app(app)
    limits.init_app(app)
    errors.init_app(app, StorageAway)
    kept_words.init_app(app)
    site.init_app(app)
    sign_ins.init_app(app)

    routes.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    put_around(app, LAYERS)
    return app


def _init_database(app: Flask) -> None:
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = database.engine_options(app.config["SQLALCHEMY_DATABASE_URI"])
    db.init_app(app)
    migrate.init_app(app, db, directory=MIGRATIONS, render_as_batch=True)
    with app.app_context():
        database.prepare_engine(db.engine)
    database.guard_writes(db.session)
    # At each commit write the search entries first, and last the rows that many writers lock (content version, audit
    # chain): these locks are then held briefly, and no two commits deadlock.
    search_entries.keep_in_step(db.session)
    raise_with_lists(db.session)
    end_with_reviews(db.session)
    end_with_people(db.session)
    take_back_with_posts(db.session)
    settle_with(app, answering.settle)
    versions.raise_with_changes(db.session)
    audit.chain_at_commit(db.session)
