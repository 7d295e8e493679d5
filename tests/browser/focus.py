"""Measures the focus indicator on screenshots: how many pixels it changes, at which contrast, and if it is covered."""

from collections.abc import Iterator

from playwright.sync_api import Browser, Page

from tests.browser.keyboard import FOCUSABLE, Keyboard, wire

ROOM = 8  # how many px around an element are compared, because its focus indicator may be there
# Returns the kind of an element. Elements of one kind look alike, so only one of them is measured. Between the parts
# of a date field the focus may be on the body, which has no grandparent.
KIND = """element => {
    const words = element => `${element.tagName}.${element.getAttribute("class") || ""}`;
    const above = [element, element.parentElement, element.parentElement?.parentElement];
    return above.filter(one => one).map(words).join(" < ");
}"""
# Keeps the first focusable element of each kind, and returns the kinds.
KEEP_KINDS = f"""() => {{
    window.kinds = new Map();
    for (const element of ({FOCUSABLE})()) {{
        const kind = ({KIND})(element);
        if (!kinds.has(kind)) kinds.set(kind, element);
    }}
    return [...kinds.keys()];
}}"""
# Gives the focus to the kept element of a kind, and returns whether the browser shows the focus as after a press of
# Tab.
FOCUS_KIND = """kind => {
    const element = kinds.get(kind);
    element.focus();
    return element.matches(":focus-visible");
}"""
# Returns the part of the page around the focused element. A blinking caret is hidden, for it would count as a change.
BOX = """room => {
    if (!document.adoptedStyleSheets.length) {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync("* { caret-color: transparent !important }");
        document.adoptedStyleSheets = [sheet];
    }
    const box = document.activeElement.getBoundingClientRect();
    const [left, top] = [Math.max(0, box.left - room), Math.max(0, box.top - room)];
    const right = Math.min(innerWidth, box.right + room), bottom = Math.min(innerHeight, box.bottom + room);
    const across = Math.min(innerWidth, box.right) - Math.max(0, box.left);
    const along = Math.min(innerHeight, box.bottom) - Math.max(0, box.top);
    const around = across * ((box.top >= 0) + (box.bottom <= innerHeight))  // the edges that are on the screen
        + along * ((box.left >= 0) + (box.right <= innerWidth));
    const clip = {x: left + scrollX, y: top + scrollY, width: right - left, height: bottom - top, scale: 1};
    return {around, clip};
}"""
# Returns for each corner of the focused element's lines whether it is on the screen and not covered by another element.
COVERED = """() => {
    const focused = document.activeElement, problems = [];
    const drawn = focused instanceof SVGElement ? focused.querySelector("circle") : focused;  // an arc has no corners
    const frame = focused.closest(".table-scroll")?.getBoundingClientRect();
    const lines = [...drawn.getClientRects()].filter(box => box.width > 4 && box.height > 4);
    const seen = lines.filter(box => box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth);
    if (!seen.length) problems.push("is not on the screen");
    for (const box of seen) {
        const [dx, dy] = drawn === focused ? [2, 2] : [box.width / 2, box.height / 2];
        for (const x of [box.left + dx, box.right - dx]) for (const y of [box.top + dy, box.bottom - dy]) {
            if (frame && (x < frame.left || x > frame.right)) continue;  // scrolled out of its own frame
            const top = document.elementFromPoint(x, y);
            if (!top || focused.contains(top) || top.contains(focused)) continue;
            problems.push(`is covered by ${top.tagName}.${top.getAttribute("class")}`);
        }
    }
    return problems;
}"""
KIND_AND_PROBLEMS = f"() => [({KIND})(document.activeElement), ({COVERED})()]"
# Returns the number of pixels that differ between two screenshots by a contrast of at least 3:1 (as WCAG defines it).
DIFFERENCE = """async ([one, other]) => {
    const pixels = async data => {
        const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height), context = canvas.getContext("2d");
        context.drawImage(bitmap, 0, 0);
        return context.getImageData(0, 0, bitmap.width, bitmap.height).data;
    };
    const part = value => value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    const light = (data, at) => 0.2126 * part(data[at]) + 0.7152 * part(data[at + 1]) + 0.0722 * part(data[at + 2]);
    const [before, after] = await Promise.all([pixels(one), pixels(other)]);
    let count = 0;
    const [was, is] = [before, after].map(data => new Uint32Array(data.buffer));  // a pixel in each number
    for (let at = 0; at < before.length; at += 4) {
        if (was[at / 4] === is[at / 4]) continue;
        const lights = [light(before, at), light(after, at)].sort((a, b) => a - b);
        if ((lights[1] + 0.05) / (lights[0] + 0.05) >= 3) count++;
    }
    return count;
}"""


class Eye:
    """Compares screenshots, in a browser page without a Content Security Policy."""

    def __init__(self, browser: Browser):
        self._page = browser.new_page()

    def close(self) -> None:
        """Close the browser page."""
        self._page.close()

    def change_by_focus(self, page: Page) -> float:
        """Take the focus away; return how many pixels change by a contrast of 3:1, as a share of an outline of 1 px."""
        box = page.evaluate(BOX, ROOM)
        focused = _picture(page, box["clip"])
        page.evaluate("document.activeElement.blur()")
        unfocused = _picture(page, box["clip"])
        return self._page.evaluate(DIFFERENCE, [unfocused, focused]) / box["around"]


def _picture(page: Page, clip: dict[str, float]) -> str:
    """Return a picture of a part of the page as PNG in base64, as the browser sends it.

    `page.screenshot` would take a picture in several steps, each of which takes longer than this call.
    """
    return wire(page).send("Page.captureScreenshot", {"clip": clip, "optimizeForSpeed": True})["data"]


def kinds_in_turn(page: Page) -> Iterator[str]:
    """Yield each kind of focusable element, while the first of its kind has the focus, as after a press of Tab.

    Tab reaches each of them, which test_every_page.py shows.
    """
    Keyboard(page).press("Tab")
    for kind in page.evaluate(KEEP_KINDS):
        assert page.evaluate(FOCUS_KIND, kind), f"{kind} cannot have the focus"
        yield kind


def focus_problems(page: Page) -> list[str]:
    """Return why the focused element cannot be seen: it is off the screen, or another element covers it."""
    return page.evaluate(COVERED)
