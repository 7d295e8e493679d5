"""Telephone numbers that can be pressed."""

import re

IN_BRACKETS = re.compile(r"\(0\)")  # dialled only without the country's number before it
NOT_DIALLED = re.compile(r"[^0-9]")


def tel_url(number: str) -> str:
    """Return the address that calls a number as people write it, or nothing where it holds no digit.

    tel_url("+46 (0)8 465 004 40")                     "tel:+46846500440"
    """
    digits = NOT_DIALLED.sub("", IN_BRACKETS.sub("", number))
    return f"tel:{'+' if number.lstrip().startswith('+') else ''}{digits}" if digits else ""
