"""The front page, which puts events, news and registration together, and the layout of public pages."""
