"""Forum: a microsite for a stakeholder forum. The factory is a table of contents."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Flask

from forum import database, models
from forum.accounts import access, kept_words, own_account, sign_ins
from forum.accounts import public as account_public
from forum.audit import actions as audit
from forum.console import outbox as console_outbox
from forum.console import overview as console_overview
from forum.events import public as events_public
from forum.events import versions
from forum.extensions import csrf, db, mail, migrate
from forum.health import public as health_public
from forum.home import crawlers, site
from forum.home import public as home_public
from forum.news import feeds, old_addresses
from forum.news import public as news_public
from forum.privacy import public as privacy_public
from forum.registration import console as registration_console
from forum.registration import public as registration_public
from forum.registration import self_service
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
    static,
    turns,
)
from forum.web.layers import Layer, put_around

__all__ = ["create_app", "models"]  # importing the models completes the metadata
BLUEPRINTS = (
    health_public.bp,
    crawlers.bp,
    home_public.bp,
    events_public.bp,
    news_public.bp,
    feeds.bp,
    old_addresses.bp,
    privacy_public.bp,
    registration_public.bp,
    self_service.bp,
    account_public.bp,
    own_account.bp,
    console_overview.bp,
    registration_console.bp,
    console_outbox.bp,
)
# What a request meets, from the outside in.
LAYERS: tuple[Layer, ...] = (
    # Around Flask:
    static.serve_built,  # answers with the files of static/
    cache.answer_kept,  # answers with a public page that is kept
    lobby.let_in,  # bounds how many requests are held (Lobby.PRESENT), and reads each body whole
    cache.render_once,  # renders a public page once for all who wait for it
    door.refuse_long_headers,  # refuses headers that are too long together; puts the Host header in lower case
    turns.take_turns,  # lets one request of a process compute at a time
    requests.trust_proxies,  # believes the trusted proxies who the client is
    # Within Flask, before the view and after it:
    languages.read_from_address,  # takes the language out of the address
    requests.refuse_and_log,  # refuses what is broken or sent by another site's page; writes the log line
    partial(headers.set_headers, is_open=access.is_open),  # adds the security headers to the answer
    access.guard_routes,  # refuses a route without an audience, and whoever does not belong to it
    csrf.init_app,  # refuses a form without the token of its session
    requests.lead_to_own_address,  # redirects a public page to the address that our links have
)
MIGRATIONS = str(PROJECT / "migrations")


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """Return the application; `settings` are FORUM_* settings without their prefix, over the environment's.

    Raises UnsafeSettings when a setting is missing or unsafe.
    """
    app = Flask(__name__, template_folder=str(PROJECT / "templates"), static_folder=None)
    app.config.update(load_settings(settings))

    _init_database(app)
    mail.init_app(app)
    languages.init_app(app)
    limits.init_app(app)
    errors.init_app(app)
    kept_words.init_app(app)
    site.init_app(app)
    sign_ins.init_app(app)

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
    versions.raise_with_changes(db.session)
    audit.chain_at_commit(db.session)
