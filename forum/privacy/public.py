"""The register of personal data for the privacy notice."""

from flask import Blueprint

from forum.privacy.entries import Entry
from forum.privacy.register import REGISTER

bp = Blueprint("privacy", __name__)


@bp.app_template_global("field_register")
def field_register() -> tuple[Entry, ...]:
    """Return the register's entries; their texts are translated when a template shows them."""
    return REGISTER
