"""The changed words of standard mails are exported and imported in event.toml, and checked as in the console."""

import tomllib

import pytest
import tomli_w
from sqlalchemy import select

from forum.extensions import db
from forum.outbox.mail_text_models import MailText
from tests.content.test_round_trip import EVENT


def rewrite(folder, mails) -> None:
    path = folder / EVENT
    event = tomllib.loads(path.read_text(encoding="utf-8"))
    path.write_text(tomli_w.dumps({**event, "mails": mails}), encoding="utf-8")


def stored(site) -> list[tuple[str, str, str | None, str | None, str | None]]:
    with site.app_context():
        rows = db.session.scalars(select(MailText).order_by(MailText.kind, MailText.language))
        return [(row.kind, row.language, row.subject, row.opening, row.closing) for row in rows]


def test_words_are_changed_and_go_back_to_the_standard_by_files(site, folder, run):
    told = tomllib.loads((folder / EVENT).read_text(encoding="utf-8"))["mails"]
    opening = "A seat until {deadline}.\n\nAt {event}."
    assert told == [
        {"key": "offered", "en": {"subject": "Good news for you", "opening": opening, "closing": ""}}
    ]
    rewrite(folder, [{"key": "confirmed", "sv": {"subject": "Det blir bra"}}])
    said = run("import", folder)[1]
    assert 'mails.confirmed.sv.subject: nothing → "Det blir bra"' in said
    assert stored(site) == [("confirmed", "sv", "Det blir bra", None, None)]
    assert "mails" not in run("import", folder)[1]


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ({"subject": "See you at Stockholm"}, "mails.offered.en.subject: names the forum"),
        ({"subject": "For {event}"}, "mails.offered.en.subject: has characters or placeholders"),
        ({"opening": "A seat."}, "mails.offered.en.opening: lacks {deadline}"),
        (
            {"opening": "{given name}, until {deadline}"},
            "mails.offered.en.opening: has the unknown {given name}",
        ),
        ({"opening": ""}, "mails.offered.en.opening: is empty"),
        ({"subject": "A place is free for you"}, "mails.offered.en.subject: has the standard words"),
    ],
)
def test_words_that_the_console_refuses_are_refused(site, folder, run, words, refusal):
    before = stored(site)
    rewrite(folder, [{"key": "offered", "en": words}])
    assert refusal in run("import", folder)[1]
    assert stored(site) == before


def test_a_kind_whose_words_nobody_may_change_is_refused(folder, run):
    rewrite(folder, [{"key": "account-reset", "en": {"subject": "Hello"}}])
    assert "has to be a kind of mail whose words can be changed" in run("import", folder)[1]
