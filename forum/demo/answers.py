"""What invented people answer to the demo's own questions: when they come, and what some need for food and access."""

from typing import Any

CHALLENGE = "day-1-afternoon"  # the key of the demo's session in which groups work on a problem
PROBLEMS = ("removal", "cases", "support")
SESSIONS = ("day-1-morning", "day-1-afternoon", "day-2-morning", "day-2-afternoon")
# Each rule is (every, offset, answer): one person in `every` gives this answer. The first rule that matches counts.
DIETS = (
    (17, 16, ["no-shellfish"]),
    (13, 4, ["gluten-free", "lactose-free"]),
    (11, 7, ["vegan"]),
    (9, 5, ["no-nuts"]),
    (6, 2, ["vegetarian"]),
)
ACCESS = (
    (19, 6, ["step-free", "companion"]),
    (15, 11, ["seat-in-front", "large-print"]),
    (10, 1, ["quiet-room"]),
)


def answers_of(number: int) -> dict[str, Any]:
    """Return what the person with this number in a sector answers, by the question's key."""
    given: dict[str, Any] = {}
    if number % 4 != 3:
        given["sessions"] = [*SESSIONS[:2]] if number % 5 == 0 else [*SESSIONS]
    if CHALLENGE in given.get("sessions", ()) and number % 7 != 5:
        given["challenge"] = PROBLEMS[number % len(PROBLEMS)]
    if diet := _turn(DIETS, number):
        given["diet"] = diet
    if access := _turn(ACCESS, number):
        given["access"] = access
    return given


def _turn(rules: tuple[tuple[int, int, list[str]], ...], number: int) -> list[str]:
    return next((told for every, remainder, told in rules if number % every == remainder), [])
