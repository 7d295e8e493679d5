"""Settings: read from FORUM_* environment variables in one place, checked at start (S05)."""

import base64
import binascii
import json
import os
import secrets
import shlex
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from difflib import get_close_matches
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit

import limits
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from forum import presence
from forum.addresses import NotAnAddress, refuse_wrong_sender
from forum.nonsense import find_nonsense, languages, trusted_hosts

VERSION = version("forum")
PACKAGE = Path(__file__).resolve().parent
IS_INSTALLED = (PACKAGE / "project").is_dir()  # by its wheel, not as a checkout
PROJECT = PACKAGE / "project" if IS_INSTALLED else PACKAGE.parent
DEFAULT_INSTANCE = (Path.cwd() if IS_INSTALLED else PROJECT) / "instance"
WHICH_FORUM = (
    "Which forum is meant? FORUM_CONFIG names the file of its settings (docs/operations.md);"
    " FORUM_ENV=development means the one of `make run`"
)
READ_ELSEWHERE = {"CONFIG", "LOG_LEVEL", "SECRET_KEY_FILE", "DATA_KEYS_FILE"}
YEAR_SECONDS = 365 * 24 * 3600
KEY_PURPOSES = ("identity", "care", "outbox", "audit", "totp")
STORAGES = ("sqlite:///", "redis://", "rediss://", "memory://")
ENVIRONMENTS = ("development", "production")
FLAGS = (
    *("DEBUG", "DEMO", "TESTING", "LIMITS_ENABLED", "TURNS"),
    *("HSTS_SUBDOMAINS", "MAIL_USE_TLS", "MAIL_USE_SSL", "MAIL_SMTPUTF8"),
)
ON, OFF = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")
LEAST = {"MAIL_PORT": 1, "MAIL_TIMEOUT": 1}  # of the numbers that may not be 0
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


class Given(dict[str, Any]):
    """Settings as they were given; `names` are those that somebody has asked for, which is all that there are."""

    def __init__(self, *given: Mapping[str, Any]):
        super().__init__({name: value for settings in given for name, value in settings.items()})
        self.names = set(READ_ELSEWHERE)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the setting, and note its name."""
        self.names.add(key)
        return super().get(key, default)


def refuse_to_guess() -> None:
    """Raise UnsafeSettings when nothing says which forum a command shall work on."""
    if not os.environ.get("FORUM_CONFIG") and not os.environ.get("FORUM_ENV"):
        raise UnsafeSettings([WHICH_FORUM])


def load(overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return Flask's configuration from the environment, with `overrides` on top.

    Raises UnsafeSettings, naming every setting that is missing, malformed or unsafe. Source: S05.
    """
    given = Given(_from_environment(), overrides or {})
    environment = str(given.get("ENV") or "development")
    instance = Path(given.get("INSTANCE") or DEFAULT_INSTANCE).resolve()
    production = environment == "production"
    if presence.is_foreign_to_root(instance):
        raise UnsafeSettings([run_as(presence.owner(instance))])
    if not production:
        instance.mkdir(mode=0o700, parents=True, exist_ok=True)  # personal data lies in it
        given.setdefault("SECRET_KEY", _kept(instance / "secret_key", lambda: secrets.token_urlsafe(48)))
        given.setdefault("DATA_KEYS", _kept(instance / "data_keys.json", new_data_keys))
    unreadable = given.pop("UNREADABLE", ())
    problems = [f"FORUM_{name}_FILE cannot be read" for name in unreadable]
    if environment not in ENVIRONMENTS:
        problems.append(f"FORUM_ENV must be one of {', '.join(ENVIRONMENTS)}")
    unsafe = _production_problems(given, instance)
    said_already = {f"FORUM_{name} is missing" for name in unreadable}
    problems += [problem for problem in unsafe if production and problem not in said_already]
    settings = _flask_settings(given, instance, production, problems)
    problems += find_nonsense(given, PROJECT / "translations", production=production)
    problems += [f"FORUM_{name} must be 1 or 0" for name in FLAGS if not _is_flag(given.get(name, ""))]
    problems += _misspelt(given.names)
    settings["SECRET_FILES"] = given.pop("SECRET_FILES", [])  # for `forum doctor` to look at
    if problems:
        raise UnsafeSettings(problems)
    return settings


def run_as(user: str) -> str:
    """Return what root is told on the instance folder of somebody else."""
    return (
        f"FORUM_INSTANCE is the folder of {user}, who could not read what root writes there."
        f" Run it as {user}: sudo -u {shlex.quote(user)} FORUM_CONFIG=… forum …"
    )


def new_data_keys() -> str:
    """Return a fresh key per purpose as JSON: 32 random bytes each, base64, newest first (P28)."""
    return json.dumps(
        {purpose: [base64.b64encode(secrets.token_bytes(32)).decode()] for purpose in KEY_PURPOSES}
    )


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner may read. Raises FileExistsError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _from_environment() -> dict[str, Any]:
    prefix = "FORUM_"
    given: dict[str, Any] = {
        name.removeprefix(prefix): value for name, value in os.environ.items() if name.startswith(prefix)
    }
    if path := given.get("CONFIG"):
        given.setdefault("SECRET_FILES", []).append(Path(path))
    for name in ("SECRET_KEY", "DATA_KEYS"):
        if path := given.pop(f"{name}_FILE", None):
            given.setdefault("SECRET_FILES", []).append(Path(path))
            try:
                given[name] = Path(path).read_text().strip()
            except (OSError, UnicodeError):
                given.setdefault("UNREADABLE", []).append(name)
    return given


def _misspelt(known: set[str]) -> Iterator[str]:
    """Name what nobody reads, with the setting that was probably meant: it would be left out without a word."""
    for name in sorted(name.removeprefix("FORUM_") for name in os.environ if name.startswith("FORUM_")):
        if name not in known:
            nearest = get_close_matches(name, sorted(known), n=1)
            yield f"FORUM_{name} is no setting" + "".join(f"; FORUM_{word} is" for word in nearest)


def _kept(path: Path, make) -> str:
    """Return the file's content, making it on the first start; two starts at once agree on one value.

    The file has its name only once it is whole, and the first of two to take the name keeps it.
    """
    if not path.exists():
        with NamedTemporaryFile("w", dir=path.parent) as file:  # made 0600
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(file.name, path)
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
        "FORUM_MAIL_USE_TLS or FORUM_MAIL_USE_SSL must be on, for there is a FORUM_MAIL_PASSWORD": bool(
            given.get("MAIL_PASSWORD")
        )
        and not is_encrypted,
        "FORUM_DEBUG must be off": _flag(given.get("DEBUG", False)),
        "FORUM_DEMO must be off": _flag(given.get("DEMO", False)),
        "FORUM_TESTING must be off": _flag(given.get("TESTING", False)),
        "FORUM_LIMITS_ENABLED must be on": not _flag(given.get("LIMITS_ENABLED", True)),
    }
    return [*_folder_problems(given, instance), *(problem for problem, found in checks.items() if found)]


def _folder_problems(given: Mapping[str, Any], instance: Path) -> list[str]:
    """The database and the keys lie in it: nobody else may enter (P28)."""
    if not given.get("INSTANCE"):
        return ["FORUM_INSTANCE is missing"]
    if not instance.is_dir():
        return ["FORUM_INSTANCE is not a folder"]
    if instance.stat().st_mode & 0o007:
        return [
            "FORUM_INSTANCE may be entered by every user of this machine:"
            f" chmod o-rwx {shlex.quote(str(instance))}"
        ]
    return []


def _flask_settings(
    given: Mapping[str, Any], instance: Path, production: bool, problems: list[str]
) -> dict[str, Any]:
    base_url = _base_url(given, problems)
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
        "HSTS": _hsts(given, base_url, problems),
        "SECRET_KEY": given.get("SECRET_KEY"),
        "SECRET_KEY_FALLBACKS": [key for key in str(given.get("SECRET_KEY_FALLBACKS", "")).split() if key],
        "DATA_KEYS": _data_keys(given.get("DATA_KEYS"), problems),
        "SQLALCHEMY_DATABASE_URI": _database_url(given, instance, problems),
        "LANGUAGES": languages(given),
        **_limits(given, instance, problems),
        **_cookies_and_bodies(base_url),
        **_mail_settings(given, problems),
    }


def _limits(given: Mapping[str, Any], instance: Path, problems: list[str]) -> dict[str, Any]:
    """How often one may try, where that is counted, and how many requests compute at once."""
    return {
        "LIMITER_STORAGE": _limiter_storage(given, instance, problems),
        "LIMITS_ENABLED": _flag(given.get("LIMITS_ENABLED", True)),
        "TURNS": _flag(given.get("TURNS", True)),
        "FORM_MIN_SECONDS": _number(given, "FORM_MIN_SECONDS", 2, problems),
        "REGISTRATIONS_PER_ADDRESS": _limit(
            given, "REGISTRATIONS_PER_ADDRESS", "60 per 10 minutes", problems
        ),
        "REGISTRATIONS_IN_ALL": _limit(given, "REGISTRATIONS_IN_ALL", "1500 per 10 minutes", problems),
        "PLACES_HELD_PER_ADDRESS": _number(given, "PLACES_HELD_PER_ADDRESS", 60, problems),
        "MAILS_PER_DOMAIN": _limit(given, "MAILS_PER_DOMAIN", "500 per hour", problems),
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


def _hsts(given: Mapping[str, Any], base_url: str, problems: list[str]) -> str:
    """Return what browsers are told of https; whether other hosts of the domain speak it, we cannot know."""
    seconds = _number(given, "HSTS_SECONDS", YEAR_SECONDS, problems)
    subdomains = "; includeSubDomains" if _flag(given.get("HSTS_SUBDOMAINS", False)) else ""
    return f"max-age={seconds}{subdomains}" if base_url.startswith("https://") else ""


def _limit(given: Mapping[str, Any], name: str, default: str, problems: list[str]) -> str:
    text = str(given.get(name, default))
    try:
        limits.parse(text)
    except ValueError:
        problems.append(f"FORUM_{name} must be a limit, such as {default}")
    return text


def _limiter_storage(given: Mapping[str, Any], instance: Path, problems: list[str]) -> str:
    address = str(given.get("LIMITER_STORAGE") or f"sqlite:///{instance / 'limits.sqlite3'}")
    if not address.startswith(STORAGES):
        problems.append(f"FORUM_LIMITER_STORAGE must begin with {', '.join(STORAGES)}")
    elif address.startswith("redis") and not find_spec("redis"):
        problems.append("FORUM_LIMITER_STORAGE needs the package redis (forum[redis])")
    return address


def _database_url(given: Mapping[str, Any], instance: Path, problems: list[str]) -> str:
    url = str(given.get("DATABASE_URL") or f"sqlite:///{instance / 'forum.sqlite3'}")
    try:
        if make_url(url).drivername not in {"sqlite", "postgresql", "postgresql+psycopg"}:
            problems.append("FORUM_DATABASE_URL must begin with sqlite: or postgresql:")
    except ArgumentError:
        problems.append("FORUM_DATABASE_URL is not a database's address")
    return url


def _base_url(given: Mapping[str, Any], problems: list[str]) -> str:
    default = "http://127.0.0.1:8000"
    base_url = str(given.get("BASE_URL") or default).rstrip("/")
    try:
        parts = urlsplit(base_url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        problems.append("FORUM_BASE_URL must be an address that begins with https:// or http://")
    return base_url if is_address else default


def _is_here(base_url: str) -> bool:
    """Whether the site is reached on this machine only; a public one has no demo, whatever else was forgotten."""
    return urlsplit(base_url).hostname in {"127.0.0.1", "localhost", "::1"}


def _trusted_hosts(given: Mapping[str, Any], base_url: str, production: bool) -> list[str]:
    hosts = [urlsplit(base_url).hostname or "localhost", *trusted_hosts(given)]
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
    try:
        refuse_wrong_sender(str(settings["MAIL_DEFAULT_SENDER"]))
    except NotAnAddress as refusal:
        problems.append(f"FORUM_MAIL_DEFAULT_SENDER {refusal}")
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
    return str(value).strip().lower() in ON


def _is_flag(value: Any) -> bool:
    """Whether it says on or off: a word that says neither would be taken for off, and mail would go without TLS."""
    return str(value).strip().lower() in ON + OFF


def _number(given: Mapping[str, Any], name: str, default: int, problems: list[str]) -> int:
    least = LEAST.get(name, 0)
    try:
        number = int(given.get(name, default))
    except (TypeError, ValueError):
        problems.append(f"FORUM_{name} must be a number")
        return default
    if number < least:
        problems.append(f"FORUM_{name} must be {least} or more")
    return number
