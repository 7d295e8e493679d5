"""Minimal Flask apps, with which the forum's pages are compared."""

from flask import Flask, render_template_string
from sqlalchemy import Engine, text

app = Flask(__name__)
BODY = "x" * 4000


@app.get("/")
def index() -> str:
    """Return a constant text."""
    return BODY


COLUMNS = (
    "reference, family_name, given_name, organisation, title, email, country, language, status, requested_at"
)
ROWS = text(f"SELECT {COLUMNS} FROM registrations ORDER BY id DESC LIMIT 50")
TABLE = """<!doctype html>
<table>
{%- for row in rows %}
<tr>{% for value in row %}<td>{{ value }}</td>{% endfor %}</tr>
{%- endfor %}
</table>
"""


def list_app(engine: Engine) -> Flask:
    """Return an app whose only page has the newest 50 registrations in a table, read by one statement."""
    listing = Flask(__name__)

    @listing.get("/")
    def rows() -> str:
        with engine.connect() as connection:
            return render_template_string(TABLE, rows=connection.execute(ROWS).all())

    return listing
