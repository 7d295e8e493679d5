"""Every setting of the app: its name, its type and its default."""

import re
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from forum.addresses import NotAnAddress, refuse_wrong_sender, split, split_sender
from forum.settings import own_address
from forum.settings.dkim import read_dkim
from forum.settings.given import Given
from forum.settings.keys import read_data_keys
from forum.settings.nonsense import languages, trusted_hosts

PORT = re.compile(r":[0-9]+$")
LAST_PORT = 65535
YEAR_SECONDS = 365 * 24 * 3600
STORAGES = ("sqlite:///", "redis://", "rediss://", "memory://")
DATABASES = {"sqlite", "postgresql", "postgresql+psycopg"}
BUCKET = "s3://"
S3 = ("endpoint", "region", "access_key", "secret")
# The part before the @ in the address for reports needs room for a plus sign and a token of 40 characters (RFC 5321: 64
# in all).
LONGEST_BOUNCE_NAME = 23
DEFAULT_BASE_URL = "http://127.0.0.1:8000"


def read_settings(given: Given, instance: Path, *, production: bool) -> dict[str, Any]:
    """Return Flask's configuration; malformed settings are noted in `given.problems`."""
    base_url = _base_url(given, None if production else own_address.noted(instance))
    return {
        "ENV": "production" if production else "development",
        "PRODUCTION": production,
        "TESTING": given.flag("TESTING"),
        "DEMO": given.flag("DEMO", default=not production) and not production and _is_here(base_url),
        "INSTANCE": instance,
        "STATIC": Path(given.get("STATIC") or instance / "static").resolve(),
        **_images(given, instance),
        "BASE_URL": base_url,
        "TRUSTED_HOSTS": _trusted_hosts(given, base_url, production),
        "TRUSTED_PROXIES": given.number("TRUSTED_PROXIES", 0),
        "HSTS": _hsts(given, base_url),
        "SECRET_KEY": given.get("SECRET_KEY"),
        "SECRET_KEY_FALLBACKS": str(given.get("SECRET_KEY_FALLBACKS", "")).split(),
        "DATA_KEYS": read_data_keys(given),
        # For how many days an erasure is remembered, so that no older backup brings the person back (P09).
        "BACKUPS_KEPT_DAYS": given.number("BACKUPS_KEPT_DAYS", 400, least=1, most=36500),
        "SQLALCHEMY_DATABASE_URI": _database_url(given, instance),
        "LANGUAGES": languages(given),
        **_limits(given, instance),
        **_cookies_and_bodies(base_url),
        **_mail(given),
    }


def _limits(given: Given, instance: Path) -> dict[str, Any]:
    """Return the rate limits, the store that counts for them, and whether requests take turns at computing."""
    return {
        "LIMITER_STORAGE": _limiter_storage(given, instance),
        "LIMITS_ENABLED": given.flag("LIMITS_ENABLED", default=True),
        "TURNS": given.flag("TURNS", default=True),
        "FORM_MIN_SECONDS": given.number("FORM_MIN_SECONDS", 2),
        "REGISTRATIONS_PER_ADDRESS": given.limit("REGISTRATIONS_PER_ADDRESS", "60 per 10 minutes"),
        "REGISTRATIONS_IN_ALL": given.limit("REGISTRATIONS_IN_ALL", "1500 per 10 minutes"),
        "PLACES_HELD_PER_ADDRESS": given.number("PLACES_HELD_PER_ADDRESS", 60),
        "MAILS_PER_DOMAIN": given.limit("MAILS_PER_DOMAIN", "500 per hour"),
        "REVEALS_PER_HOUR": given.number("REVEALS_PER_HOUR", 10),
    }


def _images(given: Given, instance: Path) -> dict[str, Any]:
    """Return where the files of images lie: a folder, or the address of S3-compatible storage and how it is reached."""
    where = str(given.get("IMAGES") or instance / "images")
    in_bucket = where.startswith(BUCKET)
    if in_bucket and not find_spec("obstore"):
        given.refuse("FORUM_IMAGES needs the package obstore (forum[s3])")
    storage = {name: str(given.get(f"S3_{name.upper()}") or "") for name in S3}
    if in_bucket and not (storage["access_key"] and storage["secret"]):
        given.refuse("FORUM_IMAGES needs FORUM_S3_ACCESS_KEY and FORUM_S3_SECRET")
    return {"IMAGES": where if in_bucket else Path(where).resolve(), "S3": storage}


def _cookies_and_bodies(base_url: str) -> dict[str, Any]:
    """Return the settings of cookies and request bodies, because Flask's defaults are not safe (F6)."""
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
        # A CSRF token is valid as long as its session, because a form may stay open for hours (A11).
        "WTF_CSRF_TIME_LIMIT": None,
    }


def _mail(given: Given) -> dict[str, Any]:
    settings = {
        "MAIL_SERVER": given.get("MAIL_SERVER") or "",
        "MAIL_PORT": given.number("MAIL_PORT", 25, least=1, most=LAST_PORT),
        "MAIL_USE_TLS": given.flag("MAIL_USE_TLS"),
        "MAIL_USE_SSL": given.flag("MAIL_USE_SSL"),
        "MAIL_SMTPUTF8": given.flag("MAIL_SMTPUTF8"),
        "MAIL_USERNAME": given.get("MAIL_USERNAME") or None,
        "MAIL_PASSWORD": given.get("MAIL_PASSWORD") or None,
        "MAIL_DEFAULT_SENDER": given.get("MAIL_DEFAULT_SENDER") or "forum@localhost",
        # Seconds for which the mail server may be silent (R08).
        "MAIL_TIMEOUT": given.number("MAIL_TIMEOUT", 30, least=1),
        # A file with the certificate of the authority that signed the mail server's, if that is not a public authority.
        "MAIL_CA_FILE": given.get("MAIL_CA_FILE") or None,
        # How many mails to many leave within a minute, 0 for any number (M11).
        "BULK_MAILS_PER_MINUTE": given.number("BULK_MAILS_PER_MINUTE", 300),
        "BULK_MAILS_PER_MINUTE_AND_DOMAIN": given.number("BULK_MAILS_PER_MINUTE_AND_DOMAIN", 60),
    }
    try:
        refuse_wrong_sender(str(settings["MAIL_DEFAULT_SENDER"]))
        if not split_sender(str(settings["MAIL_DEFAULT_SENDER"]))[1].rpartition("@")[0].isascii():
            given.refuse("FORUM_MAIL_DEFAULT_SENDER must have only letters from a to z before the @")
    except NotAnAddress as refusal:
        given.refuse(f"FORUM_MAIL_DEFAULT_SENDER {refusal}")
    return settings | {
        "MAIL_BOUNCE_ADDRESS": _bounce_address(given),
        "DKIM": read_dkim(given, str(settings["MAIL_DEFAULT_SENDER"])),
    }


def _bounce_address(given: Given) -> str | None:
    """Return the address to which mail servers report what they cannot deliver; None means the sender's."""
    if not (text := given.get("MAIL_BOUNCE_ADDRESS")):
        return None
    try:
        name, host = split(str(text))
    except NotAnAddress as refusal:
        given.refuse(f"FORUM_MAIL_BOUNCE_ADDRESS {refusal}")
        return None
    if not name.isascii() or len(name) > LONGEST_BOUNCE_NAME:
        given.refuse(
            f"FORUM_MAIL_BOUNCE_ADDRESS must have at most {LONGEST_BOUNCE_NAME} letters from a to z before the @"
        )
    return f"{name}@{host}"


def _base_url(given: Given, noted: str | None) -> str:
    base_url = str(given.get("BASE_URL") or noted or DEFAULT_BASE_URL).rstrip("/")
    try:
        parts = urlsplit(base_url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        given.refuse("FORUM_BASE_URL must be an address that begins with https:// or http://")
    return base_url if is_address else DEFAULT_BASE_URL


def _is_here(base_url: str) -> bool:
    """Return whether the site is reached from this machine only; a public site never loads the demo."""
    return urlsplit(base_url).hostname in {"127.0.0.1", "localhost", "::1"}


def _trusted_hosts(given: Given, base_url: str, production: bool) -> list[str]:
    own = urlsplit(base_url).hostname or "localhost"
    # Hosts in the form of a Host header, without the port: an IPv6 address is in brackets.
    further = [PORT.sub("", host.lower()) for host in trusted_hosts(given)]
    hosts = [f"[{own}]" if ":" in own else own, *further]
    return hosts if production else [*hosts, "localhost", "127.0.0.1"]


def _hsts(given: Given, base_url: str) -> str:
    """Return Strict-Transport-Security's value, "" without https; subdomains may lack https, so a setting adds them."""
    seconds = given.number("HSTS_SECONDS", YEAR_SECONDS)
    subdomains = "; includeSubDomains" if given.flag("HSTS_SUBDOMAINS") else ""
    return f"max-age={seconds}{subdomains}" if base_url.startswith("https://") else ""


def _database_url(given: Given, instance: Path) -> str:
    url = str(given.get("DATABASE_URL") or f"sqlite:///{instance / 'forum.sqlite3'}")
    try:
        if make_url(url).drivername not in DATABASES:
            given.refuse("FORUM_DATABASE_URL must begin with sqlite: or postgresql:")
    except ArgumentError:
        given.refuse("FORUM_DATABASE_URL is not a database's address")
    return url


def _limiter_storage(given: Given, instance: Path) -> str:
    address = str(given.get("LIMITER_STORAGE") or f"sqlite:///{instance / 'limits.sqlite3'}")
    if not address.startswith(STORAGES):
        given.refuse(f"FORUM_LIMITER_STORAGE must begin with {', '.join(STORAGES)}")
    elif address.startswith("redis") and not find_spec("redis"):
        given.refuse("FORUM_LIMITER_STORAGE needs the package redis (forum[redis])")
    return address
