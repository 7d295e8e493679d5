"""Singular and plural in the English sentences of commands and checks."""


def counted(number: int, one: str, more: str) -> str:
    """Return the number with the singular or plural: `counted(2, "mail is", "mails are")` is "2 mails are"."""
    return f"{number} {one if number == 1 else more}"
