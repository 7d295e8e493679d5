"""An import stores what the files say, in one transaction, and never changes registrations or counters."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from forum.accounts.models import Autosave, User
from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.columns import Text
from forum.database import start_write
from forum.events import queries as events
from forum.extensions import db
from forum.mailings.audience import audience_of
from forum.mailings.queries import find_open_change
from forum.news import matching, revisions
from forum.news import queries as news
from forum.news.models import Category, GlossaryTerm, Post, PostText, Tag, TagAlias
from forum.registration.enums import Status
from forum.registration.held_places import count_places
from forum.registration.models import Registration
from tests.content.conftest import change, files_of
from tests.factories.events import NOW
from tests.factories.registrations import confirmed
from tests.factories.saving import save
from tools.pages import Pages

EVENT, PAGE, POST = "events/nf27/event.toml", "events/nf27/pages/practical.sv.md", "posts/plain.sv.md"


@pytest.fixture
def people(site):
    """Register eight people of the NGOs and two of justice."""
    with site.app_context():
        event = events.find_current()
        for sector, number in (("ngo", 8), ("justice", 2)):
            for _ in range(number):
                confirmed(event, sector)


def registered(site) -> tuple[list[tuple[int, int, bool]], dict[str, int], int]:
    """Return each registration with its sector, and the counters of the sectors and of the event."""
    with site.app_context():
        rows = db.session.execute(
            select(Registration.id, Registration.sector_id, Registration.holds_place).order_by(
                Registration.id
            )
        )
        event = events.find_current()
        events.load_sectors(event)
        held = count_places(event)
        assert {sector.id: sector.taken for sector in event.sectors if sector.taken} == held
        return (
            [tuple(row) for row in rows],
            {sector.key: sector.taken for sector in event.sectors},
            event.taken,
        )


def test_a_dry_run_lists_every_difference_and_changes_nothing(folder, run, site):
    change(folder, EVENT, "capacity = 250", "capacity = 260")
    change(folder, EVENT, 'sv = "Nordiskt forum 2027"', 'sv = "Forumet"')
    change(folder, PAGE, "## Rubrik {#a}", "## Titel {#a}\n\nMer.")
    change(folder, POST, "lead: 'no'", "lead: Ja")
    (folder / "posts/ny.sv.md").write_text(
        "---\nslug: ny\nlabel: Blogg\nheadline: Ny\nlead: ''\ntags: ['#Nytt']\n---\nText.\n", encoding="utf-8"
    )
    expected = [
        'events/nf27/event.toml: short_name.sv: "Nordiskt forum 2027" → "Forumet"',
        "events/nf27/event.toml: registration.capacity: 250 → 260",
        f"{PAGE}: text: 3 lines added, 1 removed; updated stays",
        "posts/ny.sv.md: new",
        f'{POST}: lead: "no" → "Ja"',
        "taxonomy.toml: hashtags: #Mörka nätet, #Tor → #Mörka nätet, #Tor, #Nytt",
        'taxonomy.toml: hashtags.#Nytt.name: nothing → "#Nytt"',
    ]
    before = export(run, folder.parent / "before")
    status, said = run("import", folder, "--dry-run")
    assert (status, export(run, folder.parent / "between")) == (0, before)
    assert said.splitlines() == [*expected, "7 differences; nothing was changed (dry run)."]
    status, really = run("import", folder)
    assert (status, really.splitlines()[:-1]) == (0, said.splitlines()[:-1])
    with site.app_context():
        event = events.find_current()
        assert (event.capacity, event.short_name["sv"]) == (260, "Forumet")
        assert news.find_text("sv", "ny") is None  # the post is a draft, which no public page shows
        assert [tag.name for tag in db.session.scalars(select(Tag).order_by(Tag.id))][-1] == "#Nytt"


def export(run, place) -> dict[str, bytes]:
    assert run("export", place)[0] == 0
    return files_of(place)


def test_registrations_and_counters_stay(folder, run, site, people):
    before = registered(site)
    change(folder, EVENT, 'sv = "Civilsamhälle"', 'sv = "Organisationer"')
    change(folder, EVENT, "capacity = 250", "capacity = 200")
    assert run("import", folder)[0] == 0
    assert registered(site) == before
    with site.app_context():
        assert audit.verify() is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("ceiling = 45", "ceiling = 7", "sectors.ngo.ceiling: is 7, and 8 places are taken."),
        ("capacity = 250", "capacity = 9", "registration.capacity: is 9, and 10 places are taken."),
        ('key = "ngo"', 'key = "clubs"', "sectors.ngo: is missing, and 8 registrations are in this sector."),
    ],
)  # fmt: skip
def test_what_people_have_is_not_taken(folder, run, site, people, old, new, sentence):
    before = registered(site)
    change(folder, EVENT, "floor = ", "floor = 0 # ")
    change(folder, EVENT, old, new)
    assert run("import", folder) == (1, f"{EVENT}: {sentence}\nError: Nothing was imported.\n")
    assert registered(site) == before


def test_a_refused_import_leaves_no_trace(folder, run, site, people):
    """The import writes a category's new name before it refuses the event; afterwards the old name is back."""
    before = export(run, folder.parent / "before")
    change(folder, "taxonomy.toml", 'sv = "Kategori words"', 'sv = "Ord"')
    change(folder, EVENT, "floor = 40\nceiling = 45", "floor = 0\nceiling = 7")
    with site.app_context():
        entries = db.session.scalar(select(func.count()).select_from(AuditEntry))
    assert run("import", folder)[0] == 1
    assert export(run, folder.parent / "after") == before
    with site.app_context():
        assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == entries
        assert audit.verify() is None


def test_a_sector_without_people_goes_and_another_comes(folder, run, site, people):
    change(folder, EVENT, 'key = "other"', 'key = "press"')
    assert run("import", folder)[0] == 0
    with site.app_context():
        event = events.find_current()
        events.load_sectors(event)
        assert [sector.key for sector in event.sectors] == ["politics", "justice", "tech", "ngo", "press"]


def test_more_places_are_offered_at_once(folder, run, site):
    change(folder, EVENT, "floor = ", "floor = 0 # ")
    change(folder, EVENT, "capacity = 250", "capacity = 1")
    assert run("import", folder)[0] == 0
    with site.app_context():
        event = events.find_current()
        first, second = confirmed(event, "ngo"), confirmed(event, "tech")
        assert (first.status, second.status) == (Status.CONFIRMED, Status.WAITING)
    change(folder, EVENT, "capacity = 1", "capacity = 2")
    assert run("import", folder)[0] == 0
    with site.app_context():
        states = db.session.scalars(select(Registration.status).order_by(Registration.id)).all()
        assert states == [Status.CONFIRMED, Status.OFFERED]


def test_another_place_proposes_to_write_to_people(folder, run, site, people):
    change(
        folder, EVENT, '[place]\nsv = "Stockholm"\nen = "Stockholm"', '[place]\nsv = "Malmö"\nen = "Malmö"'
    )
    assert run("import", folder)[0] == 0
    with site.app_context():
        mailing = find_open_change(events.find_current())
        assert len(audience_of(mailing).people) == 10


def test_an_import_is_recorded_once_without_any_text(folder, run, site):
    change(folder, EVENT, "capacity = 250", "capacity = 260")
    change(folder, POST, "lead: 'no'", "lead: A secret word")
    assert run("import", folder)[0] == 0
    assert run("import", folder)[0] == 0
    with site.app_context():
        imported = select(AuditEntry).where(AuditEntry.action == "content.imported")
        entries = db.session.scalars(imported.order_by(AuditEntry.id)).all()
        assert [
            (entry.action, entry.actor, entry.subject_type, entry.details.payload) for entry in entries
        ] == [
            ("content.imported", "command", "events", {"keys": ["registration.capacity"], "page_files": 0}),
            ("content.imported", "command", "content_version", {"files": 1}),
        ]
        assert audit.verify() is None


def test_public_pages_show_what_was_imported(folder, run, site):
    pages = Pages(site)
    assert pages.get("/en/").soup.find(string="Nordic Forum 2027")
    change(folder, EVENT, 'en = "Nordic Forum for testing"', 'en = "A renamed forum"')
    change(folder, POST, "headline: '2016'", "headline: Nya ord")
    assert run("import", folder)[0] == 0
    assert "A renamed forum" in pages.get("/en/").text
    assert "Nya ord" in pages.get("/sv/news/").text
    assert [hit.slug for hit in _search(site, "nya")] == ["plain-sv"]


def _search(site, word: str) -> list[PostText]:
    with site.app_context():
        return matching.find_posts("sv", [word])


def test_what_the_folder_lacks_is_kept_and_named_until_it_is_asked_to_go(folder, run, site):
    for path in [*folder.glob("posts/plain.*"), *folder.glob("events/nf27/pages/visit.*")]:
        path.unlink()
    status, said = run("import", folder)
    assert (status, said) == (
        0,
        "The folder lacks events/nf27/pages/visit.en.md, events/nf27/pages/visit.sv.md, posts/plain.en.md,"
        " posts/plain.sv.md; kept as stored.\n0 differences imported.\n",
    )
    with site.app_context():
        writer = User(email="a@example.org", name="A", password_hash="-", language="en", created_at=NOW)
        visit = events.find_page(events.find_current(), "visit")
        plain = db.session.scalars(select(Post).where(Post.key == "plain")).one()
        documents = f"page {visit.id}", f"post {plain.id}", "post 999"
        save(writer)
        save(
            *(
                Autosave(user_id=writer.id, document=name, version="", made_at=NOW, words="[]")
                for name in documents
            )
        )
    status, said = run("import", folder, "--delete")
    assert (status, said) == (
        0,
        "events/nf27/pages/visit.en.md: removed\nevents/nf27/pages/visit.sv.md: removed\n"
        "posts/plain.en.md: removed\nposts/plain.sv.md: removed\n4 differences imported.\n",
    )
    with site.app_context():
        assert db.session.scalar(select(func.count()).select_from(Post)) == 3
        # Autosaved words are stored under the id of a post or page, so those of removed ones must go, too.
        assert db.session.scalars(select(Autosave.document)).all() == ["post 999"]


def test_a_page_is_of_the_day_that_its_file_says_and_else_of_the_day_of_its_change(folder, run, site):
    def updated_at():
        with site.app_context():
            return events.find_page(events.find_current(), "practical").updated_at

    change(folder, PAGE, "## Rubrik", "## Ny rubrik")
    assert f"{PAGE}: text: 1 lines added, 1 removed; updated stays" in run("import", folder)[1].splitlines()
    assert updated_at() == NOW - timedelta(days=10)
    for file in (PAGE, PAGE.replace(".sv.", ".en.")):
        change(folder, file, "updated: 2027-04-23 14:00:00\n", "")
    assert run("import", folder)[1].splitlines()[-1] == "0 differences imported."
    change(folder, PAGE, "## Ny rubrik", "## Nyare rubrik")
    assert run("import", folder)[0] == 0
    assert updated_at() == NOW
    assert run("import", folder)[1].splitlines()[-1] == "0 differences imported."


def test_two_posts_exchange_their_addresses(folder, run, site):
    change(folder, POST, "slug: plain-sv", "slug: dark-room-sv")
    change(folder, "posts/dark-room.sv.md", "slug: dark-room-sv", "slug: plain-sv")
    assert run("import", folder)[1].splitlines()[-1] == "2 differences imported."
    with site.app_context():
        assert news.find_text("sv", "plain-sv").post.key == "dark-room"


def test_a_renamed_post_is_found_at_its_former_address_and_its_history_kept(folder, run, site):
    change(folder, POST, "slug: plain-sv", "slug: klart")
    assert run("import", folder)[1].splitlines() == [
        f'{POST}: slug: "plain-sv" → "klart"',
        f"{POST}: former_slugs: nothing → plain-sv",
        "2 differences imported.",
    ]
    assert run("import", folder)[1].splitlines()[-1] == "0 differences imported."
    pages = Pages(site)
    assert pages.get("/sv/news/2016/11/25/plain-sv", expect=301).location == "/sv/news/2016/11/25/klart"
    with site.app_context():
        post = db.session.scalars(select(Post).where(Post.key == "plain")).one()
        slugs = [revision.content["texts"]["sv"]["slug"] for revision in revisions.of(post).list_all()]
        assert slugs == ["klart", "plain-sv"]


def test_a_post_is_withdrawn_and_comes_back(folder, run, site):
    pages = Pages(site)
    for name in ("sv", "en"):
        change(folder, f"posts/plain.{name}.md", "published: ", "withdrawn: 2027-05-01 09:00:00\npublished: ")
    assert run("import", folder)[0] == 0
    pages.get("/sv/news/2016/11/25/plain-sv", expect=410)
    for name in ("sv", "en"):
        change(folder, f"posts/plain.{name}.md", "withdrawn: 2027-05-01 09:00:00\n", "")
    assert run("import", folder)[0] == 0
    pages.get("/sv/news/2016/11/25/plain-sv")


def test_another_event_becomes_the_current_one(folder, run, site):
    change(folder, EVENT, "current = true", "current = false")
    change(folder, "events/nf16/event.toml", "current = false", "current = true")
    assert run("import", folder)[0] == 0
    with site.app_context():
        assert events.find_current().slug == "nf16"


def test_hashtags_exchange_a_spelling(folder, run, site):
    change(folder, "taxonomy.toml", 'aliases = [\n    "darknet",\n]\n', "")
    change(folder, "taxonomy.toml", 'name = "#Tor"', 'name = "#Tor"\naliases = ["#Darknet"]')
    assert run("import", folder)[0] == 0
    with site.app_context():
        tags = {tag.name: [alias.folded for alias in tag.aliases] for tag in db.session.scalars(select(Tag))}
        assert tags == {"#Mörka nätet": ["darkweb"], "#Tor": ["darknet"]}


def test_a_hashtag_and_a_category_that_no_post_has_go_when_it_is_asked(folder, run, site):
    with site.app_context():
        start_write(db.session)
        db.session.add(Tag(name="#Unused", folded="unused", aliases=[TagAlias(folded="idle")]))
        db.session.add(Category(key="unused", position=9, name=Text(en="Unused"), slug=Text(en="unused")))
        db.session.commit()
    names = (
        select(Tag.name).where(Tag.folded == "unused"),
        select(Category.key).where(Category.key == "unused"),
    )
    for option, left in (((), 1), (("--delete",), 0)):
        assert run("import", folder, *option)[0] == 0
        with site.app_context():
            assert [len(db.session.scalars(query).all()) for query in names] == [left, left]


def test_old_addresses_are_changed_by_their_file_and_go_with_their_post(folder, run, site):
    pages = Pages(site)
    assert pages.get("/start", expect=301).location == "/en/news/"
    assert pages.get("/Blogg/Dark_Room/", expect=301).location == "/sv/news/2016/11/25/dark-room-sv"
    change(folder, "old-addresses.toml", 'leads_to = "/en/news/"', 'post = "plain"')
    assert run("import", folder)[1].splitlines() == [
        'old-addresses.toml: addresses./start.leads_to: "/en/news/" → nothing',
        'old-addresses.toml: addresses./start.post: nothing → "plain"',
        "2 differences imported.",
    ]
    assert pages.get("/start", expect=301).location == "/en/news/2016/11/25/plain-en"
    change(folder, "old-addresses.toml", 'old = "/start"', 'old = "/home"')
    assert run("import", folder)[0] == 0  # an import keeps old addresses that the file lacks
    assert [pages.get(path, expect=301).location[-8:] for path in ("/start", "/home")] == ["plain-en"] * 2
    assert run("import", folder, "--delete")[0] == 0
    pages.get("/start", expect=404)
    for path in folder.glob("posts/plain.*"):
        path.unlink()
    assert run("import", folder, "--delete") == (
        1,
        "old-addresses.toml: addresses./home.post: there is no post plain.\nError: Nothing was imported.\n",
    )
    (folder / "old-addresses.toml").unlink()
    assert run("import", folder, "--delete")[0] == 0
    pages.get("/home", expect=404)


def test_old_addresses_that_lead_in_a_circle_are_refused_by_their_row(folder, run, site):
    """An import refuses old addresses that redirect in a circle, also by way of addresses that are stored already."""

    def write(*rows: tuple[str, str]) -> None:
        told = (f'{{ old = "/{old}", language = "en", leads_to = "/{to}" }}' for old, to in rows)
        (folder / "old-addresses.toml").write_text(f"addresses = [{', '.join(told)}]")

    write(("one", "Two/#part"), ("two", "sv/news/"))
    assert run("import", folder)[0] == 0
    for rows, said in (
        ([("three", "three#top")], "addresses./three.leads_to: leads in a circle: /three → /three"),
        ([("two", "one")], "addresses./two.leads_to: leads in a circle: /two → /one → /two"),
        (
            [("two", "three"), ("three", "one")],
            "addresses./three.leads_to: leads in a circle: /three → /one → /two → /three",
        ),
    ):
        write(*rows)
        status, told = run("import", folder)
        assert (status, told.splitlines()[1:]) == (1, ["Error: Nothing was imported."])
        assert told.startswith(f"old-addresses.toml: {said}.\n")
    assert Pages(site).get("/one", expect=301).location == "/Two/#part"
    assert Pages(site).get("/two", expect=301).location == "/sv/news/"


def test_glossary_is_changed_by_its_file(folder, run, site):
    with site.app_context():
        before = {term.avoid: term.id for term in db.session.scalars(select(GlossaryTerm))}
    change(folder, "glossary.toml", 'better = "område"', 'better = "del", reason = "Enklare."')
    change(folder, "glossary.toml", 'avoid = "öppna"', 'avoid = "ÖPPEN"')
    assert run("import", folder)[1].splitlines() == [
        "glossary.toml: sv: zon, öppna → zon, öppen, öppna",
        'glossary.toml: sv.zon.better: "område" → "del"',
        'glossary.toml: sv.zon.reason: nothing → "Enklare."',
        'glossary.toml: sv.öppen.avoid: nothing → "öppen"',
        'glossary.toml: sv.öppen.better: nothing → "tydlig"',
        'glossary.toml: sv.öppen.reason: nothing → "Den är \\"öppen\\"."',
        "6 differences imported.",
    ]
    assert run("import", folder, "--delete")[0] == 0  # with --delete, words that the file lacks are removed
    with site.app_context():
        terms = db.session.scalars(
            select(GlossaryTerm).order_by(GlossaryTerm.language, GlossaryTerm.avoid)
        ).all()
        assert [(term.language, term.avoid, term.better, term.reason) for term in terms] == [
            ("en", "zon", "zone", ""),
            ("sv", "zon", "del", "Enklare."),
            ("sv", "öppen", "tydlig", 'Den är "öppen".'),
        ]
        assert before["zon"] in {term.id for term in terms}
    (folder / "glossary.toml").unlink()
    assert run("import", folder, "--delete")[1] == "0 differences imported.\n"
