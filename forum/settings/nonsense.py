"""Settings whose value cannot be right, such as an address with a path; they would fail later, far from the cause."""

import re
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

HOST = re.compile(r"\.?[\w-]+(\.[\w-]+)*(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


def find_nonsense(given: Mapping[str, Any], translations: Path, *, production: bool) -> Iterator[str]:
    """Yield a sentence for each setting that cannot be right, with its name and without its value."""
    shipped = sorted({"en", *(folder.name for folder in translations.iterdir() if folder.is_dir())})
    chosen = languages(given)
    if not chosen or not set(chosen) <= set(shipped):
        yield f"FORUM_LANGUAGES must be one or more of {', '.join(shipped)}"
    if not all(map(HOST.fullmatch, trusted_hosts(given))):
        yield "FORUM_TRUSTED_HOSTS must be host names, such as www.example.org, without https:// before them"
    if given.get("MAIL_CA_FILE") and not _holds_certificates(str(given["MAIL_CA_FILE"])):
        yield "FORUM_MAIL_CA_FILE must be a file of certificates (PEM) that can be read"
    if given.get("BASE_URL") and _says_more_than_a_site(str(given["BASE_URL"])):
        yield "FORUM_BASE_URL must be a site's address without path or blanks, such as https://forum.example.org"
    if production and _is_in_memory(str(given.get("DATABASE_URL") or "")):
        yield "FORUM_DATABASE_URL must name a file: a database in memory ends with its process"


def languages(given: Mapping[str, Any]) -> list[str]:
    """Return the language codes that FORUM_LANGUAGES names."""
    return str(given.get("LANGUAGES", "sv en")).replace(",", " ").split()


def trusted_hosts(given: Mapping[str, Any]) -> list[str]:
    """Return the host names that are trusted besides that of FORUM_BASE_URL."""
    return str(given.get("TRUSTED_HOSTS", "")).split()


def _holds_certificates(path: str) -> bool:
    try:
        ssl.create_default_context(cafile=path)
    except OSError:  # the file cannot be read, or has no certificates: ssl.SSLError is an OSError
        return False
    return True


def _says_more_than_a_site(address: str) -> bool:
    """Return whether a URL has parts besides scheme, host and port; `settings/table` refuses a text that is no URL."""
    try:
        parts = urlsplit(address.rstrip("/"))
    except ValueError:
        return False
    more = parts.path or parts.query or parts.fragment or parts.username
    return bool(more or re.search(r"\s", address)) or not _has_port(parts)


def _has_port(parts: SplitResult) -> bool:
    """Return whether the port, if there is one, is valid."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _is_in_memory(url: str) -> bool:
    try:
        address = make_url(url)
    except ArgumentError:
        return False
    in_memory = address.database in (None, "", ":memory:") or address.query.get("mode") == "memory"
    return address.get_backend_name() == "sqlite" and in_memory
