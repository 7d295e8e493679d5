"""No console form loses what was entered because the sign-in ended meanwhile (A11). The forms come from the list in
test_mass_assignment, so a new form is tested too."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from forum import clock
from forum.accounts import actions as accounts
from forum.accounts import kept_words, sign_ins
from forum.accounts.models import User
from forum.database import start_write
from forum.extensions import db
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.factories.events import NOW
from tests.guards.addresses import addresses
from tests.guards.test_mass_assignment import FORMS, hidden_fields
from tests.guards.world import ADMIN, HERE, PERSON, UNSEEN, World
from tools.page_forms import Form

FILLED = sorted(name for name, (who, data, *_) in FORMS.items() if who == ADMIN and data)
WITH_SECRETS = {
    "own_account.confirm",
    "own_account.password",
    "own_account.authenticator",
    "own_account.recovery_codes_file",
    *("passkeys.confirm", "passkeys.index", "passkeys.show"),
}
# Forms whose URL has no page that could show the entered values again: a button in a row of a list, a choice in the
# navigation, previews, whose form is still open in another tab, and what an editor's script sends.
IN_ROWS = {
    *("categories.order", "questions.order", "outbox.dismiss", "own_account.choose_language"),
    *("attendee_columns.choose", "bulk_choice.change"),
    *("posts.preview", "pages.preview"),
    *(f"{room}.{act}" for room in ("writing", "page_writing") for act in ("autosave", "preview")),
}
# Forms that pages show only for an unpublished event.
BEFORE_PUBLISHING = {"previews.index"}
# Values that give the registration in the URLs the state in which a page shows the form. In the test data it is
# confirmed, and then no page shows any of the forms in STATES.
WAITS = {"status": Status.WAITING, "holds_place": False, "waiting_since": NOW}
IS_OFFERED = {"status": Status.OFFERED, "offer_expires_at": NOW + timedelta(days=3)}
IS_CANCELLED = {
    "status": Status.CANCELLED,
    "holds_place": False,
    "ended_at": NOW,
    "cancelled_from": Status.IN_REVIEW,
}
STATES = {
    "attendee_undoing.reinstate": IS_CANCELLED,
    "waiting_list.offer": WAITS,
    "waiting_list.extend": IS_OFFERED,
    "waiting_list.withdraw": IS_OFFERED,
}
# Forms about several people, whom the page's URL names.
ABOUT_CHOSEN = {"review_many.approve", "review_many.decline"}
CONSOLE = [name for name in FILLED if name not in WITH_SECRETS | IN_ROWS]


def sign_in_again(world: World) -> None:
    """Sign the admin's browser in again without the sign-in pages."""
    with world.app.app_context():
        start_write(db.session)
        user = db.session.get_one(User, *world.owned[ADMIN]["users"])
        token = accounts.open_sign_in(user, browser="Firefox, Linux", now=clock.now())
        db.session.commit()
    with world.browsers[ADMIN].session_transaction() as session:
        session[sign_ins.TOKEN] = token


def entered(world: World, path: str) -> dict[str, list[str]]:
    """Return the values in the form of a page."""
    page = BeautifulSoup(world.browsers[ADMIN].get(path).get_data(as_text=True), "html.parser")
    return Form(None, path, page.select_one("main form")).data


def put_into_state(world: World, state: dict | None) -> None:
    """Give the person whose registration the URLs name other values, so that a page shows the form."""
    if state:
        with world.app.app_context():
            start_write(db.session)
            mine = select(Registration).where(Registration.reference == world.references[PERSON])
            person = db.session.scalars(mine).one()
            for name, value in state.items():
                setattr(person, name, value)
            db.session.commit()


def test_there_are_forms_to_try():
    assert CONSOLE
    assert set(FILLED) >= WITH_SECRETS


@pytest.mark.parametrize("endpoint", CONSOLE)
def test_what_was_entered_is_there_again(fresh_world, endpoint):
    slug = UNSEEN if endpoint in BEFORE_PUBLISHING else HERE
    (address,) = [found for found in addresses(fresh_world, (slug,)) if found.endpoint == endpoint]
    chosen = f"?who={fresh_world.references['reviewed']}" if endpoint in ABOUT_CHOSEN else ""
    path, data = address.path + chosen, FORMS[endpoint][1]
    put_into_state(fresh_world, STATES.get(endpoint))
    sent = {**data, **hidden_fields(fresh_world, ADMIN, "")}
    clock.freeze(NOW + timedelta(hours=1))
    answer = fresh_world.browsers[ADMIN].post(path, data=sent)
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/account/sign-in")
    sign_in_again(fresh_world)
    found = entered(fresh_world, path)
    shown = {name: [value for value in found[name] if value] for name in data}
    # A box that is not ticked sends nothing; here it is sent with an empty value.
    assert shown == {name: [value] if value else [] for name, value in data.items()}


@pytest.mark.parametrize("endpoint", sorted(IN_ROWS))
def test_what_has_no_page_of_its_own_is_not_said_to_be_kept(fresh_world, endpoint):
    (address,) = [found for found in addresses(fresh_world, (HERE,)) if found.endpoint == endpoint]
    assert "GET" not in address.methods
    sent = {**FORMS[endpoint][1], **hidden_fields(fresh_world, ADMIN, "")}
    clock.freeze(NOW + timedelta(hours=1))
    answer = fresh_world.browsers[ADMIN].post(address.path, data=sent)
    assert (answer.status_code, kept_words.COOKIE in str(answer.headers.getlist("Set-Cookie"))) == (
        303,
        False,
    )
    told = fresh_world.browsers[ADMIN].get(answer.location).get_data(as_text=True)
    assert "Ingenting har gjorts än. Gör om det när du är tillbaka." in told


@pytest.mark.parametrize("endpoint", sorted(WITH_SECRETS))
def test_no_secret_is_kept(fresh_world, endpoint):
    """Passwords and codes are never stored when the sign-in has ended, so their forms are empty afterwards."""
    (address,) = [found for found in addresses(fresh_world, (HERE,)) if found.endpoint == endpoint]
    sent = {**FORMS[endpoint][1], **hidden_fields(fresh_world, ADMIN, "")}
    clock.freeze(NOW + timedelta(hours=1))
    answer = fresh_world.browsers[ADMIN].post(address.path, data=sent)
    assert answer.status_code == 303
    assert kept_words.COOKIE not in str(answer.headers.getlist("Set-Cookie"))
