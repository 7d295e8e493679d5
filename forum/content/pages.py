"""Standing pages as Markdown: a file per language, `events/<event>/pages/<slug>.<language>.md`."""

from zoneinfo import ZoneInfo

from forum.content import moments
from forum.content.documents import BODY, body_of
from forum.content.shapes import LANGUAGES, Document, Where, line, moment, number, prose, table
from forum.events.models import Page

SHAPE = table(
    {"title": line(empty=True), "summary": line(empty=True), "order": number(0), BODY: prose()},
    {"updated": moment},
)
SHARED = ("order", "updated")


def tell(page: Page, zone: ZoneInfo) -> dict[str, Document]:
    """Return for each language the content of the page's file in that language as a document."""
    return {
        language: {
            "title": page.title.get(language) or "",
            "summary": page.summary.get(language) or "",
            "order": page.position,
            "updated": moments.tell(page.updated_at, zone),
            BODY: body_of(page.body.get(language) or ""),
        }
        for language in LANGUAGES
    }


def read(raw: Document, where: Where, zone: ZoneInfo) -> Document:
    """Return the content of a page's file as a document. Raises BadFile."""
    document = SHAPE(raw, where)
    if "updated" in document:
        told = moments.read(document["updated"], zone, where.at("updated"))
        document["updated"] = moments.tell(told, zone)
    order = ("title", "summary", "order", "updated", BODY)
    return {name: document[name] for name in order if name in document}
