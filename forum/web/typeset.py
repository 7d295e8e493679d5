"""A program that sets a document as PDF: `python -I typeset.py FOLDER SECONDS`.

It runs as a process of its own (`web.typesetting`), with limits on its memory and time, so it imports nothing of the
forum. FOLDER holds `main.typ`, the markup. The data come as JSON through the standard input, and the markup reads them
from `sys.inputs.told`: they are never on a disk, where a process that is killed would leave them. Data are never
markup: whatever a text looks like, it is set as text. The markup can read no file outside FOLDER; no package is there,
and none is fetched as long as the markup names none. Fonts are those that Typst brings along, so every machine makes
the same file. SECONDS is the moment that the file gives as its own, as a Unix time.

PDF/UA-1, the standard for files that a screen reader can read, refuses letters that no font has. So the program first
sets each letter of the data once, to find such letters, and then the document, with LACKING in their place and `lacks`
in the data true, so that the markup can say so. It prints the PDF, or JSON: {"refused": a reason for the log}.
"""

import json
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typst

MEMORY, SECONDS, LARGEST_OUTPUT = 2 * 1024**3, 60, 64 * 1024**2
LACKING = "▯"
# Markup that sets each letter alone in the documents' fonts, to find letters that no font has. PDF/UA-1 needs a title
# and a language.
LETTERS = b"""#set document(title: "Letters")
#set text(lang: "en", font: ("Libertinus Serif", "DejaVu Sans Mono"))
#for letter in json(bytes(sys.inputs.told)) [#letter #parbreak()]
"""
# Matches Typst's message about a text with letters that no font has; the text is quoted as a literal of Typst.
NO_FONT = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
ESCAPED = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|(.))")
PLAIN = {"n": "\n", "r": "\r", "t": "\t"}
# The fonts may have two letters and yet no sign for both together, and replacing letters may create such a pair. So the
# document is set again until no letter is missing, at most this many times.
MOST_ROUNDS = 3


def main(folder: Path, moment: int) -> bytes:
    """Return the PDF of the folder's main.typ with the data from standard input. Raises `typst.TypstError`."""
    told, markup = json.load(sys.stdin.buffer), (folder / "main.typ").read_bytes()
    letters = sorted({letter for text in _texts(told) if not text.isascii() for letter in text})
    _made, lacking = _set(folder, LETTERS, letters, moment)
    for _round in range(MOST_ROUNDS):
        if lacking:
            told = {**_without(told, lacking), "lacks": True}
        made, lacking = _set(folder, markup, told, moment)
        if not lacking and len(made) > LARGEST_OUTPUT:
            raise ValueError("the PDF is too large")
        if not lacking:
            return made
    raise ValueError("letters that no font has are left")


def _set(folder: Path, markup: bytes, told: Any, moment: int) -> tuple[bytes, list[str]]:
    """Return the PDF, or else the texts that no font can show, the longest first. Raises `typst.TypstError`."""
    compiler = typst.Compiler(
        markup,
        root=folder,
        font_paths=typst.Fonts(include_system_fonts=False),
        ignore_system_fonts=True,
        package_path=folder / "none",
        package_cache_path=folder / "none",
        sys_inputs={"told": json.dumps(told)},
    )
    try:
        made = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=moment)
    except typst.TypstError as problem:
        lacking = {_read(text) for text in NO_FONT.findall(problem.diagnostic)}
        if not lacking:
            raise
        return b"", sorted(lacking, key=len, reverse=True)
    return (made if isinstance(made, bytes) else b""), []


def _texts(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, (dict, list)):
        for value in told.values() if isinstance(told, dict) else told:
            yield from _texts(value)


def _read(literal: str) -> str:
    """Return the text that a string literal of Typst's language stands for."""
    return ESCAPED.sub(
        lambda match: chr(int(match[1], 16)) if match[1] else PLAIN.get(match[2], match[2]), literal
    )


def _without(told: Any, lacking: list[str]) -> Any:
    """Return the data with the sign LACKING in place of each of these texts."""
    if isinstance(told, dict):
        return {name: _without(value, lacking) for name, value in told.items()}
    if isinstance(told, list):
        return [_without(value, lacking) for value in told]
    if isinstance(told, str) and not told.isascii():
        for text in lacking:
            told = told.replace(text, LACKING)
    return told


def _limit() -> None:
    """Limit the memory and processor time of this process, and let it write no file."""
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    _limit()
    try:
        said = main(Path(sys.argv[1]), int(sys.argv[2]))
    except (OSError, RuntimeError, ValueError, MemoryError) as problem:
        # The error's message may quote a name from the data, so tell only the kind of the error.
        said = json.dumps({"refused": type(problem).__name__}).encode()
    sys.stdout.buffer.write(said)
