"""A package, its blueprint, its template folder and its table share one word; exceptions are listed, with reasons."""

import re
from collections.abc import Iterator

from forum.database import Base
from forum.settings.project import PROJECT

# Packages of forum/ (rooms) whose blueprints all have other names than the package.
WITHOUT_OWN_BLUEPRINT = {
    "mailings": "its console pages compose other rooms and stand in `console/`, whose blueprint has the name",
}
# Folders of templates that are named after no package of forum/ (room) and no blueprint.
OTHER_FOLDERS = {
    **dict.fromkeys(("components", "layouts", "errors", "mail"), "a kind of template, for all rooms"),
    "public": "a face, which has the folders of the rooms",
    "console/requests": "two blueprints share it: requests for erasure and for restriction",
    "console/styleguide": "the parts of one page, which is in the blueprint of the overview",
}
# Packages of forum/ (rooms) without a table that has the package's word in its name.
OTHER_TABLES = {
    "accounts": "`users` is older than the rule, and a migration may only add",
    "health": "keeps the check values of keys, and nothing about health",
    "news": "has several kinds of things: posts, categories, tags, corrections",
    "participants": "lists registrations; its own table says which numbers are public",
    "people": "notes and tags belong to a registration",
    "privacy": "its table has the requests for erasure",
    "review": "decides about registrations; its own tables have refusals and recusals",
}
# Tables that have one row, and so a name in the singular.
OF_ONE_ROW = [
    ("content_versions", "content_version"),
    ("worker_clocks", "worker_clock"),
    ("mail_relays", "mail_relay"),
]


def find_blueprints() -> Iterator[tuple[str, str]]:
    """Yield the package (room) and the name of each blueprint."""
    for path in sorted((PROJECT / "forum").rglob("*.py")):
        for name in re.findall(r'\bBlueprint\(\s*"(\w+)"', path.read_text()):
            yield path.relative_to(PROJECT / "forum").parts[0], name


def find_folders() -> Iterator[str]:
    """Yield the folders of templates that belong to packages (rooms), and the folders above them."""
    templates = PROJECT / "templates"
    for above in (templates, templates / "public", templates / "console"):
        for path in sorted(above.iterdir()):
            if path.is_dir():
                yield path.relative_to(templates).as_posix()


def find_tables() -> Iterator[tuple[str, str, str]]:
    """Yield each model's package (room), the table name that follows from the class name, and the real table name."""
    for mapper in Base.registry.mappers:
        words = re.sub(r"(?<!^)(?=[A-Z])", "_", mapper.class_.__name__).lower()
        yield mapper.class_.__module__.split(".")[1], plural(words), str(mapper.local_table)


def plural(word: str) -> str:
    """Return the plural of an English word; most words that end in s are plurals already."""
    if word.endswith("person"):
        return word.removesuffix("person") + "people"
    if word.endswith(("alias", "ss")):
        return f"{word}es"
    return word if word.endswith("s") else re.sub("(?<![aeiou])ys$", "ies", f"{word}s")


def test_each_room_with_pages_has_a_blueprint_of_its_name():
    pairs = set(find_blueprints())
    rooms = {room for room, _ in pairs}
    assert {room for room in rooms if (room, room) not in pairs} == WITHOUT_OWN_BLUEPRINT.keys()


def test_each_folder_of_templates_is_named_after_a_room_or_a_blueprint():
    rooms = {path.parent.name for path in (PROJECT / "forum").glob("*/__init__.py")}
    known = rooms | {name for _, name in find_blueprints()}
    assert {folder for folder in find_folders() if folder.split("/")[-1] not in known} == OTHER_FOLDERS.keys()


def test_each_table_is_named_after_its_model_and_one_of_each_room_after_the_room():
    told = sorted(find_tables())
    assert [(name, table) for _, name, table in told if not f"_{table}".endswith(f"_{name}")] == OF_ONE_ROW
    named = {room for room, _, table in told if {plural(word) for word in table.split("_")} & {plural(room)}}
    assert {room for room, _, _ in told} - named == OTHER_TABLES.keys()
