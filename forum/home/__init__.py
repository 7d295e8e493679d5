"""The front page: composes events, news and registration."""
