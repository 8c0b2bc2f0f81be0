"""PostgreSQL tells the words of most texts apart by the few signs they have between them, and goes through the whole
list of separators only for texts with others: that list cost six times as much as all the rest of the index, twice for
every product that an import writes. What comes out is the same, so the index stays as it is.

Words are learnt of all changed rows of a statement at once, as they are of new ones, and each word is looked for once.
"""

from django.db import migrations

SEPARATORS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«»“”‘’„–—·•×°¿¡®©"
USUAL = "-,.()/"


def without(separators):
    """SQL for the text with blanks instead of these."""
    between = separators.replace("'", "''")
    return f"translate(said, '{between}', '{' ' * len(separators)}')"


def learn(rows):
    """SQL that writes down the words of these rows. No two who write the same new word wait for each other: it may
    stand there twice."""
    return f"""
    INSERT INTO catalog_word (term) SELECT word
    FROM (SELECT DISTINCT unnest(tsvector_to_array(catalog_words(search_text))) AS word FROM {rows} OFFSET 0) AS said
    WHERE length(word) BETWEEN 3 AND 40 AND word !~ '[0-9]'
        AND NOT EXISTS (SELECT 1 FROM catalog_word WHERE term = word)
    """  # noqa: S608 - our own words


# It calls nothing of ours: an index is built, and restored, where only the database's own functions are in sight.
WORDS = f"""
CREATE OR REPLACE FUNCTION catalog_words(said text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 10000 AS $$
DECLARE spoken text := {without(USUAL)};
BEGIN
    IF spoken ~ '[^a-z0-9 ]' THEN spoken := {without(SEPARATORS)}; END IF;
    RETURN array_to_tsvector(array_remove(string_to_array(spoken, ' '), ''));
END $$
"""
CHANGED = "(SELECT search_text FROM fresh EXCEPT SELECT search_text FROM stale) AS changed"
LEARNING = (
    f"""
    CREATE OR REPLACE FUNCTION catalog_learn_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {learn("fresh")}; RETURN NULL; END $$
    """,
    "DROP TRIGGER catalog_product_words_update ON catalog_product",
    f"""
    CREATE OR REPLACE FUNCTION catalog_learn_new_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {learn(CHANGED)}; RETURN NULL; END $$
    """,
    """
    CREATE TRIGGER catalog_product_words_update AFTER UPDATE ON catalog_product
    REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION catalog_learn_new_words()
    """,
)
# The functions as they are do for both; only the trigger called this one for each row.
BACK = (
    "DROP TRIGGER catalog_product_words_update ON catalog_product",
    f"""
    CREATE OR REPLACE FUNCTION catalog_learn_new_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {learn("(SELECT NEW.search_text) AS changed")}; RETURN NULL; END $$
    """,
    """
    CREATE TRIGGER catalog_product_words_update AFTER UPDATE OF search_text ON catalog_product
    FOR EACH ROW WHEN (OLD.search_text IS DISTINCT FROM NEW.search_text) EXECUTE FUNCTION catalog_learn_new_words()
    """,
)


def run(*statements):
    def change(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement, params=None)

    return change


class Migration(migrations.Migration):
    dependencies = [("catalog", "0024_words_looked_up")]

    operations = [migrations.RunPython(run(WORDS, *LEARNING), run(*BACK))]
