"""The access table: who may reach which route. An endpoint that is missing from it is refused (S12)."""

from flask import Flask, abort, current_app, request
from flask.typing import ResponseReturnValue

from forum.accounts import sign_ins
from forum.accounts.audiences import (
    ADMINS_OF_ALL,
    ANY_ROLE,
    CARERS,
    HANDLERS,
    ORGANISERS,
    SIGNED_IN,
    Face,
    Roles,
    roles,
)
from forum.accounts.enums import Role
from forum.events.in_url import is_preview

AUDIENCES: dict[str, Face | Roles] = {
    # home
    "home.root": Face.PUBLIC,
    "home.front": Face.PUBLIC,
    "home.picture": Face.PUBLIC,
    "home.preview": Face.LINK,
    # events
    "events.page": Face.PUBLIC,
    "events.picture": Face.PUBLIC,
    "events.calendar": Face.PUBLIC,
    # images
    "images.file": Face.MACHINE,
    # news
    "news.index": Face.PUBLIC,
    "news.year": Face.PUBLIC,
    "news.month": Face.PUBLIC,
    "news.post": Face.PUBLIC,
    "news.picture": Face.PUBLIC,
    "news.category": Face.PUBLIC,
    "news.tag": Face.PUBLIC,
    "news.search": Face.PUBLIC,
    "corrections.index": Face.PUBLIC,
    "feeds.whole": Face.PUBLIC,
    "feeds.whole_as_json": Face.PUBLIC,
    "feeds.category": Face.PUBLIC,
    "feeds.category_as_json": Face.PUBLIC,
    "feeds.tag": Face.PUBLIC,
    "feeds.tag_as_json": Face.PUBLIC,
    "old_addresses.blog": Face.PUBLIC,
    "old_addresses.year": Face.PUBLIC,
    "old_addresses.post": Face.PUBLIC,
    "old_addresses.category": Face.PUBLIC,
    # health checks, files for crawlers, icons, style sheets
    "health.livez": Face.MACHINE,
    "health.readyz": Face.MACHINE,
    "health.status": Face.MACHINE,
    "crawlers.robots": Face.MACHINE,
    "crawlers.sitemap": Face.MACHINE,
    "crawlers.security_txt": Face.MACHINE,
    "icons.favicon_ico": Face.MACHINE,
    "icons.touch_icon": Face.MACHINE,
    "icons.manifest_icon": Face.MACHINE,
    "icons.manifest": Face.MACHINE,
    "events.style_sheet": Face.MACHINE,
    # accounts
    "accounts.sign_in": Face.ACCOUNT,
    "accounts.second_factor": Face.ACCOUNT,
    "accounts.set_up": Face.ACCOUNT,
    "accounts.sign_out": Face.ACCOUNT,
    "accounts.signed_out": Face.ACCOUNT,
    "accounts.forgot": Face.ACCOUNT,
    "accounts.link_sent": Face.ACCOUNT,
    "accounts.reset": Face.ACCOUNT,
    "accounts.welcome": Face.ACCOUNT,
    "accounts.open_demo": Face.ACCOUNT,
    "own_account.show": SIGNED_IN,
    "own_account.time_left": SIGNED_IN,
    "own_account.confirm": SIGNED_IN,
    "own_account.choose_language": SIGNED_IN,
    "own_account.password": SIGNED_IN,
    "own_account.recovery_codes": SIGNED_IN,
    "own_account.recovery_codes_file": SIGNED_IN,
    "own_account.authenticator": SIGNED_IN,
    "own_account.propose_authenticator": SIGNED_IN,
    "own_account.sessions": SIGNED_IN,
    "own_account.end_session": SIGNED_IN,
    "own_account.end_other_sessions": SIGNED_IN,
    # registration
    "registration.choose": Face.PUBLIC,
    "registration.details": Face.FORM,
    "registration.check": Face.FORM,
    "registration.another": Face.FORM,
    "registration.received": Face.FORM,
    "registration.resend": Face.FORM,
    "registration.link_sent": Face.FORM,
    "self_service.confirm": Face.LINK,
    "self_service.enter": Face.LINK,
    "self_service.show": Face.LINK,
    "self_service.leave": Face.LINK,
    "self_service.left": Face.PUBLIC,
    "self_service.change": Face.LINK,
    **dict.fromkeys([f"own_moves.{page}" for page in ("address", "confirm_address", "sector")], Face.LINK),
    **dict.fromkeys([f"substitutions.{act}" for act in ("ask", "take_back", "confirm")], Face.LINK),
    "self_service.consents": Face.LINK,
    "self_service.protected_identity": Face.LINK,
    "self_service.care": Face.LINK,
    "self_service.accept": Face.LINK,
    "self_service.decline": Face.LINK,
    "self_service.declined": Face.PUBLIC,
    "self_service.cancel": Face.LINK,
    "self_service.cancelled": Face.PUBLIC,
    "self_service.own_data_page": Face.LINK,
    "self_service.calendar_file": Face.LINK,
    # invitations
    "own_invitation.show": Face.LINK,
    "own_invitation.accept": Face.LINK,
    "own_invitation.decline": Face.LINK,
    "invitations.index": ORGANISERS,
    "invitations.invite": ORGANISERS,
    "invitations.invite_many": ORGANISERS,
    "invitations.withdraw": ORGANISERS,
    # participants
    "participants.index": Face.PUBLIC,
    "participants.own": Face.LINK,
    "consent_texts.index": ORGANISERS,
    # privacy
    "own_everything.ask": Face.LINK,
    "own_everything.enter": Face.LINK,
    "own_everything.show": Face.LINK,
    "own_everything.close": Face.LINK,
    "own_requests.erasure": Face.LINK,
    "erasure_requests.index": ORGANISERS,
    "erasure_requests.carry_out": ORGANISERS,
    "erasure_requests.refuse": ORGANISERS,
    # pages of the console
    "console.first": ANY_ROLE,
    "console.styleguide": ANY_ROLE,
    "console.overview": ORGANISERS,
    "new_event.make": ADMINS_OF_ALL,
    "new_event.copy": ADMINS_OF_ALL,
    "publication.publish": ORGANISERS,
    "publication.unpublish": ORGANISERS,
    "previews.index": ORGANISERS,
    "previews.end": ORGANISERS,
    "publication.front_page": ADMINS_OF_ALL,
    "attendees.index": ORGANISERS,
    "waiting_list.index": ORGANISERS,
    "waiting_list.offer": ORGANISERS,
    "waiting_list.extend": ORGANISERS,
    "waiting_list.withdraw": ORGANISERS,
    "attendees.export": ORGANISERS,
    "attendees.show": ORGANISERS,
    "attendees.cancel": ORGANISERS,
    "attendee_answers.change": ORGANISERS,
    "attendee_answers.care": ORGANISERS,
    "attendee_undoing.reinstate": ORGANISERS,
    "attendee_changes.change": ORGANISERS,
    "attendee_additions.add": ORGANISERS,
    "attendee_addresses.change": ORGANISERS,
    "attendee_moves.sector": ORGANISERS,
    "attendee_notes.index": ORGANISERS,
    "attendee_notes.remove": ORGANISERS,
    "attendee_notes.tags": ORGANISERS,
    "attendees.resend": ORGANISERS,
    "organisations.index": ORGANISERS,
    "organisations.new": ORGANISERS,
    "organisations.edit": ORGANISERS,
    "organisations.remove": ORGANISERS,
    "review.index": ORGANISERS,
    "review.approve": ORGANISERS,
    "review.decline": ORGANISERS,
    "review.confirm_refusal": ORGANISERS,
    "review.withdraw_refusal": ORGANISERS,
    "review.recuse": ORGANISERS,
    "review_many.approve": ORGANISERS,
    "review_many.decline": ORGANISERS,
    "reveals.index": roles(Role.PROTECTED_HANDLER),
    "reveals.reveal": HANDLERS,
    "posts.index": ORGANISERS,
    "posts.new": ORGANISERS,
    "posts.edit": ORGANISERS,
    "posts.preview": ORGANISERS,
    "writing.autosave": ORGANISERS,
    "writing.preview": ORGANISERS,
    "publishing.publish": ORGANISERS,
    "publishing.withdraw": ORGANISERS,
    "publishing.correct": ORGANISERS,
    "revisions.index": ORGANISERS,
    "revisions.show": ORGANISERS,
    "categories.index": ADMINS_OF_ALL,
    "categories.order": ADMINS_OF_ALL,
    "categories.new": ADMINS_OF_ALL,
    "categories.edit": ADMINS_OF_ALL,
    "categories.merge": ADMINS_OF_ALL,
    "categories.remove": ADMINS_OF_ALL,
    "hashtags.index": ADMINS_OF_ALL,
    "hashtags.new": ADMINS_OF_ALL,
    "hashtags.edit": ADMINS_OF_ALL,
    "hashtags.merge": ADMINS_OF_ALL,
    "hashtags.remove": ADMINS_OF_ALL,
    "glossary.index": ADMINS_OF_ALL,
    "glossary.new": ADMINS_OF_ALL,
    "glossary.edit": ADMINS_OF_ALL,
    "glossary.remove": ADMINS_OF_ALL,
    "redirects.index": ADMINS_OF_ALL,
    "redirects.new": ADMINS_OF_ALL,
    "redirects.edit": ADMINS_OF_ALL,
    "redirects.remove": ADMINS_OF_ALL,
    "redirects.import_file": ADMINS_OF_ALL,
    "pages.index": ORGANISERS,
    "pages.new": ORGANISERS,
    "pages.edit": ORGANISERS,
    "pages.preview": ORGANISERS,
    "pages.remove": ORGANISERS,
    "library.index": ORGANISERS,
    "library.add": ORGANISERS,
    "image_choice.index": ORGANISERS,
    "library.show": ORGANISERS,
    "library.remove": ORGANISERS,
    "page_writing.autosave": ORGANISERS,
    "page_writing.preview": ORGANISERS,
    "page_revisions.index": ORGANISERS,
    "page_revisions.show": ORGANISERS,
    "outbox.index": ORGANISERS,
    "outbox.retry": ORGANISERS,
    "outbox.send_now": ORGANISERS,
    "outbox.dismiss": ORGANISERS,
    "mailings.show": ORGANISERS,
    "mailings.send": ORGANISERS,
    "mailings.pause": ORGANISERS,
    "mailings.resume": ORGANISERS,
    "mailings.stop": ORGANISERS,
    "mailings.dismiss": ORGANISERS,
    "settings.facts": ORGANISERS,
    "settings.registration": ORGANISERS,
    "settings.sectors": ORGANISERS,
    "settings.new_sector": ORGANISERS,
    "settings.sector": ORGANISERS,
    "settings.close_sector": ORGANISERS,
    "settings.remove_sector": ORGANISERS,
    "settings.merge_sector": ORGANISERS,
    "settings.organiser": ORGANISERS,
    "settings.texts": ORGANISERS,
    "settings.look": ORGANISERS,
    "settings.languages": ORGANISERS,
    "questions.index": ORGANISERS,
    "questions.order": ORGANISERS,
    "questions.new": ORGANISERS,
    "questions.take_over": ORGANISERS,
    "questions.add": ORGANISERS,
    "questions.edit": ORGANISERS,
    "questions.withdraw": ORGANISERS,
    "questions.bring_back": ORGANISERS,
    "questions.preview": ORGANISERS,
    "counts.show": roles(Role.ORGANISER, Role.CARE),
    "counts.people": CARERS,
    "settings.privacy": ORGANISERS,
}
OPEN_FACES = {Face.PUBLIC, Face.MACHINE}
# Forms that search engines may list. A form that keeps answers shows them only to the browser that sent them.
LISTED_FORMS = {"registration.details"}
# Pages for everybody that search engines must not list: names of people, who may leave the list at any time.
UNLISTED = {"participants.index"}


def guard_routes(app: Flask) -> None:
    """Check the access table before every view."""

    @app.before_request
    def guard() -> ResponseReturnValue | None:
        if request.endpoint is None:
            return None
        wanted = AUDIENCES.get(request.endpoint)
        if wanted is None:
            current_app.logger.error("route without an audience: %s", request.endpoint)
            abort(404)
        return _require(wanted) if isinstance(wanted, Roles) else None


def _require(wanted: Roles) -> ResponseReturnValue | None:
    """Return None to let the request pass, or a redirect to the sign-in page; abort with 404 without the role."""
    answer = sign_ins.require(wanted.roles)
    if answer is None and wanted.of_all and not sign_ins.is_admin_of_all():
        abort(404)
    return answer


def is_open() -> bool:
    """Return whether the current request's page is the same for every visitor; False when no route matches.

    False also for the preview of an unpublished event: only a browser that has opened its private link sees it.
    """
    return AUDIENCES.get(request.endpoint or "") in OPEN_FACES and not is_preview()


def may_be_listed() -> bool:
    """Return whether search engines may list the current request's page; False when no route matches."""
    if request.endpoint in UNLISTED:
        return False
    return is_open() or (request.method == "GET" and request.endpoint in LISTED_FORMS)
