"""The register, for the page that tells people about it."""

from flask import Blueprint

from forum.privacy.register import REGISTER, Entry

bp = Blueprint("privacy", __name__)


@bp.app_template_global("field_register")
def field_register() -> tuple[Entry, ...]:
    """Return the entries; a template shows them in the present language."""
    return REGISTER
