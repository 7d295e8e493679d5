"""Reads the cells of an XLSX file, as a spreadsheet program does."""

import io
import zipfile
from xml.etree import ElementTree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def read_cells(file: bytes, sheet: int = 1) -> list[list[tuple[str, str]]]:
    """Return the rows of a sheet: each cell's type and its text or number. Formulas are refused."""
    archive = zipfile.ZipFile(io.BytesIO(file))
    assert archive.testzip() is None
    parts = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}  # noqa: S314
    part = parts[f"xl/worksheets/sheet{sheet}.xml"]
    assert part.findall(f".//{MAIN}f") == []
    return [[_cell(cell) for cell in row.findall(f"{MAIN}c")] for row in part.iter(f"{MAIN}row")]


def _cell(cell: ElementTree.Element) -> tuple[str, str]:
    text = cell.find(f"{MAIN}is/{MAIN}t")
    return cell.get("t", "n"), (text if text is not None else cell.find(f"{MAIN}v")).text or ""
