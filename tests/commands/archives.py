"""Helpers that run the backup commands and read the archives that these write."""

from pathlib import Path

from forum.cli import cli


def run(app, *arguments: str):
    return app.test_cli_runner().invoke(cli, list(arguments))


def made(folder: Path) -> Path:
    (file,) = folder.glob("forum-*.tar")
    return file
