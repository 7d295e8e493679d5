"""An organiser who works over HTTP while people register: reads lists and people, tags many, has lists exported.

desk = Desk(url, name, value)    name and value of the session cookie of somebody who is signed in
people = desk.read(note)         reads the overview, the attendee list, a search, and one person's page
desk.tag_many(note, people)      starts a task for the worker, about some of these people
desk.export(note)                asks the worker for a file with everybody

`note` is called with each page that is reached, and checks that its status is 200.
"""

import re
from collections.abc import Callable
from http.cookiejar import Cookie
from urllib.parse import urlencode, urlsplit

from tests.faults.visitor import Answer, Visitor

HERE = "/console/nf27"
PERSON = re.compile(rf'href="{HERE}/registrations/([A-Z0-9-]+)[?"]')
WHY = {"purpose": "everything", "recipient": "office", "shape": "csv"}
CHOSEN = 5  # how many people are tagged together
TRIES = 10  # how often the form is sent at most, when people whom it names have changed since it was shown
Note = Callable[..., Answer]


class Desk(Visitor):
    """The browser of a signed-in organiser."""

    def __init__(self, url: str, name: str, value: str):
        super().__init__(url)
        host = urlsplit(url).hostname or ""
        rest = (False, "/", True, False, None, False, None, None, {})
        self.cookies.set_cookie(Cookie(0, name, value, None, False, host, False, *rest))

    def read(self, note: Note) -> list[str]:
        """Open the pages that organisers look at; return the references of the people in the list."""
        self._look(note, f"{HERE}/")
        people = PERSON.findall(self._look(note, f"{HERE}/attendees").text)
        self._look(note, f"{HERE}/attendees?q=ngstr")
        for reference in people[:1]:
            self._look(note, f"{HERE}/registrations/{reference}")
        return list(dict.fromkeys(people))

    def tag_many(self, note: Note, people: list[str]) -> None:
        """Add a tag to some people; the page that asks is shown again if they have changed meanwhile (409)."""
        asked = urlencode([("whom", "chosen"), *(("who", one) for one in people[:CHOSEN])])
        path = f"{HERE}/attendees/many/tag?{asked}"
        answer = self._look(note, path)
        for _number in range(TRIES):
            answer = self.post(path, {**answer.hidden, "tags": "press"})
            if answer.status != 409:
                break
        note(answer)

    def export(self, note: Note) -> None:
        """Ask for a file that the worker makes, and open the page that says how far it is."""
        path = f"{HERE}/attendees/export"
        note(self.post(path, {**self._look(note, path).hidden, **WHY, "kept": "y"}))

    def _look(self, note: Note, path: str) -> Answer:
        """Open a page; fail if it redirects to another page, as without a sign-in."""
        answer = note(self.get(path))
        assert answer.url == f"{self.url}{path}", answer.url
        return answer
