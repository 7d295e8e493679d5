"""Every route is opened in the browser tests, or is listed here as not being a page."""

from forum.accounts.access import AUDIENCES
from tests.browser.sights import SIGHTS

NO_PAGES = {  # routes that answer with something other than a page, and why
    "home.root": "leads to the language",
    "home.preview": "leads into the preview",
    "previews.end": "leads back to the list",
    "home.picture": "a picture",
    "events.picture": "a picture",
    "news.picture": "a picture",
    "images.file": "an image",
    "icons.favicon_ico": "an icon",
    "icons.touch_icon": "an icon",
    "icons.manifest_icon": "an icon",
    "icons.manifest": "for phones",
    "events.calendar": "a calendar file",
    "events.style_sheet": "a style sheet",
    "feeds.whole": "a feed",
    "feeds.whole_as_json": "a feed",
    "feeds.category_as_json": "a feed",
    "feeds.tag_as_json": "a feed",
    "feeds.category": "a feed",
    "feeds.tag": "a feed",
    "old_addresses.blog": "leads to the new address",
    "old_addresses.year": "leads to the new address",
    "old_addresses.post": "leads to the new address",
    "old_addresses.category": "leads to the new address",
    "health.livez": "for monitors",
    "health.readyz": "for monitors",
    "health.status": "for monitors",
    "outbox.send_now": "leads back to the list",
    "organisation_merges.tell_apart": "leads back to the list",
    "organisation_merges.propose_again": "leads back to the list",
    "mailings.dismiss": "leads back to the mailing",
    "mailings.pause": "leads back to the mailing",
    "review.withdraw_refusal": "leads back to the person",
    "review_proposed.withdraw": "leads back to the queue",
    "mailings.resume": "leads back to the mailing",
    "outbox.dismiss": "leads back to the list",
    "crawlers.sitemap": "for crawlers",
    "categories.order": "leads back to the list",
    "questions.order": "leads back to the list",
    "questions.take_over": "leads back to the list",
    "questions.bring_back": "leads back to the list",
    "writing.autosave": "for the editor's script; leads back to the editor",
    "writing.preview": "for the editor's script",
    "page_writing.autosave": "for the editor's script; leads back to the editor",
    "page_writing.preview": "for the editor's script",
    "accounts.sign_out": "leads to the page that says so",
    "own_account.time_left": "for the page's script",
    "own_account.recovery_codes_file": "a text file",
    "own_account.choose_language": "leads back to the page",
    "own_account.propose_authenticator": "leads to the page of the key",
    "own_account.end_session": "leads back to the list",
    "own_account.end_other_sessions": "leads back to the list",
    "own_everything.ask": "leads back to the person's data",
    "own_everything.close": "leads to the page that says so",
    "self_service.consents": "leads back to the person's page",
    "self_service.leave": "leads to the page that says so",
    "self_service.calendar_file": "a calendar file",
    "self_service.file": "a file that somebody has sent",
    "own_everything.file": "a file that somebody has sent",
    "attendee_files.download": "a file that somebody has sent",
    "outbox.retry": "leads back to the list",
    "own_delegation.leave": "leads to the page that says so",
    "delegations_console.send_link": "leads back to the list",
    "substitutions.take_back": "leads back to the person's page",
}


def test_every_address_is_looked_at_or_is_no_page():
    seen = {sight.endpoint for sight in SIGHTS}
    assert set(AUDIENCES) - seen == set(NO_PAGES)


def test_every_sight_has_a_name_of_its_own():
    assert len({sight.name for sight in SIGHTS}) == len(SIGHTS)
