"""The forum's version, and where its files lie: beside the package in a checkout, inside it when installed."""

from importlib.metadata import version
from pathlib import Path

VERSION = version("forum")
PACKAGE = Path(__file__).resolve().parent.parent
# True when the forum was installed from the wheel, false in a checkout.
IS_INSTALLED = (PACKAGE / "project").is_dir()
PROJECT = PACKAGE / "project" if IS_INSTALLED else PACKAGE.parent
DEFAULT_INSTANCE = (Path.cwd() if IS_INSTALLED else PROJECT) / "instance"
