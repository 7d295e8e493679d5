"""Reading a folder's files into documents. Each file is checked alone, then the values that several files share."""

import re
from collections.abc import Collection, Container, Iterator, Mapping
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from forum.content import documents, events, glossary, images, old_addresses, pages, posts, taxonomy
from forum.content.errors import BadFile, ContentRefused
from forum.content.shapes import LANGUAGES, NAME, Where
from forum.content.site import Site, event_path, image_path, original_path, page_path, post_path

EVENT = re.compile(r"events/([^/]+)/event\.toml")
PAGE = re.compile(r"events/([^/]+)/pages/([^/]+)\.([^/.]+)\.md")
IMAGE = re.compile(r"events/([^/]+)/images/([0-9a-f]{16})\.toml")
OF_EVENT = re.compile(r"events/([^/]+)/(?:pages|images)/.*")
POST = re.compile(r"posts/([^/]+)\.([^/.]+)\.md")
PLACES = (
    "taxonomy.toml, old-addresses.toml, glossary.toml, events/<event>/event.toml,"
    " events/<event>/pages/<page>.<language>.md, events/<event>/images/<key>.toml and <key>.jpg,"
    " and posts/<post>.<language>.md"
)


def read(
    texts: Mapping[str, str], unread: Mapping[str, str], originals: Collection[tuple[str, str]] = ()
) -> Site:
    """Return the content of the files; `unread` has by path why a file could not be read.

    `originals` has event and key of each image whose original is there.

    Raises ContentRefused with a sentence for each faulty file.
    """
    site, problems, files = Site(), list(unread.values()), {*texts, *unread}
    if not files:
        problems.append(f"the folder holds no content; that would be {PLACES}")
    # Read events first: times in pages are on the clock of their event's time zone.
    for file in sorted(texts, key=lambda name: (not EVENT.fullmatch(name), name)):
        with _noting(problems):
            _read_file(site, file, texts[file], files)
    for event, slug in list(site.pages):
        with _noting(problems):
            _refuse_odd_page(site, event, slug, files)
    for key in list(site.posts):
        with _noting(problems):
            _refuse_odd_post(site, key)
    problems += _tell_single_halves(site, {*texts, *unread}, originals)
    with _noting(problems):
        _refuse_second_current(site)
    if problems:
        raise ContentRefused(problems)
    return site


def _tell_single_halves(
    site: Site, files: Container[str], originals: Collection[tuple[str, str]]
) -> Iterator[str]:
    """Yield a sentence for each image that lacks its description file or its original."""
    for event, key in site.images:
        if original_path(event, key) not in files and (event, key) not in originals:
            yield f"{image_path(event, key)}: its original {key}.jpg is missing"
    for event, key in originals:
        if image_path(event, key) not in files:
            yield f"{original_path(event, key)}: its description {key}.toml is missing"


@contextmanager
def _noting(problems: list[str]) -> Iterator[None]:
    """Add a refused file's sentence to the list of problems and continue, so that one run names every wrong file."""
    try:
        yield
    except BadFile as problem:
        problems.append(str(problem))


def _read_file(site: Site, file: str, text: str, files: Container[str]) -> None:
    where = Where(file)
    if file == taxonomy.FILE:
        site.taxonomy = taxonomy.read(documents.read_toml(text, where), where)
    elif file == old_addresses.FILE:
        site.old_addresses = old_addresses.read(documents.read_toml(text, where), where)
    elif file == glossary.FILE:
        site.glossary = glossary.read(documents.read_toml(text, where), where)
    elif parts := EVENT.fullmatch(file):
        slug = _name(parts[1], 60, where)
        site.events[slug] = events.read(documents.read_toml(text, where), where)
    elif OF_EVENT.fullmatch(file):
        _read_part(site, file, text, files)
    elif parts := POST.fullmatch(file):
        key, language = _name(parts[1], 80, where), _language(parts[2], where)
        site.posts[key][language] = posts.read(documents.read_markdown(text, where), where)
    else:
        where.refuse(f"is no file of the content; that would be {PLACES}")


def _read_part(site: Site, file: str, text: str, files: Container[str]) -> None:
    """Read a page or an image of an event."""
    where = Where(file)
    if parts := PAGE.fullmatch(file):
        event, slug, language = parts[1], _name(parts[2], 60, where), _language(parts[3], where)
        if zone := _zone(site, event, files, where):
            site.pages[event, slug][language] = pages.read(documents.read_markdown(text, where), where, zone)
    elif parts := IMAGE.fullmatch(file):
        if zone := _zone(site, parts[1], files, where):
            site.images[parts[1], parts[2]] = images.read(documents.read_toml(text, where), where, zone)
    else:
        where.refuse(f"is no file of the content; that would be {PLACES}")


def _zone(site: Site, event: str, files: Container[str], where: Where) -> ZoneInfo | None:
    """Return the time zone of the event of a file, None if the event's own file is among the problems already."""
    if event_path(event) not in files:
        where.refuse(f"belongs to an event, and its file {event_path(event)} is missing")
    return events.zone_of(site.events[event], where) if event in site.events else None


def _name(name: str, longest: int, where: Where) -> str:
    if not NAME.fullmatch(name) or len(name) > longest:
        where.refuse(f"{name!r} has to be letters, digits and hyphens, {longest} at most")
    return name


def _language(language: str, where: Where) -> str:
    if language not in LANGUAGES:
        where.refuse(f"{language!r} is no language of this site; those are {', '.join(LANGUAGES)}")
    return language


def _refuse_odd_page(site: Site, event: str, slug: str, files: Container[str]) -> None:
    """Refuse a page that lacks a language, or whose files differ in a value that all languages share."""
    languages = site.pages[event, slug]
    for language in LANGUAGES:
        if (file := page_path(event, slug, language)) not in files:
            Where(file).refuse("is missing; write it with an empty title and text while it is not translated")
    if len(languages) < len(LANGUAGES):
        # If a file of the page could not be read, compare none of them: the list of problems names that file already.
        return
    first, *others = LANGUAGES
    for language in others:
        for name in pages.SHARED:
            if languages[first].get(name) != languages[language].get(name):
                where = Where(page_path(event, slug, language), name)
                where.refuse(f"is not what {page_path(event, slug, first)} says")
    if not any(page["title"].strip() for page in languages.values()):
        Where(page_path(event, slug, first), "title").refuse("is empty in every language")


def _refuse_odd_post(site: Site, key: str) -> None:
    languages = site.posts[key]
    files = {language: Where(post_path(key, language)) for language in languages}
    posts.refuse_disagreeing(languages, files)


def _refuse_second_current(site: Site) -> None:
    current = [slug for slug, event in site.events.items() if event["current"]]
    if len(current) > 1:
        Where(event_path(current[1]), "current").refuse(f"{current[0]} is the current event already")
