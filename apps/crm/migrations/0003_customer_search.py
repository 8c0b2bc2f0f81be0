"""Customers are found by any three signs of their search text: full-text trigrams on SQLite, and on
PostgreSQL an index over a function, which needs no extension."""

import sqlite3

from django.db import migrations

OLDEST_WITH_TRIGRAMS = (3, 34)
SQLITE = (
    """
    CREATE VIRTUAL TABLE crm_customer_trigrams USING fts5(
        search_text, content='crm_customer', content_rowid='id', tokenize='trigram'
    )
    """,
    "INSERT INTO crm_customer_trigrams(crm_customer_trigrams) VALUES ('rebuild')",
    """
    CREATE TRIGGER crm_customer_trigrams_insert AFTER INSERT ON crm_customer BEGIN
        INSERT INTO crm_customer_trigrams(rowid, search_text) VALUES (NEW.id, NEW.search_text);
    END
    """,
    """
    CREATE TRIGGER crm_customer_trigrams_delete AFTER DELETE ON crm_customer BEGIN
        INSERT INTO crm_customer_trigrams(crm_customer_trigrams, rowid, search_text)
        VALUES ('delete', OLD.id, OLD.search_text);
    END
    """,
    """
    CREATE TRIGGER crm_customer_trigrams_update AFTER UPDATE OF search_text ON crm_customer
    WHEN OLD.search_text <> NEW.search_text BEGIN
        INSERT INTO crm_customer_trigrams(crm_customer_trigrams, rowid, search_text)
        VALUES ('delete', OLD.id, OLD.search_text);
        INSERT INTO crm_customer_trigrams(rowid, search_text) VALUES (NEW.id, NEW.search_text);
    END
    """,
)
# Its price keeps the planner from computing it row by row.
FUNCTION = """
CREATE FUNCTION crm_trigrams(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
    SELECT coalesce(array_agg(DISTINCT substr(words, place, 3)), '{}') FROM generate_series(1, length(words) - 2) AS place
$$
"""
INDEX = "CREATE INDEX crm_customer_by_trigrams ON crm_customer USING gin (crm_trigrams(search_text))"


def add(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        statements = (FUNCTION, INDEX)
    else:
        statements = SQLITE if sqlite3.sqlite_version_info >= OLDEST_WITH_TRIGRAMS else ()
    for statement in statements:
        schema_editor.execute(statement, params=None)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS crm_customer_by_trigrams")
        schema_editor.execute("DROP FUNCTION IF EXISTS crm_trigrams(text)")
        return
    for event in ("insert", "update", "delete"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS crm_customer_trigrams_{event}", params=None)
    schema_editor.execute("DROP TABLE IF EXISTS crm_customer_trigrams", params=None)


class Migration(migrations.Migration):
    dependencies = [("crm", "0002_append_only")]

    operations = [migrations.RunPython(add, remove)]
