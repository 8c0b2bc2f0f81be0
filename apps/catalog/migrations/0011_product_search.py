"""An index for words: a full-text table on SQLite, trigrams on PostgreSQL where that extension can be had."""

from django.db import migrations

SQLITE = (
    """
    CREATE VIRTUAL TABLE catalog_product_words USING fts5(
        search_text, content='catalog_product', content_rowid='id', tokenize='unicode61', prefix='2 3'
    )
    """,
    "INSERT INTO catalog_product_words(catalog_product_words) VALUES ('rebuild')",
    """
    CREATE TRIGGER catalog_product_words_insert AFTER INSERT ON catalog_product BEGIN
        INSERT INTO catalog_product_words(rowid, search_text) VALUES (NEW.id, NEW.search_text);
    END
    """,
    """
    CREATE TRIGGER catalog_product_words_delete AFTER DELETE ON catalog_product BEGIN
        INSERT INTO catalog_product_words(catalog_product_words, rowid, search_text)
        VALUES ('delete', OLD.id, OLD.search_text);
    END
    """,
    """
    CREATE TRIGGER catalog_product_words_update AFTER UPDATE OF search_text ON catalog_product
    WHEN OLD.search_text <> NEW.search_text BEGIN
        INSERT INTO catalog_product_words(catalog_product_words, rowid, search_text)
        VALUES ('delete', OLD.id, OLD.search_text);
        INSERT INTO catalog_product_words(rowid, search_text) VALUES (NEW.id, NEW.search_text);
    END
    """,
)
TRIGRAMS = "CREATE INDEX product_by_trigrams ON catalog_product USING gin (search_text gin_trgm_ops)"


def add(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        for statement in SQLITE:
            schema_editor.execute(statement, params=None)
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
        if cursor.fetchone() is None:
            return
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    schema_editor.execute(TRIGRAMS)


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS product_by_trigrams")
        return
    for event in ("insert", "update", "delete"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS catalog_product_words_{event}", params=None)
    schema_editor.execute("DROP TABLE IF EXISTS catalog_product_words", params=None)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0010_media")]

    operations = [migrations.RunPython(add, remove)]
