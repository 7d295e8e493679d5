"""Every wrong file is refused by a sentence with its name and key, and nothing of the folder is imported."""

import os
from pathlib import Path

import pytest
from sqlalchemy import select

from forum.content import folder as folders
from forum.content import reading
from forum.content.errors import ContentRefused
from forum.database import start_write
from forum.events.models import Event, Page
from forum.extensions import db
from tests.content.conftest import change, files_of

EVENT, PAGE, POST = "events/nf27/event.toml", "events/nf27/pages/practical.sv.md", "posts/dark-room.sv.md"


NGO = 'key = "ngo"\nfloor = 40\nceiling = 45\npolicy = "open"'
TEXTS: dict[str, str] = {}


@pytest.fixture
def app(make_app, sqlite_url):
    """Give an app on SQLite only: the rules for files are the same on both databases."""
    return make_app(sqlite_url)


@pytest.fixture
def texts(request) -> dict[str, str]:
    """Give the texts of an exported site, which is made once."""
    if not TEXTS:
        TEXTS.update(folders.read(request.getfixturevalue("folder"))[0])
    return TEXTS


def refused(run, folder: Path) -> list[str]:
    """Return the sentences with which an import is refused."""
    before = files_of(folder)
    status, said = run("import", folder)
    *sentences, last = said.splitlines()
    assert (status, last, files_of(folder)) == (1, "Error: Nothing was imported.", before), said
    return sentences


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        (EVENT, 'hashtag = "#NF27"', "hashtag = ", "is no valid TOML: Invalid value (at line 3, column 11)."),
        (EVENT, 'hashtag = "#NF27"', 'hashtagg = "#NF27"', "hashtagg: is not known here; what may stand here is "),
        (EVENT, 'hashtag = "#NF27"\n', "", "hashtag: is missing."),
        (EVENT, 'hashtag = "#NF27"', "hashtag = 27", "hashtag: has to be a text in quotation marks."),
        (EVENT, 'hashtag = "#NF27"', 'hashtag = "a\\u0000b"', "hashtag: holds the control character U+0000."),
        (EVENT, 'hashtag = "#NF27"', f'hashtag = "{"x" * 61}"', "hashtag: has 61 characters, and 60 are the most."),
        (EVENT, 'en = "Nordic Forum for testing"\n', "", "name.en: is missing; write"),
        (EVENT, 'light = "#14463f"', 'light = "green"', 'look.light: has to be a colour such as "#14463f".'),
        (EVENT, 'light = "#14463f"', 'light = "#ffdd00"', "look.light: has a contrast of 1.1:1, and 4.5:1 is the "),
        (EVENT, '[name]\n', '[name]\nxx = "x"\n', "name.xx: is no language of this site; those are sv, en."),
        (EVENT, 'timezone = "Europe/Stockholm"', 'timezone = "../../etc/passwd"', "timezone: has to be the name of a "),
        (EVENT, 'starts = 2027-11-16 09:00:00', 'starts = 2027-03-28 02:30:00', "02:30:00 does not exist in "),
        (EVENT, 'starts = 2027-11-16 09:00:00', 'starts = 2027-10-31 02:30:00', "02:30:00 comes twice in "),
        (EVENT, 'starts = 2027-11-16 09:00:00', 'starts = 2028-11-16 09:00:00', "ends: has to be later than starts."),
        (EVENT, 'capacity = 250', 'capacity = true', "registration.capacity: has to be a number."),
        (EVENT, 'reminder_hours = 12', 'reminder_hours = 1', "offer_reminder_hours: has to be from 2 to 336."),
        (EVENT, 'reminder_days = 4', 'reminder_days = 61', "invitation_reminder_days: has to be from 1 to 60."),
        (EVENT, 'capacity = 250', 'capacity = 100', "sectors: the floors add up to 195, and the capacity is 100."),
        (EVENT, 'floor = 40', 'floor = 46', "sectors.ngo.floor: is 46, and the ceiling is 45."),
        (EVENT, 'key = "ngo"', 'key = "tech"', "sectors.4.key: 'tech' stands there twice."),
        (EVENT, 'policy = "open"', 'policy = "closed"', "sectors.1.policy: has to be one of open, review, invitation."),
        (EVENT, 'https://office.example/', 'javascript:alert(1)', "organiser.url: has to be an address"),
        (EVENT, '[organiser]\n', '[organiser]\nlogo = "../../etc/passwd"\n', "organiser.logo: has to be the name"),
        (EVENT, 'forum@example.org', 'forum(at)example.org', "contact_email: "),
        (PAGE, "---\n", "", "has to begin with front matter between two lines ---."),
        (PAGE, "title: Sidan practical", "title: [", "the front matter is no valid YAML: "),
        (PAGE, "title: Sidan practical", "title: A\ntitle: B", "title stands there twice (line 3)."),
        (PAGE, "title: Sidan practical", "title: &a A\nsummary2: *a", "it refers to another value by * (line 3)."),
        (PAGE, "title: Sidan practical", "title: !!python/object/apply:os.system [ls]", "no valid YAML: "),
        (PAGE, "title: Sidan practical", "titel: Sidan practical", "titel: is not known here; what may stand here is "),
        (PAGE, "title: Sidan practical", "title: 2016", "title: has to be a text in quotation marks."),
        (PAGE, "order: ", "order: 9", "order: is not what"),
        (POST, "slug: dark-room-sv", "slug: ../admin", "slug: has to be letters, digits and hyphens, 120 at most."),
        (POST, "event: nf27", "event: nf99", "event: is not what"),
        (POST, "- police", "- nothing", "categories: is not what"),
        (POST, "url: https://nrk.example/a", "url: file:///etc/passwd", "sources.1.url: has to be an address"),
        (POST, "date: 2016-11-20", "date: soon", "sources.1.date: has to be a day such as "),
        (POST, "published: 2016-11-25 09:00:00", "published: soon", "published: has to be a day and a time"),
        (POST, "published: 2016-11-25 09:00:00", "withdrawn: 2016-11-25 09:00:00", "withdrawn: needs published"),
        ("old-addresses.toml", 'leads_to = "/en/news/"', 'leads_to = "//evil.example/"', "leads_to: has to be a path"),
        ("old-addresses.toml", 'leads_to = "/en/news/"', 'post = "a", category = "b"', "leads to one of post"),
        ("old-addresses.toml", '"/start"', '"/"', "addresses.3.old: has to be a path such as "),
        ("old-addresses.toml", '"/start"', '"/Blogg/Dark-Room/"', "'/blogg/dark-room' stands there twice"),
        ("glossary.toml", 'avoid = "öppna"', 'avoid = "ZON"', "sv.2.avoid: 'zon' stands there twice."),
        ("glossary.toml", 'avoid = "öppna"', 'avoid = "!"', "sv.2.avoid: has no letter or digit."),
        ("glossary.toml", 'en = [', 'dk = [', "dk: is not known here; what may stand here is "),
        ("glossary.toml", ', better = "zone"', '', "en.1.better: is missing."),
        ("taxonomy.toml", 'name = "#Tor"', 'name = "#MÖRKA NÄTET"', "hashtags"),
        ("taxonomy.toml", 'name = "#Tor"', 'name = "#!"', "hashtags.#!: has no letter or digit."),
        ("taxonomy.toml", 'name = "#Tor"', 'name = " "', "hashtags.2.name: is empty."),
        (EVENT, 'capacity = 250', 'capacity = -1', "registration.capacity: has to be from "),
        (EVENT, 'starts = 2027-11-16 09:00:00', 'starts = 0001-01-01 00:00:00', "starts: is outside the calendar."),
        (PAGE, "title: Sidan practical", "title: \x07", "the front matter is no valid YAML: "),
        (PAGE, "title: Sidan practical", "title: Sidan\nbody: Text", "body: is not known here; the text stands below"),
        (POST, "date: 2016-11-20", "date: 2016-11-21", "sources: the entries are not those of "),
        ("glossary.toml", 'avoid = "öppna"', f'avoid = "{"İ" * 60}"', "characters in lower case, and "),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_by_file_and_key(texts, file, old, new, sentence):
    assert old in texts[file]
    with pytest.raises(ContentRefused) as refusal:
        reading.read({**texts, file: texts[file].replace(old, new)}, {})
    (said,) = refusal.value.problems
    assert said.startswith((f"{file}: ", f"{file.replace('.sv.', '.en.')}: ")), said
    assert sentence in f"{said}."


def test_what_does_not_fit_what_is_stored_is_named(folder, run):
    change(folder, "posts/plain.sv.md", "slug: plain-sv", "slug: dark-room-sv")
    assert refused(run, folder) == [
        "posts/plain.sv.md: slug: dark-room-sv is that of the post dark-room, too."
    ]
    change(folder, "posts/plain.sv.md", "slug: dark-room-sv", "slug: plain-sv\nevent: nf99")
    change(folder, "posts/plain.en.md", "slug: plain-en", "slug: plain-en\nevent: nf99")
    assert refused(run, folder) == ["posts/plain.en.md: event: there is no event nf99."]
    for name in ("sv", "en"):
        change(folder, f"posts/plain.{name}.md", "event: nf99\n", "")
    change(folder, "posts/plain.sv.md", "lead: 'no'", "lead: ''")
    (said,) = refused(run, folder)
    assert said == "posts/plain.sv.md: lead: is empty, and a post that has a time of publishing needs it."
    change(folder, "posts/plain.sv.md", "lead: ''", "lead: 'no'")
    for name in ("sv", "en"):
        change(folder, f"posts/plain.{name}.md", "slug: ", "categories: [none]\nslug: ")
    said = refused(run, folder)
    assert said == ["posts/plain.en.md: categories: there is no category none; taxonomy.toml lists them."]


def test_a_page_needs_a_title_in_one_language_and_an_image_both_its_files(texts):
    untitled = {
        name: text.replace("title: Sidan practical", "title: ''").replace(
            "title: Page practical", "title: ''"
        )
        for name, text in texts.items()
    }
    described = {
        **untitled,
        "events/nf27/images/0123456789abcdef.toml": 'added = 2027-11-16 09:00:00\nalt = { sv = "", en = "Sea" }',
    }
    with pytest.raises(ContentRefused) as refusal:
        reading.read(described, {}, [("nf27", "fedcba9876543210")])
    assert sorted(refusal.value.problems) == [
        "events/nf27/images/0123456789abcdef.toml: its original 0123456789abcdef.jpg is missing",
        "events/nf27/images/fedcba9876543210.jpg: its description fedcba9876543210.toml is missing",
        f"{PAGE}: title: is empty in every language",
    ]


def test_a_sector_can_begin_to_be_reviewed(folder, run):
    change(folder, EVENT, NGO, NGO.replace("open", "review"))
    assert run("import", folder)[1].splitlines()[0].endswith('sectors.ngo.policy: "open" → "review"')


def test_a_wrong_file_is_named(folder, run, tmp_path):
    (folder / PAGE).write_bytes("title: Å".encode("latin-1"))
    (folder / "notes.txt").write_text("mine")
    (folder / "posts/plain.de.md").write_text("---\n---\n")
    (folder / "posts/a b.sv.md").write_text("---\n---\n")
    (folder / "posts/big.sv.md").write_bytes(b"x" * 1_000_001)
    (folder / "posts/link.sv.md").symlink_to("/etc/passwd")
    (folder / "events/elsewhere").symlink_to(tmp_path)
    os.mkfifo(folder / "posts/pipe.sv.md")
    said = sorted(refused(run, folder))
    places = (
        "taxonomy.toml, old-addresses.toml, glossary.toml, events/<event>/event.toml,"
        " events/<event>/pages/<page>.<language>.md, events/<event>/images/<key>.toml and <key>.jpg,"
        " and posts/<post>.<language>.md"
    )
    assert said == [
        "events/elsewhere: is a link, which may lead out of the folder.",
        f"{PAGE}: is not written in UTF-8 (byte 8).",
        f"notes.txt: is no file of the content; that would be {places}.",
        "posts/a b.sv.md: 'a b' has to be letters, digits and hyphens, 80 at most.",
        "posts/big.sv.md: has 1,000,001 bytes, and 1,000,000 are the most.",
        "posts/link.sv.md: is a link, which may lead out of the folder.",
        "posts/pipe.sv.md: is no ordinary file.",
        "posts/plain.de.md: 'de' is no language of this site; those are sv, en.",
    ]


def test_a_missing_language_is_named(folder, run):
    (folder / PAGE).unlink()
    (folder / "posts/plain.en.md").unlink()
    assert refused(run, folder) == [
        f"{PAGE}: is missing; write it with an empty title and text while it is not translated."
    ]
    (folder / PAGE).write_bytes((folder / PAGE.replace(".sv.", ".en.")).read_bytes())
    assert refused(run, folder) == [
        "posts/plain.en.md: is missing; --delete removes the post in this language."
    ]


def test_a_page_without_its_event_and_two_current_events_are_named(folder, run):
    change(folder, "events/nf16/event.toml", "current = false", "current = true")
    assert refused(run, folder) == [f"{EVENT}: current: nf16 is the current event already."]
    (folder / EVENT).unlink()
    said = refused(run, folder)
    assert [line.partition(": ")[2] for line in said] == [
        f"belongs to an event, and its file {EVENT} is missing."
    ] * 4


def test_a_folder_that_is_not_there_or_empty_is_a_sentence(site, run, tmp_path):
    assert run("import", tmp_path / "none") == (1, f"Error: {tmp_path / 'none'}: there is no such folder.\n")
    (tmp_path / "empty").mkdir()
    (said,) = refused(run, tmp_path / "empty")
    assert said.startswith("the folder holds no content; that would be taxonomy.toml, ")


def test_a_folder_with_too_many_files_is_not_read(folder, run, monkeypatch):
    monkeypatch.setattr(folders, "MOST", 3)
    assert run("import", folder) == (1, f"Error: {folder}: holds more than 3 files.\n")


def test_a_file_that_cannot_be_read_is_named(folder, run, monkeypatch):
    read = Path.read_bytes

    def refuse_one(path):
        if path.name == "plain.sv.md":
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse_one)
    status, said = run("import", folder)
    assert (status, said.splitlines()[0]) == (1, "posts/plain.sv.md: cannot be read: Permission denied.")


# Tests of the folders into which an export may be written


def test_an_export_into_a_folder_with_other_files_is_refused(site, run, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("Dear")
    assert run("export", tmp_path / "mine") == (
        1,
        f"Error: {tmp_path / 'mine'}: is not empty and no export; choose another folder.\n",
    )
    assert files_of(tmp_path / "mine") == {"letter.txt": b"Dear"}
    assert run("export", tmp_path / "mine/letter.txt")[1].startswith("Error: ")


def test_an_export_over_changed_or_added_files_is_refused(folder, run):
    change(folder, PAGE, "Rubrik", "Min rubrik")
    (folder / "posts/new.sv.md").write_text("mine")
    before = files_of(folder)
    status, said = run("export", folder)
    assert (status, said, files_of(folder)) == (
        1,
        f"Error: {folder}: changed since it was exported: {PAGE}, posts/new.sv.md;"
        " import these changes first, or choose another folder.\n",
        before,
    )


def test_an_export_over_one_whose_list_of_files_is_damaged_is_refused(folder, run):
    (folder / folders.WRITTEN).write_text("[]")
    said = f"Error: {folder / folders.WRITTEN}: cannot be read; choose another folder.\n"
    assert run("export", folder) == (1, said)


@pytest.mark.parametrize("is_there", [True, False])
def test_an_export_writes_through_no_link(folder, run, tmp_path, is_there):
    outside = tmp_path / "outside"
    if is_there:
        outside.write_text("theirs")
    (folder / "posts/.forum-part-plain.sv.md").symlink_to("../../outside")
    before = files_of(folder)
    assert run("export", folder)[0] == 0
    assert (outside.exists(), files_of(folder).keys()) == (
        is_there,
        before.keys() - {"posts/.forum-part-plain.sv.md"},
    )
    assert not is_there or outside.read_text() == "theirs"


def test_an_export_over_an_unchanged_one_follows_the_database(folder, run, site):
    """An export removes the file of a page that no longer exists, and keeps hidden files such as those of Git."""
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("mine")
    with site.app_context():
        start_write(db.session)
        for page in db.session.scalars(select(Page)).all():
            db.session.delete(page)
        db.session.commit()
    assert run("export", folder)[0] == 0
    assert not (folder / "events/nf27/pages").exists()
    assert (folder / ".git/config").read_text() == "mine"
    assert run("import", folder)[1] == "0 differences imported.\n"


def test_an_export_that_was_cut_off_is_finished_by_the_next(folder, run, site, monkeypatch):
    change_of_site(site)
    written = folders._write_file
    calls = []

    def break_down(*arguments):
        calls.append(arguments[1])
        if len(calls) == 4:
            raise OSError(28, "No space left on device")
        written(*arguments)

    monkeypatch.setattr(folders, "_write_file", break_down)
    status, said = run("export", folder)
    assert (status, said) == (1, "Error: A file: No space left on device.\n")
    monkeypatch.undo()
    assert run("export", folder)[0] == 0
    assert run("import", folder)[1] == "0 differences imported.\n"


def change_of_site(site) -> None:
    with site.app_context():
        start_write(db.session)
        for event in db.session.scalars(select(Event)).all():
            event.hashtag = "#Other"
        db.session.commit()
