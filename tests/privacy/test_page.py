"""The privacy page shows the register of personal data (P01)."""

import pytest
from flask_babel import force_locale

from forum.columns import Text
from forum.database import start_write
from forum.extensions import db
from forum.privacy.entries import UNTIL_ERASED, UNTIL_ERASED_OR_WEEK, Entry
from forum.privacy.register import REGISTER
from tests.factories.events import NOW, make_event, make_page
from tests.factories.questions import make_question


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("language", ["sv", "en"])
def test_privacy_page_is_generated_from_the_register(pages, language):
    """The page has every entry of the register in its section, with all texts in the page's language."""
    text = "## Before\n\n{{field-register}}\n\n## After\n\nThe end."
    make_page(make_event(), "privacy", body=Text(sv=text, en=text))
    page = pages.get("events.page", slug="privacy", lang=language)
    rows = [
        [" ".join(cell.text.split()) for cell in row(["th", "td"])] for row in page.soup.select("tbody tr")
    ]
    with pages.app.test_request_context(), force_locale(language):
        assert rows == [
            [
                str(entry.what),
                f"{entry.purpose}. {entry.basis}.",
                f"{entry.audience}.",
                f"{entry.retention}.",
            ]
            for entry in REGISTER
        ]
    assert page.all("main h2:not(#contents)") == ["Before", "After"]
    assert page.all(".contents li") == ["Before", "After"]
    assert "field-register" not in page.text


def test_register_names_everybody_whom_the_service_erases_by_itself(app):
    """Unconfirmed registrations are erased after a day, those with a missed offer 30 days after the forum."""
    with app.test_request_context(), force_locale("en"):
        for retention in (UNTIL_ERASED, UNTIL_ERASED_OR_WEEK):
            assert "did not confirm the address, a day after the registration ended" in str(retention)
            assert "did not accept an offered place in time, 30 days after the forum" in str(retention)


@pytest.mark.usefixtures("database")
def test_privacy_page_shows_an_entry_that_was_just_added(pages, monkeypatch):
    """Control: the comparison of page and register notices an entry that the page lacks."""
    shoes = Entry(
        what="Shoe size", purpose="To lend boots", basis="None", audience="The office", retention="A day"
    )
    monkeypatch.setattr("forum.privacy.public.REGISTER", (*REGISTER, shoes))
    make_page(make_event(), "privacy", body=Text(en="{{field-register}}", sv="{{field-register}}"))
    page = pages.get("events.page", slug="privacy")
    assert page.all("tbody tr")[len(REGISTER) :] == ["Shoe size To lend boots. None. The office. A day."]


@pytest.mark.usefixtures("database")
def test_privacy_page_lists_what_its_event_asks_as_soon_as_that_changes(pages):
    """The page is cached; adding or withdrawing a question renders it again."""
    event = make_event()
    make_page(event, "privacy", body=Text(en="{{field-register}}", sv="{{field-register}}"))
    assert len(pages.get("events.page", slug="privacy").all("tbody tr")) == len(REGISTER)
    asked = make_question(event, "arrival")
    make_question(event, "diet", choices=("vegetarian",), care=True)
    arrival, diet = pages.get("events.page", slug="privacy").all("tbody tr")[len(REGISTER) :]
    assert ("“Question arrival”" in arrival, "The office." in arrival) == (True, True)
    assert ("“Question diet”" in diet, "Article 9" in diet, "arrange food and access." in diet) == (
        True,
        True,
        True,
    )
    start_write(db.session)
    asked.withdrawn_at = NOW
    db.session.commit()
    assert "Question arrival" not in pages.get("events.page", slug="privacy").text
