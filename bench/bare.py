"""A minimal Flask app, with which the forum's pages are compared."""

from flask import Flask

app = Flask(__name__)
BODY = "x" * 4000


@app.get("/")
def index() -> str:
    """Return a constant text."""
    return BODY
