"""Settings that are secrets, with a value for each: none may be seen in a page, a file, a log or a command's output.

make_app(url, **GIVEN)      secrets_of(app)     {"MAIL_PASSWORD": "a text that is nowhere else", "DATA_KEYS care": …}
"""

import base64
import re

from flask import Flask
from sqlalchemy.engine import make_url

GIVEN = {
    "SECRET_KEY_FALLBACKS": "an-earlier-secret-of-the-forum-0123456789",
    "MAIL_USERNAME": "the-account-at-the-mail-server",
    "MAIL_PASSWORD": "the-password-at-the-mail-server",
    "S3_ACCESS_KEY": "the-key-of-the-storage",
    "S3_SECRET": "the-secret-of-the-storage",
}
NAMED_LIKE_SECRETS = re.compile(r"KEY|SECRET|PASSWORD|USERNAME|TOKEN|CREDENTIAL|S3|DKIM")
# The settings that `secrets_of` reads; and those that are named like secrets but hold none: paths, and the key that
# signs mail, which is read from a file (`settings.dkim`).
READ = {"SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATA_KEYS", "MAIL_USERNAME", "MAIL_PASSWORD", "S3"}
NO_SECRETS = {"SECRET_FILES", "DKIM"}


def secrets_of(app: Flask) -> dict[str, str]:
    """Return the secrets of an app's settings by name."""
    config, key = app.config, base64.b64encode
    parts = {
        "SECRET_KEY": config["SECRET_KEY"],
        "MAIL_USERNAME": config["MAIL_USERNAME"],
        "MAIL_PASSWORD": config["MAIL_PASSWORD"],
        "DATABASE_URL": make_url(config["SQLALCHEMY_DATABASE_URI"]).password,
        **{f"SECRET_KEY_FALLBACKS {at}": key for at, key in enumerate(config["SECRET_KEY_FALLBACKS"])},
        **{
            f"DATA_KEYS {purpose} {at}": key(data).decode()
            for purpose, keys in config["DATA_KEYS"].items()
            for at, data in enumerate(keys)
        },
        **{f"S3 {name}": config["S3"][name] for name in ("access_key", "secret")},
    }
    return {name: secret for name, secret in parts.items() if secret}


def shown_in(app: Flask, text: str) -> list[str]:
    """Return the names of the secrets that a text holds."""
    return [name for name, secret in secrets_of(app).items() if secret in text]
