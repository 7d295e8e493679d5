"""Sensitive forms ask for both factors again when they were given more than five minutes ago (S09).

Every console and account form is in `WEIGHTY` or, with the reason why it need not ask, in `LIGHT`. No page changes the
address of an account yet; such a page will have to be listed here.
"""

from datetime import timedelta

import pytest

from forum import clock
from forum.accounts.access import AUDIENCES, Roles
from tests.factories.events import NOW
from tests.guards.addresses import Address, addresses
from tests.guards.test_mass_assignment import FORMS, hidden_fields, rows
from tests.guards.test_steps import written
from tests.guards.world import HERE, World

# Forms that ask for both factors again when these were given more than five minutes ago, each with the reason.
WEIGHTY = {
    "erasure_requests.carry_out",  # an erasure cannot be undone
    # With these forms, personal data leave the system.
    *(
        "attendees.export",
        "kept_exports.take",
        "log.export",
        "log.export_site",
    ),
    *("mailings.send", "reminders.plan", "sent_mailings.send"),  # these forms send mails to many people
    # these forms decide when many people are reminded
    *("reminder_rules.of_offers", "reminder_rules.of_invitations"),
    "mail_texts.edit",  # this form changes the words of mails that all people get from then on
    # these forms send mails to many people, and delete many registrations
    *("imports.new", "imports.undo", "import_tables.show"),
    # These forms decide about many people and write to them.
    *(
        "review_many.approve",
        "review_many.decline",
        "review_proposed.confirm",
        "bulk.ask",
        "bulk_undoing.ask",
    ),
    "own_account.authenticator",  # this form changes the second factor
    "own_account.propose_authenticator",
    *(
        "own_account.recovery_codes",
        "passkeys.index",
        "passkeys.challenge",
        "passkeys.show",
        "passkeys.remove",
    ),
    # These forms decide who may do what.
    *(
        "colleagues.invite",
        "colleagues.invite_again",
        "colleagues.roles",
        "colleagues.remove",
        "colleagues.reset_second_factor",
        "colleagues.disable",
        "colleagues.enable",
    ),
    "reveals.reveal",  # this form shows who has protected identity, and a real name
}
# Forms that never ask for both factors again, each with the reason.
LIGHT = {
    "attendees.cancel": "one person, said and asked on a page of its own, undone by registering",
    "attendee_answers.change": "what organisers read already, one person at a time; recorded, and shown to the person",
    "attendee_answers.care": "one person; shows nothing that is stored, and is recorded",
    "attendee_merges.merge": "two registrations of one person, shown side by side; both are told, and undone for a day",
    "attendee_merges.undo": "one person, who is told; recorded, and merged again as easily",
    "attendee_undoing.reinstate": "one person, who is told; recorded, and cancelled again as easily",
    "waiting_list.offer": "one person, recorded with a reason, withdrawn as quickly; passes no limit",
    "waiting_list.extend": "one person, recorded",
    "waiting_list.withdraw": "one person, asked on a page of its own, recorded; nobody loses the turn",
    "attendees.resend": "goes to the address that is registered",
    "delegations_console.send_link": "goes to the contact's address; recorded",
    "invitations.invite": "one person, by a message that can be ignored; recorded, and withdrawn as quickly",
    "invitations.invite_many": "people who may ignore a message, each shown before; recorded, and withdrawn as quickly",
    "invitations.change": "one person, who is not written to; recorded, and changed back as easily",
    "invitations.remind": "people who may ignore a message, once each, their number shown before; recorded",
    "invitations.release": "people who may ignore a message, their number shown before; recorded",
    "invitations.withdraw": "one person, asked on a page of its own; recorded, and invited again as easily",
    "review.approve": "one person, who is told; recorded",
    "review.decline": "one person, with a reason; recorded, and where asked another organiser confirms it",
    "review.confirm_refusal": "one person, whom another organiser has proposed to decline; recorded",
    "review.withdraw_refusal": "one person, about whom is decided anew; recorded",
    "review_proposed.withdraw": "people about whom is decided anew; nobody is written to; recorded",
    "review.recuse": "takes a right away, gives none",
    "mailings.show": "words of a message that nobody gets before it is sent by a page that asks",
    "mailings.dismiss": "nobody is written to",
    "own_mailings.new": "a draft, which nobody gets before it is sent by a page that asks",
    "own_mailings.write": "a draft, which nobody gets before a page that asks; once planned it asks, too",
    "own_mailings.people": "a draft, which nobody gets before a page that asks; once planned it asks, too",
    "own_mailings.discard": "nobody is written to; asked on a page of its own",
    "mail_texts.reset": "says what the forum itself says; recorded, and changed again as easily",
    "reminders.take_off": "holds back what was allowed",
    "sent_mailings.take_back": "holds back what was allowed",
    "sent_mailings.again": "goes on with what somebody with both factors has sent, to the same people",
    "mailings.pause": "holds back what was allowed; goes on as quickly",
    "mailings.resume": "goes on with what somebody with both factors has sent",
    "mailings.stop": "holds back what was allowed; asked on a page of its own",
    "kept_exports.remove": "deletes one's own file, which can be asked for again",
    "bulk.stop": "holds back what was allowed",
    "import_tables.stop": "holds back what was allowed",
    "new_event.make": "adds what nobody else sees yet, and nobody's data",
    "new_event.copy": "adds what nobody else sees yet, and nobody's data",
    "publication.publish": "shows texts of the forum, no personal data; asked on a page of its own",
    "previews.index": "shows texts of the forum to whoever has the link; recorded, ended as quickly",
    "previews.end": "takes a right away, gives none",
    "publication.unpublish": "hides texts of the forum; asked on a page of its own, and published again alike",
    "cancellation.show": "no mail leaves; asked on a page of its own, recorded, and taken back as quickly",
    "cancellation.take_back": "takes back what was said on public pages",
    "publication.front_page": "moves pages of the forum; asked on a page of its own, and moved back alike",
    "posts.new": "a draft, which nobody but organisers sees",
    "posts.edit": "texts of the forum; no personal data, recorded, every revision comes back alike",
    "posts.preview": "stores nothing",
    "writing.autosave": "one's own words, which nobody else sees",
    "writing.preview": "stores nothing",
    "page_writing.autosave": "one's own words, which nobody else sees",
    "page_writing.preview": "stores nothing",
    "publishing.publish": "texts of the forum; recorded, withdrawn as quickly",
    "publishing.withdraw": "recorded, published again as quickly",
    "publishing.correct": "texts of the forum; no personal data, recorded",
    "revisions.show": "brings back what the post said; the present text stays a revision",
    "categories.order": "the order of categories, moved back alike",
    "categories.new": "adds what no post has",
    "categories.edit": "texts of the forum; no personal data, recorded, former addresses lead on",
    "categories.merge": "no personal data; asked on a page of its own, recorded, addresses lead on",
    "categories.remove": "refused while a post has it; asked on a page of its own",
    "organisations.new": "nobody loses a place; recorded, and removed as quickly",
    "organisations.edit": "nobody loses a place; recorded",
    "organisations.remove": "no registration changes; asked on a page of its own, recorded",
    "organisation_merges.merge": "no registration changes; asked on a page of its own, recorded, undone alike",
    "organisation_merges.undo": "no registration changes; asked on a page of its own, recorded, merged alike",
    "organisation_merges.tell_apart": "moves nothing; recorded, taken back alike",
    "organisation_merges.propose_again": "moves nothing; recorded, taken back alike",
    "public_balance.show": "numbers that point at nobody; recorded, taken back alike",
    "public_balance.take_back": "shows less than before; recorded",
    "glossary.new": "hints for editors; recorded",
    "glossary.edit": "hints for editors; recorded",
    "glossary.remove": "hints for editors; asked on a page of its own",
    "redirects.new": "adds an address that nobody has; recorded",
    "redirects.edit": "no personal data; recorded, changed back alike",
    "redirects.remove": "asked on a page of its own, added again alike",
    "redirects.import_file": "adds addresses and removes none; recorded",
    "hashtags.new": "adds what no post has",
    "hashtags.edit": "texts of the forum; no personal data, recorded, former spellings lead on",
    "hashtags.merge": "no personal data; asked on a page of its own, recorded, spellings lead on",
    "hashtags.remove": "refused while a post has it; asked on a page of its own",
    "pages.new": "texts of the forum; no personal data, recorded",
    "pages.edit": "texts of the forum; no personal data, recorded",
    "page_revisions.show": "brings back what the page said; the present text stays a revision",
    "pages.preview": "stores nothing",
    "pages.remove": "texts of the forum; asked on a page of its own",
    "library.add": "adds an image that nothing shows yet; recorded",
    "library.show": "says what an image shows; no personal data but the photographer's name, recorded",
    "library.remove": "refused while a text shows the image; asked on a page of its own",
    "settings.facts": "says what the forum is; no personal data, recorded, and changed back alike",
    "settings.registration": "rules of the forum; nobody loses a place by them",
    "settings.sectors": "limits of the forum; never below the places that people have",
    "settings.new_sector": "adds a sector that nobody belongs to",
    "settings.sector": "texts of the forum; no personal data",
    "settings.close_sector": "nobody loses a place; asked on a page of its own, undone by a higher ceiling",
    "telephone.add": "one person under the rules of places; shows nothing of anybody, and is recorded",
    "attendee_additions.add": "one person under the rules of places; recorded, with the reason as a note",
    "attendee_addresses.change": "nothing changes until the new address is confirmed, and the old one is told",
    "attendee_suppressions.lift": "one address, asked on a page of its own with a reason; recorded, and marked anew",
    "attendee_moves.sector": "one person, said and asked on a page of its own; recorded, and moved back as easily",
    "attendee_notes.index": "a note about one person, which the person can read",
    "attendee_notes.remove": "one note, asked on a page of its own; the history keeps that there was one",
    "attendee_notes.tags": "tags of one person, which the person can read",
    "attendee_changes.change": "what organisers read already, one person at a time; recorded, and shown to the person",
    "settings.merge_sector": "nobody loses a place, and what happens is asked on a page of its own with the numbers",
    "settings.remove_sector": "refused while anybody belongs to it; asked on a page of its own",
    "settings.organiser": "says who arranges the forum; no personal data, recorded",
    "settings.texts": "texts of the forum; no personal data",
    "erasure_requests.refuse": "one person, who gets the reason and may ask again; recorded",
    "restriction_requests.grant": "hides one person, who is told and may end it; lifted as easily",
    "restriction_requests.decline": "one person, who gets the reason and may ask again; recorded",
    "restriction_requests.lift": "one person, who is told a week before it happens and may object",
    "settings.privacy": "shows only those who have consented, and no consent counts for more readers",
    "settings.languages": "hides or drafts pages; no text is lost",
    "settings.look": "the look of the forum; no personal data",
    "questions.order": "the order of questions, moved back alike",
    "questions.take_over": "adds questions that nobody has answered; withdrawn as quickly",
    "questions.add": "adds a question that nobody has answered; withdrawn as quickly",
    "questions.edit": "words and rules of the form; who reads answers that were given never changes",
    "questions.withdraw": "answers are kept; asked on a page of its own, brought back as quickly",
    "questions.bring_back": "asks again what was asked before; recorded",
    "outbox.retry": "goes to the address that it was written to",
    "outbox.send_now": "goes to the address that it was written to",
    "outbox.dismiss": "one message that has failed; the person can be written to again",
    "bulk_choice.change": "changes what its organiser has ticked; the act asks for itself",
    "attendee_columns.choose": "changes what its organiser sees, and nothing else",
    "attendee_views.new": "keeps filters; who may not see the list sees no view",
    "attendee_views.change": "changes filters that are kept; no registration",
    "attendee_views.remove": "filters that are made anew as quickly; no registration",
    "own_account.choose_language": "changes what is read in, and nothing else",
    "own_account.confirm": "is itself the asking",
    "passkeys.confirm": "is itself the asking",
    "passkeys.confirm_challenge": "is itself the asking",
    "own_account.password": "asks for the present password",
    "own_account.recovery_codes_file": "gives back only the codes that its page has just shown",
    "colleagues.end_sign_in": "takes a right away, gives none",
    "colleagues.end_all_sign_ins": "takes a right away, gives none",
    "own_account.end_session": "takes a right away, gives none",
    "own_account.end_other_sessions": "takes a right away, gives none",
}


@pytest.fixture(scope="module")
def forms(world) -> dict[str, Address]:
    """Give the URL of each form for signed-in users, by its endpoint; it is the same in every copy of the test data."""
    listed = addresses(world, (HERE,))
    found = [
        each for each in listed if "POST" in each.methods and isinstance(AUDIENCES[each.endpoint], Roles)
    ]
    assert len(found) == len({each.endpoint for each in found})
    return {each.endpoint: each for each in found}


def asks_again(world: World, address: Address, method: str) -> bool:
    """Return whether the answer redirects to the page that asks for both factors."""
    audience, data, *_rest = FORMS[address.endpoint]
    sent = {**data, **hidden_fields(world, audience, "")} if method == "POST" else None
    answer = world.browsers[audience].open(address.path, method=method, data=sent, buffered=True)
    return answer.status_code == 303 and answer.location.startswith("/account/confirm?next=")


def test_every_form_is_weighed(forms):
    assert set(forms) == WEIGHTY | set(LIGHT)
    assert set(LIGHT) & WEIGHTY == set()


@pytest.mark.parametrize("endpoint", sorted(WEIGHTY))
def test_weighty_form_asks_again_and_does_nothing(fresh_world, forms, endpoint):
    clock.freeze(NOW + timedelta(minutes=10))
    # Open a page before the rows are read: this stores when the sign-in was last used, so the forms need not.
    fresh_world.browsers[FORMS[endpoint][0]].get("/account/")
    before = rows(fresh_world)
    for method in sorted(forms[endpoint].methods & {"GET", "POST"}):
        assert asks_again(fresh_world, forms[endpoint], method), method
    assert written(before, rows(fresh_world)) == []


@pytest.mark.parametrize("endpoint", sorted(WEIGHTY))
def test_weighty_form_is_done_while_it_is_fresh(fresh_world, forms, endpoint):
    """Control: a sensitive form does not ask for both factors when they were given four minutes ago."""
    clock.freeze(NOW + timedelta(minutes=4))
    for method in sorted(forms[endpoint].methods & {"GET", "POST"}):
        assert not asks_again(fresh_world, forms[endpoint], method), method


@pytest.mark.parametrize("endpoint", sorted(LIGHT))
def test_light_form_does_not_ask(fresh_world, forms, endpoint):
    """Control: forms that are not sensitive never ask for both factors again."""
    clock.freeze(NOW + timedelta(minutes=10))
    assert not asks_again(fresh_world, forms[endpoint], "POST")
