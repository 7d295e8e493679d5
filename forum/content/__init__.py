"""The site's content as a folder of files: event.toml, pages and posts as Markdown, categories and hashtags."""
