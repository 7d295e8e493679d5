"""The glossary of words to avoid, in the console: an editor who uses such a word sees a hint."""

from forum.accounts.enums import Role
from tests.factories.events import make_page
from tests.tables import rows

TERM = {"language": "en", "avoid": "Victims", "better": "children", "reason": "They are more than that."}


def test_entries_are_hints_in_the_editor_until_they_go(sign_in_as, organiser, event):
    admin, text = sign_in_as(Role.ADMIN), {"en-headline": "", "en-body": "We heard the victims."}
    assert "child pornography" in admin.get("glossary.index", event="nf27").links
    admin.get("glossary.new", event="nf27").submit(TERM, button="Add the word")
    again = admin.get("glossary.new", event="nf27").submit(
        {**TERM, "better": "others"}, button="Add the word", expect=422
    )
    assert again.errors == {"avoid": "The glossary has an entry for this word already"}
    editor = organiser.get("posts.new", event="nf27").submit(text, button="Save the draft", expect=422)
    assert editor.all(".desk-care li") == [
        "Line 1 victims – This is not what we call it. Better: children. They are more than that. "
        "Replace victims with children"
    ]
    assert editor.all(".desk-care p") == ["4 words · 1 minute to read · LIX 29, easy to read"]
    page = admin.get(admin.get("glossary.index", event="nf27").links["victims"])
    other = sign_in_as(Role.ADMIN).get(page.path)
    page.submit({"better": "the children"}, button="Save")
    assert other.submit({"reason": ""}, button="Save", expect=409).all(".compared tbody td")[:1] == [
        "the children"
    ]
    page.follow("Remove the word").submit(button="Remove the word")
    editor = organiser.get("posts.new", event="nf27").submit(text, button="Save the draft", expect=422)
    assert editor.all(".desk-care li") == []
    organiser.get("glossary.index", event="nf27", expect=404)


def test_replace_button_changes_one_place_and_saves_nothing(sign_in_as, organiser, event):
    sign_in_as(Role.ADMIN).get("glossary.new", event="nf27").submit(TERM, button="Add the word")
    make_page(event, "practical")
    stored_title = organiser.get("pages.edit", event="nf27", slug="practical").form().data["en-title"]
    for page, above in (
        (organiser.get("posts.new", event="nf27"), {"en-headline": "Victims heard", "tags": "#One"}),
        (
            organiser.get("pages.edit", event="nf27", slug="practical"),
            {"en-title": "Victims heard", "sv-title": ""},
        ),
    ):
        typed = {**above, "en-body": "The victims spoke.\n\nThe victims  were heard."}
        shown = page.submit({**typed, "sv-body": "Sagt"}, button="Preview English (new tab)", expect=422)
        shown = shown.submit(button="Replace victims with children", expect=200)
        assert shown.flashes == ["Replaced: victims → children. Nothing is saved yet."]
        now = shown.form().data
        assert now["en-body"] == ["The children spoke.\n\nThe victims  were heard."]
        assert {name: now[name] for name in above} == {name: [value] for name, value in above.items()}
        assert [hint.split(" Replace ")[1] for hint in shown.all("#care-en li")] == [
            "Victims with Children",
            "victims with children",
        ]
        stale = shown.submit(
            {"en-body": "Changed: the victims  were heard."},
            button="Replace victims with children",
            expect=200,
        )
        assert stale.flashes == [
            "That place reads differently now, so nothing was replaced. The hints are new."
        ]
        assert stale.form().data["en-body"] == ["Changed: the victims  were heard."]
        again = stale.submit(button="Replace Victims with Children", expect=200)
        assert again.form().data[next(iter(above))] == ["Children heard"]
    assert organiser.get("pages.edit", event="nf27", slug="practical").form().data["en-title"] == stored_title
    assert rows(organiser.get("posts.index", event="nf27")) == []


def test_long_list_of_hints_shows_the_first_ones_and_counts_the_others(organiser):
    typed = {"en-headline": "", "en-body": "We met today.\n" * 42}
    editor = organiser.get("posts.new", event="nf27").submit(typed, button="Save the draft", expect=422)
    assert len(editor.all("#care-en li")) == 40
    assert editor.all("#care-en p")[-1] == "2 more hints follow when these are dealt with."


def test_word_without_a_letter_or_too_long_in_lower_case_is_refused(sign_in_as, event):
    page = sign_in_as(Role.ADMIN).get("glossary.new", event="nf27")
    too_long = page.submit({**TERM, "avoid": "İ" * 100}, button="Add the word", expect=422)
    assert too_long.errors == {"avoid": "Use at most 100 characters"}
    refused = page.submit({**TERM, "avoid": "…"}, button="Add the word", expect=422)
    assert refused.errors == {"avoid": "Write a word, with a letter or digit in it"}
