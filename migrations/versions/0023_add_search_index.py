"""Add the search's own index of posts and pages: a table of their folded texts, and the database's index of it.

Why: a search read the folded text of every post, and could not say which post answers best. Triggers copy each row of
`search_entries` into `search_index`: an FTS5 table on SQLite, `tsvector` values with a GIN index on PostgreSQL, where
words have the forms of the row's language. Posts are findable at once by their present search text; the worker adds
titles and pages, and what an earlier version that runs beside this one writes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

COPY_POSTS = """
INSERT INTO search_entries (language, post_id, title, lead, body)
SELECT language, post_id, '', '', search_text FROM post_texts
"""
SQLITE = (
    """
    CREATE VIRTUAL TABLE search_index USING fts5(
        title, lead, body, content='search_entries', content_rowid='id', tokenize='unicode61', prefix='2 3'
    )
    """,
    """
    CREATE TRIGGER search_entries_added AFTER INSERT ON search_entries BEGIN
    INSERT INTO search_index(rowid, title, lead, body) VALUES (new.id, new.title, new.lead, new.body); END
    """,
    """
    CREATE TRIGGER search_entries_removed AFTER DELETE ON search_entries BEGIN
    INSERT INTO search_index(search_index, rowid, title, lead, body)
    VALUES ('delete', old.id, old.title, old.lead, old.body); END
    """,
    """
    CREATE TRIGGER search_entries_changed AFTER UPDATE ON search_entries BEGIN
    INSERT INTO search_index(search_index, rowid, title, lead, body)
    VALUES ('delete', old.id, old.title, old.lead, old.body);
    INSERT INTO search_index(rowid, title, lead, body) VALUES (new.id, new.title, new.lead, new.body); END
    """,
)
POSTGRES = (
    """
    CREATE FUNCTION search_config(language text) RETURNS regconfig LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE language WHEN 'sv' THEN 'swedish'::regconfig WHEN 'en' THEN 'english'::regconfig
        WHEN 'da' THEN 'danish'::regconfig WHEN 'fi' THEN 'finnish'::regconfig
        WHEN 'nb' THEN 'norwegian'::regconfig WHEN 'nn' THEN 'norwegian'::regconfig
        ELSE 'simple'::regconfig END $$
    """,
    # Replace signs by blanks: PostgreSQL's parser reads "and/or" as a path and "a.b" as a host. Shorten long texts: a
    # `tsvector` holds a megabyte at most.
    r"""
    CREATE FUNCTION search_plain(said text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT translate(left(said, 200000), '!"#$' || chr(37) || '&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32)) $$
    """,
    """
    CREATE FUNCTION search_words(language text, title text, lead text, body text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE AS $$
    SELECT setweight(to_tsvector(search_config(language), search_plain(title)), 'A')
        || setweight(to_tsvector(search_config(language), search_plain(lead)), 'B')
        || setweight(to_tsvector(search_config(language), search_plain(body)), 'D') $$
    """,
    """
    CREATE TABLE search_index (
        id integer CONSTRAINT pk_search_index PRIMARY KEY
            CONSTRAINT fk_search_index_id_search_entries REFERENCES search_entries (id) ON DELETE CASCADE,
        words tsvector NOT NULL
    )
    """,
    "CREATE INDEX ix_search_index_words ON search_index USING gin (words)",
    """
    CREATE FUNCTION index_search_entry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO search_index (id, words) VALUES (NEW.id, search_words(NEW.language, NEW.title, NEW.lead, NEW.body))
    ON CONFLICT (id) DO UPDATE SET words = EXCLUDED.words;
    RETURN NULL; END $$
    """,
    """
    CREATE TRIGGER search_entries_indexed AFTER INSERT OR UPDATE ON search_entries
    FOR EACH ROW EXECUTE FUNCTION index_search_entry()
    """,
)
NO_POSTGRES = (
    "DROP TRIGGER search_entries_indexed ON search_entries",
    "DROP FUNCTION index_search_entry()",
    "DROP TABLE search_index",
    "DROP FUNCTION search_words(text, text, text, text)",
    "DROP FUNCTION search_plain(text)",
    "DROP FUNCTION search_config(text)",
)
NO_SQLITE = (
    "DROP TRIGGER search_entries_added",
    "DROP TRIGGER search_entries_removed",
    "DROP TRIGGER search_entries_changed",
    "DROP TABLE search_index",
)


def upgrade() -> None:
    op.create_table(
        "search_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=True),
        sa.Column("page_id", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "CASE WHEN post_id IS NULL THEN 0 ELSE 1 END + CASE WHEN page_id IS NULL THEN 0 ELSE 1 END"
            " + CASE WHEN event_id IS NULL THEN 0 ELSE 1 END = 1",
            name=op.f("ck_search_entries_of_one"),
        ),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_search_entries_post_id_posts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["page_id"], ["pages.id"], name=op.f("fk_search_entries_page_id_pages"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_search_entries_event_id_events"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entries")),
        sa.UniqueConstraint("post_id", "language", name=op.f("uq_search_entries_post_id_language")),
        sa.UniqueConstraint("page_id", "language", name=op.f("uq_search_entries_page_id_language")),
        sa.UniqueConstraint("event_id", "language", name=op.f("uq_search_entries_event_id_language")),
    )
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRES:
        op.get_bind().exec_driver_sql(statement)
    op.execute(COPY_POSTS)


def downgrade() -> None:
    for statement in NO_SQLITE if op.get_bind().dialect.name == "sqlite" else NO_POSTGRES:
        op.get_bind().exec_driver_sql(statement)
    op.drop_table("search_entries")
