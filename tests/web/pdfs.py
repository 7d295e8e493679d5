"""Reads a PDF that the forum has made: its pages' words as a reader would copy them, and what it says of itself.

Only PDFs like the forum's can be read: their objects are not packed together, and fonts have a ToUnicode table.
"""

import re
import zlib
from collections.abc import Iterator

OBJECT = re.compile(rb"(\d+) 0 obj\n")
# Matches a part of a string or of the text between strings: an escape, a parenthesis, or anything else.
PIECE = re.compile(rb"\\([nrtbf()\\]|[0-7]{1,3})|([()])|(/?[^\\()\s\[\]/]+)|([\s\[\]/])", re.DOTALL)
CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
LINE = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>")


def read_pages(file: bytes) -> list[str]:
    """Return the words of each page, with a line for each piece of text."""
    objects = _read_objects(file)
    catalogue = next(one for one in objects.values() if b"/Type/Catalog" in one)
    tree = objects[_number(rb"/Pages", catalogue)]
    kids = re.search(rb"/Kids\[(.*?)\]", tree)[1]
    return [_read_page(objects, objects[int(number)]) for number in re.findall(rb"(\d+) 0 R", kids)]


def read_title(file: bytes) -> str:
    """Return the title of the document."""
    plain, coded = re.search(rb"/Title(?:\(([^()\\]*)\)|<FEFF([0-9A-F]*)>)", file).groups()
    return plain.decode() if plain is not None else bytes.fromhex(coded.decode()).decode("utf-16-be")


def read_language(file: bytes) -> str:
    """Return the language of the document, for screen readers."""
    return re.search(rb"/Lang\((\w+)\)", file)[1].decode()


def _read_objects(file: bytes) -> dict[int, bytes]:
    """Return the bytes of each object by its number; a file's table says where they begin."""
    table = int(re.search(rb"startxref\n(\d+)", file)[1])
    places = sorted(int(place) for place in re.findall(rb"(\d{10}) 00000 n", file[table:]))
    found = {}
    for begin, end in zip(places, [*places[1:], table], strict=True):
        head = OBJECT.match(file, begin)
        found[int(head[1])] = file[head.end() : end]
    return found


def _read_page(objects: dict[int, bytes], page: bytes) -> str:
    resources = page
    if b"/Font<<" not in page:
        resources = objects[_number(rb"/Resources", page)]
    listed = re.search(rb"/Font<<(.*?)>>", resources)[1]
    fonts = {
        name: _read_table(_stream(objects[_number(rb"/ToUnicode", objects[int(number)])]))
        for name, number in re.findall(rb"/(\w+) (\d+) 0 R", listed)
    }
    said, font, before = [""], {}, []
    for token, is_string in _tokens(_stream(objects[_number(rb"/Contents", page)])):
        if token == b"Tf" and not is_string:
            font = fonts[before[-2][0][1:]]
        elif token in (b"Tj", b"TJ") and not is_string:
            codes = b"".join(piece for piece, was_string in before if was_string)
            glyphs = [codes[place : place + 2].hex().upper() for place in range(0, len(codes), 2)]
            said[-1] += "".join(font[glyph] for glyph in glyphs)
        elif token == b"BT" and not is_string:
            said.append("")
        else:
            before.append((token, is_string))
            continue
        before = []
    return "\n".join(filter(None, said))


def _tokens(content: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield the words and strings of a page's program, each with whether it is a string; parentheses may nest."""
    depth, string = 0, b""
    for escape, parenthesis, word, other in PIECE.findall(content):
        depth += {b"(": 1, b")": -1}.get(parenthesis, 0)
        if depth > 1 or (depth == 1 and parenthesis != b"(") or (parenthesis == b")" and depth):
            string += _unescaped(escape) or parenthesis or word or other
        elif parenthesis == b")":
            yield string, True
            string = b""
        elif word:
            yield word, False


def _unescaped(escape: bytes) -> bytes:
    return CONTROLS.get(escape) or (bytes([int(escape, 8)]) if escape.isdigit() else escape)


def _read_table(table: bytes) -> dict[str, str]:
    """Return the text of each glyph by its number in hexadecimal digits."""
    return {
        glyph.decode(): bytes.fromhex(text.decode()).decode("utf-16-be")
        for glyph, text in LINE.findall(table)
        if len(text) >= 4
    }


def _stream(one: bytes) -> bytes:
    begin = one.index(b"stream\n") + len(b"stream\n")
    length = int(re.search(rb"/Length (\d+)", one)[1])
    return zlib.decompress(one[begin : begin + length])


def _number(name: bytes, within: bytes) -> int:
    return int(re.search(name + rb" (\d+) 0 R", within)[1])
