"""A person with a browser, who opens pages by endpoint, fills in forms and may be signed in."""

from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response

from forum.accounts import sign_ins
from tests.browser.worlds import EMAIL_OF_LENGTH, LONG_NAME, LONG_ORGANISATION, LONG_WORD, World

LONG_ANSWERS = {
    "given_name": LONG_NAME,
    "family_name": LONG_WORD,
    "email": f"new.{EMAIL_OF_LENGTH}",
    "organisation": LONG_ORGANISATION,
    "title": LONG_NAME,
    "country": "FI",
}
KINDS = "selectors => selectors.map(selector => document.querySelector(selector).type)"
_numbers = count(1)


@dataclass
class Tab:
    """A browser tab that records errors and the status of each page that it showed."""

    page: Page
    complaints: list[str]
    statuses: list[int] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))
        self.page.on("request", self._note_request)
        self.page.on("response", self._note_response)

    def clear(self, width: int, scheme: str) -> None:
        """Forget all cookies and records, and use this width and colour scheme from now on."""
        self.page.context.clear_cookies()
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(
            color_scheme=scheme, media="screen", forced_colors="none", reduced_motion="no-preference"
        )
        self.complaints.clear(), self.statuses.clear()

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not self._tells_a_status(message):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _tells_a_status(self, message: ConsoleMessage) -> bool:
        """Return whether the message is Chromium's about a status of 400 or more, which tests check themselves."""
        return message.text.startswith("Failed to load resource") and message.location["url"] == self.page.url

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:")):
            self.complaints.append(f"{self.page.url} asked {request.url}")

    def _note_response(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.statuses.append(response.status)
            self.methods.append(response.request.method)


@dataclass
class Visitor:
    """A visitor with a browser tab in a test forum, reading in one language."""

    tab: Tab
    world: World
    language: str

    @property
    def page(self) -> Page:
        """The tab's page."""
        return self.tab.page

    @property
    def last_status(self) -> int:
        """The HTTP status of the current page."""
        return self.tab.statuses[-1]

    @property
    def endpoint(self) -> str:
        """The endpoint of the current URL."""
        paths = self.world.app.url_map.bind("127.0.0.1")
        return paths.match(urlsplit(self.page.url).path, self.tab.methods[-1])[0]

    def address(self, endpoint: str, **values) -> str:
        """Return the URL of an endpoint in the visitor's language."""
        return self.world.address(endpoint, **{"lang": self.language, **values})

    def open(self, endpoint: str, **values) -> None:
        """Open a page."""
        self.page.goto(self.address(endpoint, **values))

    def follow_first(self, selector: str) -> None:
        """Open the first link that the selector finds."""
        href = self.page.locator(selector).first.get_attribute("href")
        self.page.goto(self.world.url + (href or ""))

    def open_details(self, sector: str = "") -> None:
        """Open the registration form of a sector."""
        self.open("registration.details", sector=sector or "justice")

    def answers(self) -> dict[str, str]:
        """Return invented values for the registration form, with a new address each time."""
        return {
            "given_name": "Åsa",
            "family_name": "Bergström",
            "email": f"visitor{next(_numbers)}@example.org",
            "organisation": "Exempelstads tingsrätt",
            "country": "SE",
        }

    def fill(self, answers: dict[str, str]) -> None:
        """Fill in the fields by their names."""
        selectors = [f"main [name={name}]:not([type=hidden])" for name in answers]
        kinds = self.page.evaluate(KINDS, selectors)
        for selector, kind, value in zip(selectors, kinds, answers.values(), strict=True):
            field_ = self.page.locator(selector)
            if kind == "radio":
                self.page.locator(f"{selector}[value={value}]").check()
            elif kind == "select-one":
                field_.select_option(value)
            else:
                field_.fill(value)

    def submit(self) -> None:
        """Press the page's main button."""
        follow(self.page.locator("main form:not([role=search]) button.button:not([data-passkey])").last)

    def sign_in(self, email: str) -> None:
        """Sign in by setting the cookie, without visiting the sign-in pages."""
        self.page.context.add_cookies([self.world.signed_in(email)])

    def wait_for_second_factor(self, email: str) -> None:
        """Set the session cookie as it is after the right password and before the second factor."""
        token = self.world.tokens[f"waiting {email}"]
        self.page.context.add_cookies([self.world.cookie(**{sign_ins.WAITING: token})])


def follow(target: Locator) -> None:
    """Click on a link or button and wait until the next page has loaded."""
    with target.page.expect_navigation():
        target.click()
