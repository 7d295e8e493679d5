"""Exporting the content of the database as the texts of files."""

from forum.content import documents, stored
from forum.content.site import Site


def export_files() -> dict[str, str]:
    """Return the text of each file by its path. Raises BadFile for content that no file can hold."""
    return texts_of(stored.read())


def texts_of(site: Site) -> dict[str, str]:
    """Return the content as the texts of files."""
    return {
        file: documents.write_toml(document) if file.endswith(".toml") else documents.write_markdown(document)
        for file, document in site.files().items()
    }
