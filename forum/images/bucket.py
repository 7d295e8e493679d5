"""The files of images in a bucket of S3-compatible storage, which several machines share."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from forum.images.errors import StorageAway
from forum.turns import processor

# Time limits of a request to the storage, and how often a failed one is repeated: PATIENT while an image is written,
# QUICK while a visitor, or a thread that holds a lock, waits for the answer.
PATIENT: Any = {"connect_timeout": "5s", "timeout": "20s"}, {"max_retries": 2}
QUICK: Any = {"connect_timeout": "5s", "timeout": "5s"}, {"max_retries": 0}


class Bucket:
    """A storage of image files in a bucket; `address` is "s3://bucket/folder". Its methods raise StorageAway.

    A file without content counts as missing, as in `images.folder`.
    """

    def __init__(self, address: str, *, endpoint: str, region: str, access_key: str, secret: str) -> None:
        parts = urlsplit(address)
        known = {
            "endpoint": endpoint,
            "region": region,
            "access_key_id": access_key,
            "secret_access_key": secret,
        }
        config: Any = {name: value for name, value in known.items() if value}

        def opened(timeouts: Any, retries: Any) -> S3Store:
            options: Any = {**timeouts, "allow_http": endpoint.startswith("http://")}
            return S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                config=config,
                client_options=options,
                retry_config=retries,
            )

        self._patient, self._quick = opened(*PATIENT), opened(*QUICK)

    def put(self, key: str, files: Mapping[str, bytes]) -> None:
        """Store an image's files; files that are there already stay as they are."""
        there = self.names(key)
        with _asking():
            for name, content in files.items():
                if name not in there:
                    obstore.put(self._patient, f"{key}/{name}", content)

    def read(self, key: str, name: str) -> bytes | None:
        """Return the content of an image's file, or None when it is not there."""
        with _asking():
            try:
                return bytes(obstore.get(self._quick, f"{key}/{name}").bytes()) or None
            except FileNotFoundError:
                return None

    def names(self, key: str) -> set[str]:
        """Return the names of an image's files."""
        with _asking():
            listed = [entry for chunk in obstore.list(self._quick, f"{key}/") for entry in chunk]
        return {entry["path"].rpartition("/")[2] for entry in listed if entry["size"]}

    def remove(self, key: str) -> None:
        """Remove an image's files."""
        paths = [f"{key}/{name}" for name in self.names(key)]
        if paths:
            with _asking():
                obstore.delete(self._quick, paths)


@contextmanager
def _asking() -> Iterator[None]:
    """Let other requests of the process compute while the block waits for the storage. Raises StorageAway."""
    with processor.lent():
        try:
            yield
        except BaseError as problem:
            raise StorageAway(type(problem).__name__) from problem
