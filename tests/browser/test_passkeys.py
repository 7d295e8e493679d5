"""An organiser adds a passkey, signs out and signs in with it, by keyboard, with a simulated device."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.keyboard import Keyboard, is_focused
from tests.browser.sights import ORGANISER
from tools.organisers import PASSWORD

pytestmark = pytest.mark.browser
# A device in the computer itself, such as a fingerprint reader, which recognises the person without being touched.
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def organiser(change_world, chromium: Browser) -> Iterator[Page]:
    """Give a browser on an organiser's page of passkeys, opened by host name, as passkeys need it."""
    world = change_world("demo")
    cookie = world.signed_in(ORGANISER)
    world.url = world.url.replace("127.0.0.1", "localhost")
    world.app.config["BASE_URL"] = world.url
    context = chromium.new_context(locale="en", base_url=world.url)
    context.add_cookies([{**cookie, "url": world.url}])
    page, problems = context.new_page(), []
    page.on("pageerror", lambda problem: problems.append(str(problem)))
    page.goto("/account/passkeys?lang=en")
    yield page
    context.close()
    assert problems == []


def press(page: Page, name: str) -> None:
    """Go to a button by the keyboard and press Enter."""
    keys, button = Keyboard(page), page.locator("main").get_by_role("button", name=name, exact=True)
    keys.go_to(button)
    with page.expect_navigation():
        keys.press("Enter")


def test_a_passkey_is_added_and_signs_in_by_keyboard(organiser):
    wire = organiser.context.new_cdp_session(organiser)
    wire.send("WebAuthn.enable")
    device = wire.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]
    keys = Keyboard(organiser)
    keys.go_to(organiser.get_by_label("Name of the passkey"))
    organiser.keyboard.type("Office laptop")
    press(organiser, "Add a passkey")
    expect(organiser.locator(".flash")).to_contain_text("The passkey has been added.")
    expect(organiser.get_by_role("heading", name="Office laptop")).to_be_visible()
    assert len(wire.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]) == 1

    # A script sets a name that is longer than the field takes: the server refuses it before the device is asked.
    name = organiser.get_by_label("Name of the passkey")
    name.evaluate("field => (field.value = 'x'.repeat(61))")
    press(organiser, "Add a passkey")
    expect(organiser.locator(".error-summary")).to_contain_text("Use at most 60 characters")
    assert len(wire.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]) == 1
    name.fill("")

    # The device makes no second passkey for the same account.
    keys.go_to(organiser.get_by_label("Name of the passkey"))
    organiser.keyboard.type("Again")
    button = organiser.get_by_role("button", name="Add a passkey")
    keys.go_to(button)
    keys.press("Enter")
    expect(organiser.locator("[data-passkey-said]")).to_contain_text(
        "This device has a passkey for your account already."
    )
    assert is_focused(button)

    organiser.goto("/account/")
    press(organiser, "Sign out")
    organiser.goto("/account/sign-in?lang=en")
    keys.go_to(organiser.get_by_label("E-mail address"))
    organiser.keyboard.type(ORGANISER)
    keys.go_to(organiser.get_by_label("Password"))
    organiser.keyboard.type(PASSWORD)
    press(organiser, "Continue")

    # A person whom the device does not recognise is not signed in, and a message says so.
    wire.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    button = organiser.get_by_role("button", name="Use a passkey instead")
    keys.go_to(button)
    keys.press("Enter")
    expect(organiser.locator("[data-passkey-said]")).to_contain_text("Nothing was done")
    assert is_focused(button)
    wire.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    press(organiser, "Use a passkey instead")
    expect(organiser).to_have_url(re.compile("/console/"))
    expect(organiser.locator("h1")).not_to_have_text("Enter your code")

    # When both factors are asked for again, the passkey replaces only the code.
    organiser.goto("/account/confirm?next=/account/passkeys")
    press(organiser, "Use a passkey instead of the code")
    expect(organiser.get_by_role("alert")).to_contain_text("Enter your password")
    keys.go_to(organiser.get_by_label("Password"))
    organiser.keyboard.type(PASSWORD)
    press(organiser, "Use a passkey instead of the code")
    expect(organiser.locator("h1")).to_have_text("Your passkeys")


def test_without_a_script_the_code_is_all_there_is(change_world, new_visitor):
    world = change_world("demo")
    visitor = new_visitor(world, "en", java_script_enabled=False)
    visitor.wait_for_second_factor(ORGANISER)
    visitor.open("accounts.second_factor")
    expect(visitor.page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(visitor.page.get_by_role("button", name="Use a passkey instead")).to_have_count(0)
    visitor.sign_in(ORGANISER)
    visitor.open("passkeys.index")
    expect(
        visitor.page.get_by_text("Browsers have passkeys only for an address with a name.")
    ).to_be_visible()
    world.app.config["BASE_URL"] = world.url.replace("127.0.0.1", "localhost")
    visitor.open("passkeys.index")
    expect(visitor.page.get_by_text("To add one, open this page by HTTPS")).to_be_visible()
    expect(visitor.page.get_by_role("button", name="Add a passkey")).to_have_count(0)
