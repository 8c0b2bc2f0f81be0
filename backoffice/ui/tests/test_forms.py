"""Fields that read strictly, forms that carry a revision, and two people who edit one record."""

from decimal import Decimal

import pytest
from django import forms as django_forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import translation

from backoffice.kernel import audit
from backoffice.kernel.errors import StaleRevision
from backoffice.kernel.text import fold
from backoffice.ui import forms
from backoffice.ui.export import neutralise, restore
from backoffice.ui.screens.conflict import Conflict, resolved


@pytest.mark.parametrize(
    ("language", "text", "number"),
    [("en", "1.5", "1.5"), ("en", "1,234.50", "1234.50"), ("pt-br", "1,5", "1.5"), ("pt-br", "1.234,50", "1234.50")],
)
def test_decimal_field_reads_the_language(language, text, number):
    with translation.override(language):
        assert forms.DecimalField().clean(text) == Decimal(number)


@pytest.mark.parametrize(("language", "text"), [("pt-br", "1.234"), ("en", "1,234"), ("en", "abc"), ("en", "1e5")])
def test_decimal_field_refuses_what_can_be_read_twice(language, text):
    with translation.override(language), pytest.raises(ValidationError):
        forms.DecimalField().clean(text)


@pytest.mark.parametrize("day", ["9999-12-31", "3000-01-01", "0026-11-30"])
def test_a_day_that_no_clock_reaches_is_refused(day):
    for field, text in ((forms.DateField(), day), (forms.DateTimeField(), f"{day}T23:59")):
        with pytest.raises(ValidationError, match="our time"):
            field.clean(text)
        assert field.has_changed(None, text)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        (forms.MoneyFormField(), Decimal("9.50"), "9,50"),
        (forms.PriceFormField(), Decimal("9.5000"), "9,50"),
        (forms.PriceFormField(), Decimal("9.5025"), "9,5025"),
        (forms.QuantityFormField(unit="kg"), Decimal("25.000000"), "25"),
        (forms.QuantityFormField(unit="kg"), Decimal("1234.500000"), "1234,5"),
    ],
)
def test_values_are_shown_as_they_are_typed(field, value, shown):
    with translation.override("pt-br"):
        assert field.prepare_value(value) == shown
        assert field.clean(shown) == value
        assert not field.has_changed(value, shown)


def test_a_form_draws_units_help_and_errors_tied_to_their_field():
    class Feed(forms.Form):
        amount = forms.QuantityFormField(unit="kg", help_text="As weighed.")
        good = django_forms.BooleanField(required=False)
        spans = {"amount": 3}

    html = str(Feed({"amount": "x"}))

    assert '<span>kg</span><input type="text" name="amount" value="x"' in html
    assert 'aria-describedby="id_amount_helptext id_amount_error"' in html
    assert 'id="id_amount_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'href="#id_amount"' in html
    assert "field span-3" in html
    assert 'class="check"' in html


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM", "\tx", "'quoted", "'=x", "plain", ""])
def test_neutralised_text_is_no_formula_and_comes_back(text):
    assert not neutralise(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert restore(neutralise(text)) == text


def test_folding_finds_whatever_accents_and_case():
    assert fold("  Pão  FRANCÊS ") == "pao frances"


# --- with a record that has a revision -------------------------------------------------------------------------------


@pytest.fixture
def product(db):
    unit = apps.get_model("catalog.Unit").objects.order_by("pk").first()
    return apps.get_model("catalog.Product").objects.create(sku="X-1", name="Bread", unit=unit, description="old")


@pytest.fixture
def product_form():
    class ProductForm(forms.ModelForm):
        class Meta:
            model = apps.get_model("catalog.Product")
            fields = ["name", "description", "shelf_life_days", "is_sellable", "tax_rate"]

    return ProductForm


def data_of(form, **changes):
    values = {name: form[name].value() for name in form.fields}
    values = {name: value for name, value in values.items() if value not in (None, False)} | changes
    query = QueryDict(mutable=True)
    query.update(values)
    return query


def test_an_edit_saves_only_what_changed_as_the_next_revision(product, product_form):
    data = data_of(product_form(instance=product), name="Rye")

    form = product_form(data, instance=product)
    form.is_valid()
    saved = form.save()

    saved.refresh_from_db()
    assert (saved.name, saved.revision, saved.history.count()) == ("Rye", 2, 2)


def test_an_edit_that_changes_nothing_writes_nothing(product, product_form):
    form = product_form(data_of(product_form(instance=product)), instance=product)

    assert form.is_valid()
    form.save()
    product.refresh_from_db()

    assert (product.revision, product.history.count()) == (1, 1)


def edited_by_both(product, product_form, mine, theirs):
    """The form of someone who opened the product before somebody else saved other values."""
    mine = data_of(product_form(instance=product), **mine)
    other = type(product).objects.get(pk=product.pk)
    with audit.acting(reason="theirs"):
        form = product_form(data_of(product_form(instance=other), **theirs), instance=other)
        assert form.is_valid(), form.errors
        form.save()
    late = product_form(mine, instance=type(product).objects.get(pk=product.pk))
    assert late.is_valid()
    return late


def test_a_stale_edit_is_refused_and_shows_theirs_and_yours(product, product_form):
    late = edited_by_both(
        product,
        product_form,
        {"name": "Rye", "description": "mine"},
        {"name": "Wheat", "tax_rate": "7"},
    )

    with pytest.raises(StaleRevision):
        late.save()
    conflict = Conflict(type(product).objects.get(pk=product.pk), late)

    assert [(f.name, f.was, f.theirs, f.yours) for f in conflict.clashes] == [("name", "Bread", "Wheat", "Rye")]
    assert {f.name: f.pick for f in conflict.merged} == {"description": "yours", "tax_rate": "theirs"}
    assert conflict.revision == 2


def test_choices_of_a_conflict_are_applied_to_what_is_saved(product, product_form):
    late = edited_by_both(product, product_form, {"name": "Rye", "is_sellable": ""}, {"name": "Wheat", "tax_rate": "7"})
    conflict = Conflict(type(product).objects.get(pk=product.pk), late)

    class Screen:
        object = type(product).objects.get(pk=product.pk)

        def get_form(self):
            return product_form(instance=self.object)

    data = QueryDict(mutable=True)
    for name, value in conflict.hidden():
        data.appendlist(name, value)
    data["revision"] = str(conflict.revision)
    data["keep-name"] = "theirs"
    for field in conflict.merged:
        data[field.option] = field.pick
    form = product_form(resolved(Screen(), data), instance=Screen.object)

    assert form.is_valid(), form.errors
    saved = form.save()
    saved.refresh_from_db()
    assert (saved.name, saved.tax_rate, saved.is_sellable, saved.revision) == ("Wheat", Decimal(7), False, 3)


def test_scanning_selects_by_code_label_or_words(product):
    field = forms.ScanField(type(product).objects.all())

    assert field.clean("x-1") == product
    assert field.clean("X-1 · Bread") == product
    assert field.clean("bread") == product
    assert field.prepare_value(product.pk) == "X-1 · Bread"
    with pytest.raises(ValidationError, match="Nothing here"):
        field.clean("nothing")
    with pytest.raises(ValidationError, match="Null"):
        field.clean("bre\0ad")


def test_scanning_two_matches_asks_for_more(product):
    type(product).objects.create(sku="X-2", name="Bread roll", unit=product.unit)

    with pytest.raises(ValidationError, match="2 entries match"):
        forms.ScanField(type(product).objects.all()).clean("brea")
