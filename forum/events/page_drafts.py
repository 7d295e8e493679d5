"""The texts and position of a standing page as one value: forms return it, and revisions store its texts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from forum.columns import Text
from forum.events.models import Page

SAID = ("title", "summary", "body")


@dataclass(frozen=True)
class PageDraft:
    """The content of a page as values that JSON can hold.

    `texts` has the title, summary and body by language; `after` is the slug of the preceding page, "" for the first.
    """

    texts: Mapping[str, Mapping[str, str]]
    after: str = ""

    @classmethod
    def of(cls, page: Page) -> "PageDraft":
        """Return the draft with the stored texts and position of a page."""
        fields: dict[str, Text] = {name: getattr(page, name) for name in SAID}
        codes = sorted({code for text in fields.values() for code, words in text.items() if words})
        texts = {code: {name: text.get(code, "") for name, text in fields.items()} for code in codes}
        return cls(texts=texts, after=_before(page))

    def values(self) -> dict[str, Any]:
        """Return the draft as a dict that JSON can hold."""
        return asdict(self)


def fill(page: Page, draft: PageDraft, *, only: str = "") -> None:
    """Store the draft's texts in the page, in all languages or in one only."""
    texts = {code: said for code, said in draft.texts.items() if only in {"", code}}
    for name in SAID:
        setattr(page, name, Text({code: said[name] for code, said in texts.items() if said.get(name)}))


def _before(page: Page) -> str:
    ordered = sorted(page.event.pages, key=lambda each: each.position)
    index = next(number for number, each in enumerate(ordered) if each is page)
    return ordered[index - 1].slug if index else ""
