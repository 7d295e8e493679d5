"""Tables as CSV files that Excel opens correctly and in which no formula runs (S31).

The separator is a semicolon, because Excel splits by the list separator of the reader's region, which in the Nordic
countries is the semicolon (the comma is the decimal sign). A `sep=` line would make Excel ignore the byte order mark.
The file is UTF-8 with that mark, every cell is quoted, and lines end with CRLF.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

from flask import Response, stream_with_context

from forum.tidying import UNSEEN

DELIMITER = ";"
BYTE_ORDER_MARK = "\ufeff"
ROWS_A_CHUNK = 200
BLANK = rf"\s{UNSEEN}"
SIGN = r"[=+\-@＝＋－＠]"
AHEAD = rf"['\"{BLANK}]*"  # matches characters that a spreadsheet may strip before the sign of a formula
NEEDS_PREFIX = re.compile(f"'*[{BLANK}]|{AHEAD}{SIGN}")
NEEDS_MARK = re.compile(f"(?<=[,;])({AHEAD})(?={SIGN})")
HAS_MARK = re.compile(f"(?<=[,;])({AHEAD})'(?={SIGN})")
BREAKS = re.compile(r"[\t\n\r\u2028\u2029]")
# Matches control characters and lone surrogates.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# `harmless` changes no text in which this pattern finds nothing. Most cells are such texts: one search by this pattern
# spares them the searches for line breaks, control characters and the two kinds of formulas.
SUSPECT = re.compile(
    rf"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|^['\"{BLANK}=+\-@＝＋－＠]|[,;]['\"{BLANK}]*{SIGN}"
)

FIRST = itemgetter(slice(1))  # returns the first character of a text, "" for none
# First characters of harmless texts: `harmless` does not change a printable text that begins with one of them and has
# neither comma nor semicolon.
PLAIN_FIRST = frozenset(("", *filter(lambda first: not SUSPECT.search(first), map(chr, range(0x180)))))


def csv_response(name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Answer with a table as a file called `name`, streamed while its rows are read."""
    return _as_file(name, stream_with_context(csv_chunks(headings, rows)))


def csv_of_columns(
    name: str, headings: Sequence[str], batches: Iterable[Sequence[Sequence[str]]]
) -> Response:
    """Answer with a long table as a file called `name`, streamed while its rows are read.

    A batch has some hundred rows as a list of columns, so that one search for formulas and control characters can cover
    all cells of a column.
    """
    return _as_file(name, stream_with_context(_chunks_of_columns(headings, batches)))


def short_csv_response(name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Answer with a short table as a file called `name`, written before the answer begins."""
    return _as_file(name, b"".join(csv_chunks(headings, rows)))


def _as_file(name: str, content: Iterable[bytes] | bytes) -> Response:
    response = Response(content, content_type="text/csv; charset=utf-8; header=present")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def csv_chunks(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """Yield the bytes of the CSV file, some hundred rows at a time."""
    buffer, writer = _begun(headings)
    for number, row in enumerate(rows, start=1):
        writer.writerow(["" if value is None else harmless(str(value)) for value in row])
        if number % ROWS_A_CHUNK == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _chunks_of_columns(
    headings: Sequence[str], batches: Iterable[Sequence[Sequence[str]]]
) -> Iterator[bytes]:
    buffer, writer = _begun(headings)
    for columns in batches:
        writer.writerows(zip(*map(harmless_column, columns), strict=True))
        yield _taken(buffer)
    yield _taken(buffer)


def in_batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield the rows in lists of ROWS_A_CHUNK, the last of which may be shorter."""
    left = iter(rows)
    while some := list(islice(left, ROWS_A_CHUNK)):
        yield some


def harmless(text: str) -> str:
    """Return the text on one line, without control characters, with an apostrophe before what could be a formula.

    A formula could begin with a sign such as "=" at the start of the text, and after a comma or semicolon in the text,
    where a program that splits cells there (an English Excel splits by commas) would begin a new cell. A text that
    already has such an apostrophe gets another one, so that every text can be restored by removing one apostrophe at
    each of these positions.
    """
    if (text.isascii() and text.isalnum()) or not SUSPECT.search(text):
        return text
    shown = NEEDS_MARK.sub(r"\1'", printable(text))
    return f"'{shown}" if NEEDS_PREFIX.match(shown) else shown


def harmless_column(texts: Sequence[str]) -> Sequence[str]:
    """Return each of these texts as `harmless` returns it; usually one search of all shows that none changes."""
    together = "".join(texts)
    if not together.isprintable() or "," in together or ";" in together:
        return [harmless(text) for text in texts]
    if PLAIN_FIRST.issuperset(map(FIRST, texts)):
        return texts
    return [text if text[:1] in PLAIN_FIRST else harmless(text) for text in texts]


def restored(text: str) -> str:
    """Undo `harmless`: return the text without one apostrophe at each position where `harmless` puts one."""
    plain = text[1:] if text.startswith("'") and NEEDS_PREFIX.match(text[1:]) else text
    return HAS_MARK.sub(r"\1", plain)


def printable(text: str) -> str:
    """Return the text with spaces for line breaks and tabs, and without other control characters."""
    return UNPRINTABLE.sub("", BREAKS.sub(" ", text))


def _begun(headings: Sequence[str]) -> tuple[io.StringIO, Any]:
    """Return a buffer that begins with the line of headings, and a writer for further lines."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=DELIMITER, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow([harmless(heading) for heading in headings])
    return buffer, writer


def _taken(buffer: io.StringIO) -> bytes:
    taken = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return taken
