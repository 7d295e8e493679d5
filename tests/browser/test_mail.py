"""The HTML part of every mail, as mail programs with a browser engine show it, on a phone and a desktop (A12)."""

from email import message_from_bytes, policy

import pytest
from sqlalchemy import select

from forum.accounts import mails as account_mails
from forum.accounts.models import User
from forum.columns import Text
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import mail_texts
from forum.outbox.models import OutboxMessage
from tests.browser.looks import Axe
from tests.browser.measures import READING, measure, resize
from tests.browser.worlds import LONG_NAME
from tests.factories.events import NOW, make_event
from tests.factories.registrations import write
from tests.outbox.other_mails import OTHER_KINDS, make_other_mails
from tests.registration.test_mails import KINDS, make_mails
from tools.organisers import make_user

ACCOUNT_KINDS = {
    "account-invited",
    "account-added",
    "account-roles-changed",
    "account-second-factor-reset",
    "account-colleague-reset",
    "account-disabled",
    "account-enabled",
    "account-reset",
    "account-password-changed",
    "account-second-factor-changed",
    "account-recovery-code-used",
    "account-passkey-added",
    "account-passkey-removed",
    "account-passkey-cloned",
}
pytestmark = pytest.mark.browser
LAYOUT_TABLES = (
    """() => [...document.querySelectorAll("table:not(.facts)")].map(table => table.getAttribute("role"))"""
)
# Properties that the dark styles of a mail may set: colours only.
DARK = """() => [...document.styleSheets].flatMap(sheet => [...sheet.cssRules])
    .filter(rule => rule.media?.mediaText.includes("prefers-color-scheme"))
    .flatMap(rule => [...rule.cssRules]).flatMap(rule => [...rule.style])"""

# The number of lines of each label in the table of when and where the event is.
LABEL_LINES = """() => [...document.querySelectorAll(".facts th")].map(label => {
    const range = document.createRange();
    range.selectNodeContents(label);
    return range.getClientRects().length;
})"""


@pytest.fixture
def page(chromium):
    page = chromium.new_page()
    yield page
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_mail_can_be_read_on_a_phone_and_a_desk_in_light_and_dark(database, page, language):
    registration_mails = make_mails(language)
    write_account_mails(make_user(language=language))
    make_other_mails(language)
    found, mails, axe = {}, html_of_each_kind(), Axe(widths=(320, 640), schemes=("light", "dark"))
    mails |= {kind: mail.html for kind, mail in registration_mails.items()}
    assert set(mails) == KINDS | ACCOUNT_KINDS | OTHER_KINDS
    for kind, html in mails.items():
        page.set_content(html)
        assert page.locator("html").get_attribute("lang") == language
        assert set(page.evaluate(LAYOUT_TABLES)) == {"presentation"}
        found[kind, "axe"] = axe.violations(page)
        # Dark styles change colours only, so positions are measured in the light scheme alone.
        assert {name.rpartition("-")[2] for name in page.evaluate(DARK)} == {"color"}
        page.emulate_media(color_scheme="light")
        for width in reversed(axe.widths):  # begin with the last width, which the page has already
            resize(page, width)
            found[kind, width] = measure(page, *READING, "small")
    assert {look: problems for look, problems in found.items() if problems} == {}


def test_a_word_that_is_longer_than_a_phone_is_wide_breaks(database, page):
    """Names of forums and towns may be long words, as in Finnish; not every mail program can scroll sideways."""
    event = make_event(name=Text(sv=LONG_NAME, en=LONG_NAME), place=Text(sv=LONG_NAME, en=LONG_NAME))
    page.set_content(mail_texts.preview(event, "offered", "en", now=NOW).html)
    resize(page, 320)
    assert measure(page, "sideways") == []


@pytest.mark.parametrize("width", [320, 640])
def test_labels_beside_long_facts_are_not_broken(database, page, width):
    """ "When" beside two days with hours once became "Whe" and "n" below it."""
    page.set_content(mail_texts.preview(make_event(), "offered", "en", now=NOW).html)
    resize(page, width)
    assert page.locator(".facts th").all_inner_texts() == ["When", "Where", "Sector"]
    assert set(page.evaluate(LABEL_LINES)) == {1}


def write_account_mails(user: User) -> None:
    """Queue each kind of mail about an organiser's account."""
    told = {"by": user, "now": NOW}
    event = db.session.scalars(select(Event).limit(1)).one()
    write(account_mails.queue_invited, user, event, "token", days=3, **told)
    write(account_mails.queue_added, user, event, is_signed_out=True, **told)
    write(
        account_mails.queue_roles_changed,
        user,
        event,
        is_of_all=False,
        stays=True,
        is_signed_out=True,
        **told,
    )
    write(account_mails.queue_second_factor_reset, user, **told)
    write(account_mails.queue_colleague_reset, user, to=user, **told)
    write(account_mails.queue_disabled, user, **told)
    write(account_mails.queue_enabled, user, **told)
    write(account_mails.queue_reset, user, "token", now=NOW)
    write(account_mails.queue_password_changed, user, now=NOW)
    write(account_mails.queue_second_factor_changed, user, now=NOW)
    write(account_mails.queue_recovery_code_used, user, 3, now=NOW)
    write(account_mails.queue_passkey_added, user, "Laptop", now=NOW)
    write(account_mails.queue_passkey_removed, user, "Laptop", now=NOW)
    write(account_mails.queue_passkey_cloned, user, "Laptop", now=NOW)


def html_of_each_kind() -> dict[str, str]:
    """Return the HTML part of the newest mail of each kind whose content is still stored."""
    has_words = OutboxMessage.content.is_not(None)
    rows = db.session.scalars(select(OutboxMessage).where(has_words).order_by(OutboxMessage.id))
    mails = {row.kind: message_from_bytes(row.content, policy=policy.default) for row in rows}
    return {kind: mail.get_body(("html",)).get_content() for kind, mail in mails.items()}
