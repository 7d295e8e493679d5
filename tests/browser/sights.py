"""Every page in every state that a visitor, a stakeholder or an organiser can meet, and the way there.

A new page needs a line here: test_sights.py fails for an address of the site that nobody looks at.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from forum.web.access import AUDIENCES, Face
from tests.accounts.helpers import OTHER_PASSWORD, PASSWORD
from tests.browser.visitor import LONG_ANSWERS, Visitor

Way = Callable[[Visitor], None]


@dataclass(frozen=True)
class Sight:
    """A page in a state. Without a `way` it is opened by its address; `as_` signs an organiser in first."""

    name: str
    endpoint: str
    values: dict[str, Any] = field(default_factory=dict)
    way: Way | None = None
    world: str = "demo"
    as_: str = ""
    status: int = 200

    def show(self, visitor: Visitor) -> None:
        """Lead the visitor there."""
        if self.as_:
            visitor.sign_in(self.as_)
        if self.way:
            self.way(visitor)
        else:
            visitor.open(self.endpoint, **self.values)


def arrival_problems(visitor: Visitor, sight: Sight) -> list[str]:
    """Return what is wrong with where the visitor is: another page, status or language, or a cookie too many (P17)."""
    page, problems = visitor.page, []
    if visitor.last_status != sight.status:
        problems.append(f"{page.url} answered {visitor.last_status}, not {sight.status}")
    if sight.status < 500 and (endpoint := visitor.endpoint) != sight.endpoint:
        problems.append(f"{page.url} is {endpoint}")
    if (language := page.locator("html").get_attribute("lang")) != visitor.language:
        problems.append(f"{page.url} speaks {language}")
    if AUDIENCES[sight.endpoint] in {Face.PUBLIC, Face.MACHINE} and not sight.way and page.context.cookies():
        problems.append(f"{page.url} sets a cookie")
    return problems


def _post(kind: str) -> Way:
    return lambda visitor: visitor.open("news.post", **visitor.world.posts[f"{kind}-{visitor.language}"])


def _list_of(endpoint: str, kind: str) -> Way:
    """Follow the first link of a kind below the list of news."""

    def go(visitor: Visitor) -> None:
        visitor.open("news.index")
        visitor.follow_first(f'main a[href*="/news/{kind}/"]')

    return go


def _tag(visitor: Visitor) -> None:
    _post("any")(visitor)
    visitor.follow_first('main a[href*="/news/tags/"]')


def _details(answers: dict[str, str], sector: str = "") -> Way:
    """Fill in the details and ask for the check."""

    def go(visitor: Visitor) -> None:
        visitor.open_details(sector)
        visitor.fill(answers)
        visitor.submit()

    return go


def _refused_reused(visitor: Visitor) -> None:
    """Send the same form a second time, with another answer."""
    visitor.open_details("ngo")
    key = visitor.page.locator("input[name=key]").input_value()
    for name in ("Åsa", "Björn"):
        visitor.open_details("ngo")
        visitor.page.evaluate("key => { document.querySelector('input[name=key]').value = key }", key)
        visitor.fill({**visitor.answers(), "given_name": name})
        visitor.submit(), visitor.submit()


def _refused_tries(visitor: Visitor) -> None:
    """Register one time more than a visitor of this world may."""
    for _number in range(2):
        _details(visitor.answers(), "ngo")(visitor)
        visitor.submit()
        if "received" not in visitor.page.url:
            return


def _mine(status: str, endpoint: str = "self_service.show", **values) -> Way:
    """Follow the personal link of somebody in a state, and go on to a page of theirs."""

    def go(visitor: Visitor) -> None:
        visitor.open("self_service.enter", token=visitor.world.tokens[status])
        if endpoint != "self_service.show" or values:
            visitor.open(endpoint, **values)

    return go


def _change_wrongly(visitor: Visitor) -> None:
    _mine("confirmed", "self_service.change")(visitor)
    visitor.fill({"given_name": "", "organisation": "", "phone": "x"})
    visitor.submit()


def _accept_too_late(visitor: Visitor) -> None:
    """Send the answer to an offer that is none."""
    _mine("waiting")(visitor)
    visitor.page.locator("main form").evaluate(
        "(form, url) => { form.action = url }", visitor.address("self_service.accept")
    )
    visitor.submit()


def _link(endpoint: str, token: str) -> Way:
    return lambda visitor: visitor.open(endpoint, token=visitor.world.tokens[token])


def _wrongly(way: Way, answers: dict[str, str]) -> Way:
    """Go there, and send answers that are refused."""

    def go(visitor: Visitor) -> None:
        way(visitor)
        visitor.fill(answers)
        visitor.submit()

    return go


def _opened(endpoint: str, **values) -> Way:
    return lambda visitor: visitor.open(endpoint, **values)


def _waiting(email: str, endpoint: str) -> Way:
    """The second step of signing in, after the right password."""

    def go(visitor: Visitor) -> None:
        visitor.wait_for_second_factor(email)
        visitor.open(endpoint)

    return go


def _new_codes(visitor: Visitor) -> None:
    visitor.open("own_account.recovery_codes")
    visitor.submit()


def _of_person(endpoint: str, status: str) -> Way:
    return lambda visitor: visitor.open(
        endpoint, event=visitor.world.event, reference=visitor.world.people[status]
    )


def _of_event(endpoint: str, **values) -> Way:
    return lambda visitor: visitor.open(endpoint, event=visitor.world.event, **values)


def _too_many_tries(visitor: Visitor) -> None:
    """Ask for links until it is enough."""
    for _number in range(9):
        visitor.open("account.forgot")
        visitor.fill({"email": "nobody@example.org"})
        visitor.submit()
        if visitor.last_status == 429:
            return


ORGANISER, DOOR = "organiser@example.org", "door@example.org"

FRONTS = [
    Sight("front", "home.front"),
    Sight("front of the archive", "home.front", {"event": "nf16"}),
    Sight("front when registration is over", "home.front", world="closed"),
    Sight("front before registration", "home.front", world="upcoming"),
    Sight("front in long words", "home.front", world="long"),
]
PAGES = [
    *[
        Sight(f"page {slug}", "events.page", {"slug": slug})
        for slug in ("practical", "privacy", "accessibility")
    ],
    Sight("page code of conduct", "events.page", {"slug": "code-of-conduct"}),
    Sight("page of the archive", "events.page", {"event": "nf16", "slug": "about"}),
    Sight("page in long words", "events.page", {"slug": "practical"}, world="long"),
]
NEWS = [
    Sight("news", "news.index"),
    Sight("news, none yet", "news.index", world="closed"),
    Sight("news in long words", "news.index", world="long"),
    Sight("news of a year", "news.year", {"year": 2016}),
    Sight("news of a category", "news.category", way=_list_of("news.category", "categories")),
    Sight("news of a hashtag", "news.tag", way=_tag),
    Sight("news of a hashtag in long words", "news.tag", way=_tag, world="long"),
    Sight("post with a content note", "news.post", way=_post("note")),
    Sight("post with a correction", "news.post", way=_post("correction")),
    Sight("post in long words", "news.post", way=_post("any"), world="long"),
    Sight("search", "news.search"),
    Sight("search with hits", "news.search", {"q": "a"}),
    Sight("search without hits", "news.search", {"q": "Lentokonesuihkuturbiinimoottori" * 3}),
]
REGISTERING = [
    Sight("choose", "registration.choose"),
    Sight("choose, over", "registration.choose", world="closed"),
    Sight("choose, not yet", "registration.choose", world="upcoming"),
    Sight("choose in long words", "registration.choose", world="long"),
    Sight("details", "registration.details", {"sector": "justice"}),
    Sight("details for the waiting list", "registration.details", {"sector": "ngo"}),
    Sight(
        "details with errors", "registration.check", way=_details({"email": "x", "phone": "x"}), status=422
    ),
    Sight("check", "registration.check", way=lambda visitor: _details(visitor.answers())(visitor)),
    Sight("check in long words", "registration.check", way=_details(LONG_ANSWERS, "sector-1"), world="long"),
    Sight("received", "registration.received"),
    Sight("refused, by invitation", "registration.details", {"sector": "tech"}, world="narrow"),
    Sight("refused, full", "registration.details", {"sector": "justice"}, world="narrow"),
    Sight("refused, over", "registration.details", {"sector": "justice"}, world="closed"),
    Sight("refused, sent already", "registration.details", way=_refused_reused, status=409),
    Sight("refused, too many tries", "registration.details", way=_refused_tries, world="narrow", status=429),
    Sight("new link", "registration.resend"),
    Sight(
        "new link with an error",
        "registration.resend",
        way=_wrongly(_opened("registration.resend"), {"email": "x"}),
        status=422,
    ),
]
OWN_REGISTRATION = [
    Sight("confirm the address", "self_service.confirm", way=_link("self_service.confirm", "confirm")),
    Sight(
        "confirmed already", "self_service.confirm", way=_link("self_service.confirm", "already-confirmed")
    ),
    *[
        Sight(f"own registration, {status}", "self_service.show", way=_mine(status))
        for status in (
            "pending",
            "in_review",
            "waiting",
            "offered",
            "confirmed",
            "cancelled",
            "expired",
            "declined",
        )
    ],
    Sight("own registration, just confirmed", "self_service.show", way=_mine("confirmed", welcome=1)),
    Sight("own registration, saved", "self_service.show", way=_mine("confirmed", saved="details")),
    Sight("own registration in long words", "self_service.show", way=_mine("confirmed"), world="long"),
    Sight("change", "self_service.change", way=_mine("confirmed", "self_service.change")),
    Sight("change with errors", "self_service.change", way=_change_wrongly, status=422),
    Sight(
        "change in long words",
        "self_service.change",
        way=_mine("waiting", "self_service.change"),
        world="long",
    ),
    Sight("offer that is none", "self_service.accept", way=_accept_too_late, status=409),
    Sight("cancel", "self_service.cancel", way=_mine("confirmed", "self_service.cancel")),
    Sight("cancelled", "self_service.cancelled"),
    Sight("own data", "self_service.own_data_page", way=_mine("confirmed", "self_service.own_data_page")),
    Sight(
        "own data in long words",
        "self_service.own_data_page",
        way=_mine("waiting", "self_service.own_data_page"),
        world="long",
    ),
    Sight("link refused", "self_service.enter", {"token": "unknown"}, status=404),
]
FAILURES = [
    Sight("not found", "events.page", {"slug": "nowhere"}, status=404),
    Sight("not found, no event", "home.front", world="empty", status=404),
    Sight("broken", "crawlers.security_txt", world="narrow", status=500),
    Sight("busy", "crawlers.robots", world="narrow", status=503),
]
SIGN_IN = {"email": ORGANISER, "password": "wrong"}
ACCOUNT = [
    Sight("sign in", "account.sign_in"),
    Sight(
        "sign in, refused", "account.sign_in", way=_wrongly(_opened("account.sign_in"), SIGN_IN), status=422
    ),
    Sight("forgot, too many tries", "account.forgot", way=_too_many_tries, status=429),
    Sight("second factor", "account.second_factor", way=_waiting(ORGANISER, "account.second_factor")),
    Sight(
        "second factor, refused",
        "account.second_factor",
        way=_wrongly(_waiting(ORGANISER, "account.second_factor"), {"code": "000000"}),
        status=422,
    ),
    Sight("set up", "account.set_up", way=_waiting("new@example.org", "account.set_up")),
    Sight("forgot", "account.forgot"),
    Sight(
        "forgot, wrong", "account.forgot", way=_wrongly(_opened("account.forgot"), {"email": ""}), status=422
    ),
    Sight("link sent", "account.link_sent"),
    Sight("new password", "account.reset", way=_link("account.reset", "reset")),
    Sight(
        "new password, refused",
        "account.reset",
        way=_wrongly(_link("account.reset", "reset"), {"new_password": "kort"}),
        status=422,
    ),
    Sight("welcome", "account.welcome", {"token": "unknown"}, status=410),
    Sight("demo link", "account.open_demo", way=_link("account.open_demo", "demo")),
    Sight("signed out", "account.signed_out"),
    Sight("account", "own_account.show", as_=ORGANISER),
    Sight("confirm it is you", "own_account.confirm", as_=ORGANISER),
    Sight(
        "confirm it is you, refused",
        "own_account.confirm",
        way=_wrongly(_opened("own_account.confirm"), {"password": OTHER_PASSWORD, "code": "000000"}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("password", "own_account.password", as_=ORGANISER),
    Sight(
        "password, refused",
        "own_account.password",
        way=_wrongly(_opened("own_account.password"), {"password": PASSWORD, "new_password": "kort"}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("new codes?", "own_account.recovery_codes", as_="plain@example.org"),
    Sight("recovery codes", "own_account.recovery_codes", way=_new_codes, as_="plain@example.org"),
    Sight("another app?", "own_account.authenticator", as_="plain@example.org"),
    Sight("another app", "own_account.authenticator", as_=ORGANISER),
    Sight("sessions", "own_account.sessions", as_=ORGANISER),
]
CONSOLE = [
    Sight("console without an event", "console.first", as_=DOOR),
    Sight("overview", "console.overview", way=_of_event("console.overview"), as_=ORGANISER),
    Sight(
        "overview, long", "console.overview", way=_of_event("console.overview"), world="long", as_=ORGANISER
    ),
    Sight("attendees", "attendees.index", way=_of_event("attendees.index"), as_=ORGANISER),
    Sight(
        "attendees, filtered",
        "attendees.index",
        way=_of_event("attendees.index", sector="ngo", status="waiting", sort="-registered"),
        as_=ORGANISER,
    ),
    Sight("attendees, none", "attendees.index", way=_of_event("attendees.index", q="zzzz"), as_=ORGANISER),
    Sight(
        "attendees, long", "attendees.index", way=_of_event("attendees.index"), world="long", as_=ORGANISER
    ),
    Sight("waiting list", "attendees.waiting", way=_of_event("attendees.waiting"), as_=ORGANISER),
    Sight(
        "waiting, long", "attendees.waiting", way=_of_event("attendees.waiting"), world="long", as_=ORGANISER
    ),
    *[
        Sight(
            f"attendee, {status}", "attendees.show", way=_of_person("attendees.show", status), as_=ORGANISER
        )
        for status in ("confirmed", "waiting", "offered", "cancelled")
    ],
    Sight(
        "attendee, long",
        "attendees.show",
        way=_of_person("attendees.show", "waiting"),
        world="long",
        as_=ORGANISER,
    ),
    Sight(
        "cancel somebody", "attendees.cancel", way=_of_person("attendees.cancel", "confirmed"), as_=ORGANISER
    ),
    Sight(
        "cancel somebody, long",
        "attendees.cancel",
        way=_of_person("attendees.cancel", "confirmed"),
        world="long",
        as_=ORGANISER,
    ),
    Sight("export", "attendees.export", way=_of_event("attendees.export"), as_=ORGANISER),
    Sight(
        "export with errors",
        "attendees.export",
        way=_wrongly(_of_event("attendees.export"), {}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("mail", "mail_log.index", way=_of_event("mail_log.index"), as_=ORGANISER),
    Sight("mail, failed", "mail_log.index", way=_of_event("mail_log.index", status="failed"), as_=ORGANISER),
    Sight("mail, none", "mail_log.index", way=_of_event("mail_log.index", q="zzzz"), as_=ORGANISER),
    Sight("mail, long", "mail_log.index", way=_of_event("mail_log.index"), world="long", as_=ORGANISER),
    Sight("style guide", "console.styleguide", as_=ORGANISER),
]
SIGHTS = [*FRONTS, *PAGES, *NEWS, *REGISTERING, *OWN_REGISTRATION, *FAILURES, *ACCOUNT, *CONSOLE]
BY_NAME = {sight.name: sight for sight in SIGHTS}
