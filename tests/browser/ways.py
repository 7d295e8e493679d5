"""How to get to pages that no URL opens directly: by links, filled-in forms, personal links or wrong answers."""

from collections.abc import Callable

from playwright.sync_api import expect

from forum.columns import digest
from forum.registration.own_sign_in import EVERYTHING
from tests.browser.visitor import Visitor, follow

Way = Callable[[Visitor], None]


def post(kind: str) -> Way:
    return lambda visitor: visitor.open("news.post", **visitor.world.posts[f"{kind}-{visitor.language}"])


def list_of(kind: str) -> Way:
    """Open the page of news and follow its first link to a list of this kind, such as a category."""

    def go(visitor: Visitor) -> None:
        visitor.open("news.index")
        visitor.follow_first(f'main a[href*="/news/{kind}/"]')

    return go


def tag(visitor: Visitor) -> None:
    post("any")(visitor)
    visitor.follow_first('main a[href*="/news/tags/"]')


def details(answers: dict[str, str], sector: str = "") -> Way:
    """Fill in the registration form and go on to "Check your answers"."""

    def go(visitor: Visitor) -> None:
        visitor.open_details(sector)
        visitor.fill(answers)
        visitor.submit()

    return go


def moving(sector: str = "") -> Way:
    """Begin to fill in the registration form and go on to "Choose another sector"."""

    def go(visitor: Visitor) -> None:
        visitor.open_details(sector)
        visitor.fill({"given_name": "Åsa"})
        follow(visitor.page.locator("main .actions button.link-button"))

    return go


def sent(visitor: Visitor) -> None:
    """Register, and come to the page "Check your e-mail"."""
    details(visitor.answers())(visitor)
    visitor.submit()


def pressed(way: Way, button: str, answers: dict[str, str] | None = None) -> Way:
    """Open a page by a function of this module, fill in answers, and press a button on the page."""

    def go(visitor: Visitor) -> None:
        way(visitor)
        visitor.fill(answers or {})
        follow(visitor.page.locator(f"main button{button}"))

    return go


def refused_reused(visitor: Visitor) -> None:
    """Send two forms with the same key but different answers, so that the second is refused."""
    visitor.open_details("ngo")
    key = visitor.page.locator("input[name=key]").input_value()
    for name in ("Åsa", "Björn"):
        visitor.open_details("ngo")
        visitor.page.evaluate("key => { document.querySelector('input[name=key]').value = key }", key)
        visitor.fill({**visitor.answers(), "given_name": name})
        visitor.submit(), visitor.submit()


def refused_tries(visitor: Visitor) -> None:
    """Register once more than the rate limit of this test forum allows."""
    for _number in range(2):
        details(visitor.answers(), "ngo")(visitor)
        visitor.submit()
        if "received" not in visitor.page.url:
            return


def mine(status: str, endpoint: str = "self_service.show", **values) -> Way:
    """Follow the personal link of a registration in a state, and open one of its pages."""

    def go(visitor: Visitor) -> None:
        visitor.open("self_service.enter", token=visitor.world.tokens[status])
        if endpoint != "self_service.show" or values:
            visitor.open(endpoint, **values)

    return go


def saved(visitor: Visitor) -> None:
    mine("confirmed")(visitor)
    visitor.submit()  # send the form of consents as the page shows it


def change_wrongly(visitor: Visitor) -> None:
    mine("confirmed", "self_service.change")(visitor)
    visitor.fill({"given_name": "", "organisation": "", "phone": "x"})
    visitor.submit()


def accept_too_late(visitor: Visitor) -> None:
    """Send the form that accepts an offer for a person who has no offer any more."""
    mine("waiting")(visitor)
    visitor.page.locator("main form.own-consents").evaluate(
        "(form, url) => { form.action = url }", visitor.address("self_service.accept")
    )
    visitor.submit()


def link(endpoint: str, token: str) -> Way:
    return lambda visitor: visitor.open(endpoint, token=visitor.world.tokens[token])


def of_contact(endpoint: str, **values) -> Way:
    """Follow the link of a delegation's contact, and open one of the contact's pages."""

    def go(visitor: Visitor) -> None:
        visitor.open("own_delegation.enter", token=visitor.world.tokens["contact"])
        visitor.open(endpoint, **values)

    return go


def everything(visitor: Visitor) -> None:
    """Open the page with all of a person's data, by pressing the button of its link."""
    opened = {EVERYTHING: digest(visitor.world.tokens["open"])}
    visitor.page.context.add_cookies([visitor.world.cookie(**opened)])
    visitor.open("own_everything.show")


def asked(act: str) -> Way:
    """Open a console page about the test forum's request for erasure."""
    return lambda visitor: visitor.open(
        f"erasure_requests.{act}", event=visitor.world.event, number=visitor.world.request
    )


def objected(act: str) -> Way:
    """Open a console page about the test forum's objection, or the page that lifts its restriction."""
    return lambda visitor: visitor.open(
        f"restriction_requests.{act}",
        event=visitor.world.event,
        number=visitor.world.restriction if act == "lift" else visitor.world.objection,
    )


def invited(act: str) -> Way:
    """Open a console page about the test forum's open invitation."""
    return lambda visitor: visitor.open(
        f"invitations.{act}", event=visitor.world.event, number=visitor.world.invitation
    )


def of_follower(act: str) -> Way:
    """Open a page of a follower of the news, or of somebody who has been asked to confirm following."""
    return lambda visitor: visitor.open(f"followers.{act}", token=visitor.world.tokens[f"news {act}"])


def imported(visitor: Visitor) -> None:
    """Open the page that undoes the test forum's import."""
    visitor.open("imports.undo", event=visitor.world.event, imported=visitor.world.imported)


def long_table(name: str) -> Way:
    """Open the page of a long table of the test forum: "waits" waits for its columns, "done" has been imported."""

    def go(visitor: Visitor) -> None:
        visitor.open("import_tables.show", event=visitor.world.event, table=visitor.world.long_tables[name])

    return go


def wrongly(way: Way, answers: dict[str, str]) -> Way:
    """Open a page by a function of this module, and send answers that are refused."""

    def go(visitor: Visitor) -> None:
        way(visitor)
        visitor.fill(answers)
        visitor.submit()

    return go


def ticked(way: Way) -> Way:
    """Open a form by a function of this module, and tick its first box."""

    def go(visitor: Visitor) -> None:
        way(visitor)
        visitor.page.locator("main form:has(input[name=seen]) input[type=checkbox]").first.check()

    return go


def unticked(way: Way, name: str) -> Way:
    """Open a form by a function of this module, untick its boxes of this name, and send it."""

    def go(visitor: Visitor) -> None:
        way(visitor)
        for box in visitor.page.locator(f"main [name={name}]").all():
            box.uncheck()
        visitor.submit()

    return go


def outdated(way: Way, answers: dict[str, str]) -> Way:
    """Open a form by a function of this module, and send it as if its values had been changed meanwhile (R30)."""

    def go(visitor: Visitor) -> None:
        way(visitor)
        visitor.page.locator("main form input[name=seen]").evaluate("field => { field.value = 'other' }")
        visitor.fill(answers)
        follow(visitor.page.locator("main form:has(input[name=seen]) button.button").first)

    return go


def opened(endpoint: str, **values) -> Way:
    return lambda visitor: visitor.open(endpoint, **values)


def waiting(email: str, endpoint: str) -> Way:
    """Open the second step of signing in, after the right password."""

    def go(visitor: Visitor) -> None:
        visitor.wait_for_second_factor(email)
        visitor.open(endpoint)

    return go


def new_codes(visitor: Visitor) -> None:
    visitor.open("own_account.recovery_codes")
    visitor.submit()


def of_person(endpoint: str, status: str) -> Way:
    return lambda visitor: visitor.open(
        endpoint, event=visitor.world.event, reference=visitor.world.people[status]
    )


def searching_for_another(words: str) -> Way:
    return lambda visitor: visitor.open(
        "attendee_merges.choose",
        event=visitor.world.event,
        reference=visitor.world.people["confirmed"],
        other=words,
    )


def merging(status: str, other: str) -> Way:
    """Open the page that shows the registrations of two people side by side."""
    return lambda visitor: visitor.open(
        "attendee_merges.merge",
        event=visitor.world.event,
        reference=visitor.world.people[status],
        other=visitor.world.people[other],
    )


def removing_a_note(visitor: Visitor) -> None:
    of_person("attendee_notes.index", "confirmed")(visitor)
    follow(visitor.page.locator("main .timeline-item a").first)


def of_reviewed(endpoint: str) -> Way:
    """Open a page for deciding about many people in review, with one of them chosen."""
    return lambda visitor: visitor.open(
        endpoint, event=visitor.world.event, who=visitor.world.people["in_review"]
    )


def proposed_refusal(visitor: Visitor) -> None:
    """Open the page on which a second organiser confirms a refusal."""
    visitor.open(
        "review.confirm_refusal", event=visitor.world.event, reference=visitor.world.people["proposed"]
    )


def proposed_refusals(visitor: Visitor) -> None:
    """Open the page on which a second organiser confirms several refusals, with one of them chosen."""
    visitor.open("review_proposed.confirm", event=visitor.world.event, who=visitor.world.people["proposed"])


def revealed(status: str) -> Way:
    """Reveal a person's identity with a reason."""

    def go(visitor: Visitor) -> None:
        of_person("reveals.reveal", status)(visitor)
        visitor.fill({"reason": "The police have called about a threat."})
        visitor.submit()

    return go


def revealed_before(status: str) -> Way:
    """Reveal a person's identity and close the answer, which leads to the list of reveals."""

    def go(visitor: Visitor) -> None:
        revealed(status)(visitor)
        follow(visitor.page.locator("main a.button").last)

    return go


def of_event(endpoint: str, **values) -> Way:
    return lambda visitor: visitor.open(endpoint, event=visitor.world.event, **values)


def of_mailing(endpoint: str) -> Way:
    """Open a console page about the test forum's mailing."""
    return lambda visitor: visitor.open(endpoint, event=visitor.world.event, mailing=visitor.world.mailing)


def of_letter(endpoint: str, kind: str, **query: str) -> Way:
    """Open a console page about a message that organisers write, such as a draft."""
    return lambda visitor: visitor.open(
        endpoint, event=visitor.world.event, mailing=visitor.world.letters[kind], **query
    )


def of_task(endpoint: str) -> Way:
    """Open a console page about the test forum's task."""
    return lambda visitor: visitor.open(endpoint, event=visitor.world.event, task=visitor.world.task)


def moved_many(visitor: Visitor) -> None:
    """Open the page of a task that has moved people who have not answered a required question."""
    visitor.open("bulk.show", event=visitor.world.event, task=visitor.world.moved)


def undo_many(visitor: Visitor) -> None:
    """Open the page that undoes the cancellations of the test forum's ended task."""
    visitor.open("bulk_undoing.ask", event=visitor.world.event, task=visitor.world.cancelled)


def of_question(endpoint: str) -> Way:
    """Open a console page about the test forum's question."""
    return lambda visitor: visitor.open(endpoint, event=visitor.world.event, question=visitor.world.question)


def of_desk(endpoint: str, kind: str) -> Way:
    """Open a console page about a post of this kind, such as a draft."""
    return lambda visitor: visitor.open(endpoint, event=visitor.world.event, **visitor.world.desk[kind])


def of_account(endpoint: str, kind: str) -> Way:
    """Open a page about something of the organiser's own, such as a passkey."""
    return lambda visitor: visitor.open(endpoint, **visitor.world.desk[kind])


def of_image(endpoint: str, kind: str) -> Way:
    """Open a console page about an image that is used or unused."""
    return lambda visitor: visitor.open(endpoint, event=visitor.world.event, **visitor.world.images[kind])


def previewed(way: Way) -> Way:
    """Open a form by a function of this module and press its preview button; the preview opens in the same tab."""

    def go(visitor: Visitor) -> None:
        way(visitor)
        button = visitor.page.locator(f"main button[name=in][value={visitor.language}]")
        button.evaluate("button => button.removeAttribute('formtarget')")
        follow(button)

    return go


def prepared() -> Way:
    """Ask for the attendee list as a prepared file, and open the page that shows how far the worker has come."""

    def go(visitor: Visitor) -> None:
        visitor.open("attendees.export", event=visitor.world.event)
        for name, value in {"purpose": "badges", "recipient": "office", "kept": "y"}.items():
            visitor.page.locator(f"main [name={name}][value={value}]").check()
        visitor.submit()

    return go


def printed(**answers: str) -> Way:
    """Ask for the attendee list on paper and open its page for printing."""

    def go(visitor: Visitor) -> None:
        visitor.open("attendees.export", event=visitor.world.event, shape="paper")
        for name, value in {"recipient": "office", **answers}.items():
            visitor.page.locator(f"main [name={name}][value={value}]").check()
        visitor.submit()

    return go


def saved_view(endpoint: str, **chosen: str) -> Way:
    """Save a view of the attendee list, once, and open a console page about it."""

    def go(visitor: Visitor) -> None:
        visitor.open("attendee_views.new", event=visitor.world.event, sector="ngo", tag="vip")
        visitor.fill({"name": "NGO, vip"})
        visitor.submit()
        number = int(visitor.page.url.rpartition("/")[2])
        visitor.open(endpoint, event=visitor.world.event, saved=number, **chosen)

    return go


def some_chosen(visitor: Visitor) -> None:
    """Choose two people of the attendee list, and open it anew."""
    visitor.open("attendees.index", event=visitor.world.event)
    for number in range(2):
        visitor.page.locator("#list [name=who]").nth(number).check()
    expect(visitor.page.locator("[data-chosen-said]")).to_contain_text("2")
    visitor.open("attendees.index", event=visitor.world.event)


def too_many_tries(visitor: Visitor) -> None:
    """Try wrong passwords until the rate limit refuses more."""
    visitor.open("accounts.sign_in")
    for _number in range(12):
        visitor.fill({"email": "nobody@example.org", "password": "wrong"})
        visitor.submit()
        if visitor.last_status == 429:
            return
