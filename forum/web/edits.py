"""Two organisers who edit one thing: the second one is shown what the first one saved (R30)."""

import hashlib
import json
from collections.abc import Mapping

from wtforms import HiddenField


class ChangedMeanwhile(Exception):
    """The stored values are no longer those that the edit form showed; `stored` has them by field."""

    def __init__(self, stored: Mapping[str, object]) -> None:
        super().__init__("the stored values are no longer those that the form showed")
        self.stored = stored


class ShowsStored:
    """What makes a form an edit form: `seen` carries a digest of the stored values that the page showed.

    A class of a form inherits from this beside TidyForm or KeptForm. The page renders `seen` as a hidden field.
    """

    seen = HiddenField()

    def show(self, stored: Mapping[str, object]) -> None:
        """Remember in the page that the form shows these stored values."""
        self.seen.data = digest(stored)

    def refuse_if_changed(self, stored: Mapping[str, object]) -> None:
        """Raise ChangedMeanwhile when the values, read under the write lock, are not those that the page showed."""
        if self.seen.data != digest(stored):
            raise ChangedMeanwhile(stored)


def digest(values: Mapping[str, object]) -> str:
    """Return a digest of values that JSON can write; dates and other objects count by their text."""
    written = json.dumps(values, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.blake2b(written.encode(), digest_size=16).hexdigest()
