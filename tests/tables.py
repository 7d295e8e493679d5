"""Reading the lists of the console's pages."""

from tools.pages import Page


def rows(page: Page) -> list[list[str]]:
    """The words of each row of the page's first table."""
    table = page.soup.select_one("main table")
    return [
        [" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])]
        for row in (table.select("tbody tr") if table else [])
    ]


def names(page: Page) -> list[str]:
    """The first cell of each row."""
    return [row[0] for row in rows(page)]
