"""Measures the focus indicator on screenshots: how many pixels it changes, at which contrast, and if it is covered."""

import base64

from playwright.sync_api import Browser, Page

ROOM = 8  # margin around an element, in px, for its focus indicator
# Returns the kind of the focused element. Elements of one kind look alike, so only one of them is measured.
KIND = """() => {
    const words = element => `${element.tagName}.${element.getAttribute("class") || ""}`;
    const focused = document.activeElement;
    return [focused, focused.parentElement, focused.parentElement.parentElement].map(words).join(" < ");
}"""
BOX = """room => {
    const box = document.activeElement.getBoundingClientRect();
    const [left, top] = [Math.max(0, box.left - room), Math.max(0, box.top - room)];
    const right = Math.min(innerWidth, box.right + room), bottom = Math.min(innerHeight, box.bottom + room);
    const across = Math.min(innerWidth, box.right) - Math.max(0, box.left);
    const along = Math.min(innerHeight, box.bottom) - Math.max(0, box.top);
    const around = across * ((box.top >= 0) + (box.bottom <= innerHeight))  // the edges that are on the screen
        + along * ((box.left >= 0) + (box.right <= innerWidth));
    return {x: left, y: top, width: right - left, height: bottom - top, around};
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
KIND_AND_PROBLEMS = f"() => [({KIND})(), ({COVERED})()]"
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
    for (let at = 0; at < before.length; at += 4) {
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
        """Return how many pixels the focus changes by a contrast of 3:1, as a share of an outline of 1 px."""
        box = page.evaluate(BOX, ROOM)
        around, clip = box.pop("around"), box
        focused = page.screenshot(clip=clip)
        page.evaluate("window.focused = document.activeElement; window.focused.blur()")
        unfocused = page.screenshot(clip=clip)
        page.evaluate("window.focused.focus({preventScroll: true})")
        return self._difference(unfocused, focused) / around

    def _difference(self, one: bytes, other: bytes) -> int:
        return self._page.evaluate(
            DIFFERENCE, [base64.b64encode(picture).decode() for picture in (one, other)]
        )


def kind_of_focus(page: Page) -> str:
    """Return the kind of the focused element; elements of one kind look alike."""
    return page.evaluate(KIND)


def focus_problems(page: Page) -> list[str]:
    """Return why the focused element cannot be seen: it is off the screen, or another element covers it."""
    return page.evaluate(COVERED)
