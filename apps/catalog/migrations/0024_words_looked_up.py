"""The words of products are looked up by their beginnings on PostgreSQL as well, by an index that needs no extension,
and all words there are can be read on both: `catalog_word`, to find the one that was meant when one is mistyped.

Of each product PostgreSQL keeps the words when it is written; a word that no product has any more stays there until all
are learnt anew (`models.vocabulary.relearn`). SQLite reads them out of the index that it has.
"""

from django.db import migrations

# What stands between words. Written out, because what is a letter depends on the language of a PostgreSQL database.
SEPARATORS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«»“”‘’„–—·•×°¿¡®©"


def apart(column):
    """SQL for the words of a text."""
    between = SEPARATORS.replace("'", "''")
    return f"string_to_array(translate({column}, '{between}', '{' ' * len(SEPARATORS)}'), ' ')"


def learn(rows):
    """SQL that writes down the words of these rows. No two who write the same new word wait for each other: it may stand
    there twice."""
    return f"""
    INSERT INTO catalog_word (term) SELECT DISTINCT word FROM {rows}, unnest({apart("search_text")}) AS word
    WHERE length(word) BETWEEN 3 AND 40 AND word !~ '[0-9]'
        AND NOT EXISTS (SELECT 1 FROM catalog_word WHERE term = word)
    """


WORDS = f"""
CREATE FUNCTION catalog_words(said text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10000
AS $$ BEGIN RETURN array_to_tsvector(array_remove({apart("said")}, '')); END $$
"""  # its price keeps the planner from working it out row by row
# New rows wait in a short list that every search reads.
INDEX = """
CREATE INDEX product_by_words ON catalog_product USING gin (catalog_words(search_text))
WITH (gin_pending_list_limit = 256)
"""
TABLE = (
    "CREATE TABLE catalog_word (term text NOT NULL)",
    "CREATE INDEX catalog_word_by_term ON catalog_word (term)",
    "COMMENT ON TABLE catalog_word IS 'derived'",  # no backup has it
)
LEARNING = (
    f"""
    CREATE FUNCTION catalog_learn_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {learn("fresh")}; RETURN NULL; END $$
    """,
    """
    CREATE TRIGGER catalog_product_words_insert AFTER INSERT ON catalog_product
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION catalog_learn_words()
    """,
    f"""
    CREATE FUNCTION catalog_learn_new_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {learn("(SELECT NEW.search_text) AS fresh")}; RETURN NULL; END $$
    """,
    """
    CREATE TRIGGER catalog_product_words_update AFTER UPDATE OF search_text ON catalog_product
    FOR EACH ROW WHEN (OLD.search_text IS DISTINCT FROM NEW.search_text) EXECUTE FUNCTION catalog_learn_new_words()
    """,
)
POSTGRESQL = (
    "DROP INDEX IF EXISTS product_by_trigrams", WORDS, INDEX, *TABLE, *LEARNING, learn("catalog_product")
)  # fmt: skip
SQLITE = "CREATE VIRTUAL TABLE catalog_word USING fts5vocab(catalog_product_words, 'row')"
BACK = (
    "DROP TRIGGER catalog_product_words_update ON catalog_product",
    "DROP TRIGGER catalog_product_words_insert ON catalog_product",
    "DROP FUNCTION catalog_learn_new_words()",
    "DROP FUNCTION catalog_learn_words()",
    "DROP TABLE catalog_word",
    "DROP INDEX product_by_words",
    "DROP FUNCTION catalog_words(text)",
)


def add(apps, schema_editor):
    statements = POSTGRESQL if schema_editor.connection.vendor == "postgresql" else (SQLITE,)
    for statement in statements:
        schema_editor.execute(statement, params=None)


def remove(apps, schema_editor):
    statements = BACK if schema_editor.connection.vendor == "postgresql" else ("DROP TABLE catalog_word",)
    for statement in statements:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0023_products_by_price_and_by_change")]

    operations = [migrations.RunPython(add, remove)]
