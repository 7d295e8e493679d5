"""The content that the database will hold after an import: the imported files combined with the stored content."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from forum.content import events, glossary, moments, old_addresses, posts, taxonomy
from forum.content.shapes import LANGUAGES, Document, Where
from forum.content.site import BY_LANGUAGE, Site, post_path
from forum.news.old_paths import path_of, plain_path


def complete(given: Site, stored: Site, *, delete: bool, now: datetime) -> Site:
    """Return the content after the import of the files `given`. Raises BadFile for files that contradict one another.

    Stored content that the files lack is kept, unless `delete`. Events are never removed.
    """
    wanted = Site(_lay_over(given, stored, delete=delete))
    wanted.events = _with_one_current(given, stored)
    wanted.pages.update(
        (place, page) for place, page in stored.pages.items() if not (delete and place[0] in given.events)
    )
    wanted.pages.update(
        (place, _dated(page, stored.pages.get(place, {}), events.zone_of(given.events[place[0]]), now))
        for place, page in given.pages.items()
    )
    # Keep all stored images, because stored texts that the import keeps may show them.
    wanted.images = {**stored.images, **given.images}
    wanted.posts.update({} if delete else stored.posts)
    for key, languages in given.posts.items():
        if not delete:
            _refuse_lost_language(key, languages, stored)
        before = stored.posts.get(key, {})
        wanted.posts[key] = {
            language: _settled(_with_former(post, before.get(language, {})), wanted, post_path(key, language))
            for language, post in languages.items()
        }
        if wanted.posts[key] != before:
            for language, post in wanted.posts[key].items():
                posts.refuse_incomplete(post, Where(post_path(key, language)))
    _settle_slugs(wanted)
    wanted.old_addresses = _old_addresses(given, stored, wanted, delete=delete)
    wanted.glossary = _glossary(given, stored, delete=delete)
    return wanted


def list_lacking(given: Site, stored: Site, wanted: Site) -> list[str]:
    """Return the paths of event, page and post files that the folder lacks although the import keeps their content."""
    given_files, lacking = given.files(), wanted.files().keys() & stored.files().keys()
    return sorted(
        file for file in lacking if file not in given_files and file.endswith((".md", "/event.toml"))
    )


def _lay_over(given: Site, stored: Site, *, delete: bool) -> Document:
    """Return categories and hashtags after the import, including hashtags that only the imported posts name.

    Categories have the order of the files, followed by stored categories that the files lack; hashtags have the order
    in which they were made.
    """
    laid: Document = {}
    for name, key_of in (("categories", _key), ("hashtags", _form)):
        old = {key_of(entry): entry for entry in stored.terms[name]}
        new = {key_of(entry): entry for entry in given.terms[name]}
        kept = {} if delete and given.taxonomy is not None else old
        if name == "categories":
            laid[name] = [*new.values(), *(entry for key, entry in kept.items() if key not in new)]
        else:
            order = [key for key in old if key in new or key in kept]
            laid[name] = [
                new.get(key, old.get(key)) for key in [*order, *(key for key in new if key not in old)]
            ]
    where = Where(taxonomy.FILE)
    known = taxonomy.spellings(laid["hashtags"], where)
    for named in _named_by_posts(given):
        if (form := taxonomy.forms_of({"name": named})[0]) not in known:
            known[form] = named
            laid["hashtags"].append({"name": named})
    return taxonomy.read(laid, where)


def _key(category: Document) -> str:
    return category["key"]


def _form(hashtag: Document) -> str:
    return taxonomy.forms_of(hashtag)[0]


def _named_by_posts(given: Site) -> Iterable[str]:
    for languages in given.posts.values():
        for post in languages.values():
            yield from post.get("tags", [])


def _with_one_current(given: Site, stored: Site) -> dict[str, Document]:
    laid = {**stored.events, **given.events}
    current = next((slug for slug, event in given.events.items() if event["current"]), None)
    if current is None:
        return laid
    return {slug: {**event, "current": slug == current} for slug, event in laid.items()}


def _dated(page: BY_LANGUAGE, stored: BY_LANGUAGE, zone: ZoneInfo, now: datetime) -> BY_LANGUAGE:
    """Return a page with the time of its last change: by its files, else as stored if it is unchanged, else `now`."""
    if all("updated" in document for document in page.values()):
        return page
    before = {language: {**document, "updated": None} for language, document in stored.items()}
    is_same = before == {language: {**document, "updated": None} for language, document in page.items()}
    updated = next(iter(stored.values()))["updated"] if is_same else moments.tell(now, zone)
    return {language: {**document, "updated": updated} for language, document in page.items()}


def _refuse_lost_language(key: str, languages: Iterable[str], stored: Site) -> None:
    for language in stored.posts.get(key, {}):
        if language not in languages:
            Where(post_path(key, language)).refuse("is missing; --delete removes the post in this language")


def _with_former(post: Document, stored: Document) -> Document:
    """Return a post's document in one language with all of the post's former slugs in that language.

    These are the former slugs in the file and in the database, and the stored slug, if the post was published under it
    and has another one now.
    """
    known = [stored["slug"]] if "published" in stored else []
    former = {*post.get("former_slugs", []), *stored.get("former_slugs", []), *known} - {post["slug"]}
    return posts.in_order({**post, "former_slugs": sorted(former)})


def _settled(post: Document, wanted: Site, file: str) -> Document:
    """Return a post's document with its categories and hashtags in order, and each hashtag under its main name."""
    where = Where(file)
    if post.get("event", "") not in {"", *wanted.events}:
        where.at("event").refuse(f"there is no event {post['event']}")
    if "cover" in post and post["cover"] not in {key for _event, key in wanted.images}:
        where.at("cover").refuse(f"there is no image {post['cover']}")
    categories = [category["key"] for category in wanted.terms["categories"]]
    for category in post.get("categories", []):
        if category not in categories:
            where.at("categories").refuse(f"there is no category {category}; {taxonomy.FILE} lists them")
    names = taxonomy.spellings(wanted.terms["hashtags"])
    own = {names[_form({"name": name})] for name in post.get("tags", [])}
    settled = {
        "categories": [key for key in categories if key in post.get("categories", [])],
        "tags": [tag["name"] for tag in wanted.terms["hashtags"] if tag["name"] in own],
    }
    # Leave out empty lists of categories and hashtags, but keep empty texts: a draft may lack a text, and a post's
    # label may be empty.
    return {name: settled.get(name, value) for name, value in post.items() if settled.get(name, True)}


def _settle_slugs(wanted: Site) -> None:
    """Refuse two posts with one slug in a language; take a former slug from a post if it is another post's slug now."""
    for language in LANGUAGES:
        own = {key: post[language] for key, post in wanted.posts.items() if language in post}
        owners: dict[str, str] = {}
        for key, post in own.items():
            _refuse_second(owners, key, language, "slug", [post["slug"]])
        for key, post in own.items():
            former = [slug for slug in post.get("former_slugs", []) if slug not in owners]
            if former != post.get("former_slugs", []):
                wanted.posts[key] = {
                    **wanted.posts[key],
                    language: posts.in_order({**post, "former_slugs": former}),
                }
        had: dict[str, str] = {}
        for key in own:
            former = wanted.posts[key][language].get("former_slugs", [])
            _refuse_second(had, key, language, "former_slugs", former)


def _refuse_second(owners: dict[str, str], key: str, language: str, name: str, slugs: Iterable[str]) -> None:
    for slug in slugs:
        if (other := owners.setdefault(slug, key)) != key:
            Where(post_path(key, language), name).refuse(f"{slug} is that of the post {other}, too")


def _old_addresses(given: Site, stored: Site, wanted: Site, *, delete: bool) -> Document:
    """Return the addresses of earlier sites after the import, without those of posts and categories that it removes."""
    categories = {category["key"] for category in wanted.terms["categories"]}
    kept = {} if delete and given.old_addresses is not None else stored.old
    laid = {
        path: entry
        for path, entry in kept.items()
        if entry.get("post") in {None, *wanted.posts} and entry.get("category") in {None, *categories}
    }
    for path, entry in given.old.items():
        where = Where(old_addresses.FILE, old_addresses.ADDRESSES).at(path)
        if entry.get("post") not in {None, *wanted.posts}:
            where.at("post").refuse(f"there is no post {entry['post']}")
        if entry.get("category") not in {None, *categories}:
            where.at("category").refuse(f"there is no category {entry['category']}")
        laid[path] = entry
    for path in given.old:
        _refuse_circle(path, laid)
    return {old_addresses.ADDRESSES: [laid[path] for path in sorted(laid)]}


def _refuse_circle(path: str, laid: Mapping[str, Document]) -> None:
    """Refuse an old address whose redirect leads back to it, directly or through other old addresses."""
    way = [path]
    while leads_to := laid.get(way[-1], {}).get("leads_to"):
        there = plain_path(path_of(leads_to))
        if there in way:
            where = Where(old_addresses.FILE, old_addresses.ADDRESSES).at(path).at("leads_to")
            where.refuse(f"leads in a circle: {' → '.join([*way, there])}")
        way.append(there)


def _glossary(given: Site, stored: Site, *, delete: bool) -> Document:
    """Return the glossary after the import: the entries of the files, and stored entries for words that the files lack.

    If no event is stored yet, the stored entries come from the installation, and a file replaces them all.
    """
    replaces = given.glossary is not None and (delete or not stored.events)
    laid: Document = {}
    for language in LANGUAGES:
        new = {entry["avoid"]: entry for entry in (given.glossary or {}).get(language, [])}
        kept = [] if replaces else (stored.glossary or {}).get(language, [])
        laid[language] = [*new.values(), *(entry for entry in kept if entry["avoid"] not in new)]
    return glossary.in_order(laid)
