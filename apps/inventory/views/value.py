"""What the stock was worth on a day; and the stock room's rules: tolerance, expiry, closed periods."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django import forms as django_forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from apps.inventory.models import Location, StockPolicy
from apps.inventory.selectors import valuation
from apps.inventory.services import periods, policy
from backoffice.company import current as current_company
from backoffice.kernel import clock
from backoffice.kernel.money import format_money
from backoffice.ui import htmx
from backoffice.ui.export import csv_response
from backoffice.ui.forms import DateField, Form, ModelForm, reason_field
from backoffice.ui.permissions import requires
from backoffice.ui.screens import ActionScreen, EditScreen, Figure, HistoryScreen

FIRST_DAY = date(2000, 1, 1)


@requires("inventory.view_stockbalance")
def value(request: HttpRequest) -> Any:
    """The value of the stock at the end of a day, by place and category; `?export=csv` by product."""
    today = clock.today()
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = today
    asked, day = day, min(max(day, FIRST_DAY), today)
    if request.GET.get("export") == "csv":
        return _file(day)
    found = valuation.at(day)
    closed = policy.closed_through()
    context = {
        "title": _("Stock value"),
        "breadcrumbs": [(_("Stock value"), "")],
        "valuation": found,
        "totals": list(zip(found.places, found.totals, strict=True)),
        "day": day,
        "to_come": date_format(asked, "SHORT_DATE_FORMAT") if asked > today else "",
        "today": today,
        "closed": closed,
        "figures": [
            Figure(_("Worth"), format_money(found.total, current_company().currency), on=True),
            Figure(_("Day"), date_format(day, "SHORT_DATE_FORMAT")),
            Figure(
                _("Book closed through"),
                date_format(closed, "SHORT_DATE_FORMAT") if closed else "–",
                note=_("final") if closed and day <= closed else "",
            ),
        ],
    }
    return htmx.render(request, "inventory/value.html", context)


def _file(day: date) -> Any:
    found = valuation.values(day)
    products = Product.objects.select_related("category").in_bulk({product_id for product_id, _place in found})
    places = Location.objects.in_bulk({place for _product, place in found})

    def rows() -> Iterator[list[Any]]:
        for (product_id, place), worth in sorted(found.items()):
            product = products[product_id]
            category = product.category.name if product.category else ""
            yield [day, places[place].name, category, product.sku, product.name, worth]

    header = [_("Day"), _("Place"), _("Category"), _("SKU"), _("Product"), _("Value")]
    return csv_response(f"stock-value-{day}", header, rows())


class PolicyForm(ModelForm):
    class Meta:
        model = StockPolicy
        fields = ["count_tolerance", "expiry_days", "lot_pattern", "waste_reasons"]
        widgets = {"waste_reasons": django_forms.Textarea(attrs={"rows": 5})}


class CloseForm(Form):
    closed_through = DateField(label=gettext_lazy("Close through"))
    reason = reason_field(required=False)


class ReopenForm(Form):
    closed_through = DateField(
        label=gettext_lazy("Stay closed through"), required=False, help_text=gettext_lazy("Blank: open everything.")
    )
    reason = reason_field()
    seen = DateField(required=False, widget=django_forms.HiddenInput)


class PolicyEdit(EditScreen):
    """The tolerance of counts, and how long before expiry an alert says so."""

    model = StockPolicy
    permission = "inventory.change_stockpolicy"
    form_class = PolicyForm
    title = gettext_lazy("Stock rules")
    list_url = "inventory:stock_value"
    list_title = gettext_lazy("Stock value")

    @cached_property
    def object(self) -> StockPolicy:
        return policy.current()

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(self.list_title, self.cancel_url())]

    def perform(self, form: Any) -> Any:
        data = form.cleaned_data
        return policy.update(
            count_tolerance=data["count_tolerance"],
            expiry_days=data["expiry_days"],
            lot_pattern=data["lot_pattern"],
            waste_reasons=data["waste_reasons"],
            revision=data["revision"],
        )


class PolicyHistory(HistoryScreen):
    """Who closed and opened the book, and changed the rules."""

    model = StockPolicy
    permission = "inventory.close_period"
    list_url = "inventory:stock_value"
    list_title = gettext_lazy("Stock value")
    reasons_count = True

    @cached_property
    def object(self) -> StockPolicy:
        return policy.current()

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(self.list_title, reverse(self.list_url))]


class PeriodAction(ActionScreen):
    """Something done with the book's closed days."""

    permission = "inventory.close_period"
    danger = True
    leave = True
    list_url = "inventory:stock_value"
    list_title = gettext_lazy("Stock value")

    def intro(self) -> str:
        row = policy.current()
        if row.closed_through is None:
            return _("Every day is open.")
        day = date_format(row.closed_through, "SHORT_DATE_FORMAT")
        if who := periods.closed_by(row):
            return _("The book is closed through %(day)s, by %(who)s.") % {"day": day, "who": who}
        return _("The book is closed through %(day)s.") % {"day": day}

    def success_url(self, result: Any) -> str:
        return self.cancel_url()


class PeriodClose(PeriodAction):
    """Nothing more is posted up to a day."""

    form_class = CloseForm
    title = gettext_lazy("Close a period")
    submit_label = gettext_lazy("Close")

    def intro(self) -> str:
        text = _("Nothing is posted on those days any more; corrections are posted on the day they are made.")
        return f"{super().intro()} {text}"

    def perform(self, form: Any) -> Any:
        return periods.close(form.cleaned_data["closed_through"], reason=form.cleaned_data["reason"])

    def success(self, result: Any) -> str:
        day = date_format(result.closed_through, "SHORT_DATE_FORMAT")
        return _("The book is closed through %(day)s.") % {"day": day}


class PeriodReopen(PeriodAction):
    """Open days again."""

    form_class = ReopenForm
    title = gettext_lazy("Open a period again")
    submit_label = gettext_lazy("Open again")

    def intro(self) -> str:
        return f"{super().intro()} {_('Who closed and opened it stays in the history.')}"

    def initial(self) -> dict[str, Any]:
        day = policy.closed_through()
        return {"seen": day.isoformat() if day else ""}

    def show(self, form: Any, status: int = 200, **more: Any) -> HttpResponse:
        if form.is_bound:  # who was refused has been told what is closed by now
            form.data = {**form.data.dict(), **self.initial()}
        return super().show(form, status, **more)

    def perform(self, form: Any) -> Any:
        data = form.cleaned_data
        return periods.reopen(after=data["closed_through"], reason=data["reason"], seen=data["seen"])

    def success(self, result: Any) -> str:
        return _("The period is open again.")
