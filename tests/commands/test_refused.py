"""Commands with options that do not fit, and files and storages that cannot be used: each prints a sentence."""

import errno
import logging
import os
import sqlite3
from pathlib import Path

import pytest

from forum import presence
from forum.cli import cli
from forum.commands import after_restore, images
from forum.images import making, store
from forum.images.errors import StorageAway
from forum.images.folder import Folder
from forum.registration import tombstones
from forum.settings import table
from forum.web import limits, spreadsheets, typesetting
from tests.factories.events import NOW
from tests.factories.images import make_image


def said(app, *words) -> tuple[int, str]:
    """Run a command; return its exit status and the last line that it prints."""
    done = app.test_cli_runner().invoke(cli, words)
    return done.exit_code, done.output.splitlines()[-1]


def test_options_that_do_not_go_together_are_refused(app, database, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "mbox").touch()
    both = ("--mbox", str(tmp_path / "mbox"), "--maildir", str(tmp_path))
    assert said(app, "bounces", *both) == (os.EX_TEMPFAIL, "Error: Choose one of --mbox and --maildir.")
    assert said(app, "audit", "verify", "--number", "1") == (2, "Error: --number and --hash belong together.")
    assert said(app, "audit", "verify") == (0, "whole: nothing has been recorded yet")


def test_a_maildir_with_folders_and_hidden_files_is_read(app, database, tmp_path):
    (tmp_path / "new" / "folder").mkdir(parents=True)
    (tmp_path / "new" / ".hidden").touch()
    done = app.test_cli_runner().invoke(cli, ["bounces", "--maildir", str(tmp_path)])
    assert (done.exit_code, done.output) == (0, "")


def test_a_backup_overwrites_no_keys(app, database, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("mine")
    status, words = said(app, "backup", str(tmp_path), "--keys", str(keys))
    assert (status, words, keys.read_text()) == (1, f"Error: {keys} exists; nothing was written.", "mine")


def test_a_storage_of_images_that_does_not_answer_is_a_sentence(app, database, event, monkeypatch, tmp_path):
    make_image(event)

    def fail(*_arguments, **_options):
        raise StorageAway("no answer")

    monkeypatch.setattr(images.store, "find_missing", fail)
    assert said(app, "make-avif") == (
        1,
        "Error: The storage of images does not answer; run it again later.",
    )


def test_an_image_that_cannot_be_made_anew_gets_no_avif_files(app, database, event, monkeypatch):
    image = make_image(event)

    def refuse(_content):
        raise making.NotTaken("other-kind")

    monkeypatch.setattr(making, "make_again", refuse)
    assert not images._make(image.key)
    monkeypatch.setattr(store, "read", lambda _key, _name: None)
    assert not images._make(image.key)


def test_a_file_of_an_image_that_cannot_be_written_leaves_nothing_half_written(tmp_path, monkeypatch):
    def fail(_self, _other):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StorageAway):
        Folder(tmp_path).put("0123456789abcdef", {"320.jpg": b"x"})
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_lock_that_a_full_disk_refuses_is_done_without(tmp_path, monkeypatch):
    for number in (errno.ENOSPC, errno.EROFS):
        monkeypatch.setattr(presence, "_lock", failing(OSError(number, "no")))
        presence.share(tmp_path)
    monkeypatch.setattr(presence, "_lock", failing(OSError(errno.EIO, "broken")))
    with pytest.raises(OSError, match="broken"):
        presence.share(tmp_path)


def failing(problem: Exception):
    def fail(*_arguments, **_options):
        raise problem

    return fail


def test_a_file_of_erasures_that_cannot_be_read_or_written_is_a_fault(app, database, monkeypatch, caplog):
    monkeypatch.setattr(tombstones, "_is_writable", lambda: False)
    assert tombstones.examine(now=NOW) == (False, f"{tombstones.FILE} cannot be written")
    monkeypatch.setattr(Path, "read_text", failing(PermissionError(errno.EACCES, "Permission denied")))
    told = f"{tombstones.FILE} in the instance folder cannot be read (Permission denied)"
    assert tombstones.examine(now=NOW) == (False, told)
    with caplog.at_level(logging.WARNING):
        tombstones.note_at_once(now=NOW)
    assert [each.getMessage() for each in caplog.records] == [
        "tombstones are not copied yet: PermissionError"
    ]


def test_a_store_of_counters_that_is_broken_counts_nothing(app, monkeypatch):
    with app.app_context():
        monkeypatch.setattr(
            app.extensions[limits.COUNTER].storage, "check", failing(sqlite3.OperationalError())
        )
        assert not limits.can_count()


def test_a_pdf_is_refused_where_no_folder_can_be_made(app, monkeypatch):
    monkeypatch.setattr(typesetting, "TemporaryDirectory", failing(OSError(errno.ENOSPC, "No space left")))
    with app.app_context(), pytest.raises(typesetting.NotSet, match="No space left"):
        typesetting.set_pdf(Path("none.typ"), {}, now=NOW)


def test_a_text_that_is_no_table_is_refused(monkeypatch):
    with pytest.raises(spreadsheets.NotATable):
        list(spreadsheets.read_text("a\0b"))
    with pytest.raises(spreadsheets.NotATable):
        list(spreadsheets.read_text('a;"' + "x" * 200_000))


class Refusing(dict):
    """A stand-in for settings that are checked: it stores the words of each refusal in its list `refused`."""

    def refuse(self, words: str) -> None:
        self.setdefault("refused", []).append(words)


def test_settings_that_need_an_absent_package_say_which(monkeypatch, tmp_path):
    monkeypatch.setattr(table, "find_spec", lambda _name: None)
    given = Refusing(
        IMAGES="s3://bucket/forum", S3_ACCESS_KEY="a", S3_SECRET="b", LIMITER_STORAGE="redis://x"
    )
    table._images(given, tmp_path)
    table._limiter_storage(given, tmp_path)
    assert given["refused"] == [
        "FORUM_IMAGES needs the package obstore (forum[s3])",
        "FORUM_LIMITER_STORAGE needs the package redis (forum[redis])",
    ]


def test_what_psql_answers_after_a_restore_is_counted():
    told = after_restore.read_answers("SET\nUPDATE 4\nDELETE 2\nUPDATE 1\nDELETE 3\n")
    assert told == after_restore.Quieted(2, 1, 3)
