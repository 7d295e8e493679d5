"""A running forum of its own for browser tests: web and worker, mail written to files."""

import email
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from urllib.error import URLError

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from forum.config import PROJECT
from tests import servers

START_SECONDS = 30
MAIL_SECONDS = 15
CONSOLE_LINK = re.compile(r"https?://\S+/account/demo/\S+")


@dataclass
class RunningForum:
    """A forum that answers at `url`; `mails(address)` reads what its worker wrote."""

    url: str
    folder: Path
    console_link: str

    def wait_for_mail(self, recipient: str, subject: str) -> EmailMessage:
        """Return the newest mail to an address with this subject, as soon as it is there."""
        return wait_until(lambda: self._find(recipient, subject), MAIL_SECONDS, f"no mail {subject!r} to {recipient}")

    def _find(self, recipient: str, subject: str) -> EmailMessage | None:
        for path in sorted((self.folder / "mail").glob("*.eml"), reverse=True):
            mail = email.message_from_bytes(path.read_bytes(), policy=modern)
            if (mail["To"], mail["Subject"]) == (recipient, subject):
                return mail
        return None


def link_in(mail: EmailMessage) -> str:
    """Return the personal link in a mail's plain part."""
    return re.search(r"https?://\S+/r/\S+", mail.get_body(("plain",)).get_content())[0]


def wait_until(look: Callable, seconds: float, complaint: str):
    """Look again and again until there is something to see; the bound is for a hanging server only."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(complaint)


@pytest.fixture
def run_forum(settings, tmp_path, app: Flask) -> Iterator[Callable[[], RunningForum]]:
    """Start `forum run` on the test's own database (fill it before), and end it afterwards."""
    started: list[subprocess.Popen] = []

    def run() -> RunningForum:
        port, folder = servers.free_port(), tmp_path / "instance"
        environment = {
            **os.environ,
            "FORUM_INSTANCE": str(folder),
            "FORUM_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
            "FORUM_SECRET_KEY": settings["SECRET_KEY"],
            "FORUM_DATA_KEYS": settings["DATA_KEYS"],
            "FORUM_FORM_MIN_SECONDS": "0",
            "FORUM_DEMO": "1",
            "PYTHONUNBUFFERED": "1",
        }
        output = tmp_path / "output.txt"
        with output.open("w") as file:
            command = [str(PROJECT / ".venv/bin/forum"), "run", "--port", str(port)]
            started.append(
                subprocess.Popen(command, env=environment, cwd=PROJECT, stdout=file, stderr=subprocess.STDOUT)
            )
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(url), START_SECONDS, f"the forum did not start:\n{output.read_text()}")
        link = wait_until(lambda: CONSOLE_LINK.search(output.read_text()), START_SECONDS, "no console link")
        return RunningForum(url, folder, link[0])

    yield run
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@pytest.fixture
def new_context(chromium, run_forum) -> Iterator[Callable[..., BrowserContext]]:
    """Open a browser with cookies of its own; at the end no page may have complained or gone elsewhere."""
    contexts, complaints = [], []

    def open_context(**options) -> BrowserContext:
        context = chromium.new_context(**options)
        context.on("page", lambda page: _listen(page, complaints))
        contexts.append(context)
        return context

    yield open_context
    for context in contexts:
        context.close()
    assert complaints == []


def _listen(page: Page, complaints: list[str]) -> None:
    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    page.on(
        "request",
        lambda request: None
        if request.url.startswith(("http://127.0.0.1:", "data:"))
        else complaints.append(f"{page.url} asked {request.url}"),
    )


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=1) as answer:  # noqa: S310 - our own address
            return answer.status == 200
    except (URLError, ConnectionError, TimeoutError):
        return False
