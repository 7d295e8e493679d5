"""Why a file is refused as an image, and why an image cannot be removed."""


class NotTaken(Exception):
    """The file cannot become an image of the library."""


class OtherKind(NotTaken):
    """The file's content is no JPEG, PNG or WebP, or it is an animation."""


class Unreadable(NotTaken):
    """The file is damaged, or opening it takes more memory or time than an image may."""


class TooLarge(NotTaken):
    """The file has too many bytes, or the image that it declares has too many pixels."""


class TooSmall(NotTaken):
    """The image has too few pixels to be shown on a page."""


class TooNarrow(NotTaken):
    """One side of the image is too long for the other: scaled down, it would have too few pixels."""


class NotOurs(NotTaken):
    """An imported file is not one that an export wrote: it is no plain JPEG, or it is too wide or high."""


class StorageAway(Exception):
    """The storage of images does not answer, is full, or refuses the forum; or there is no room to make an image."""


class StillUsed(Exception):
    """The image cannot be removed: posts or pages show it."""
