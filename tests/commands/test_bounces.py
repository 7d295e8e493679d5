"""`forum bounces` reads a pipe, an mbox file and a Maildir, and tells a mail server when to try again."""

import os

import pytest
from flask.cli import ScriptInfo

from forum import cli as command_line
from forum.cli import cli
from forum.commands import bounces as command
from forum.database import start_write
from forum.outbox import return_paths, suppression
from forum.outbox.enums import MessageStatus
from forum.settings.errors import UnsafeSettings
from tests.factories.mails import make_mails, mark_all_sent, states
from tests.outbox.samples import complaint, dsn

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, MAIL_BOUNCE_ADDRESS="bounces@example.org")


def run(app, *arguments: str, given: bytes = b"") -> tuple[int, str]:
    done = app.test_cli_runner().invoke(cli, ["bounces", *arguments], input=given)
    return done.exit_code, done.output


def test_pipe_brings_one_report(app, database, event):
    (mail,) = make_mails(1, event_id=event.id)
    mark_all_sent()
    sender = return_paths.sender_of(mail)

    assert run(app, "--recipient", sender, given=dsn() + b"x" * 1_000_000) == (
        0,
        "1: an address is undeliverable\n",
    )
    assert (states(), suppression.find("p1@example.org", event.id) is None) == ([("failed", 0)], False)
    assert run(app, given=b"\xff\x00 hello") == (0, "1: not a report\n")
    assert run(app, given=dsn(message_id="<other@example.org>")) == (0, "1: about no message of this forum\n")


def test_mail_is_read_before_the_database_is_locked(app, monkeypatch):
    """Reading a hostile mail takes time, in which others have to be able to register."""
    steps = []
    read, start = command.reports.read, command.start_write
    monkeypatch.setattr(command.reports, "read", lambda raw: steps.append("read") or read(raw))
    monkeypatch.setattr(command, "start_write", lambda session: steps.append("locked") or start(session))
    assert run(app, given=dsn()) == (0, "1: about no message of this forum\n")
    assert steps == ["read", "locked"]


def test_letter_that_is_not_of_base32_stops_no_other_report(app, database, tmp_path):
    (mail,) = make_mails(1)
    mark_all_sent()
    hostile = f"bounces+{'a' * 39}\N{KELVIN SIGN}@example.org"
    for folder in ("new", "cur"):
        (tmp_path / folder).mkdir()
    strange = dsn(return_path=hostile).replace(b"text/rfc822-headers", b"text/rfc822-headers; charset=utf-8")
    (tmp_path / "new" / "1.host").write_bytes(strange)
    (tmp_path / "new" / "2.host").write_bytes(dsn(return_path=return_paths.sender_of(mail)))

    told = "1: about no message of this forum\n1: an address is undeliverable\n"
    assert run(app, "--maildir", str(tmp_path)) == (0, told)
    assert run(app, "--recipient", hostile, given=dsn()) == (0, "1: about no message of this forum\n")


def test_mbox_is_read_whole_and_left_as_it_is(app, database, tmp_path):
    first, second = make_mails(2)
    mark_all_sent()
    box = tmp_path / "box"
    reports = [
        dsn(return_path=return_paths.sender_of(first)),
        complaint(return_path=return_paths.sender_of(second)),
        b"Subject: hi\r\n\r\nhi\r\n",
    ]
    box.write_bytes(b"".join(b"From x@y Tue Nov 16 10:00:00 2027\n" + each + b"\n" for each in reports))
    before = box.read_bytes()

    told = "1: a recipient has complained\n1: an address is undeliverable\n1: not a report\n"
    assert run(app, "--mbox", str(box)) == (0, told)
    assert run(app, "--mbox", str(box)) == (0, "2: known already\n1: not a report\n")
    assert box.read_bytes() == before
    assert states() == [("failed", 0), ("sent", 0)]


def test_maildir_files_what_was_read_and_keeps_what_has_to_wait(app, database, tmp_path):
    first, second = make_mails(2)
    mark_all_sent()
    start_write(database)
    second.status = MessageStatus.INFLIGHT
    database.commit()
    box = tmp_path / "box"
    for folder in ("new", "cur", "tmp"):
        (box / folder).mkdir(parents=True)
    (box / "new" / "1.host").write_bytes(dsn(return_path=return_paths.sender_of(first)))
    (box / "new" / "2.host").write_bytes(dsn(return_path=return_paths.sender_of(second)))

    status, told = run(app, "--maildir", str(box))

    assert (status, told.splitlines()[0]) == (os.EX_TEMPFAIL, "1: an address is undeliverable")
    left = {path.relative_to(box).as_posix() for path in box.glob("*/*")}
    assert left == {"cur/1.host:2,S", "new/2.host"}


def test_database_that_is_away_makes_the_mail_server_keep_the_report(make_app):
    app = make_app("sqlite:////nowhere/forum.sqlite3")
    assert run(app, given=dsn(message_id="<a@b>"))[0] == os.EX_TEMPFAIL
    assert run(app, "--mbox", "/no/such/file")[0] == os.EX_TEMPFAIL


def test_wrong_settings_make_the_mail_server_keep_the_report(monkeypatch, capsys):
    def refuse() -> None:
        raise UnsafeSettings(["FORUM_BASE_URL is missing"])

    monkeypatch.setattr(command_line, "_create_app", refuse)
    monkeypatch.setattr(command_line, "ScriptInfo", lambda **_options: ScriptInfo(create_app=refuse))
    for arguments, status in ((["bounces"], os.EX_TEMPFAIL), (["release-mail"], 2)):
        monkeypatch.setattr("sys.argv", ["forum", *arguments])
        with pytest.raises(SystemExit) as end:
            command_line.main()
        assert end.value.code == status
    assert "FORUM_BASE_URL is missing" in capsys.readouterr().err
