"""Products are found by the names of the choices that they have, no longer by the codes of these."""

from django.db import migrations

from backoffice.kernel.text import fold


def words_of(product, choices):
    words = [product.sku, product.name, product.barcode]
    for code, value in product.attributes.items():
        known = choices.get(code, {})
        values = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        words += [known.get(one, one) for one in values]
    return fold(" ".join(words))[:500]


def by_name(apps, schema_editor):
    attributes = apps.get_model("catalog", "Attribute").objects.filter(type__in=["select", "multiselect"])
    choices = {row.code: {option["code"]: option["name"] for option in row.options} for row in attributes}
    if not choices:
        return
    Product = apps.get_model("catalog", "Product")
    changed = []
    for product in Product.objects.exclude(attributes={}).order_by("pk").iterator(chunk_size=1000):
        found = words_of(product, choices)
        if found != product.search_text:
            product.search_text = found
            changed.append(product)
    Product.objects.bulk_update(changed, ["search_text"], batch_size=200)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0014_counted_by_facet")]

    operations = [migrations.RunPython(by_name, migrations.RunPython.noop)]
