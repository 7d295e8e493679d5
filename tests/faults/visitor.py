"""People who register over HTTP during faults, each with their own cookies.

visitor = Visitor(url)
attempt = visitor.register("ngo", "a@example.org")     .outcome is RECEIVED, BUSY or names another page
attempt = visitor.try_again(attempt)                   presses the busy page's button; where it has none, reloads
"""

import html
import http.client
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, Request, build_opener

SECONDS = 60
RECEIVED, BUSY = "received", "busy"
BUSY_PAGE = "The service is busy at the moment"
FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
ANSWERS = {
    "given_name": "Þórdís",
    "family_name": "Ångström-Łęcka",
    "organisation": "Exempelstads tingsrätt",
    "country": "IS",
    "language": "en",
}


@dataclass(frozen=True)
class Answer:
    """A response after redirects; the status is 0 when there was none."""

    status: int
    url: str
    text: str
    retry_after: str | None = None

    @property
    def heading(self) -> str:
        """The text of the page's h1."""
        found = HEADING.search(self.text)
        return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split()) if found else ""

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden fields of all forms on the page."""
        return {name: html.unescape(value) for name, value in FIELD.findall(self.text)}


@dataclass(frozen=True)
class Attempt:
    """An attempt to register: the sector, the e-mail address, and the last page that the server answered with."""

    sector: str
    email: str
    answer: Answer

    @property
    def outcome(self) -> str:
        """How the attempt ended: RECEIVED, BUSY, or the status, heading and URL of another page."""
        page = self.answer
        if page.status == 200 and page.url.endswith("/register/received"):
            return RECEIVED
        is_busy = (page.status, page.heading, page.retry_after) == (503, BUSY_PAGE, "10")
        return BUSY if is_busy else f"{page.status} {page.heading} {page.url}"


class Visitor:
    """The browser of one person."""

    def __init__(self, url: str):
        self.url = url
        self.cookies = CookieJar()
        self._browser = build_opener(HTTPCookieProcessor(self.cookies))

    def get(self, path: str) -> Answer:
        """Fetch a page and follow redirects."""
        return self._open(Request(urljoin(self.url, path)))

    def post(self, path: str, data: Mapping[str, str]) -> Answer:
        """Send a form."""
        return self._open(Request(urljoin(self.url, path), urlencode(data).encode()))

    def register(self, sector: str, email: str) -> Attempt:
        """Register from the form to the end, or until a page says to try again later."""
        return self._go_on(sector, email, self.get(f"/en/register/{sector}"))

    def try_again(self, attempt: Attempt) -> Attempt:
        """Press the button of the "busy" page, or reload where there is no button, and continue registering."""
        busy = attempt.answer
        page = self.post(busy.url, busy.hidden) if busy.hidden else self.get(busy.url)
        return self._go_on(attempt.sector, attempt.email, page)

    def until_check(self, sector: str, email: str) -> Attempt:
        """Register up to the page that shows the answers."""
        path = f"/en/register/{sector}"
        answers = {**self.get(path).hidden, **ANSWERS, "email": email}
        return Attempt(sector, email, self.post(f"{path}/check", answers))

    def go_on(self, attempt: Attempt) -> Attempt:
        """Continue registering from the page that the attempt has reached."""
        return self._go_on(attempt.sector, attempt.email, attempt.answer)

    def _go_on(self, sector: str, email: str, page: Answer) -> Attempt:
        path = f"/en/register/{sector}"
        if page.heading == "Your details":
            page = self.post(f"{path}/check", {**page.hidden, **ANSWERS, "email": email})
        if page.heading == "Check your answers":
            page = self.post(path, page.hidden)
        return Attempt(sector, email, page)

    def _open(self, request: Request) -> Answer:
        try:
            with self._browser.open(request, timeout=SECONDS) as response:
                return Answer(response.status, response.url, response.read().decode())
        except HTTPError as refusal:
            with refusal:
                text = refusal.read().decode()
            return Answer(refusal.code, refusal.url or "", text, refusal.headers["Retry-After"])
        except (OSError, http.client.HTTPException) as problem:
            return Answer(0, request.full_url, f"<h1>{type(problem).__name__}: {problem}</h1>")
