"""Enumerations of images."""

from enum import StrEnum


class Focus(StrEnum):
    """The part of an image that stays visible where a page shows a part of it only, such as in a list."""

    TOP_LEFT = "top-left"
    TOP = "top"
    TOP_RIGHT = "top-right"
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"
    BOTTOM_LEFT = "bottom-left"
    BOTTOM = "bottom"
    BOTTOM_RIGHT = "bottom-right"
