"""Redirects of old addresses, set in the console: each works at once; a file of them is imported whole or refused."""

from io import BytesIO

import pytest

from forum.accounts.enums import Role
from forum.console import old_addresses_forms
from forum.extensions import db
from tests.factories.news import make_category, make_post
from tests.tables import rows


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def admin(sign_in_as, event):
    return sign_in_as(Role.ADMIN)


def add(admin, old, new, **options):
    page = admin.get("redirects.new", event="nf27")
    return page.submit({"old": old, "leads_to": new}, button="Add the old address", **options)


def listed(admin, **asked) -> list[list[str]]:
    db.session.expire_all()
    return rows(admin.get("redirects.index", event="nf27", **asked))


def test_old_address_leads_on_and_follows_its_post(admin, organiser, pages, event):
    assert admin.get("redirects.index", event="nf27").all(".empty-title") == ["No old addresses yet"]
    post = make_post(slug="heard", event_id=event.id)
    pages.get("/press/2016/Hörd.html", expect=404)
    add(admin, "/press/2016/Hörd.html", "/en/news/2016/11/25/heard-en")
    add(admin, "/press/2016/Hörd.html", "/en/news/2016/11/25/heard-en", expect=409)
    assert pages.get("/press/2016/Hörd.html", expect=301).location == "/en/news/2016/11/25/heard-en"
    edit = organiser.get("posts.edit", event="nf27", post=post.id)
    edit.submit({"en-slug": "listened"}, button="Save")
    assert pages.get("/press/2016/hord-html", expect=301).location == "/en/news/2016/11/25/listened"
    assert listed(admin) == [["/press/2016/hord-html", "/en/news/2016/11/25/listened"]]
    page = admin.get(admin.get("redirects.index", event="nf27").links["/press/2016/hord-html"])
    other = admin.get(page.path)
    page.submit({"leads_to": "/sv/news/"}, button="Save")
    assert rows(other.submit({"leads_to": "/en/"}, button="Save", expect=409)) == [
        ["Leads to", "/sv/news/", "/en/"]
    ]
    assert pages.get("/press/2016/hord-html", expect=301).location == "/sv/news/"
    page.follow("Remove the old address").submit(button="Remove the old address")
    pages.get("/press/2016/hord-html", expect=404)
    organiser.get("redirects.index", event="nf27", expect=404)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("press", "/sv/"),
        ("/", "/sv/"),
        ("/press", "//evil.example/"),
        ("/press", "https://evil.example/"),
        ("/press", "/\\evil.example"),
        ("/press", "/en/news/2016/11/25/none"),
        ("/press", "/en/news/categories/none"),
        ("/press", "/Press"),
        ("/press", "/press#contact"),
        ("/sv/news/categories/press", "/sv/news/categories/%70ress#contact"),
        ("/press", "/sv/none"),
        ("/press", "/blogg/2016"),
        ("/sv/news/", "/sv/"),
        ("/EN", "/sv/"),
        ("/en/register/link", "/sv/"),
        ("/" + "㎯" * 299, "/sv/"),
    ],
)
def test_what_is_no_address_or_leads_elsewhere_is_refused(admin, old, new):
    """An old address never leads to another site (S38) or to itself."""
    assert len(add(admin, old, new, expect=422).errors) == 1
    assert admin.get("redirects.index", event="nf27").all(".empty-title") == ["No old addresses yet"]


def test_old_address_does_not_lead_to_another_one(admin):
    """An old address must not redirect to another one: the two could send a reader back and forth for ever."""
    add(admin, "/a", "/sv/")
    assert len(add(admin, "/b", "/%61#top", expect=422).errors) == 1
    form = admin.get("redirects.import_file", event="nf27")
    refused = form.submit({"lines": "/a;/b\n/b;/a\n/c;/en/news\n"}, button="Import", expect=422)
    assert refused.all("main li")[-2:] == [
        "Line 1: /b is no page of this site",
        "Line 2: /a is no page of this site",
    ]
    assert listed(admin) == [["/a", "/sv/"]]


def test_old_addresses_never_lead_in_a_circle(admin):
    """A dot counts as a hyphen in an old address, so a redirect to /favicon.ico may meet the one of /favicon-ico."""
    one, other = "/robots-txt;/favicon.ico", "/favicon-ico;/robots.txt"
    form = admin.get("redirects.import_file", event="nf27")
    for button in ("Check", "Import"):
        refused = form.submit({"lines": f"{one}\n{other}"}, button=button, expect=422)
        assert refused.all("main li")[-1] == "/robots-txt would lead in a circle"
    add(admin, *one.split(";"))
    refused = add(admin, *other.split(";"), expect=422)
    assert "/favicon-ico would lead in a circle" in refused.text
    for button in ("Check", "Import"):
        form.submit({"lines": other}, button=button, expect=422)
    assert listed(admin) == [one.split(";")]
    page = admin.get(admin.get("redirects.index", event="nf27").links["/robots-txt"])
    page.submit(dict(zip(("old", "leads_to"), other.split(";"), strict=True)), button="Save")
    assert listed(admin) == [other.split(";")]
    form.submit({"lines": f"{one}\n/favicon-ico;/sv/"}, button="Import")
    assert listed(admin) == [["/favicon-ico", "/sv/"], one.split(";")]


def test_whole_address_is_taken_by_its_path(admin, pages):
    add(admin, "https://gammal.example/Press/H%C3%B6rd?a=1#top", "/sv/news/")
    add(admin, "/blogg", "/sv/news/search")
    assert [row[0] for row in listed(admin)] == ["/blogg", "/press/hord"]
    assert pages.get("/press/h%C3%B6rd", expect=301).location == "/sv/news/"
    assert pages.get("/blogg/", expect=301).location == "/sv/news/search"


def test_file_is_checked_and_then_imported_whole(admin, pages):
    make_category("talks")
    make_post(slug="heard")
    add(admin, "/a", "/sv/")
    form = admin.get("redirects.import_file", event="nf27")
    lines = "old;new\n/a;/en/\n/b;/en/news/categories/talks-en\n/c;/nowhere else\n/sv;/en/\n/B;/en/\n"
    wrong = form.submit({"lines": lines}, button="Import", expect=422)
    assert wrong.all("main li")[-3:] == [
        "Line 4: /nowhere else is no page of this site",
        "Line 5: /sv has a page already",
        "/b is there 2 times",
    ]
    assert [row[0] for row in listed(admin)] == ["/a"]
    right = lines.replace("/nowhere else", "/en/news/2016/11/25/heard-en").replace("/sv;/en/\n/B;/en/\n", "")
    checked = form.submit({"lines": right}, button="Check", expect=200)
    assert "2 are new, 1 changes. Nothing has been stored yet." in checked.text
    assert [row[0] for row in listed(admin)] == ["/a"]
    # A file may contain characters that form fields remove.
    right = right.replace("heard", "he\0ard").replace("/b;", "/b\0;")
    right = right.replace("/a;", "https://gammal.example/a?page=2;")
    file = (BytesIO(b"\xef\xbb\xbf" + right.encode()), "old.csv")
    done = admin.open(form.path, method="POST", data={**form.form().data, "file": file}, follow=True)
    assert done.flashes == ["Imported: 3 old addresses of 3 are new or different."]
    assert listed(admin, q="/c") == [["/c", "/en/news/2016/11/25/heard-en"]]
    assert pages.get("/B", expect=301).location == "/en/news/categories/talks-en"


def test_a_file_with_too_much_or_with_lines_that_say_nothing_is_refused(admin, monkeypatch):
    form = admin.get("redirects.import_file", event="nf27")

    def told(lines: str, file: bytes = b"") -> str:
        data = {**form.form().data, "lines": lines, **({"file": (BytesIO(file), "old.csv")} if file else {})}
        return admin.open(form.path, method="POST", data=data, expect=422).text

    assert "Choose a file, or paste the lines" in told("")
    assert "The file is too large: at most 200 kB" in told("", b"/a;/en/\n" * 30_000)
    assert "Line 1: write the old address, a comma, and a path of this site" in told("/a")
    assert "Line 1: / is no old address" in told("/;/en/")
    # A file that is not written in UTF-8 is read as Windows-1252, the encoding of older Windows programs.
    assert "Line 1: /nowhere-å is no page of this site" in told("", "/a;/nowhere-å\n".encode("cp1252"))
    monkeypatch.setattr(old_addresses_forms, "MOST_LINES", 1)
    assert "Use at most 1 lines" in told("/a;/en/\n/b;/en/")
    assert listed(admin) == []
