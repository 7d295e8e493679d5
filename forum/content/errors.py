"""Errors that say why a folder of files, or one of its files, cannot be read or written."""

from collections.abc import Sequence


class FolderRefused(Exception):
    """The folder cannot be read from or written to; the error's message is a sentence for people."""


class BadFile(Exception):
    """A file has content that is not allowed; `key` names the entry at fault, "" stands for the whole file."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(": ".join(part for part in (file, key, problem) if part))


class ContentRefused(Exception):
    """Nothing was imported; `problems` has a sentence for each file that is to blame."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
