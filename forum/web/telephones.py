"""Links that call a telephone number (tel:)."""

import re

IN_BRACKETS = re.compile(r"\(0\)")  # matches a zero that is dialled only without the country code
NOT_DIALLED = re.compile(r"[^0-9]")


def tel_url(number: str) -> str:
    """Return the tel: URL of a number as people write it, or "" when it has no digit.

    tel_url("+46 (0)8 465 004 40")                     "tel:+46846500440"
    """
    digits = NOT_DIALLED.sub("", IN_BRACKETS.sub("", number))
    return f"tel:{'+' if number.lstrip().startswith('+') else ''}{digits}" if digits else ""
