"""Images as files: `events/<event>/images/<key>.toml` describes an image, and `<key>.jpg` is its original."""

from zoneinfo import ZoneInfo

from forum.columns import Text
from forum.content import moments
from forum.content.shapes import LANGUAGES, Document, Where, line, member, moment, said, table, texts
from forum.images.actions import Description
from forum.images.enums import Focus
from forum.images.models import LONGEST_NAME, Image

SHAPE = table(
    {"alt": texts(line(300, empty=True), said=True), "added": moment},
    {"credit": line(150), "focus": member(Focus), "file_name": line(LONGEST_NAME)},
)


def tell(image: Image, zone: ZoneInfo) -> Document:
    """Return the content of the file that describes an image as a document, with times of the event's time zone."""
    alt = {language: image.alt.get(language) or "" for language in LANGUAGES}
    document: Document = {"alt": alt, "added": moments.tell(image.added_at, zone)}
    if image.credit:
        document["credit"] = image.credit
    if image.file_name:
        document["file_name"] = image.file_name
    return {**document, "focus": str(image.focus)}


def read(raw: Document, where: Where, zone: ZoneInfo) -> Document:
    """Return the content of the file that describes an image as a document. Raises BadFile."""
    document = SHAPE(raw, where)
    added = moments.tell(moments.read(document["added"], zone, where.at("added")), zone)
    return {**document, "added": added, "focus": document.get("focus", str(Focus.CENTRE))}


def description_of(document: Document) -> Description:
    """Return an image's alternative text, credit and focus from the document about the image."""
    alt: Text = said(document["alt"])
    return Description(alt=alt, credit=document.get("credit", ""), focus=Focus(document["focus"]))
