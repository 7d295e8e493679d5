"""Somebody who has a keyboard and nothing else: never clicks, never fills in by name, sees where the focus is."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page

MANY = 150  # presses after which nobody goes on
FOCUSABLE = """() => {
    const kinds = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
    const all = [...document.querySelectorAll(kinds)].filter(
        element => element.tabIndex >= 0 && !element.disabled && element.checkVisibility({checkVisibilityCSS: true}));
    const groups = new Set();
    return all.filter(element => {  // of radio buttons, the keyboard stops at one in each group
        if (element.type !== "radio") return true;
        const chosen = document.querySelector(`input[name="${element.name}"]:checked`);
        const stop = chosen || document.querySelector(`input[name="${element.name}"]`);
        return element === stop;
    });
}"""
# Where the focus is, by its place among all elements; -1 when it is nowhere in the page.
PLACE = """() => document.activeElement && document.activeElement !== document.body
    ? [...document.querySelectorAll("*")].indexOf(document.activeElement) : -1"""
# The focus is nowhere, and the next Tab leads to the first stop of the page, Shift+Tab to the last.
BEGIN = """() => { document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute("tabindex");
    document.activeElement.blur() }"""
PLACES = f"() => {{ const all = [...document.querySelectorAll('*')]; return ({FOCUSABLE})().map(e => all.indexOf(e)) }}"


@dataclass
class Keyboard:
    """The keys of a tab."""

    page: Page

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def go_to(self, target: Locator, key: str = "Tab") -> None:
        """Press Tab until the focus is there; fail where the way is longer than anybody would go."""
        for _number in range(MANY):
            if is_focused(target):
                return
            self.press(key)
        raise AssertionError(f"no way by {key} to {target}")

    def activate(self, target: Locator, key: str = "Enter") -> None:
        """Go to a link or button and press it; wait for the page behind it."""
        self.go_to(target)
        with self.page.expect_navigation():
            self.press(key)

    def write(self, label: str, text: str) -> None:
        """Go to a field by its label and write over what is in it."""
        self.go_to(self.page.get_by_label(label, exact=True))
        self.press("Control+a")
        self.page.keyboard.type(text)

    def choose(self, label: str, text: str) -> None:
        """Go to a list of choices and write the beginning of one."""
        self.go_to(self.page.get_by_label(label, exact=True))
        self.page.keyboard.type(text)

    def tick(self, label: str) -> None:
        """Go to a checkbox and press Space."""
        box = self.page.get_by_label(label)
        self.go_to(box)
        self.press("Space")
        assert box.is_checked()

    def walk(self, key: str = "Tab") -> list[int]:
        """Press Tab from the page’s beginning (or Shift+Tab from where the focus is) until it leaves or comes back to
        where it began; return the places it stopped at."""
        if key == "Tab":
            self.page.evaluate(BEGIN)
        stops: list[int] = []
        for _number in range(MANY * 10):
            self.press(key)
            place = self.page.evaluate(PLACE)
            if place == -1 or (stops and place == stops[0]):
                return stops
            assert not stops or place != stops[-1], "the focus does not move on"
            stops.append(place)
        raise AssertionError(f"the focus never leaves: {stops[-5:]}")


def is_focused(target: Locator) -> bool:
    """Whether the focus is there."""
    return target.count() == 1 and target.evaluate("element => element === document.activeElement")


def focusable_places(page: Page) -> list[int]:
    """Return the places of what a keyboard should stop at, in the document's order."""
    return page.evaluate(PLACES)
