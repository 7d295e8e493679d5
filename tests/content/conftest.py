"""Fixtures for exporting and importing content: a site with every kind of content, and the commands on a folder."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask.cli import ScriptInfo
from sqlalchemy import delete

from forum.cli import cli
from forum.columns import Text
from forum.database import start_write
from forum.events.enums import LineOrder, NameOrder
from forum.extensions import db
from forum.mailings import mail_texts
from forum.news.models import Correction, FormerSlug, GlossaryTerm, OldAddress, Source, Withdrawal
from forum.questions.enums import QuestionKind
from tests.factories.events import HELP_LINES, NOW, ORGANISER, make_archive, make_event, make_page
from tests.factories.news import PUBLISHED, make_category, make_post, make_tag
from tests.factories.questions import make_question
from tests.factories.registrations import write
from tests.factories.saving import save

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database."""
    return make_app(database_url)


@pytest.fixture
def site(app, frozen):
    """Save two events, two pages and four posts; a draft and a withdrawn post are in one language only."""
    with app.app_context():
        event = make_event(
            **ORGANISER,
            help_lines=HELP_LINES,
            nights=[{"ends": "17:00", "starts": "09:00"}],
            organisation_cap=5,
            line_order=LineOrder.BALANCE,
            name_order=NameOrder.DANISH,
            offer_cutoff_hours=6,
            offer_reminder_hours=12,
            invitation_reminder_days=4,
            invitation_reminder_hour=8,
            accent_light="#14463f",
            map_url="https://map.example/?at=1,2",
            directions=Text(sv="Från **torget**\n\n+ ett", en="From the square"),
            contacts=[
                {"name": "Åsa", "role": {"sv": "Samordnare"}, "email": "asa@example.org", "phone": "112"}
            ],
            freezes_at=NOW + timedelta(days=100),
            participant_list="participants",
            sharing=Text(sv='Rad "ett"\n\nRad två \\ slut', en="Line one"),
            programme_points=[{"day": 1, "starts": "09:00", "title": {"sv": "Läget"}, "text": {"sv": "Ett"}}],
            facts=[{"label": Text(sv="Språk", en="Languages"), "value": Text(sv="Två", en="Two")}],
        )
        write(
            mail_texts.change,
            event,
            "offered",
            "en",
            {
                "subject": "Good news for you",
                "opening": "A seat until {deadline}.\n\nAt {event}.",
                "closing": "",
            },
            actor="command",
            now=NOW,
        )
        make_archive(languages=["sv"], sectors=[])
        diet = make_question(
            event, "diet", choices=("vegan", "something_else"), care=True, help=Text(sv="Rad ett")
        )
        sessions = {"is_required": True, "is_locating": True, "sectors": ["ngo"], "help": Text()}
        make_question(event, "sessions", choices=("one",), **sessions)
        make_question(event, "left", QuestionKind.DATE, withdrawn_at=NOW)
        make_question(event, "more", QuestionKind.LONG_TEXT, care=True, after=diet, values=["something_else"])
        make_page(event, body=Text(sv="## Rubrik {#a}\n\n---\n\n+ en\n+ två", en="One\r\n\r\ntwo\n"))
        make_page(event, "visit", title=Text(sv="Bara svenska"), summary=Text(), body=Text())
        make_category("half", name=Text(sv="Bara svenska"), slug=Text(sv="bara-svenska"))
        tag = make_tag("#Mörka nätet", aliases=("#Darknet",), names=Text(sv="#Mörka nätet", en="#Dark web"))
        dark = make_post(
            key="dark-room",
            slug="dark-room",
            event_id=event.id,
            categories=[make_category("police"), make_category("words")],
            tags=[tag, make_tag("#Tor")],
            sources=[
                Source(title=Text(sv="NRK"), url="https://nrk.example/a", published_on=date(2016, 11, 20))
            ],
            corrections=[
                Correction(
                    made_on=date(2017, 5, 30), text=Text(sv="84 personer.\nInte 51.", en="84 people.")
                ),
            ],
            content_note="Yes: it is hard",
            action_label="Register",
            action_url="/en/register",
            has_help_box=True,
        )
        make_post(key="plain", slug="plain", headline="2016", lead="no", body="- a: b\n\n```\n---\n```")
        gone = make_post(("sv",), key="gone", slug="gone", published_at=None, announced_at=None)
        start_write(db.session)
        db.session.execute(delete(GlossaryTerm))  # Delete the glossary's entries that every new site has.
        db.session.commit()
        save(
            Withdrawal(post_id=gone.id, made_at=NOW, published_at=PUBLISHED),
            FormerSlug(language="sv", slug="left", post_id=gone.id),
            OldAddress(path="/blogg/dark-room", language="sv", post_id=dark.id),
            OldAddress(path="/kategorier/police", language="sv", category_id=dark.categories[0].id),
            OldAddress(path="/start", language="en", leads_to="/en/news/"),
            GlossaryTerm(language="sv", avoid="öppna", better="tydlig", reason='Den är "öppen".'),
            GlossaryTerm(language="sv", avoid="zon", better="område", reason=""),
            GlossaryTerm(language="en", avoid="zon", better="zone", reason=""),
        )
        make_post(("sv",), key="draft", slug="draft", published_at=None, announced_at=None)
        db.session.remove()
    return app


@pytest.fixture
def run(app) -> Run:
    """Return a function that runs a command and returns its exit status and output."""

    def run(*arguments: object, on=app) -> tuple[int, str]:
        words = ["content", *map(str, arguments)]
        answer = on.test_cli_runner().invoke(cli, words, obj=ScriptInfo(create_app=lambda: on))
        assert isinstance(answer.exception, SystemExit | None), answer.exception
        return answer.exit_code, answer.output

    return run


@pytest.fixture
def folder(site, run, tmp_path) -> Path:
    """Give the folder into which the site was exported."""
    place = tmp_path / "export"
    assert run("export", place)[0] == 0
    return place


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the content of every file of the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def change(folder: Path, name: str, old: str, new: str) -> None:
    """Replace a text in a file of the folder."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text, text
    path.write_text(text.replace(old, new), encoding="utf-8")
