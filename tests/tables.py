"""Reads the tables on pages of the console."""

from tools.pages import Page


def rows(page: Page) -> list[list[str]]:
    """Return the texts of each row of the page's first table."""
    table = page.soup.select_one("main table")
    return [
        [
            " ".join(cell.get_text(" ").split())
            for cell in row.select("th, td:not(.person-choice, .person-menu)")
        ]
        for row in (table.select("tbody tr") if table else [])
    ]


def names(page: Page) -> list[str]:
    """Return the text of the first cell of each row of the page's first table."""
    return [row[0] for row in rows(page)]
