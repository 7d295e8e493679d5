"""A person who uses only the keyboard and never clicks."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from playwright.sync_api import CDPSession, Locator, Page

_wires: WeakKeyDictionary[Page, CDPSession] = WeakKeyDictionary()
MANY = 150  # the most key presses of a test: more than a person would make to reach an element
# Add a focusable fence at each end of the page: a focus that leaves the page's own elements stops there. Without
# fences the focus would go to the browser's bar, Chromium would return it to the page some time later, and the test
# could see the focus move again.
FENCE = """() => {
    document.querySelectorAll("[data-fence]").forEach(stop => stop.remove());
    for (const [name, put] of [["before", "prepend"], ["behind", "append"]]) {
        const stop = document.createElement("span");
        Object.assign(stop, {tabIndex: 0}).dataset.fence = name;
        Object.assign(stop.style, {position: "fixed", top: 0, left: 0});
        document.body[put](stop);
    }
}"""
STAND = "side => document.querySelector(`[data-fence=${side}]`).focus({preventScroll: true})"
ALL = "[...document.querySelectorAll('*:not([data-fence])')]"
FOCUSABLE = """() => {
    const kinds = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
    const all = [...document.querySelectorAll(kinds)].filter(
        element => element.tabIndex >= 0 && !element.disabled && !element.dataset.fence
            && element.checkVisibility({checkVisibilityCSS: true}));
    return all.filter(element => {  // of radio buttons, the keyboard stops at one in each group
        if (element.type !== "radio") return true;
        const chosen = document.querySelector(`input[name="${element.name}"]:checked`);
        const stop = chosen || document.querySelector(`input[name="${element.name}"]`);
        return element === stop;
    });
}"""
# The index of the focused element among all elements; -1 when no element of the page has the focus.
PLACE = f"() => {ALL}.indexOf(document.activeElement === document.body ? null : document.activeElement)"
PLACES = f"() => {{ const all = {ALL}; return ({FOCUSABLE})().map(e => all.indexOf(e)) }}"
# The JavaScript that describes the focused element: its index, whether it is a field with parts (such as day, month and
# year; Tab stops at each), and the answer to a test's question.
NOTE = f"""question => {{
    const hasParts = ["date", "time", "datetime-local"].includes(document.activeElement.type);
    return {{ place: ({PLACE})(), hasParts, answer: question() }};
}}"""
# Makes the page describe the focused element at the start of each press of Tab, before the focus moves on.
TAKE_NOTES = f"""() => {{
    removeEventListener("keydown", window.takeNote, true);
    [window.notes, window.takeNote] = [[], event => event.key === "Tab" && notes.push(({NOTE})(QUESTION))];
    addEventListener("keydown", takeNote, true);
}}"""
# The key Tab, as the browser receives it: Playwright would also send the release of the key, and Shift by itself.
TAB = {"type": "rawKeyDown", "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
SHIFT = 8  # Shift's bit in the mask of modifier keys
# The parts of the largest field: day, month, year, hours, minutes, am or pm, and the button of the calendar.
MOST_PARTS = 7


@dataclass
class Keyboard:
    """The keyboard for a browser tab."""

    page: Page

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def press_tab(self, key: str, times: int = 1) -> None:
        """Press Tab or Shift+Tab as often as `times` says, and wait for Chromium's answer to each press.

        Meanwhile the page is painted and many of its timers run, so that it mostly shows what it shows to a person.
        """
        for _number in range(times):
            wire(self.page).send("Input.dispatchKeyEvent", _pressed(key))

    def press_tab_at_once(self, key: str, times: int) -> None:
        """Press Tab or Shift+Tab as often as `times` says, without waiting in between.

        Chromium handles one press after the other, and takes a third of the CPU time, because it hardly paints the page
        in between. Nor do timers and animations run: this shows in which order the elements have the focus, and not how
        they look then.
        """
        event, session = _pressed(key), wire(self.page)

        async def press() -> None:
            sent = (session._impl_obj.send("Input.dispatchKeyEvent", event, None) for _number in range(times))
            await asyncio.gather(*sent)

        session._sync(press())

    def go_to(self, target: Locator, key: str = "Tab") -> None:
        """Press Tab until the target has the focus; fail after too many presses."""
        for _number in range(MANY):
            if is_focused(target):
                return
            self.press(key)
        raise AssertionError(f"no way by {key} to {target}")

    def activate(self, target: Locator, key: str = "Enter") -> None:
        """Go to a link or button, press Enter, and wait for the next page."""
        self.go_to(target)
        with self.page.expect_navigation():
            self.press(key)

    def write(self, label: str, text: str) -> None:
        """Go to the field with this label and replace its text."""
        self.go_to(self.page.get_by_label(label, exact=True))
        self.press("Control+a")
        self.page.keyboard.type(text)

    def choose(self, label: str, text: str) -> None:
        """Go to a select field and type the beginning of an option."""
        self.go_to(self.page.get_by_label(label, exact=True))
        self.page.keyboard.type(text)

    def tick(self, label: str) -> None:
        """Go to a checkbox and press Space."""
        box = self.page.get_by_label(label)
        self.go_to(box)
        self.press("Space")
        assert box.is_checked()

    def pick(self, label: str) -> None:
        """Choose the radio button with this label by Space at the first button of its group, and Down until there."""
        button = self.page.get_by_label(label, exact=True)
        name = button.get_attribute("name")
        self.go_to(self.page.locator(f'input[type=radio][name="{name}"]').first)
        self.press("Space")
        while not button.is_checked():
            self.press("ArrowDown")

    def walk(self, key: str = "Tab") -> list[int]:
        """Press Tab from before the page (or Shift+Tab from behind it) until the focus leaves the page or comes back to
        the first element; return the indexes of the elements that have had the focus."""
        return [note["place"] for note in self._notes(key, "() => null", self.press_tab_at_once)]

    def notes(self, key: str, question: str) -> list[dict[str, Any]]:
        """Move the focus through the page as `walk` does; return a note of each element that has had the focus.

        A note has the index of the element ("place"), and what the JavaScript function `question` returned while the
        element had the focus ("answer"). The page takes the notes, because asking it at each press would take longer
        than the press. Tab is pressed one by one, so that what a timer shows after a focus can be there.
        """
        return self._notes(key, question, self.press_tab)

    def _notes(self, key: str, question: str, press_tab: Callable[[str, int], None]) -> list[dict[str, Any]]:
        self._stand_before(key)
        self.page.evaluate(TAKE_NOTES.replace("QUESTION", question))
        # One press for each element, one to leave the page, and one at whose start the page notes the leaving.
        presses = len(focusable_places(self.page)) + 2
        for _number in range(MANY):
            press_tab(key, presses)
            _start, *notes = self.page.evaluate("notes")
            stops, has_left = _stops_in(notes)
            if has_left:
                return stops
            presses = MOST_PARTS
        raise AssertionError(f"the focus never leaves: it is at {notes[-1]['place']}")

    def stops(self, key: str = "Tab") -> Iterator[int]:
        """Move the focus through the page as `walk` does; yield the index of each element while it has the focus."""
        self._stand_before(key)
        notes: list[dict[str, Any]] = []
        for _number in range(MANY * 10):
            self.press_tab(key)
            notes.append(self.page.evaluate(f"() => ({NOTE})(() => null)"))
            stops, has_left = _stops_in(notes)
            if has_left:
                return
            if notes[-1] is stops[-1]:
                yield notes[-1]["place"]
        raise AssertionError(f"the focus never leaves: it is at {notes[-1]['place']}")

    def _stand_before(self, key: str) -> None:
        self.page.evaluate(FENCE)
        self.page.evaluate(STAND, "before" if key == "Tab" else "behind")


def _pressed(key: str) -> dict[str, Any]:
    """Return Chromium's event for a press of Tab or Shift+Tab."""
    return TAB | {"modifiers": SHIFT if key == "Shift+Tab" else 0}


def _stops_in(notes: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], bool]:
    """Return the first note of each element until the focus leaves the page, and whether it has left.

    Raises AssertionError when the focus stays at an element.
    """
    stops: list[dict[str, Any]] = []
    parts = 1
    for note in notes:
        parts = parts + 1 if stops and note["place"] == stops[-1]["place"] else 1
        if parts > 1:
            assert note["hasParts"], "the focus does not move on"
            assert parts <= MOST_PARTS, "the focus does not leave the field"
        elif note["place"] == -1 or (stops and note["place"] == stops[0]["place"]):
            return stops, True
        else:
            stops.append(note)
    return stops, False


def wire(page: Page) -> CDPSession:
    """Return the page's connection to Chromium's DevTools; it is opened once for a page, because that takes long."""
    if page not in _wires:
        _wires[page] = page.context.new_cdp_session(page)
    return _wires[page]


def is_focused(target: Locator) -> bool:
    """Return whether the target has the focus."""
    return target.evaluate_all("all => all.length === 1 && all[0] === document.activeElement")


def focusable_places(page: Page) -> list[int]:
    """Return the indexes of all focusable elements, in the document's order."""
    return page.evaluate(PLACES)
