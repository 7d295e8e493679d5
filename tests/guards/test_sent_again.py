"""The page of a busy forum keeps what was typed and sends it again, or the form has a reason why not (R13).

Whoever adds a form decides: its blueprint is in `errors.KEEPS`, or the form is in NOT_AGAIN. No page can give
a browser its files back, so a file has to be chosen again.
"""

from io import BytesIO

import pytest

from forum.web import errors

SECRET = "its fields hold a password, a code or a key, which no page may contain"
SCRIPT = "a script sends it, and tries again by itself"
PRESS = "a single press with nothing typed, or with one choice: going back loses nothing"
MAILS = "done twice, it would send somebody two mails or two links"
TOKEN = "behind a link in a mail, which opens the page again with what is stored"
BROWSER = (
    "it is not shown that doing it twice is harmless, and a browser keeps what was typed in the page before"
)
NOT_AGAIN = {
    SECRET: {
        *(
            "accounts.reset",
            "accounts.second_factor",
            "accounts.set_up",
            "accounts.sign_in",
            "accounts.welcome",
        ),
        *("own_account.authenticator", "own_account.confirm", "own_account.password", "passkeys.confirm"),
        *(
            "own_account.propose_authenticator",
            "own_account.recovery_codes",
            "own_account.recovery_codes_file",
        ),
        *("passkeys.index", "passkeys.sign_in"),
    },
    SCRIPT: {
        *("page_writing.autosave", "page_writing.preview", "writing.autosave", "writing.preview"),
        *("passkeys.challenge", "passkeys.confirm_challenge", "passkeys.sign_in_challenge"),
    },
    PRESS: {
        *("accounts.open_demo", "accounts.sign_out", "own_account.choose_language"),
        *("own_account.end_other_sessions", "own_account.end_session", "passkeys.remove"),
        *("attendee_columns.choose", "attendee_merges.undo", "bulk_choice.change"),
        *("attendee_suppressions.lift", "attendee_undoing.reinstate", "cancellation.take_back"),
        *("categories.order", "categories.merge", "categories.remove", "hashtags.merge", "hashtags.remove"),
        *("colleagues.disable", "colleagues.enable", "colleagues.end_all_sign_ins", "colleagues.end_sign_in"),
        *("colleagues.remove", "colleagues.reset_second_factor", "colleagues.roles", "glossary.remove"),
        *("erasure_requests.carry_out", "outbox.dismiss", "organisations.remove", "page_revisions.show"),
        *("organisation_merges.propose_again", "organisation_merges.tell_apart", "organisation_merges.undo"),
        *("previews.end", "public_balance.show", "public_balance.take_back", "publication.front_page"),
        *("publication.publish", "publication.unpublish", "publishing.publish", "publishing.withdraw"),
        *("questions.bring_back", "questions.order", "questions.withdraw", "reminders.take_off"),
        *("reminder_rules.of_invitations", "reminder_rules.of_offers", "restriction_requests.lift"),
        *("review_proposed.confirm", "review_proposed.withdraw", "revisions.show"),
        *("sent_mailings.send", "sent_mailings.take_back"),
        *("own_delegation.forget", "own_delegation.leave", "own_delegation.withdraw", "own_everything.close"),
        *("substitutions.take_back", "own_delegation_people.take_back"),
    },
    MAILS: {
        *("accounts.forgot", "attendee_addresses.change", "attendees.resend", "colleagues.invite"),
        *("colleagues.invite_again", "delegations_console.send_link", "followers.ask", "outbox.retry"),
        *("outbox.send_now", "own_delegation_people.correct", "own_everything.ask", "own_moves.address"),
        *("sent_mailings.again", "substitutions.ask"),
    },
    TOKEN: {
        *("followers.choose", "followers.confirm", "followers.end", "followers.leave", "refusing.show"),
        *("own_delegation.confirm", "own_delegation.enter", "own_everything.enter"),
        *("own_moves.confirm_address", "substitutions.confirm"),
    },
    BROWSER: {
        *(
            "attendee_answers.care",
            "attendee_answers.change",
            "attendee_changes.change",
            "attendee_merges.merge",
        ),
        *(
            "attendee_moves.sector",
            "cancellation.show",
            "categories.edit",
            "categories.new",
            "delegations.details",
        ),
        *("erasure_requests.refuse", "glossary.edit", "glossary.new", "hashtags.edit", "hashtags.new"),
        *("new_event.copy", "new_event.make", "organisation_merges.merge", "organisations.edit"),
        *(
            "organisations.new",
            "own_delegation.change",
            "own_delegation.replace",
            "own_delegation_answers.answers",
        ),
        *(
            "own_delegation_answers.care",
            "own_delegation_people.add",
            "own_moves.sector",
            "own_requests.erasure",
        ),
        *("own_restriction.show", "passkeys.show", "previews.index", "publishing.correct", "questions.add"),
        *("questions.edit", "questions.take_over", "reminders.plan", "restriction_requests.decline"),
        *("restriction_requests.grant", "reveals.reveal", "telephone.add"),
    },
}
AGAIN_FILE = "The file that you had chosen is not kept. Choose it again: table.csv."
ENGLISH = {"Accept-Language": "en"}
A_FILE = "If you had chosen a file, check that it is still chosen before you send the form."


def test_each_form_can_be_sent_again_or_has_a_reason_why_not(app):
    sent = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    kept = {name for name in sent if name.rpartition(".")[0] in errors.KEEPS} - errors.KEEPS_NOT
    told = [name for names in NOT_AGAIN.values() for name in names]
    assert (sorted(told), len(told)) == (sorted(sent - kept), len(set(told)))


def test_every_kept_blueprint_and_every_form_with_a_table_exist(app):
    assert errors.KEEPS - set(app.blueprints) == set()
    assert (errors.KEEPS_NOT | errors.TAKES_TABLE) - set(app.view_functions) == set()


def busy_page(app, path: str, **sent) -> str:
    """Return the page of a busy forum that answers this form."""
    with app.test_request_context(path, method="POST", data=sent, headers=ENGLISH):
        return errors.show_busy(RuntimeError()).get_data(as_text=True)


@pytest.mark.usefixtures("event")
@pytest.mark.parametrize(
    "path", ["imports/new", "invitations/import", "news/old-addresses/import"], ids=lambda path: path[:7]
)
def test_table_in_a_file_cannot_be_sent_again_and_a_typed_one_can(app, path):
    page = busy_page(app, f"/console/nf27/{path}", lines="", file=(BytesIO(b"table"), "table.csv"))
    assert (AGAIN_FILE in page, "Try again" in page) == (True, False)
    page = busy_page(app, f"/console/nf27/{path}", lines="Kim;Ek", file=(BytesIO(), ""))
    assert ("Try again" in page, "Kim;Ek" in page, "not kept" in page) == (True, True, False)


@pytest.mark.usefixtures("event")
def test_page_says_nothing_of_files_if_none_was_chosen(app):
    """The console's form for one person's answers is not kept, and has files only if the event asks for some."""
    page = busy_page(app, "/console/nf27/registrations/AB-CDE/answers", note="Kim", file=(BytesIO(), ""))
    assert ("Try again" in page, "not kept" in page, "chosen a file" in page) == (False, False, False)


@pytest.mark.usefixtures("event")
def test_what_was_typed_beside_an_image_is_kept(app):
    page = busy_page(app, "/console/nf27/images/new", alt="A hall", file=(BytesIO(b"image"), "table.csv"))
    assert ("A hall" in page, "Try again" in page, AGAIN_FILE in page) == (True, True, True)


@pytest.mark.usefixtures("event")
def test_page_about_a_body_that_was_not_read_says_to_choose_a_file_again(app):
    """A full lobby reads no large body, so nobody knows whether a file was chosen."""
    unread = {
        "content_type": "multipart/form-data; boundary=x",
        "input_stream": BytesIO(),
        "content_length": 0,
    }
    with app.test_request_context("/console/nf27/imports/new", method="POST", headers=ENGLISH, **unread):
        page = errors.show_busy(RuntimeError()).get_data(as_text=True)
    assert (A_FILE in page, "Try again" in page) == (True, False)
