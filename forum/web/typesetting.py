"""Setting a document as PDF in a process of its own (`web.typeset`), from the forum's markup and data as JSON."""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Response

from forum.turns import Line, NoTurn, processor

PROGRAM = Path(__file__).with_name("typeset.py")
# Set one document at a time, while others wait in a queue: setting keeps a processor core busy, and needs much memory.
SETTERS = Line(1)
WAIT_SECONDS, SET_SECONDS = 20, 40
# Let Typst compute with one thread, not one for each processor core: the other cores serve pages.
ENVIRONMENT = {"RAYON_NUM_THREADS": "1"}


class NotSet(Exception):
    """The document cannot be set: it takes more time or memory than it may, or too many others wait."""


def set_pdf(markup: Path, told: Mapping[str, Any], *, now: datetime) -> bytes:
    """Return a PDF, set from a file of markup and these data; the same markup, data and time give the same bytes.

    The markup reads the data as JSON from `sys.inputs.told`. The data must have `lacks`, which becomes true if letters
    had to be replaced because no font has them. No file ever holds the data. Raises NotSet.
    """
    # Let other requests compute meanwhile: the work is done in another process.
    try:
        with processor.lent(), SETTERS.turn(WAIT_SECONDS), TemporaryDirectory(prefix="forum-pdf-") as name:
            folder = Path(name)
            (folder / "main.typ").write_bytes(markup.read_bytes())
            return _run_program(folder, told, now)
    except NoTurn:
        raise NotSet("too many wait") from None
    except OSError as problem:
        raise NotSet(problem.strerror) from problem


def pdf_response(name: str, content: bytes) -> Response:
    """Answer with a PDF as a file called `name`."""
    response = Response(content, content_type="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _run_program(folder: Path, told: Mapping[str, Any], now: datetime) -> bytes:
    command = [sys.executable, "-I", str(PROGRAM), str(folder), str(int(now.timestamp()))]
    given = json.dumps(told).encode()
    try:
        answer = subprocess.run(  # noqa: S603 - no argument comes from a visitor
            command, input=given, capture_output=True, env=ENVIRONMENT, timeout=SET_SECONDS, check=False
        )
        if answer.stdout.startswith(b"%PDF"):
            return answer.stdout
        said = json.loads(answer.stdout)
    except subprocess.TimeoutExpired:
        raise NotSet("took too long") from None
    except ValueError:
        raise NotSet(f"the program ended with {answer.returncode}") from None
    raise NotSet(said.get("refused", "no PDF"))
