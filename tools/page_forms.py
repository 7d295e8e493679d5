"""A form of a fetched page, which tests fill in and send as a browser does."""

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit

from bs4 import Tag

if TYPE_CHECKING:  # tools.pages imports this file, so this import is for type hints only
    from tools.pages import Page, Pages

FIELDS = {"input", "select", "textarea"}
NOT_SENT = {"submit", "button", "reset", "image", "file"}


class Form:
    """A form of a page; `data` has the values that it would send now, a list for each field's name."""

    def __init__(self, pages: "Pages", path: str, element: Tag):
        self._pages = pages
        self._path = path
        self.element = element
        self.method = element.get("method", "get").upper()
        self.action = urljoin(path, element.get("action") or path)
        # List the elements once, because each search of Beautiful Soup reads the whole form.
        self._elements: list[Tag] = [part for part in element.descendants if isinstance(part, Tag)]
        self._fields: dict[str, list[Tag]] = {}
        for field in self._elements:
            if field.name in FIELDS and field.get("name"):
                self._fields.setdefault(field["name"], []).append(field)
        self.data: dict[str, list[str]] = {
            name: [value for field in fields for value in _present_values(field)]
            for name, fields in self._fields.items()
        }

    @property
    def names(self) -> list[str]:
        """The names of the visible fields, in their order."""
        fields = [element for element in self._elements if element.name in FIELDS]
        shown = [field["name"] for field in fields if field.get("name") and field.get("type") != "hidden"]
        return list(dict.fromkeys(shown))

    def submit(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        button: str | None = None,
        expect: int | None = None,
        follow: bool = False,
        forged: Mapping[str, Any] | None = None,
        files: Mapping[str, bytes | tuple[str, bytes]] | None = None,
    ) -> "Page":
        """Send the form with `data` in its fields and return the answer, whose status must be `expect`.

        A value is a text, a list of texts, True or False for a checkbox, or None to send nothing. `button` is the text
        of the button to press, by default the first button. `forged` is sent even if the form has no such fields.
        `files` are the contents of files for fields that choose one, or pairs of name and content.
        """
        values = self.values(data, button=button)
        values.update({name: _listed(value) for name, value in (forged or {}).items()})
        for name, content in (files or {}).items():
            assert any(field.get("type") == "file" for field in self._fields.get(name, ())), (
                f"no file field {name} in {self._path}"
            )
            called, content = content if isinstance(content, tuple) else ("a file", content)
            values[name] = (BytesIO(content), called)
        if expect is None:
            expect = 200 if follow or self.method == "GET" else 303
        if self.method == "GET":
            address = urlsplit(self.target(button))._replace(query=urlencode(values, doseq=True)).geturl()
            return self._pages.open(address, expect=expect, follow=follow)
        return self._pages.open(self.target(button), method="POST", data=values, expect=expect, follow=follow)

    def values(
        self, data: Mapping[str, Any] | None = None, *, button: str | None = None
    ) -> dict[str, list[str]]:
        """Return what the form sends with `data` in its fields when this button is pressed."""
        values = {**self.data, **self._pressed(button)}
        for name, value in (data or {}).items():
            assert name in self.data, f"no field {name} in the form of {self._path}, only {list(self.data)}"
            values[name] = self._filled(name, value)
        return values

    def target(self, button: str | None = None) -> str:
        """Return the address to which this button sends the form."""
        return urljoin(self._path, self._button(button).get("formaction") or self.action)

    def _filled(self, name: str, value: Any) -> list[str]:
        if value is True:
            return [self._fields[name][0].get("value", "on")]
        chosen = _listed(value)
        offered = self._offered(name)
        assert offered is None or set(chosen) <= offered, f"{name} offers {offered}, not {chosen}"
        return chosen

    def _offered(self, name: str) -> set[str] | None:
        """Return the values of a field's options; None for a field that accepts any text."""
        fields = self._fields[name]
        options = [
            option for field in fields if field.name == "select" for option in field.find_all("option")
        ]
        boxes = [field for field in fields if field.get("type") in {"radio", "checkbox"}]
        if not options and not boxes:
            return None
        return {option.get("value", option.get_text()) for option in options} | {
            box.get("value", "on") for box in boxes
        }

    def _pressed(self, words: str | None) -> dict[str, list[str]]:
        button = self._button(words)
        return {button["name"]: [button.get("value", "")]} if button.get("name") else {}

    def _button(self, words: str | None) -> Tag | dict[str, str]:
        buttons = [element for element in self._elements if _sends(element)]
        if words is not None:
            buttons += self._buttons_outside()
            buttons = [button for button in buttons if words == " ".join(button.get_text(" ").split())]
            assert buttons, f"no button {words!r} in the form of {self._path}"
        return buttons[0] if buttons else {}

    def _buttons_outside(self) -> list[Tag]:
        """Return the buttons elsewhere on the page that belong to the form by its id."""
        if not self.element.get("id"):
            return []
        page = [self.element, *self.element.parents][-1]
        return [button for button in page.find_all("button") if button.get("form") == self.element["id"]]


def _sends(element: Tag) -> bool:
    """Return whether pressing the element sends its form."""
    kind = element.get("type")
    return (element.name == "button" and kind != "button") or (element.name == "input" and kind == "submit")


def _present_values(field: Tag) -> list[str]:
    """Return the values that the field would send if nobody changed it."""
    kind = field.get("type", "text")
    if field.has_attr("disabled") or (field.name == "input" and kind in NOT_SENT):
        return []
    if field.name == "textarea":
        return [field.get_text().replace("\r\n", "\n").removeprefix("\n")]
    if field.name == "select":
        options = field.find_all("option")
        chosen = [option for option in options if option.has_attr("selected")] or options[:1]
        return [option.get("value", option.get_text()) for option in chosen]
    if kind in {"checkbox", "radio"}:
        return [field.get("value", "on")] if field.has_attr("checked") else []
    return [field.get("value", "")]


def _listed(value: Any) -> list[str]:
    if value is None or value is False:
        return []
    return [str(item) for item in value] if isinstance(value, list | tuple | set) else [str(value)]
