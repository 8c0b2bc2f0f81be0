"""Alerts: what crossed a line, who has seen it, and who is told."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django import forms as django_forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.inventory.alert_tables import TONES, AlertTable, is_unseen
from apps.inventory.filters import AlertFilter
from apps.inventory.models import AlertChoice, StockAlert
from apps.inventory.selectors import alerts as reads
from apps.inventory.selectors.stock import PAGE
from apps.inventory.services import alerts
from backoffice.kernel import clock
from backoffice.ui import dashboard
from backoffice.ui.actions import Action
from backoffice.ui.forms import Form
from backoffice.ui.permissions import may, requires
from backoffice.ui.screens import ActionScreen, Badge, BulkAction, DetailScreen, Empty, Fact, ListScreen, SavedView
from backoffice.ui.templatetags.ui import ago, since

ROWS = 6


class NoteForm(Form):
    note = django_forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("What is done about it. Whoever looks next sees it."),
    )


class AlertList(ListScreen):
    """What is crossed now; one tab shows what was."""

    model = StockAlert
    permission = "inventory.view_stockalert"
    icon = "bell"
    table_class = AlertTable
    filter_class = AlertFilter
    search_label = gettext_lazy("Product or lot code")
    empty = Empty(
        gettext_lazy("Nothing needs a look"),
        gettext_lazy("What falls below its minimum, expires, sells below cost or is waited for stands here."),
    )
    saved_views = [
        SavedView("new", gettext_lazy("Not seen"), lambda rows: rows.filter(acknowledged_at=None)),
        SavedView("seen", gettext_lazy("Seen"), lambda rows: rows.exclude(acknowledged_at=None)),
        SavedView("over", gettext_lazy("Over"), lambda rows: _alerts().exclude(resolved_at=None), count=False),
    ]
    actions = [
        Action(
            gettext_lazy("What I am told"),
            "inventory:alert_choices",
            "inventory.view_stockalert",
            icon="mail",
        )
    ]
    bulk_actions = [
        BulkAction(
            "acknowledge",
            gettext_lazy("Seen"),
            "inventory.acknowledge_stockalert",
            alerts.acknowledge,
            form_class=NoteForm,
            icon="check",
        )
    ]

    kept = True

    def get_queryset(self) -> QuerySet[StockAlert]:
        return _alerts().open()

    def rows_of(self, keys: Sequence[Any]) -> list[StockAlert]:
        return reads.as_now(_alerts().filter(pk__in=keys))

    def streamed(self, rows: QuerySet[Any]) -> Iterator[Any]:
        """A file says what the list says: the figures of this moment."""
        all_of_them = super().streamed(rows)
        while some := list(islice(all_of_them, PAGE)):
            yield from reads.as_now(some)


def _alerts() -> Any:
    return reads.shown(StockAlert.objects.all())


class AlertDetail(DetailScreen):
    """One crossing: its figures, who saw it, and the other times."""

    model = StockAlert
    permission = "inventory.view_stockalert"
    template_name = "inventory/alert_detail.html"
    list_url = "inventory:alert_list"
    icon = "bell"
    actions = [
        Action(
            gettext_lazy("Seen"),
            "inventory:alert_acknowledge",
            "inventory.acknowledge_stockalert",
            icon="check",
            primary=True,
            when=is_unseen,
        ),
        Action(
            gettext_lazy("What to buy"),
            "inventory:purchase_suggestions",
            "inventory.view_purchaseorder",
            icon="lightbulb",
            dialog=False,
            when=lambda alert: alert.kind == StockAlert.Kind.LOW and alert.resolved_at is None,
            args=lambda _alert: (),
        ),
    ]

    def get_queryset(self) -> QuerySet[StockAlert]:
        return _alerts()

    @cached_property
    def object(self) -> StockAlert:
        return reads.as_now([super().object])[0]

    def badge(self) -> Badge:
        alert = self.object
        if alert.state == "over":
            return Badge(_("over"), "ok")
        return Badge(_("seen"), "info") if alert.state == "seen" else Badge(_("not seen"), TONES[alert.kind])

    def thumb(self) -> tuple[str, str]:
        return self.object.product.shown_icon, self.object.product.hue

    def meta(self) -> list[Any]:
        alert = self.object
        return [format_html('<a href="{}">{}</a>', alert.cause_url, alert.lot or alert.product.sku), alert.says]

    def facts(self) -> list[Fact]:
        alert = self.object
        found = [
            Fact(_("Raised"), ago(alert.raised_at)),
            Fact(_("Over"), ago(alert.resolved_at) if alert.resolved_at else "–"),
            Fact(_("Product"), alert.product.name, reverse("inventory:product_card", args=[alert.product_id])),
        ]
        if alert.acknowledged_at:
            found.append(
                Fact(
                    _("Seen by"),
                    _("%(who)s, %(when)s")
                    % {
                        "who": alert.acknowledged_by or _("somebody"),
                        "when": date_format(clock.local(alert.acknowledged_at), "SHORT_DATETIME_FORMAT"),
                    },
                )
            )
            found.append(Fact(_("Note"), alert.note or "–"))
        return found

    def get_context(self, **more: Any) -> dict[str, Any]:
        told = self.object.notices.select_related("user").order_by("sent_at", "pk")
        return super().get_context(
            alert=self.object, earlier=reads.earlier(self.object)[:50], told=told, tones=TONES, **more
        )


class AlertAcknowledge(ActionScreen):
    """Somebody has seen it."""

    model = StockAlert
    permission = "inventory.acknowledge_stockalert"
    form_class = NoteForm
    submit_label = gettext_lazy("Seen")
    list_url = "inventory:alert_list"

    def get_queryset(self) -> QuerySet[StockAlert]:
        return _alerts()

    @cached_property
    def object(self) -> StockAlert:
        return reads.as_now([super().object])[0]

    def get_title(self) -> str:
        return str(self.object)

    def intro(self) -> str:
        return self.object.says

    def perform(self, form: Any) -> Any:
        return alerts.acknowledge(self.object, note=form.cleaned_data["note"])

    def success(self, result: Any) -> str:
        return _("Noted: you have seen it.")

    def success_url(self, result: Any) -> str:
        return reverse("inventory:alert_list")


class ChoicesForm(Form):
    kinds = django_forms.MultipleChoiceField(
        label=gettext_lazy("Write to me about"),
        choices=StockAlert.Kind.choices,
        widget=django_forms.CheckboxSelectMultiple,
        required=False,
    )


class AlertChoices(ActionScreen):
    """Of which alerts one gets an e-mail."""

    permission = "inventory.view_stockalert"
    form_class = ChoicesForm
    title = gettext_lazy("What I am told")
    submit_label = gettext_lazy("Save")
    list_url = "inventory:alert_list"
    list_title = gettext_lazy("Alerts")

    def initial(self) -> dict[str, Any]:
        return {"kinds": list(AlertChoice.objects.filter(user=self.request.user.pk).values_list("kind", flat=True))}

    def intro(self) -> str:
        address = getattr(self.request.user, "email", "")
        if not address:
            return _("You have no e-mail address here yet: write it into your profile, or ask an owner to.")
        return _("By e-mail to %(address)s, what comes together in one letter, once each time a line is crossed.") % {
            "address": address
        }

    def perform(self, form: Any) -> Any:
        return alerts.choose(self.request.user, form.cleaned_data["kinds"])

    def success_url(self, result: Any) -> str:
        return reverse("inventory:alert_list")


@requires("inventory.view_stockalert")
def home(request: HttpRequest) -> HttpResponse:
    """The newest that nobody has seen."""
    found = reads.shown(StockAlert.objects.unseen()).order_by("-raised_at", "-pk")
    may_see = may(request.user, "inventory.acknowledge_stockalert")
    rows = [
        dashboard.Row(
            alert.product.name,
            alert.get_absolute_url(),
            meta=alert.says,
            value=alert.get_kind_display(),
            when=since(alert.raised_at),
            tone=TONES[alert.kind],
            thumb=(alert.product.shown_icon, alert.product.hue),
            action=dashboard.RowAction(
                _("Seen"), reverse("inventory:alert_acknowledge", args=[alert.pk]), post=False, dialog=True
            )
            if may_see
            else None,
        )
        for alert in reads.as_now(found[:ROWS])
    ]
    count = StockAlert.objects.unseen().count()
    return dashboard.render_worklist(
        request,
        dashboard.Worklist(
            id="part-alerts",
            title=_("Alerts"),
            rows=rows,
            count=count,
            tone="bad",
            url=reverse("inventory:alert_list") + "?view=new",
            link=_("All %s") % count,
            empty=_("Nothing needs a look."),
            refresh="inventory-stockalert",
            self_url=reverse("inventory:home_alerts"),
        ),
    )
