"""The reference for pages: a minimal Flask app."""

from flask import Flask

app = Flask(__name__)
BODY = "x" * 4000


@app.get("/")
def index() -> str:
    """Return a constant."""
    return BODY
