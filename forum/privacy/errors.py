"""Errors that say why a request about personal data is not decided."""


class NotOpen(Exception):
    """The request is decided already, or was withdrawn."""
