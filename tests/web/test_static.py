"""Static files: which files the build writes, and how the forum finds and serves them."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import brotli
import pytest
from werkzeug.test import Client

from forum import clock
from forum.web.headers import SECURITY_HEADERS
from forum.web.static import FOR_EVER, UnknownStaticFile, build_static, load_manifest, serve_static
from forum.web.static_sources import BrokenReference
from tests.factories.events import NOW


@pytest.fixture
def source(tmp_path):
    """Give a small static/ folder: a bundle of style sheets, a font, two script modules, a picture."""
    return write(
        tmp_path / "static",
        {
            "css/app.css": '@layer reset, components;\n@import url("reset.css") layer(reset);\n'
            '@import "components/button.css" layer(components);\n@import url(print.css) print;\n',
            "css/reset.css": "/* usage: <a> url(nothing.png) */\n* {\n  margin: 0;\n}\n",
            "css/print.css": 'a::after { content: " /* kept */ "; }\n',
            "css/components/button.css": ".button { background: url('../../img/dot.svg#a'); }\n",
            "css/mail.css": "p { color: #123; }\n",
            "js/app.js": 'import { ready } from "./lib/ready.js";\nready();\n',
            "js/lib/ready.js": "export function ready() {}\n",
            "img/dot.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>\n",
            "fonts/serif.woff2": "wOF2",
            "fonts/README.md": "where it comes from",
            ".DS_Store": "junk",
        },
    )


@pytest.fixture
def target(tmp_path):
    return tmp_path / "instance" / "static"


def test_build_names_each_file_by_its_content(source, target):
    names = build_static(source, target).names

    assert sorted(names) == [
        "css/app.css", "css/mail.css", "fonts/serif.woff2", "img/dot.svg", "js/app.js", "js/lib/ready.js",
    ]  # fmt: skip
    assert all((target / "files" / name).is_file() for name in names.values())
    assert names["css/mail.css"] == "css/mail.cf4418d51ff9.css"


def test_build_puts_imported_sheets_into_their_layers(source, target):
    manifest = build_static(source, target)

    assert text(target, manifest, "css/app.css") == (
        "@layer reset, components;\n"
        "@layer reset {\n* {\nmargin: 0;\n}\n}\n\n"
        "@layer components {\n"
        f'.button {{ background: url("../{manifest.names["img/dot.svg"]}#a"); }}\n'
        "}\n\n"
        '@media print {\na::after { content: " /* kept */ "; }\n}\n\n'
    )


def test_build_leads_a_module_to_the_hashed_name_of_another(source, target):
    manifest = build_static(source, target)

    ready = manifest.names["js/lib/ready.js"].removeprefix("js/")
    assert text(target, manifest, "js/app.js") == f'import {{ ready }} from "./{ready}";\nready();\n'


def test_build_renames_what_refers_to_a_changed_file(source, target):
    before = build_static(source, target).names
    (source / "img" / "dot.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>")

    after = build_static(source, target).names

    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"img/dot.svg", "css/app.css"}


def test_build_compresses_text_and_leaves_fonts(source, target):
    names = build_static(source, target).names

    sheet = target / "files" / names["css/app.css"]
    unpacked = {
        gzip.decompress(sheet.with_name(f"{sheet.name}.gz").read_bytes()),
        brotli.decompress(sheet.with_name(f"{sheet.name}.br").read_bytes()),
    }
    assert unpacked == {sheet.read_bytes()}
    assert [path.name for path in (target / "files" / "fonts").iterdir()] == [
        names["fonts/serif.woff2"].removeprefix("fonts/")
    ]


def test_second_build_touches_nothing(source, target):
    build_static(source, target)
    before = times(target)

    build_static(source, target)

    assert times(target) == before


@pytest.mark.usefixtures("frozen")
def test_build_keeps_what_another_version_may_ask_for_and_nothing_older(source, target):
    """A file is deleted a month after the first build without it, however old the file is."""
    builds = []
    for day, colour in ((0, "red"), (100, "green"), (131, "blue")):
        clock.freeze(NOW + timedelta(days=day))
        builds.append(build_in(colour, source, target))

    there = [(target / "files" / name).exists() for name in builds]
    assert there == [False, True, True]
    assert len(list((target / "files" / "css").glob("mail.*"))) == 2 * 3


def test_process_finds_what_a_newer_version_has_built_since_it_began(source, target):
    """A process serves files that a newer version has built since: machines with one folder are updated in turn."""
    build_in("red", source, target)
    old = Client(serve_static(nothing_here, target))
    newer = build_in("green", source, target)

    answer = old.get(
        f"/static/{newer}",
    )

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, FOR_EVER)
    assert answer.data == b"p { color: green }\n"
    for path in (
        "../manifest.json",
        "css",
        "css/",
        f"/{newer}",
        "css/x.css",
        "%00",
        "x" * 5000,
        "css/../css/mail.css",
    ):
        assert old.get(f"/static/{path}").status_code == 404, path


def build_in(colour, source, target):
    (source / "css" / "mail.css").write_text(f"p {{ color: {colour} }}\n")
    return build_static(source, target).names["css/mail.css"]


def test_builds_at_once_agree(source, target):
    with ThreadPoolExecutor(4) as pool:
        built = list(pool.map(lambda _: build_static(source, target).names, range(4)))

    assert built == [json.loads((target / "manifest.json").read_text())] * 4
    assert sorted(path.name for path in target.iterdir()) == ["files", "manifest.json"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        (
            "css/a.css",
            "a { src: url(none.woff2) }",
            "static/css/a.css names none.woff2, which does not exist",
        ),
        ("css/a.css", "a { src: url(../../x) }", "static/css/a.css names ../../x, which does not exist"),
        ("css/a.css", '@import "a.css";', "static/css/a.css leads back to itself"),
        ("js/a.js", 'import "./a.js"', "static/js/a.js leads back to itself"),
    ],
)
def test_build_refuses_a_broken_reference(tmp_path, target, name, content, problem):
    source = write(tmp_path / "static", {name: content, "css/b.css": '@import "a.css";'})
    (tmp_path / "x").write_text("outside")
    if name.startswith("js"):
        (source / "css" / "b.css").unlink()

    with pytest.raises(BrokenReference) as refusal:
        build_static(source, target)

    assert problem in str(refusal.value)


def test_url_of_an_unknown_file_says_which(source, target):
    build_static(source, target)

    with pytest.raises(UnknownStaticFile) as refusal:
        load_manifest(target).url("css/none.css")

    assert (
        str(refusal.value) == "static/css/none.css does not exist or was not built; `forum static` builds it"
    )


def test_served_file_is_kept_for_ever_and_carries_the_headers(source, target):
    manifest = build_static(source, target)
    client = Client(serve_static(nothing_here, target, headers={"X-Content-Type-Options": "nosniff"}))

    answer = client.get(manifest.url("css/app.css"), headers={"Accept-Encoding": "br"})

    assert (answer.status_code, answer.headers["Content-Type"], answer.headers["Content-Encoding"]) == (
        200, 'text/css; charset="utf-8"', "br",
    )  # fmt: skip
    assert brotli.decompress(answer.data).startswith(b"@layer reset, components;")
    assert answer.headers["Cache-Control"] == FOR_EVER
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/static/css/app.css", "/static/manifest.json", "/static/../manifest.json", "/sv/"]
)
def test_other_addresses_go_to_the_app(source, target, path):
    build_static(source, target)

    answer = Client(serve_static(nothing_here, target)).get(path)

    assert (answer.status_code, answer.data) == (404, b"not here")


def test_app_serves_the_built_files_with_the_headers_of_every_page(app):
    with app.app_context():
        address = app.jinja_env.from_string("{{ static_url('css/app.css') }}").render()

    answer = app.test_client().get(address)

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == FOR_EVER
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def write(folder, contents):
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def text(target, manifest, name):
    return (target / "files" / manifest.names[name]).read_text()


def times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def nothing_here(environ, start_response):
    start_response("404 NOT FOUND", [("Content-Type", "text/plain")])
    return [b"not here"]
