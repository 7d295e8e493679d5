"""An export, imported and exported again, has the same bytes, on both databases."""

import shutil
import tomllib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from forum.columns import Text
from forum.content import documents, moments
from forum.content.shapes import Where
from forum.database import Base
from forum.events import queries as events
from forum.events.models import Event, Page, PageRevision, Sector
from forum.extensions import db
from forum.news.models import (
    Category,
    Correction,
    FormerSlug,
    GlossaryTerm,
    OldAddress,
    Post,
    PostRevision,
    PostText,
    Source,
    Tag,
    TagAlias,
    Withdrawal,
)
from forum.outbox.mail_text_models import MailText
from forum.questions.models import Choice, Question
from tests.content.conftest import change, files_of
from tests.factories.news import make_post

EVENT = "events/nf27/event.toml"
STOCKHOLM = ZoneInfo("Europe/Stockholm")
# Columns that an export leaves out, each with the reason.
UNTOLD = {
    "events": {
        # Only the console cancels an event, because that also proposes a mailing and changes calendar entries.
        *("cancelled_at", "cancel_reason"),
        "unpublished_at",  # `unpublished_at` is when organisers unpublished the event in this database
        # `id` is an internal key, `slug` is the folder's name, `taken` counts registrations.
        *("id", "slug", "taken"),
        "hotline_url",  # only earlier versions read this column
        # How often, and when last, the entries of the event's calendar file changed in this database.
        *("calendar_sequence", "calendar_changed_at"),
        "sorted_to",  # how far the worker is with sorting the event's people anew
    },
    "sectors": {
        *("id", "event_id", "taken", "reserved", "position"),
        "merged_keys",  # `merged_keys` are keys of sectors that were merged in this database
    },
    "pages": {"id", "event_id", "slug"},
    # `goes_by_mail` is chosen when a post is published in this database; the worker sets `announced_at` after that.
    "posts": {"id", "key", "announced_at", "goes_by_mail"},
    "post_texts": {"post_id", "language", "search_text"},
    "corrections": {"id", "post_id"},
    "sources": {"id", "post_id", "position"},
    "categories": {"id", "position"},
    "tags": {"id", "folded"},
    "tag_aliases": {"tag_id"},
    "withdrawals": {"post_id"},
    "former_slugs": {"post_id"},
    # revisions belong to the history of this database
    "post_revisions": {"id", "post_id", "user_id", "made_at", "content"},
    "page_revisions": {"id", "page_id", "user_id", "made_at", "content"},
    "old_addresses": set(),
    "glossary_terms": {"id"},
    "questions": {"id", "event_id", "position", "answers_deleted_at", "traces_deleted_at"},
    "question_choices": {"id", "question_id", "position"},
    "mail_texts": {"id", "event_id", "standard", "changed_at"},
}
TOLD = {
    "events": {
        *("is_current", "is_published", "name", "short_name", "lead", "place", "sharing", "hashtag"),
        "languages",
        *(
            "contact_email",
            "help_lines",
            "timezone",
            "starts_at",
            "ends_at",
            "nights",
            "opens_at",
            "closes_at",
        ),
        *("organiser_name", "organiser_address", "organiser_phone", "organiser_url", "organiser_logo"),
        *("release_at", "freezes_at", "has_waiting_list", "organisation_cap", "offer_hours", "capacity"),
        *(
            "name_order",
            "line_order",
            "offer_cutoff_hours",
            "participant_list",
            "has_second_reviewer",
            "review_days",
        ),
        *("offer_reminder_hours", "invitation_reminder_days", "invitation_reminder_hour"),
        *("programme_points", "facts"),
        *("accent_light", "accent_dark", "logo_key", "share_key", "map_url", "directions", "contacts"),
    },
    "sectors": {"key", "name", "invited", "floor", "ceiling", "policy"},
    "pages": {"position", "title", "summary", "body", "updated_at"},
    "posts": {"event_id", "author", "published_at", "updated_at", "has_help_box"},
    "post_texts": {"slug", "label", "headline", "lead", "body", "content_note", "action_label", "action_url"},
    "corrections": {"made_on", "made_at", "text"},
    "sources": {"title", "url", "published_on"},
    "categories": {"key", "name", "slug"},
    "tags": {"name", "names"},
    "tag_aliases": {"folded"},
    "withdrawals": {"made_at", "published_at"},
    "former_slugs": {"language", "slug"},
    "post_revisions": set(),
    "page_revisions": set(),
    "old_addresses": {"path", "language", "post_id", "category_id", "leads_to"},
    "glossary_terms": {"language", "avoid", "better", "reason"},
    "questions": {
        *("key", "kind", "sensitivity", "label", "help", "is_required", "sector_keys"),
        *("depends_on_id", "depends_on_values", "withdrawn_at", "file_types", "most_megabytes"),
        "is_locating",
    },
    "question_choices": {"key", "label", "withdrawn_at"},
    "mail_texts": {"kind", "language", "subject", "opening", "closing"},
}
MODELS = (
    *(Event, Sector, Page, Post, PostText, Correction, Source, Category, Tag, TagAlias),
    *(Withdrawal, FormerSlug, OldAddress, GlossaryTerm, PageRevision, PostRevision, Question, Choice),
    MailText,
)


def test_an_export_holds_every_kind_of_content(folder):
    assert sorted(files_of(folder)) == [
        ".forum-export.json",
        "events/nf16/event.toml",
        "events/nf27/event.toml",
        *(
            f"events/nf27/pages/{name}.{language}.md"
            for name in ("practical", "visit")
            for language in ("en", "sv")
        ),
        "glossary.toml",
        "old-addresses.toml",
        *(f"posts/dark-room.{language}.md" for language in ("en", "sv")),
        "posts/draft.sv.md",
        "posts/gone.sv.md",
        *(f"posts/plain.{language}.md" for language in ("en", "sv")),
        "taxonomy.toml",
    ]
    event = tomllib.loads((folder / EVENT).read_text())
    assert (event["registration"]["capacity"], [sector["key"] for sector in event["sectors"]]) == (
        250,
        ["politics", "justice", "tech", "ngo", "other"],
    )


def test_importing_an_export_changes_nothing(folder, run, site):
    with site.app_context():
        version = events.content_version()
    assert run("import", folder, "--dry-run") == (0, "0 differences; nothing was changed (dry run).\n")
    assert run("import", folder) == (0, "0 differences imported.\n")
    with site.app_context():
        assert events.content_version() == version


def test_a_draft_of_a_headline_and_a_post_without_label_come_back_as_they_were(site, run, tmp_path, frozen):
    with site.app_context():
        draft = {"published_at": None, "announced_at": None, "author": Text()}
        make_post(key="begun", headline="Begun", label="", lead="", body="", **draft)
        make_post(key="bare", label="")
        db.session.remove()
    assert run("export", tmp_path / "export")[0] == 0
    assert run("import", tmp_path / "export", "--dry-run") == (
        0,
        "0 differences; nothing was changed (dry run).\n",
    )
    change(tmp_path / "export", "posts/begun.sv.md", "Begun", "Only begun")
    assert run("import", tmp_path / "export")[1].endswith("1 difference imported.\n")
    with site.app_context():
        text = db.session.scalars(select(PostText).where(PostText.headline == "Only begun")).one()
        assert (text.label, text.lead, text.body, text.post.author) == ("", "", "", {})


def test_an_empty_database_gives_the_same_bytes(folder, run, make_app, sqlite_template, tmp_path, frozen):
    shutil.copyfile(sqlite_template, tmp_path / "other.sqlite3")
    other = make_app(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    status, said = run("import", folder, on=other)
    assert (status, said.count(": new\n")) == (0, 12)
    assert run("export", tmp_path / "again", on=other)[0] == 0
    assert files_of(tmp_path / "again") == files_of(folder)
    with other.app_context():
        assert db.session.scalars(select(Post.key).where(Post.announced_at.is_not(None))).all() == [
            "dark-room",
            "plain",
        ]


def test_every_column_of_content_is_told_or_listed():
    for model in MODELS:
        columns = set(Base.metadata.tables[model.__tablename__].columns.keys())
        told, untold = TOLD[model.__tablename__], UNTOLD[model.__tablename__]
        assert (columns, told & untold) == (told | untold, set())


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\"'\\#-:{}[]&*! \u2028"))
VALUES = st.recursive(
    TEXT | st.integers(-(10**6), 10**6) | st.booleans() | st.dates() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(TEXT, VALUES, max_size=4)


@given(DOCUMENTS)
def test_written_toml_is_read_back(document):
    assert documents.read_toml(documents.write_toml(document), Where("x.toml")) == document


@given(DOCUMENTS, TEXT)
def test_written_markdown_is_read_back(document, body):
    whole = {**{f"k{name}": value for name, value in document.items()}, "body": documents.body_of(body)}
    assert documents.read_markdown(documents.write_markdown(whole), Where("x.md")) == whole


@pytest.mark.parametrize("hour", range(6))
def test_moments_of_a_night_with_an_hour_twice_are_told_apart(hour):
    moment = datetime(2027, 10, 30, 22, 30, tzinfo=UTC) + timedelta(hours=hour)
    assert moments.read(moments.tell(moment, STOCKHOLM), STOCKHOLM, Where("x")) == moment


def test_a_moment_has_an_offset_only_where_the_clock_shows_it_twice():
    told = [
        moments.tell(datetime(2027, 10, 31, hour, 30, tzinfo=UTC), STOCKHOLM).isoformat()
        for hour in (0, 1, 2)
    ]
    assert told == ["2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00", "2027-10-31T03:30:00"]
