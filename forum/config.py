"""Settings: read from FORUM_* environment variables in one place, checked at start (S05)."""

import base64
import binascii
import json
import os
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import limits
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

PROJECT = Path(__file__).resolve().parent.parent
KEY_PURPOSES = ("identity", "care", "outbox", "audit", "totp")
ENVIRONMENTS = ("development", "production")
MAIL_ADDRESS = re.compile(r"[^<>@\s]@[^<>@\s]")
WEAK_SECRETS = {"dev", "secret", "changeme", "change-me", "password", "test"}
MAIL_SETTINGS = {
    "MAIL_SERVER": "",
    "MAIL_PORT": 25,
    "MAIL_USE_TLS": False,
    "MAIL_USE_SSL": False,
    "MAIL_USERNAME": None,
    "MAIL_PASSWORD": None,
    "MAIL_DEFAULT_SENDER": "forum@localhost",
    "MAIL_TIMEOUT": 30,  # seconds a server may be silent (R08)
    "MAIL_CA_FILE": None,  # who signed the mail server's certificate, when no public authority did
}


class UnsafeSettings(Exception):
    """The settings would make the forum unsafe; `problems` names each one, never its value."""

    def __init__(self, problems: list[str]):
        super().__init__("; ".join(problems))
        self.problems = problems


def load(overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return Flask's configuration from the environment, with `overrides` on top.

    Raises UnsafeSettings, naming every setting that is missing, malformed or unsafe. Source: S05.
    """
    given = {**_from_environment(), **(overrides or {})}
    environment = str(given.get("ENV") or "development")
    instance = Path(given.get("INSTANCE", PROJECT / "instance")).resolve()
    production = environment == "production"
    if not production:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)  # personal data lies in it
        given.setdefault("SECRET_KEY", _kept(instance / "secret_key", lambda: secrets.token_urlsafe(48)))
        given.setdefault("DATA_KEYS", _kept(instance / "data_keys.json", new_data_keys))
    problems = [f"FORUM_{name}_FILE cannot be read" for name in given.pop("UNREADABLE", ())]
    if environment not in ENVIRONMENTS:
        problems.append(f"FORUM_ENV must be one of {', '.join(ENVIRONMENTS)}")
    if production:
        problems += _production_problems(given, instance)
    settings = _flask_settings(given, instance, production, problems)
    if problems:
        raise UnsafeSettings(problems)
    return settings


def new_data_keys() -> str:
    """Return a fresh key per purpose as JSON: 32 random bytes each, base64, newest first (P28)."""
    return json.dumps(
        {purpose: [base64.b64encode(secrets.token_bytes(32)).decode()] for purpose in KEY_PURPOSES}
    )


def _from_environment() -> dict[str, Any]:
    prefix = "FORUM_"
    given: dict[str, Any] = {
        name.removeprefix(prefix): value for name, value in os.environ.items() if name.startswith(prefix)
    }
    for name in ("SECRET_KEY", "DATA_KEYS"):
        if path := given.pop(f"{name}_FILE", None):
            try:
                given[name] = Path(path).read_text().strip()
            except (OSError, UnicodeError):
                given.setdefault("UNREADABLE", []).append(name)
    return given


def _kept(path: Path, make) -> str:
    """Return the file's content, making it on the first start; two starts at once agree on one value."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(make())
    return path.read_text().strip()


def _production_problems(given: Mapping[str, Any], instance: Path) -> list[str]:
    secret = str(given.get("SECRET_KEY") or "")
    sender = str(given.get("MAIL_DEFAULT_SENDER") or "")
    is_encrypted = _flag(given.get("MAIL_USE_TLS", False)) or _flag(given.get("MAIL_USE_SSL", False))
    checks = {
        "FORUM_SECRET_KEY is missing": not secret,
        "FORUM_SECRET_KEY is too short or well known (at least 32 characters)": bool(secret)
        and (len(secret) < 32 or secret.lower() in WEAK_SECRETS or len(set(secret)) < 8),
        "FORUM_DATA_KEYS is missing": not given.get("DATA_KEYS"),
        "FORUM_BASE_URL is missing": not given.get("BASE_URL"),
        "FORUM_BASE_URL must start with https://": bool(given.get("BASE_URL"))
        and not str(given["BASE_URL"]).startswith("https://"),
        "FORUM_MAIL_SERVER is missing": not given.get("MAIL_SERVER"),
        "FORUM_MAIL_DEFAULT_SENDER is missing": not sender,
        "FORUM_MAIL_DEFAULT_SENDER is not a mail address": bool(sender) and not MAIL_ADDRESS.search(sender),
        "FORUM_MAIL_USE_TLS or FORUM_MAIL_USE_SSL must be on, for there is a FORUM_MAIL_PASSWORD": bool(
            given.get("MAIL_PASSWORD")
        )
        and not is_encrypted,
        "FORUM_INSTANCE is not a folder": not instance.is_dir(),
        "FORUM_DEBUG must be off": _flag(given.get("DEBUG", False)),
        "FORUM_DEMO must be off": _flag(given.get("DEMO", False)),
        "FORUM_TESTING must be off": _flag(given.get("TESTING", False)),
        "FORUM_LIMITS_ENABLED must be on": not _flag(given.get("LIMITS_ENABLED", True)),
    }
    return [problem for problem, found in checks.items() if found]


def _flask_settings(
    given: Mapping[str, Any], instance: Path, production: bool, problems: list[str]
) -> dict[str, Any]:
    base_url = str(given.get("BASE_URL") or "http://127.0.0.1:8000").rstrip("/")
    return {
        "ENV": "production" if production else "development",
        "PRODUCTION": production,
        "TESTING": _flag(given.get("TESTING", False)),
        "DEMO": _flag(given.get("DEMO", not production)) and not production and _is_here(base_url),
        "INSTANCE": instance,
        "STATIC": Path(given.get("STATIC") or instance / "static").resolve(),
        "BASE_URL": base_url,
        "TRUSTED_HOSTS": _trusted_hosts(given, base_url, production),
        "TRUSTED_PROXIES": _number(given, "TRUSTED_PROXIES", 0, problems),
        "SECRET_KEY": given.get("SECRET_KEY"),
        "SECRET_KEY_FALLBACKS": [key for key in str(given.get("SECRET_KEY_FALLBACKS", "")).split() if key],
        "DATA_KEYS": _data_keys(given.get("DATA_KEYS"), problems),
        "SQLALCHEMY_DATABASE_URI": _database_url(given, instance, problems),
        "LANGUAGES": str(given.get("LANGUAGES", "sv en")).replace(",", " ").split(),
        **_limits(given, instance, problems),
        **_cookies_and_bodies(base_url),
        **_mail_settings(given, problems),
    }


def _limits(given: Mapping[str, Any], instance: Path, problems: list[str]) -> dict[str, Any]:
    """How often one may try, where that is counted, and how many requests compute at once."""
    return {
        "LIMITER_STORAGE": given.get("LIMITER_STORAGE") or f"sqlite:///{instance / 'limits.sqlite3'}",
        "LIMITS_ENABLED": _flag(given.get("LIMITS_ENABLED", True)),
        "TURNS": _flag(given.get("TURNS", True)),
        "FORM_MIN_SECONDS": _number(given, "FORM_MIN_SECONDS", 2, problems),
        "REGISTRATIONS_PER_ADDRESS": _limit(
            given, "REGISTRATIONS_PER_ADDRESS", "60 per 10 minutes", problems
        ),
    }


def _cookies_and_bodies(base_url: str) -> dict[str, Any]:
    """Flask's own defaults are not safe (F6)."""
    secure = base_url.startswith("https://")
    return {
        "SESSION_COOKIE_NAME": "__Host-forum" if secure else "forum",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=12),
        "PREFERRED_URL_SCHEME": urlsplit(base_url).scheme,
        "MAX_CONTENT_LENGTH": 256 * 1024,
        "MAX_FORM_MEMORY_SIZE": 256 * 1024,
        "MAX_FORM_PARTS": 200,
        "WTF_CSRF_TIME_LIMIT": None,  # the session's own limits apply; a form may lie open over lunch (A11)
    }


def _limit(given: Mapping[str, Any], name: str, default: str, problems: list[str]) -> str:
    text = str(given.get(name, default))
    try:
        limits.parse(text)
    except ValueError:
        problems.append(f"FORUM_{name} must be a limit, such as {default}")
    return text


def _database_url(given: Mapping[str, Any], instance: Path, problems: list[str]) -> str:
    url = str(given.get("DATABASE_URL") or f"sqlite:///{instance / 'forum.sqlite3'}")
    try:
        if make_url(url).get_backend_name() not in {"sqlite", "postgresql"}:
            problems.append("FORUM_DATABASE_URL must begin with sqlite: or postgresql:")
    except ArgumentError:
        problems.append("FORUM_DATABASE_URL is not a database's address")
    return url


def _is_here(base_url: str) -> bool:
    """Whether the site is reached on this machine only; a public one has no demo, whatever else was forgotten."""
    return urlsplit(base_url).hostname in {"127.0.0.1", "localhost", "::1"}


def _trusted_hosts(given: Mapping[str, Any], base_url: str, production: bool) -> list[str]:
    hosts = [urlsplit(base_url).hostname or "localhost", *str(given.get("TRUSTED_HOSTS", "")).split()]
    return hosts if production else [*hosts, "localhost", "127.0.0.1"]


def _mail_settings(given: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    settings: dict[str, Any] = {"MAIL_SMTPUTF8": _flag(given.get("MAIL_SMTPUTF8", False))}
    for name, default in MAIL_SETTINGS.items():
        if isinstance(default, bool):
            settings[name] = _flag(given.get(name, default))
        elif isinstance(default, int):
            settings[name] = _number(given, name, default, problems)
        else:
            settings[name] = given.get(name) or default
    return settings


def _data_keys(text: Any, problems: list[str]) -> dict[str, list[bytes]]:
    """Decode the keys by purpose; a purpose that is missing or not 32 bytes long is a problem."""
    if not text:
        return {}
    try:
        keys = {
            purpose: [base64.b64decode(key) for key in listed] for purpose, listed in json.loads(text).items()
        }
    except (ValueError, AttributeError, TypeError, binascii.Error):
        problems.append("FORUM_DATA_KEYS is not the JSON that `forum new-keys` prints")
        return {}
    for purpose in KEY_PURPOSES:
        if not keys.get(purpose) or any(len(key) != 32 for key in keys[purpose]):
            problems.append(f"FORUM_DATA_KEYS lacks a 32-byte key for {purpose}")
    return keys


def _flag(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).strip().lower() in {"1", "true", "yes", "on"}


def _number(given: Mapping[str, Any], name: str, default: int, problems: list[str]) -> int:
    try:
        return int(given.get(name, default))
    except (TypeError, ValueError):
        problems.append(f"FORUM_{name} must be a number")
        return default
