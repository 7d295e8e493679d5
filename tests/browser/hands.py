"""Filling in forms and following links as a person does: with a mouse, or by keyboard only."""

from dataclasses import dataclass
from datetime import date, time
from typing import Protocol

from playwright.sync_api import Locator, Page

from tests.browser.keyboard import Keyboard
from tests.browser.visitor import follow


class Hands(Protocol):
    """What a person does in a browser: filling in forms and following links."""

    page: Page

    def fill(self, field: Locator, text: str) -> None:
        """Replace the text of a field."""

    def tick(self, box: Locator) -> None:
        """Tick a box, or choose a radio button."""

    def choose(self, field: Locator, option: str) -> None:
        """Choose an option of a list by its text."""

    def press(self, target: Locator) -> None:
        """Press a button or follow a link, and wait for the next page."""


@dataclass
class Mouse:
    """A person who uses the mouse."""

    page: Page

    def fill(self, field: Locator, text: str) -> None:
        field.fill(text)

    def tick(self, box: Locator) -> None:
        box.check()

    def choose(self, field: Locator, option: str) -> None:
        field.select_option(label=option)

    def press(self, target: Locator) -> None:
        follow(target)


@dataclass
class Keys:
    """A person who uses only the keyboard."""

    page: Page

    def fill(self, field: Locator, text: str) -> None:
        keyboard = Keyboard(self.page)
        keyboard.go_to(field)
        if field.get_attribute("type") in {"date", "time"}:
            self._type_parts(text)
        else:
            keyboard.press("Control+a")
            # Insert a long text at once, as if pasted.
            self.page.keyboard.type(text) if len(text) < 30 else self.page.keyboard.insert_text(text)
        assert field.input_value() == text

    def _type_parts(self, text: str) -> None:
        """Type a date or a time part by part, in American order, as headless Chromium has it."""
        if ":" in text:
            self.page.keyboard.type(f"{time.fromisoformat(text):%I%M%p}")
            return
        day = date.fromisoformat(text)
        self.page.keyboard.type(f"{day:%m%d%Y}")

    def tick(self, box: Locator) -> None:
        keyboard = Keyboard(self.page)
        if box.get_attribute("type") == "radio":
            group = self.page.locator(f"[name={box.get_attribute('name')}]:not([type=hidden])")
            chosen = group.and_(self.page.locator(":checked"))
            keyboard.go_to(chosen if chosen.count() else group.first)
            keyboard.press("Space")
            for _number in range(5):
                if box.is_checked():
                    return
                keyboard.press("ArrowDown")
        keyboard.go_to(box)
        if not box.is_checked():
            keyboard.press("Space")
        assert box.is_checked()

    def choose(self, field: Locator, option: str) -> None:
        Keyboard(self.page).go_to(field)
        self.page.keyboard.type(option)
        assert field.locator("option:checked").inner_text() == option

    def press(self, target: Locator) -> None:
        Keyboard(self.page).activate(target)
