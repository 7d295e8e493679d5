"""Every page in every state that a visitor, a stakeholder or an organiser can meet ("sights"), and how to get there.

A new page needs a line here: test_sights.py fails for a route that no sight opens.
"""

from dataclasses import dataclass, field
from typing import Any

from forum.accounts.access import AUDIENCES, Face
from tests.browser.visitor import LONG_ANSWERS, Visitor
from tests.browser.ways import (
    Way,
    accept_too_late,
    asked,
    change_wrongly,
    details,
    everything,
    imported,
    invited,
    link,
    list_of,
    long_table,
    merging,
    mine,
    moved_many,
    moving,
    new_codes,
    objected,
    of_account,
    of_contact,
    of_desk,
    of_event,
    of_follower,
    of_image,
    of_letter,
    of_mailing,
    of_person,
    of_question,
    of_reviewed,
    of_task,
    opened,
    outdated,
    post,
    prepared,
    pressed,
    previewed,
    printed,
    proposed_refusal,
    proposed_refusals,
    refused_reused,
    refused_tries,
    removing_a_note,
    revealed,
    revealed_before,
    saved,
    saved_view,
    searching_for_another,
    sent,
    some_chosen,
    tag,
    ticked,
    too_many_tries,
    undo_many,
    unticked,
    waiting,
    wrongly,
)
from tools.organisers import OTHER_PASSWORD, PASSWORD

TABLE_SENT = wrongly(
    of_event("imports.new"),
    {
        "lines": "Förnamn;Efternamn;E-post;Organisation;Sektor;Biljett;"
        "Vilket problem vill du helst arbeta med i utmaningen?;Vad behöver du i lokalen?\n"
        "Kim;Ek;kim@example.org;Socialstyrelsen;;x\nKari;Nordmann;kari@;Redd Barna;Nowhere;y\n"
        "Åse;Ŋižžaŧ;ase@example.org;Sámediggi;;z;Utreda över gränserna\n"
        "Bo;Ek;bo@example.org;Socialstyrelsen;;x;;Ramp"
    },
)


@dataclass(frozen=True)
class Sight:
    """A page in a state, opened by the function `way` or else by its URL; `as_` is the organiser to sign in before."""

    name: str
    endpoint: str
    values: dict[str, Any] = field(default_factory=dict)
    way: Way | None = None
    world: str = "demo"
    as_: str = ""
    status: int = 200

    def show(self, visitor: Visitor) -> None:
        """Open the page in the visitor's browser."""
        if self.as_:
            visitor.sign_in(self.as_)
        if self.way:
            self.way(visitor)
        else:
            visitor.open(self.endpoint, **self.values)


def arrival_problems(visitor: Visitor, sight: Sight) -> list[str]:
    """Return what is wrong with the opened page: another page, status or language, or an unexpected cookie (P17)."""
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


OLD = "blogg/2016/11/25/operation-dark-room"  # a path of the forum's first site that the demo redirects
ORGANISER, DOOR, HANDLER = "organiser@example.org", "door@example.org", "handler@example.org"
CARER, REVIEWER = "care@example.org", "reviewer@example.org"

FRONTS = [
    Sight("front", "home.front"),
    Sight("front of the archive", "home.front", {"event": "nf16"}),
    Sight("front when registration is over", "home.front", world="closed"),
    Sight("front of another event", "home.front", {"event": "oslo"}, world="closed"),
    Sight("front while all places are taken", "home.front", {"event": "turku"}, world="closed"),
    Sight("front of a cancelled event", "home.front", {"event": "snow"}, world="closed"),
    Sight("front of an unpublished event", "home.front", {"event": "hidden"}, world="closed", status=404),
    Sight("front before registration", "home.front", world="upcoming"),
    Sight("front of a past event", "home.front", world="over"),
    Sight("front in long words", "home.front", world="long"),
    Sight("front while a forum is prepared", "home.front", world="empty"),
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
    Sight("news of a month", "news.month", {"year": 2016, "month": 11}),
    Sight("news of a category", "news.category", way=list_of("categories")),
    Sight("news of a hashtag", "news.tag", way=tag),
    Sight("news of a hashtag in long words", "news.tag", way=tag, world="long"),
    Sight("post with a content note", "news.post", way=post("note")),
    Sight("post with a correction", "news.post", way=post("correction")),
    Sight("post in long words", "news.post", way=post("any"), world="long"),
    Sight("post that was withdrawn", "news.post", way=post("withdrawn"), status=410),
    Sight("corrections", "corrections.index"),
    Sight("corrections, none yet", "corrections.index", world="closed"),
    Sight("search", "news.search"),
    Sight("search with hits", "news.search", {"q": "a"}),
    Sight("search without hits", "news.search", {"q": "Lentokonesuihkuturbiinimoottori" * 3}),
]
REGISTERING = [
    Sight("choose", "registration.choose"),
    Sight("choose, cancelled", "registration.choose", {"event": "snow"}, world="closed"),
    Sight("received, cancelled", "registration.received", {"event": "snow"}, world="closed"),
    Sight("link sent, cancelled", "registration.link_sent", {"event": "snow"}, world="closed"),
    Sight("choose, over", "registration.choose", world="closed"),
    Sight("choose, not yet", "registration.choose", world="upcoming"),
    Sight("choose, past event", "registration.choose", world="over"),
    Sight("choose another sector", "registration.another", way=moving()),
    Sight(
        "choose another sector in long words", "registration.another", way=moving("sector-1"), world="long"
    ),
    Sight("choose in long words", "registration.choose", world="long"),
    Sight("details", "registration.details", {"sector": "justice"}),
    Sight("details for the waiting list", "registration.details", {"sector": "ngo"}),
    Sight("details with errors", "registration.check", way=details({"email": "x", "phone": "x"}), status=422),
    Sight("check", "registration.check", way=lambda visitor: details(visitor.answers())(visitor)),
    Sight("check in long words", "registration.check", way=details(LONG_ANSWERS, "sector-1"), world="long"),
    Sight("check, nothing to check", "registration.check", {"sector": "justice"}),
    Sight(
        "change an answer",
        "registration.details",
        way=pressed(lambda visitor: details(visitor.answers())(visitor), "[value=organisation]"),
    ),
    Sight("received", "registration.received"),
    Sight("received, with the address", "registration.received", way=sent),
    Sight("refused, by invitation", "registration.details", {"sector": "tech"}, world="narrow"),
    Sight("refused, closed sector", "registration.details", {"sector": "other"}, world="narrow"),
    Sight("refused, full", "registration.details", {"sector": "justice"}, world="narrow"),
    Sight("refused, over", "registration.details", {"sector": "justice"}, world="closed"),
    Sight("refused, sent already", "registration.details", way=refused_reused, status=409),
    Sight("refused, too many tries", "registration.details", way=refused_tries, world="narrow", status=429),
    Sight("new link", "registration.resend"),
    Sight("new link sent", "registration.link_sent"),
    Sight(
        "new link sent, with the address",
        "registration.link_sent",
        way=wrongly(opened("registration.resend"), {"email": "nobody@example.org"}),
    ),
    Sight(
        "new link with an error",
        "registration.resend",
        way=wrongly(opened("registration.resend"), {"email": "x"}),
        status=422,
    ),
]
OWN_REGISTRATION = [
    Sight("confirm the address", "self_service.confirm", way=link("self_service.confirm", "confirm")),
    Sight("confirmed already", "self_service.confirm", way=link("self_service.confirm", "already-confirmed")),
    Sight("open by a newer link", "self_service.enter", way=link("self_service.enter", "newer")),
    *[
        Sight(f"own registration, {status}", "self_service.show", way=mine(status))
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
    Sight("own registration, just confirmed", "self_service.show", way=mine("confirmed", welcome=1)),
    Sight("own registration, saved", "self_service.show", way=saved),
    Sight("own registration in long words", "self_service.show", way=mine("confirmed"), world="long"),
    Sight("own registration, offer over", "self_service.show", way=mine("offer over"), world="closed"),
    Sight("own registration, left", "self_service.left"),
    Sight("own registration, closed", "self_service.show", status=404),
    Sight("change", "self_service.change", way=mine("confirmed", "self_service.change")),
    *[
        Sight(f"own sector, {status}", "own_moves.sector", way=mine(status, "own_moves.sector"))
        for status in ("confirmed", "waiting")
    ],
    Sight(
        "own sector, without a choice",
        "own_moves.sector",
        way=wrongly(mine("confirmed", "own_moves.sector"), {}),
        status=422,
    ),
    Sight("own new address", "own_moves.address", way=mine("confirmed", "own_moves.address")),
    Sight(
        "own new address, wrongly",
        "own_moves.address",
        way=wrongly(mine("confirmed", "own_moves.address"), {"email": "x"}),
        status=422,
    ),
    Sight(
        "confirm a new address", "own_moves.confirm_address", way=link("own_moves.confirm_address", "address")
    ),
    *[
        Sight(f"invitation, {what}", endpoint, way=link(endpoint, token))
        for what, endpoint, token in (
            ("open", "own_invitation.show", "invitation"),
            ("say yes", "own_invitation.accept", "invitation"),
            ("say no", "own_invitation.decline", "invitation"),
            ("let a colleague come", "own_invitation.forward", "invitation"),
            ("from a colleague", "own_invitation.show", "colleague's invitation"),
            ("passed on", "own_invitation.show", "invitation passed on"),
            ("declined", "own_invitation.show", "declined invitation"),
            ("expired", "own_invitation.show", "expired invitation"),
        )
    ],
    Sight(
        "invitation, let a colleague come wrongly",
        "own_invitation.forward",
        way=wrongly(link("own_invitation.forward", "invitation"), {"given_name": "", "email": "x"}),
        status=422,
    ),
    Sight(
        "invitation, say yes wrongly",
        "own_invitation.accept",
        way=wrongly(link("own_invitation.accept", "invitation"), {"given_name": "", "phone": "x"}),
        status=422,
    ),
    Sight(
        "invitation, say no with too many words",
        "own_invitation.decline",
        way=wrongly(link("own_invitation.decline", "invitation"), {"reason": "x" * 5000}),
        status=422,
    ),
    *[
        Sight(f"let somebody else come, {status}", "substitutions.ask", way=mine(status, "substitutions.ask"))
        for status in ("confirmed", "waiting")
    ],
    Sight(
        "let somebody else come, wrongly",
        "substitutions.ask",
        way=wrongly(mine("waiting", "substitutions.ask"), {"email": "x"}),
        status=422,
    ),
    Sight("several people", "delegations.details", {"sector": "justice"}),
    Sight("several people, reviewed", "delegations.details", {"sector": "ngo"}),
    Sight(
        "several people, wrongly",
        "delegations.details",
        way=wrongly(
            opened("delegations.details", sector="justice"),
            {"people-0-email": "x", "people-1-given_name": "Kim"},
        ),
        status=422,
    ),
    Sight("several people, by invitation", "delegations.details", {"sector": "tech"}, world="narrow"),
    Sight("several people, sent", "delegations.sent"),
    Sight(
        "delegation to confirm", "own_delegation.confirm", way=link("own_delegation.confirm", "delegation")
    ),
    Sight(
        "delegation, confirmed already",
        "own_delegation.confirm",
        way=link("own_delegation.confirm", "confirmed delegation"),
    ),
    Sight(
        "open a delegation by a newer link",
        "own_delegation.enter",
        way=link("own_delegation.enter", "newer of contact"),
    ),
    Sight("delegation shown", "own_delegation.show", way=of_contact("own_delegation.show")),
    *[
        Sight(
            f"{act} in a delegation",
            f"own_delegation.{act}",
            way=of_contact(f"own_delegation.{act}", number=1),
        )
        for act in ("change", "withdraw", "replace")
    ],
    Sight(
        "change in a delegation, wrongly",
        "own_delegation.change",
        way=wrongly(of_contact("own_delegation.change", number=1), {"given_name": ""}),
        status=422,
    ),
    Sight(
        "replace in a delegation, wrongly",
        "own_delegation.replace",
        way=wrongly(of_contact("own_delegation.replace", number=1), {"given_name": "", "email": "x"}),
        status=422,
    ),
    *[
        Sight(
            f"{act} in a delegation",
            f"own_delegation_answers.{act}",
            way=of_contact(f"own_delegation_answers.{act}", number=1),
        )
        for act in ("answers", "care")
    ],
    Sight(
        "care in a delegation, nothing chosen",
        "own_delegation_answers.care",
        way=pressed(of_contact("own_delegation_answers.care", number=1), ".button >> nth=0"),
        status=422,
    ),
    *[
        Sight(
            f"{act} in a delegation, outdated",
            f"own_delegation.{act}",
            way=outdated(of_contact(f"own_delegation.{act}", number=1), {}),
            status=409,
        )
        for act in ("change", "withdraw")
    ],
    Sight(
        "answers in a delegation, wrongly",
        "own_delegation_answers.answers",
        way=wrongly(of_contact("own_delegation_answers.answers", number=1), {"q-line": "x" * 5000}),
        world="long",
        status=422,
    ),
    Sight(
        "answers in a delegation, outdated",
        "own_delegation_answers.answers",
        way=outdated(of_contact("own_delegation_answers.answers", number=1), {}),
        status=409,
    ),
    Sight("add to a delegation", "own_delegation_people.add", way=of_contact("own_delegation_people.add")),
    Sight(
        "add to a delegation, wrongly",
        "own_delegation_people.add",
        way=wrongly(of_contact("own_delegation_people.add"), {"email": "cia@example.org"}),
        status=422,
    ),
    Sight(
        "correct an address in a delegation",
        "own_delegation_people.correct",
        way=of_contact("own_delegation_people.correct", number=2),
    ),
    Sight(
        "correct an address in a delegation, wrongly",
        "own_delegation_people.correct",
        way=wrongly(of_contact("own_delegation_people.correct", number=2), {"email": "x"}),
        status=422,
    ),
    Sight("erase a contact", "own_delegation.forget", way=of_contact("own_delegation.forget")),
    Sight("delegation, closed", "own_delegation.show", status=404),
    Sight("come instead", "substitutions.confirm", way=link("substitutions.confirm", "substitute")),
    Sight(
        "come instead, wrongly",
        "substitutions.confirm",
        way=wrongly(link("substitutions.confirm", "substitute"), {"given_name": ""}),
        status=422,
    ),
    Sight("change with errors", "self_service.change", way=change_wrongly, status=422),
    Sight(
        "change, outdated",
        "self_service.change",
        way=outdated(mine("confirmed", "self_service.change"), {"title": "Överåklagare", "country": "FI"}),
        status=409,
    ),
    Sight(
        "own sector, outdated",
        "own_moves.sector",
        way=outdated(mine("confirmed", "own_moves.sector"), {"sector": "tech"}),
        status=409,
    ),
    Sight(
        "change in long words",
        "self_service.change",
        way=mine("waiting", "self_service.change"),
        world="long",
    ),
    Sight(
        "protected identity",
        "self_service.protected_identity",
        way=mine("confirmed", "self_service.protected_identity"),
    ),
    Sight(
        "protected identity with errors",
        "self_service.protected_identity",
        way=wrongly(mine("confirmed", "self_service.protected_identity"), {"real_name": "x"}),
        status=422,
    ),
    Sight("food and access", "self_service.care", way=mine("confirmed", "self_service.care")),
    Sight(
        "food and access, nothing chosen",
        "self_service.care",
        way=pressed(mine("confirmed", "self_service.care"), ".button >> nth=0"),
        status=422,
    ),
    Sight(
        "food and access, outdated",
        "self_service.care",
        way=outdated(ticked(mine("confirmed", "self_service.care")), {}),
        status=409,
    ),
    Sight("calendar", "self_service.subscribe", way=mine("confirmed", "self_service.subscribe")),
    Sight(
        "calendar, address made",
        "self_service.subscribe",
        way=pressed(mine("confirmed", "self_service.subscribe"), " >> nth=0"),
    ),
    Sight("offer that is none", "self_service.accept", way=accept_too_late, status=409),
    Sight("decline", "self_service.decline", way=mine("offered", "self_service.decline")),
    Sight("declined", "self_service.declined"),
    Sight("cancel", "self_service.cancel", way=mine("confirmed", "self_service.cancel")),
    Sight("cancelled", "self_service.cancelled", {"left_line": False}),
    Sight("left the waiting list", "self_service.cancelled", {"left_line": True}),
    Sight("own data", "self_service.own_data_page", way=mine("confirmed", "self_service.own_data_page")),
    Sight(
        "own data in long words",
        "self_service.own_data_page",
        way=mine("waiting", "self_service.own_data_page"),
        world="long",
    ),
    Sight("link refused", "self_service.enter", {"token": "unknown"}, status=404),
    Sight("ask to be erased", "own_requests.erasure", way=mine("confirmed", "own_requests.erasure")),
    Sight("asked to be erased", "own_requests.erasure", way=mine("waiting", "own_requests.erasure")),
    Sight("ask for restriction", "own_restriction.show", way=mine("confirmed", "own_restriction.show")),
    Sight("asked for restriction", "own_restriction.show", way=mine("waiting", "own_restriction.show")),
    Sight(
        "ask for restriction, without a choice",
        "own_restriction.show",
        way=wrongly(mine("confirmed", "own_restriction.show"), {"words": ""}),
        status=422,
    ),
    Sight(
        "open everything held",
        "own_everything.enter",
        way=link("own_everything.enter", "everything"),
    ),
    Sight("everything held", "own_everything.show", way=everything),
    Sight("everything held, in long words", "own_everything.show", way=everything, world="long"),
    Sight("everything held, closed", "own_everything.show", status=404),
    Sight("participants", "participants.index"),
    Sight("sectors and countries", "participants.numbers"),
    Sight(
        "participants in long words",
        "participants.own",
        way=mine("confirmed", "participants.own"),
        world="long",
    ),
    Sight("participants, for participants only", "participants.own", world="long", status=404),
]
FAILURES = [
    Sight("not found", "events.page", {"slug": "nowhere"}, status=404),
    Sight("not found, no event", "registration.choose", world="empty", status=404),
    Sight("broken", "crawlers.security_txt", world="narrow", status=500),
    Sight("busy", "crawlers.robots", world="narrow", status=503),
]
SIGN_IN = {"email": ORGANISER, "password": "wrong"}
ACCOUNT = [
    Sight("sign in", "accounts.sign_in"),
    Sight(
        "sign in, refused", "accounts.sign_in", way=wrongly(opened("accounts.sign_in"), SIGN_IN), status=422
    ),
    Sight("sign in, too many tries", "accounts.sign_in", way=too_many_tries, status=429),
    Sight("second factor", "accounts.second_factor", way=waiting(ORGANISER, "accounts.second_factor")),
    Sight(
        "second factor, refused",
        "accounts.second_factor",
        way=wrongly(waiting(ORGANISER, "accounts.second_factor"), {"code": "000000"}),
        status=422,
    ),
    Sight("set up", "accounts.set_up", way=waiting("new@example.org", "accounts.set_up")),
    Sight("forgot", "accounts.forgot"),
    Sight(
        "forgot, wrong", "accounts.forgot", way=wrongly(opened("accounts.forgot"), {"email": ""}), status=422
    ),
    Sight("link sent", "accounts.link_sent"),
    Sight("new password", "accounts.reset", way=link("accounts.reset", "reset")),
    Sight(
        "new password, refused",
        "accounts.reset",
        way=wrongly(link("accounts.reset", "reset"), {"new_password": "kort"}),
        status=422,
    ),
    Sight("welcome", "accounts.welcome", {"token": "unknown"}, status=410),
    Sight("demo link", "accounts.open_demo", way=link("accounts.open_demo", "demo")),
    Sight("signed out", "accounts.signed_out"),
    Sight("account", "own_account.show", as_=ORGANISER),
    Sight("colleagues", "colleagues.index", way=of_event("colleagues.index"), as_=ORGANISER),
    Sight("invite a colleague", "colleagues.invite", way=of_event("colleagues.invite"), as_=ORGANISER),
    Sight(
        "colleague, invited",
        "colleagues.show",
        way=of_desk("colleagues.show", "invited colleague"),
        as_=ORGANISER,
    ),
    Sight(
        "roles of a colleague",
        "colleagues.roles",
        way=of_desk("colleagues.roles", "colleague"),
        as_=ORGANISER,
    ),
    Sight(
        "colleague, signed in",
        "colleagues.show",
        way=of_desk("colleagues.show", "colleague"),
        as_=ORGANISER,
    ),
    Sight(
        "reset a second factor",
        "colleagues.reset_second_factor",
        way=of_desk("colleagues.reset_second_factor", "colleague"),
        as_=ORGANISER,
    ),
    Sight(
        "disable a colleague",
        "colleagues.disable",
        way=of_desk("colleagues.disable", "colleague"),
        as_=ORGANISER,
    ),
    Sight(
        "enable a colleague", "colleagues.enable", way=of_desk("colleagues.enable", "disabled"), as_=ORGANISER
    ),
    Sight(
        "remove a colleague",
        "colleagues.remove",
        way=of_desk("colleagues.remove", "colleague"),
        as_=ORGANISER,
    ),
    Sight("confirm it is you", "own_account.confirm", as_=ORGANISER),
    Sight(
        "confirm it is you, refused",
        "own_account.confirm",
        way=wrongly(opened("own_account.confirm"), {"password": OTHER_PASSWORD, "code": "000000"}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("password", "own_account.password", as_=ORGANISER),
    Sight(
        "password, refused",
        "own_account.password",
        way=wrongly(opened("own_account.password"), {"password": PASSWORD, "new_password": "kort"}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("new codes?", "own_account.recovery_codes", as_="plain@example.org"),
    Sight("recovery codes", "own_account.recovery_codes", way=new_codes, as_="plain@example.org"),
    Sight("another app?", "own_account.authenticator", as_="plain@example.org"),
    Sight("another app", "own_account.authenticator", as_=ORGANISER),
    Sight("passkeys", "passkeys.index", as_=ORGANISER),
    Sight("no passkeys", "passkeys.index", as_="plain@example.org"),
    Sight("rename a passkey", "passkeys.show", way=of_account("passkeys.show", "passkey"), as_=ORGANISER),
    Sight("remove a passkey", "passkeys.remove", way=of_account("passkeys.remove", "passkey"), as_=ORGANISER),
    Sight("sessions", "own_account.sessions", as_=ORGANISER),
]
CONSOLE = [
    Sight("console without an event", "console.first", world="empty", as_="viewer@example.org"),
    Sight("reception", "reception.index", way=of_event("reception.index"), as_=DOOR),
    Sight("reception, nobody", "reception.index", way=of_event("reception.index", q="zzz"), as_=DOOR),
    Sight("reception, long", "reception.index", way=of_event("reception.index"), world="long", as_=DOOR),
    Sight("overview", "console.overview", way=of_event("console.overview"), as_=ORGANISER),
    Sight("all events", "all_events.index", as_=ORGANISER),
    Sight("first event", "new_event.make", world="empty", as_=ORGANISER),
    Sight("new event", "new_event.make", as_=ORGANISER),
    Sight(
        "new event with errors",
        "new_event.make",
        way=wrongly(opened("new_event.make"), {"name": "", "capacity": "0"}),
        as_=ORGANISER,
        status=422,
    ),
    Sight(
        "overview before publishing",
        "console.overview",
        way=of_event("console.overview"),
        world="draft",
        as_=ORGANISER,
    ),
    Sight(
        "publish?", "publication.publish", way=of_event("publication.publish"), world="draft", as_=ORGANISER
    ),
    Sight(
        "publish, with blanks",
        "publication.publish",
        way=wrongly(of_event("publication.publish"), {}),
        world="draft",
        as_=ORGANISER,
        status=422,
    ),
    Sight("copy an event", "new_event.copy", {"event": "nf16"}, as_=ORGANISER),
    Sight("private links", "previews.index", way=of_event("previews.index"), world="draft", as_=ORGANISER),
    Sight("mailing, not sent", "mailings.show", way=of_mailing("mailings.show"), as_=ORGANISER),
    Sight("mailing, send?", "mailings.send", way=of_mailing("mailings.send"), as_=ORGANISER),
    Sight("mailing, paused", "mailings.show", way=of_mailing("mailings.show"), world="long", as_=ORGANISER),
    Sight("mailing, end?", "mailings.stop", way=of_mailing("mailings.stop"), world="long", as_=ORGANISER),
    Sight("message, new", "own_mailings.new", way=of_event("own_mailings.new"), as_=ORGANISER),
    Sight(
        "message, draft", "own_mailings.write", way=of_letter("own_mailings.write", "draft"), as_=ORGANISER
    ),
    Sight(
        "message, draft without words",
        "own_mailings.write",
        way=wrongly(
            of_letter("own_mailings.write", "draft"),
            {f"{field}-{code}": "" for field in ("subjects", "words") for code in ("sv", "en")},
        ),
        as_=ORGANISER,
        status=422,
    ),
    Sight(
        "message, long draft",
        "own_mailings.write",
        way=of_letter("own_mailings.write", "draft"),
        world="long",
        as_=ORGANISER,
    ),
    Sight(
        "message, for whom",
        "own_mailings.people",
        way=of_letter("own_mailings.people", "draft"),
        as_=ORGANISER,
    ),
    Sight(
        "message, delete?",
        "own_mailings.discard",
        way=of_letter("own_mailings.discard", "draft"),
        as_=ORGANISER,
    ),
    Sight(
        "message, send?", "sent_mailings.send", way=of_letter("sent_mailings.send", "draft"), as_=ORGANISER
    ),
    Sight("standard messages", "mail_texts.index", way=of_event("mail_texts.index"), as_=ORGANISER),
    Sight(
        "standard message, changed",
        "mail_texts.edit",
        way=of_event("mail_texts.edit", kind="offered", code="en"),
        as_=ORGANISER,
    ),
    Sight(
        "standard message, wrong",
        "mail_texts.edit",
        way=wrongly(
            of_event("mail_texts.edit", kind="received", code="sv"), {"subject": "", "opening": "Hej {x}"}
        ),
        as_=ORGANISER,
        status=422,
    ),
    Sight("reminders, none", "reminders.index", {"event": "nf16"}, as_=ORGANISER),
    Sight("reminders", "reminders.index", way=of_event("reminders.index"), world="long", as_=ORGANISER),
    Sight(
        "reminders, offers",
        "reminder_rules.of_offers",
        way=of_event("reminder_rules.of_offers"),
        as_=ORGANISER,
    ),
    Sight(
        "reminders, invitations, wrong",
        "reminder_rules.of_invitations",
        way=wrongly(of_event("reminder_rules.of_invitations"), {"way": "after", "number": "0"}),
        as_=ORGANISER,
        status=422,
    ),
    Sight(
        "reminders, invitations",
        "reminder_rules.of_invitations",
        way=of_event("reminder_rules.of_invitations"),
        as_=ORGANISER,
    ),
    Sight("message, plan it?", "reminders.plan", way=of_letter("reminders.plan", "draft"), as_=ORGANISER),
    Sight(
        "message, in the plan",
        "reminders.plan",
        way=of_letter("reminders.plan", "reminder"),
        world="long",
        as_=ORGANISER,
    ),
    Sight(
        "message, planned",
        "sent_mailings.show",
        way=of_letter("sent_mailings.show", "planned"),
        as_=ORGANISER,
    ),
    Sight(
        "message, sent",
        "sent_mailings.show",
        way=of_letter("sent_mailings.show", "sent"),
        world="long",
        as_=ORGANISER,
    ),
    Sight(
        "message, left out",
        "sent_mailings.show",
        way=of_letter("sent_mailings.show", "sent", only="omitted"),
        world="long",
        as_=ORGANISER,
    ),
    Sight("refuse messages", "refusing.show", {"token": "x" * 43}),
    Sight("follow the news", "followers.ask"),
    Sight(
        "follow the news, with errors",
        "followers.ask",
        way=wrongly(opened("followers.ask"), {"email": "x"}),
        status=422,
    ),
    Sight("follow the news, asked", "followers.asked"),
    Sight("confirm following the news", "followers.confirm", way=of_follower("confirm")),
    Sight("own news by mail", "followers.choose", way=of_follower("choose")),
    Sight("link to news that works no more", "followers.choose", {"token": "x" * 43}, status=404),
    Sight("leave the news", "followers.leave", {"token": "x" * 43}),
    Sight("news by mail ended", "followers.ended"),
    Sight("unpublish?", "publication.unpublish", way=of_event("publication.unpublish"), as_=ORGANISER),
    Sight(
        "unpublish, not ticked",
        "publication.unpublish",
        way=wrongly(of_event("publication.unpublish"), {}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("cancel the event?", "cancellation.show", way=of_event("cancellation.show"), as_=ORGANISER),
    Sight(
        "cancel the event, with errors",
        "cancellation.show",
        way=wrongly(of_event("cancellation.show"), {}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("event cancelled", "cancellation.show", {"event": "snow"}, world="closed", as_=ORGANISER),
    Sight("overview, cancelled", "console.overview", {"event": "snow"}, world="closed", as_=ORGANISER),
    Sight("front page?", "publication.front_page", {"event": "nf16"}, as_=ORGANISER),
    Sight(
        "overview, long", "console.overview", way=of_event("console.overview"), world="long", as_=ORGANISER
    ),
    Sight("attendees", "attendees.index", way=of_event("attendees.index"), as_=ORGANISER),
    Sight(
        "attendees, filtered",
        "attendees.index",
        way=of_event(
            "attendees.index",
            sector=["ngo", "politics"],
            status=["waiting", "confirmed"],
            country=["SE", "NO"],
            consent="photographs:no",
            since="2020-01-01",
            sort="-registered",
        ),
        as_=ORGANISER,
    ),
    Sight(
        "save a view",
        "attendee_views.new",
        way=of_event("attendee_views.new", sector=["ngo", "politics"], q="vip"),
        as_=ORGANISER,
    ),
    Sight("saved view", "attendee_views.show", way=saved_view("attendee_views.show"), as_=ORGANISER),
    Sight(
        "change a view",
        "attendee_views.change",
        way=saved_view("attendee_views.change", sector="ngo"),
        as_=ORGANISER,
    ),
    Sight("delete a view?", "attendee_views.remove", way=saved_view("attendee_views.remove"), as_=ORGANISER),
    Sight(
        "attendees with a place",
        "attendees.index",
        way=of_event("attendees.index", status="place"),
        as_=ORGANISER,
    ),
    Sight(
        "many, cancel?",
        "bulk.ask",
        way=of_event("bulk.ask", act="cancel", sector="ngo"),
        as_=ORGANISER,
    ),
    Sight(
        "many, approve?",
        "bulk.ask",
        way=of_event("bulk.ask", act="approve", status="in_review"),
        as_=ORGANISER,
    ),
    Sight("attendees, some chosen", "attendees.index", way=some_chosen, world="long", as_=ORGANISER),
    Sight("many, under way", "bulk.show", way=of_task("bulk.show"), world="long", as_=ORGANISER),
    Sight("many, moved", "bulk.show", way=moved_many, world="long", as_=ORGANISER),
    Sight("many, undo?", "bulk_undoing.ask", way=undo_many, world="long", as_=ORGANISER),
    Sight("many, latest", "bulk.index", way=of_event("bulk.index"), world="long", as_=ORGANISER),
    Sight("attendees, none", "attendees.index", way=of_event("attendees.index", q="zzzz"), as_=ORGANISER),
    Sight("attendees, long", "attendees.index", way=of_event("attendees.index"), world="long", as_=ORGANISER),
    Sight("waiting list", "waiting_list.index", way=of_event("waiting_list.index"), as_=ORGANISER),
    Sight(
        "offer by hand", "waiting_list.offer", way=of_person("waiting_list.offer", "waiting"), as_=ORGANISER
    ),
    Sight("extend", "waiting_list.extend", way=of_person("waiting_list.extend", "offered"), as_=ORGANISER),
    Sight(
        "withdraw an offer",
        "waiting_list.withdraw",
        way=of_person("waiting_list.withdraw", "offered"),
        as_=ORGANISER,
    ),
    Sight(
        "waiting, long", "waiting_list.index", way=of_event("waiting_list.index"), world="long", as_=ORGANISER
    ),
    *[
        Sight(f"attendee, {status}", "attendees.show", way=of_person("attendees.show", status), as_=ORGANISER)
        for status in ("confirmed", "waiting", "offered", "cancelled", "in_review", "declined")
    ],
    Sight("review", "review.index", way=of_event("review.index"), as_=ORGANISER),
    Sight("review, nobody", "review.index", way=of_event("review.index"), world="long", as_=ORGANISER),
    Sight("review, one person", "review.show", way=of_person("review.show", "in_review"), as_=REVIEWER),
    Sight("review, approve", "review.approve", way=of_person("review.approve", "in_review"), as_=ORGANISER),
    Sight(
        "review, approve, decided",
        "review.approve",
        way=of_person("review.approve", "waiting"),
        as_=ORGANISER,
    ),
    Sight(
        "review, decline without a reason",
        "review.decline",
        way=wrongly(of_person("review.decline", "in_review"), {}),
        as_=ORGANISER,
        status=422,
    ),
    Sight(
        "review, leave to others", "review.recuse", way=of_person("review.recuse", "in_review"), as_=ORGANISER
    ),
    Sight("review, second", "review.confirm_refusal", way=proposed_refusal, as_=ORGANISER),
    Sight(
        "review, approve many", "review_many.approve", way=of_reviewed("review_many.approve"), as_=ORGANISER
    ),
    Sight(
        "review, decline many", "review_many.decline", way=of_reviewed("review_many.decline"), as_=ORGANISER
    ),
    Sight("review, confirm many", "review_proposed.confirm", way=proposed_refusals, as_=ORGANISER),
    Sight(
        "attendee, long",
        "attendees.show",
        way=of_person("attendees.show", "waiting"),
        world="long",
        as_=ORGANISER,
    ),
    Sight(
        "cancel somebody", "attendees.cancel", way=of_person("attendees.cancel", "confirmed"), as_=ORGANISER
    ),
    Sight(
        "cancel somebody, long",
        "attendees.cancel",
        way=of_person("attendees.cancel", "confirmed"),
        world="long",
        as_=ORGANISER,
    ),
    Sight(
        "undo a cancellation",
        "attendee_undoing.reinstate",
        way=of_person("attendee_undoing.reinstate", "cancelled"),
        as_=ORGANISER,
    ),
    Sight(
        "merge, choose",
        "attendee_merges.choose",
        way=of_person("attendee_merges.choose", "confirmed"),
        as_=ORGANISER,
    ),
    Sight(
        "merge, found nobody",
        "attendee_merges.choose",
        way=searching_for_another("zzzz"),
        as_=ORGANISER,
    ),
    Sight("merge", "attendee_merges.merge", way=merging("confirmed", "offered"), as_=ORGANISER),
    Sight(
        "undo a merge", "attendee_merges.undo", way=of_person("attendee_merges.undo", "merged"), as_=ORGANISER
    ),
    Sight(
        "no merge to undo",
        "attendee_merges.undo",
        way=of_person("attendee_merges.undo", "waiting"),
        as_=ORGANISER,
    ),
    Sight("export", "attendees.export", way=of_event("attendees.export"), as_=ORGANISER),
    Sight(
        "export with errors",
        "attendees.export",
        way=wrongly(of_event("attendees.export"), {}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("prepared files", "kept_exports.index", way=prepared(), world="long", as_=ORGANISER),
    Sight("no prepared files", "kept_exports.index", way=of_event("kept_exports.index"), as_=ORGANISER),
    Sight("list on paper", "attendees.export", way=printed(purpose="badges"), as_=ORGANISER),
    Sight(
        "list on paper, long",
        "attendees.export",
        way=printed(purpose="everything"),
        world="long",
        as_=ORGANISER,
    ),
    Sight(
        "change somebody",
        "attendee_changes.change",
        way=of_person("attendee_changes.change", "confirmed"),
        as_=ORGANISER,
    ),
    Sight(
        "change somebody, refused",
        "attendee_changes.change",
        way=wrongly(of_person("attendee_changes.change", "confirmed"), {"given_name": "", "phone": "x"}),
        as_=ORGANISER,
        status=422,
    ),
    Sight(
        "answers of somebody",
        "attendee_answers.change",
        way=of_person("attendee_answers.change", "confirmed"),
        as_=ORGANISER,
    ),
    Sight(
        "food and access of somebody",
        "attendee_answers.care",
        way=of_person("attendee_answers.care", "confirmed"),
        as_=ORGANISER,
    ),
    Sight("add by hand", "attendee_additions.add", way=of_event("attendee_additions.add"), as_=ORGANISER),
    Sight("imports", "imports.index", way=of_event("imports.index"), as_=ORGANISER),
    Sight("imports, none", "imports.index", {"event": "nf16"}, as_=ORGANISER),
    Sight("import people", "imports.new", way=of_event("imports.new"), as_=ORGANISER),
    Sight("import people, columns", "imports.new", way=TABLE_SENT, as_=ORGANISER),
    Sight(
        "import people, columns without headings",
        "imports.new",
        way=wrongly(of_event("imports.new"), {"lines": "Kim;Ek;kim@example.org\nÅse;Ŋižžaŧ;ase@example.org"}),
        as_=ORGANISER,
    ),
    Sight(
        "import people, dry run",
        "imports.new",
        way=pressed(
            TABLE_SENT,
            ":not([name])",
            {
                "country": "SE",
                "language": "sv",
                "sector": "ngo",
                "links": "send",
                "if_full": "wait",
                "which": "good",
                "reason": "Our list of last year.",
            },
        ),
        as_=ORGANISER,
    ),
    Sight("long table, columns", "import_tables.show", way=long_table("waits"), as_=ORGANISER),
    Sight("long table, imported", "import_tables.show", way=long_table("done"), as_=ORGANISER),
    Sight("undo an import", "imports.undo", way=imported, as_=ORGANISER),
    Sight(
        "new address of somebody",
        "attendee_addresses.change",
        way=of_person("attendee_addresses.change", "confirmed"),
        as_=ORGANISER,
    ),
    Sight(
        "address that messages leave out",
        "attendee_suppressions.lift",
        way=of_person("attendee_suppressions.lift", "offered"),
        as_=ORGANISER,
    ),
    *[
        Sight(
            f"move somebody {status}",
            "attendee_moves.sector",
            way=of_person("attendee_moves.sector", status),
            as_=ORGANISER,
        )
        for status in ("confirmed", "waiting")
    ],
    Sight(
        "private notes",
        "attendee_notes.index",
        way=of_person("attendee_notes.index", "confirmed"),
        as_=ORGANISER,
    ),
    Sight(
        "private notes, refused",
        "attendee_notes.index",
        way=wrongly(of_person("attendee_notes.index", "confirmed"), {}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("remove a note", "attendee_notes.remove", way=removing_a_note, as_=ORGANISER),
    Sight("tags", "attendee_notes.tags", way=of_person("attendee_notes.tags", "confirmed"), as_=ORGANISER),
    Sight("send again", "attendees.resend", way=of_person("attendees.resend", "confirmed"), as_=ORGANISER),
    Sight(
        "send again, ended", "attendees.resend", way=of_person("attendees.resend", "cancelled"), as_=ORGANISER
    ),
    Sight("log", "log.index", way=of_event("log.index"), as_=ORGANISER),
    Sight("log, none", "log.index", way=of_event("log.index", reference="ZZZZ-ZZZZ"), as_=ORGANISER),
    Sight("log, export", "log.export", way=of_event("log.export"), as_=ORGANISER),
    Sight("log of the site", "log.site", as_=ORGANISER),
    Sight("log of the site, export", "log.export_site", as_=ORGANISER),
    Sight("mail", "outbox.index", way=of_event("outbox.index"), as_=ORGANISER),
    Sight("mail, failed", "outbox.index", way=of_event("outbox.index", status="failed"), as_=ORGANISER),
    Sight("mail, none", "outbox.index", way=of_event("outbox.index", q="zzzz"), as_=ORGANISER),
    Sight("mail, long", "outbox.index", way=of_event("outbox.index"), world="long", as_=ORGANISER),
    Sight(
        "not found in the console",
        "attendees.show",
        way=of_event("attendees.show", reference="ZZZZ-ZZZZ"),
        as_=ORGANISER,
        status=404,
    ),
    Sight("reveals, none yet", "reveals.index", {"event": "nf16"}, as_=ORGANISER),
    Sight("reveals", "reveals.index", way=revealed_before("confirmed"), as_=HANDLER),
    Sight("reveals, long", "reveals.index", way=revealed_before("confirmed"), world="long", as_=HANDLER),
    Sight(
        "reveals, not found",
        "reveals.index",
        way=of_event("reveals.index", reference="ZZZZ-ZZZZ"),
        as_=HANDLER,
    ),
    Sight("reveal somebody", "reveals.reveal", way=of_person("reveals.reveal", "confirmed"), as_=HANDLER),
    Sight(
        "reveal somebody, no reason",
        "reveals.reveal",
        way=wrongly(of_person("reveals.reveal", "confirmed"), {"reason": ""}),
        as_=HANDLER,
        status=422,
    ),
    Sight("register by telephone", "telephone.add", way=of_event("telephone.add"), as_=HANDLER),
    Sight("revealed", "reveals.reveal", way=revealed("confirmed"), as_=HANDLER),
    Sight("invitations", "invitations.index", way=of_event("invitations.index"), as_=ORGANISER),
    Sight("invitations, none", "invitations.index", {"event": "nf16"}, as_=ORGANISER),
    Sight("invite somebody", "invitations.invite", way=of_event("invitations.invite"), as_=ORGANISER),
    Sight(
        "invite somebody, wrongly",
        "invitations.invite",
        way=wrongly(of_event("invitations.invite"), {"given_name": "", "email": "x"}),
        as_=ORGANISER,
        status=422,
    ),
    Sight(
        "invite many people",
        "invitations.invite_many",
        way=of_event("invitations.invite_many"),
        as_=ORGANISER,
    ),
    Sight(
        "invite many people, shown before",
        "invitations.invite_many",
        way=wrongly(
            of_event("invitations.invite_many"),
            {"lines": "Kim;Andersen;kim@example.org;Exempelstads tingsrätt", "sector": "ngo"},
        ),
        as_=ORGANISER,
    ),
    Sight(
        "invite many people, wrong rows",
        "invitations.invite_many",
        way=wrongly(
            of_event("invitations.invite_many"), {"lines": "Kim;;kim\nKari;;kari@example.org;;nowhere"}
        ),
        as_=ORGANISER,
        status=422,
    ),
    Sight(
        "delegations", "delegations_console.index", way=of_event("delegations_console.index"), as_=ORGANISER
    ),
    Sight("delegations, none", "delegations_console.index", {"event": "nf16"}, as_=ORGANISER),
    Sight("withdraw an invitation", "invitations.withdraw", way=invited("withdraw"), as_=ORGANISER),
    Sight("change an invitation", "invitations.change", way=invited("change"), as_=ORGANISER),
    Sight(
        "change an invitation, wrongly",
        "invitations.change",
        way=wrongly(invited("change"), {"until": "2020-01-01", "remind_days": "99"}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("remind of invitations", "invitations.remind", way=of_event("invitations.remind"), as_=ORGANISER),
    Sight("paused invitations", "invitations.release", way=of_event("invitations.release"), as_=ORGANISER),
    Sight("overview of a past event", "console.overview", {"event": "nf16"}, as_=ORGANISER),
    Sight("style guide", "console.styleguide", as_=ORGANISER),
]
WRITTEN = {"sv-lead": "", "en-headline": "", "en-lead": "A lead"}
DESK = [
    Sight("posts", "posts.index", way=of_event("posts.index"), as_=ORGANISER),
    Sight("posts, long", "posts.index", way=of_event("posts.index"), world="long", as_=ORGANISER),
    Sight("new post", "posts.new", way=of_event("posts.new"), as_=ORGANISER),
    *[
        Sight(f"post in the console, {kind}", "posts.edit", way=of_desk("posts.edit", kind), as_=ORGANISER)
        for kind in ("draft", "planned", "withdrawn", "public")
    ],
    Sight(
        "post in the console, long",
        "posts.edit",
        way=of_desk("posts.edit", "public"),
        world="long",
        as_=ORGANISER,
    ),
    Sight(
        "post in the console with errors",
        "posts.edit",
        way=wrongly(of_desk("posts.edit", "draft"), WRITTEN),
        as_=ORGANISER,
        status=422,
    ),
    Sight("post previewed", "posts.preview", way=previewed(of_desk("posts.edit", "public")), as_=ORGANISER),
    Sight("categories", "categories.index", way=of_event("categories.index"), as_=ORGANISER),
    Sight("add a category", "categories.new", way=of_event("categories.new"), as_=ORGANISER),
    *[
        Sight(f"{part}, {act}", f"{part}.{act}", way=of_event(f"{part}.{act}", number=1), as_=ORGANISER)
        for part in ("categories", "hashtags")
        for act in ("edit", "merge", "remove")
    ],
    Sight("hashtags", "hashtags.index", way=of_event("hashtags.index"), as_=ORGANISER),
    Sight("hashtags, long", "hashtags.index", way=of_event("hashtags.index"), world="long", as_=ORGANISER),
    Sight("hashtags, none", "hashtags.index", way=of_event("hashtags.index", q="zzz"), as_=ORGANISER),
    Sight("organisations", "organisations.index", way=of_event("organisations.index"), as_=ORGANISER),
    Sight(
        "organisations, long",
        "organisations.index",
        way=of_event("organisations.index"),
        world="long",
        as_=ORGANISER,
    ),
    Sight("add an organisation", "organisations.new", way=of_event("organisations.new"), as_=ORGANISER),
    *[
        Sight(
            f"organisation, {act}",
            f"organisations.{act}",
            way=of_event(f"organisations.{act}", number=1),
            world="long",
            as_=ORGANISER,
        )
        for act in ("edit", "remove")
    ],
    *[
        Sight(
            f"organisation, {act}",
            f"organisation_merges.{act}",
            way=of_event(f"organisation_merges.{act}", **numbers),
            world="long",
            as_=ORGANISER,
        )
        for act, numbers in (
            ("choose", {"number": 1}),
            ("merge", {"number": 3, "into": 1}),
            ("undo", {"number": 2}),
        )
    ],
    Sight("glossary", "glossary.index", way=of_event("glossary.index"), as_=ORGANISER),
    Sight("add a word", "glossary.new", way=of_event("glossary.new"), as_=ORGANISER),
    Sight("word of the glossary", "glossary.edit", way=of_event("glossary.edit", number=1), as_=ORGANISER),
    Sight("remove a word", "glossary.remove", way=of_event("glossary.remove", number=1), as_=ORGANISER),
    Sight("old addresses", "redirects.index", way=of_event("redirects.index"), as_=ORGANISER),
    Sight("add an old address", "redirects.new", way=of_event("redirects.new"), as_=ORGANISER),
    Sight("old address", "redirects.edit", way=of_event("redirects.edit", path=OLD), as_=ORGANISER),
    Sight(
        "remove an old address", "redirects.remove", way=of_event("redirects.remove", path=OLD), as_=ORGANISER
    ),
    Sight(
        "import old addresses", "redirects.import_file", way=of_event("redirects.import_file"), as_=ORGANISER
    ),
    Sight(
        "import old addresses with errors",
        "redirects.import_file",
        way=wrongly(of_event("redirects.import_file"), {"lines": "/a,/nowhere else"}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("add a hashtag", "hashtags.new", way=of_event("hashtags.new"), as_=ORGANISER),
    Sight("publish", "publishing.publish", way=of_desk("publishing.publish", "planned"), as_=ORGANISER),
    Sight("withdraw", "publishing.withdraw", way=of_desk("publishing.withdraw", "public"), as_=ORGANISER),
    Sight(
        "withdraw, planned",
        "publishing.withdraw",
        way=of_desk("publishing.withdraw", "planned"),
        as_=ORGANISER,
    ),
    Sight("correct", "publishing.correct", way=of_desk("publishing.correct", "public"), as_=ORGANISER),
    Sight("revisions", "revisions.index", way=of_desk("revisions.index", "public"), as_=ORGANISER),
    Sight("revision", "revisions.show", way=of_desk("revisions.show", "revision"), as_=ORGANISER),
    Sight(
        "revision, long",
        "revisions.show",
        way=of_desk("revisions.show", "revision"),
        world="long",
        as_=ORGANISER,
    ),
    Sight("pages", "pages.index", way=of_event("pages.index"), as_=ORGANISER),
    Sight(
        "revisions of a page",
        "page_revisions.index",
        way=of_desk("page_revisions.index", "page"),
        as_=ORGANISER,
    ),
    Sight(
        "revision of a page",
        "page_revisions.show",
        way=of_desk("page_revisions.show", "page revision"),
        as_=ORGANISER,
    ),
    Sight("pages, long", "pages.index", way=of_event("pages.index"), world="long", as_=ORGANISER),
    Sight("new page", "pages.new", way=of_event("pages.new"), as_=ORGANISER),
    Sight("page in the console", "pages.edit", way=of_event("pages.edit", slug="practical"), as_=ORGANISER),
    Sight(
        "page in the console with errors",
        "pages.new",
        way=wrongly(of_event("pages.new"), {"sv-summary": "x"}),
        as_=ORGANISER,
        status=422,
    ),
    Sight(
        "page previewed",
        "pages.preview",
        way=previewed(of_event("pages.edit", slug="practical")),
        as_=ORGANISER,
    ),
    Sight(
        "remove a page", "pages.remove", way=of_event("pages.remove", slug="code-of-conduct"), as_=ORGANISER
    ),
    Sight("images", "library.index", way=of_event("library.index"), as_=ORGANISER),
    Sight("images, none", "library.index", way=of_event("library.index"), world="long", as_=ORGANISER),
    Sight("choose an image", "image_choice.index", way=of_event("image_choice.index"), as_=ORGANISER),
    Sight(
        "choose an image, none found",
        "image_choice.index",
        way=of_event("image_choice.index", q="nowhere"),
        as_=ORGANISER,
    ),
    Sight("new image", "library.add", way=of_event("library.add"), as_=ORGANISER),
    Sight(
        "new image with errors",
        "library.add",
        way=wrongly(of_event("library.add"), {}),
        as_=ORGANISER,
        status=422,
    ),
    *[
        Sight(f"image, {kind}", "library.show", way=of_image("library.show", kind), as_=ORGANISER)
        for kind in ("used", "unused")
    ],
    *[
        Sight(
            f"remove an image, {kind}", "library.remove", way=of_image("library.remove", kind), as_=ORGANISER
        )
        for kind in ("used", "unused")
    ],
]
PARTS = ("facts", "registration", "sectors", "organiser", "texts", "look", "languages", "privacy")
SETTINGS = [
    *[
        Sight(f"{what}, {part}", f"settings.{part}", {}, of_event(f"settings.{part}"), world, ORGANISER)
        for what, world in (("settings", "demo"), ("settings in long words", "long"))
        for part in PARTS
    ],
    Sight(
        "settings, sectors in preview",
        "settings.sectors",
        way=pressed(of_event("settings.sectors"), "[value=up-ngo]"),
        as_=ORGANISER,
    ),
    Sight(
        "settings, sectors refused",
        "settings.sectors",
        way=wrongly(of_event("settings.sectors"), {"capacity": "1", "shares-1-ceiling": "1"}),
        as_=ORGANISER,
        status=422,
    ),
    Sight(
        "settings, languages refused",
        "settings.languages",
        way=unticked(of_event("settings.languages"), "languages"),
        as_=ORGANISER,
        status=422,
    ),
    Sight(
        "settings, days refused",
        "settings.facts",
        way=wrongly(of_event("settings.facts"), {"name-sv": "", "name-en": "", "days-0-starts": ""}),
        as_=ORGANISER,
        status=422,
    ),
    Sight(
        "settings, colours refused",
        "settings.look",
        way=wrongly(of_event("settings.look"), {"accent_light": "#e2001a", "accent_dark": "#e2001a"}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("requests", "erasure_requests.index", way=of_event("erasure_requests.index"), as_=ORGANISER),
    Sight("erase a person", "erasure_requests.carry_out", way=asked("carry_out"), as_=ORGANISER),
    Sight("refuse a request", "erasure_requests.refuse", way=asked("refuse"), as_=ORGANISER),
    Sight(
        "refuse a request, without a reason",
        "erasure_requests.refuse",
        way=wrongly(asked("refuse"), {"reason": ""}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("restrict a person's data", "restriction_requests.grant", way=objected("grant"), as_=ORGANISER),
    Sight("decline an objection", "restriction_requests.decline", way=objected("decline"), as_=ORGANISER),
    Sight(
        "decline an objection, without a reason",
        "restriction_requests.decline",
        way=wrongly(objected("decline"), {"reason": ""}),
        as_=ORGANISER,
        status=422,
    ),
    Sight("lift a restriction", "restriction_requests.lift", way=objected("lift"), as_=ORGANISER),
    Sight("consent texts", "consent_texts.index", way=of_event("consent_texts.index"), as_=ORGANISER),
    Sight("new sector", "settings.new_sector", way=of_event("settings.new_sector"), as_=ORGANISER),
    *[
        Sight(f"{what} a sector", endpoint, way=of_event(endpoint, sector="ngo"), as_=ORGANISER)
        for what, endpoint in (
            ("describe", "settings.sector"),
            ("close", "settings.close_sector"),
            ("remove", "settings.remove_sector"),
        )
    ],
    Sight(
        "merge sectors",
        "settings.merge_sector",
        way=of_event("settings.merge_sector", sector="ngo", into="justice"),
        as_=ORGANISER,
    ),
    Sight(
        "merge sectors, refused",
        "settings.merge_sector",
        way=wrongly(of_event("settings.merge_sector", sector="ngo", into="justice"), {"ceiling": "1"}),
        as_=ORGANISER,
        status=422,
    ),
]
ADD_QUESTION = of_event("questions.add", kind="one_of")
QUESTIONS = [
    Sight("questions, none yet", "questions.index", {"event": "nf16"}, as_=ORGANISER),
    Sight("questions", "questions.index", way=of_event("questions.index"), as_=ORGANISER),
    Sight(
        "questions in long words",
        "questions.index",
        way=of_event("questions.index"),
        world="long",
        as_=ORGANISER,
    ),
    Sight("new question", "questions.new", way=of_event("questions.new"), as_=ORGANISER),
    Sight("question of a kind", "questions.add", way=ADD_QUESTION, as_=ORGANISER),
    Sight("question for a file", "questions.add", way=of_event("questions.add", kind="file"), as_=ORGANISER),
    Sight(
        "question of a kind, refused",
        "questions.add",
        way=wrongly(ADD_QUESTION, {"label-en": "One", "choices-0-label-en": "Alone"}),
        as_=ORGANISER,
        status=422,
    ),
    *[
        Sight(f"{what} a question", endpoint, way=of_question(endpoint), world="long", as_=ORGANISER)
        for what, endpoint in (("change", "questions.edit"), ("withdraw", "questions.withdraw"))
    ],
    Sight("preview of no questions", "questions.preview", {"event": "nf16"}, as_=ORGANISER),
    Sight("preview of questions", "questions.preview", way=of_event("questions.preview"), as_=ORGANISER),
    Sight("counts in long words", "counts.show", way=of_event("counts.show"), world="long", as_=ORGANISER),
    Sight("figures", "figures.index", way=of_event("figures.index"), as_=ORGANISER),
    Sight("public numbers", "public_balance.show", way=of_event("public_balance.show"), as_=ORGANISER),
    Sight("answers of people", "counts.people", way=of_event("counts.people"), as_=CARER),
    Sight("sheet for the venue", "counts.parts", way=of_event("counts.parts"), as_=CARER),
]
ORGANISING = [*CONSOLE, *DESK, *SETTINGS, *QUESTIONS]
SIGHTS = [*FRONTS, *PAGES, *NEWS, *REGISTERING, *OWN_REGISTRATION, *FAILURES, *ACCOUNT, *ORGANISING]
BY_NAME = {sight.name: sight for sight in SIGHTS}
EVERY_KIND = (  # pages that together have every kind of element that can get the focus
    "front",
    "choose",
    "details with errors",
    "own registration, confirmed",
    "post with a correction",
    "attendees",
    "style guide",
)
