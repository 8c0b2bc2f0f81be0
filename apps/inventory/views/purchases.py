"""Purchase orders: the list, the page, sending, and what is done with a whole order."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.inventory.forms import ReasonForm
from apps.inventory.models import PurchaseLine, PurchaseOrder
from apps.inventory.purchase_forms import PurchaseEditForm, PurchaseForm, SendForm
from apps.inventory.purchase_tables import TONES, PurchaseFilter, PurchaseTable
from apps.inventory.selectors import locations as places
from apps.inventory.selectors import purchasing as reads
from apps.inventory.services import purchase_jobs, purchasing
from backoffice.company import current as current_company
from backoffice.kernel import clock, money
from backoffice.kernel.money import format_money
from backoffice.outbox.models import Directive
from backoffice.ui.actions import Action
from backoffice.ui.permissions import requires
from backoffice.ui.screens import (
    ActionScreen,
    Badge,
    CreateScreen,
    DetailScreen,
    EditScreen,
    Empty,
    Figure,
    HistoryScreen,
    ListScreen,
    SavedView,
)

CHANGED = ("inventory-purchaseorder", "inventory-stock")
DRAFT = PurchaseOrder.Status.DRAFT
UNSENT = (Directive.Status.FAILED, Directive.Status.DEAD, Directive.Status.PARKED, Directive.Status.CANCELLED)


class PurchaseList(ListScreen):
    """Orders to suppliers."""

    model = PurchaseOrder
    permission = "inventory.view_purchaseorder"
    icon = "shopping-cart"
    title = gettext_lazy("Purchases")
    table_class = PurchaseTable
    filter_class = PurchaseFilter
    search_label = gettext_lazy("Number, supplier or note")
    create = Action(gettext_lazy("New order"), "inventory:purchase_create", "inventory.add_purchaseorder", icon="plus")
    actions = [
        Action(
            gettext_lazy("Suggestions"),
            "inventory:purchase_suggestions",
            "inventory.view_purchaseorder",
            icon="lightbulb",
            dialog=False,
        )
    ]
    empty = Empty(
        gettext_lazy("Nothing was ordered yet"), gettext_lazy("Suggestions know what falls below its minimum.")
    )
    saved_views = [
        SavedView("draft", gettext_lazy("Drafts"), lambda rows: rows.filter(status="draft")),
        SavedView("coming", gettext_lazy("Coming"), lambda rows: rows.filter(status__in=PurchaseOrder.COMING)),
        SavedView("late", gettext_lazy("Late"), lambda rows: rows.late()),
        SavedView("received", gettext_lazy("Received"), lambda rows: rows.filter(status="received"), count=False),
    ]

    def get_queryset(self) -> QuerySet[PurchaseOrder]:
        return reads.orders()


class PurchaseCreate(CreateScreen):
    model = PurchaseOrder
    permission = "inventory.add_purchaseorder"
    form_class = PurchaseForm
    title = gettext_lazy("New purchase order")
    list_url = "inventory:purchase_list"
    submit_label = gettext_lazy("Create draft")
    leave = True

    def initial(self) -> dict[str, Any]:
        return {"location": places.usual()}

    def perform(self, form: Any) -> Any:
        data = form.cleaned_data
        return purchasing.draft(
            data["supplier"], location=data["location"], expected_on=data["expected_on"], note=data["note"]
        )


class PurchaseDetail(DetailScreen):
    """An order: what was asked, what came, at what price."""

    model = PurchaseOrder
    permission = "inventory.view_purchaseorder"
    template_name = "inventory/purchase_detail.html"
    list_url = "inventory:purchase_list"
    list_title = gettext_lazy("Purchases")
    icon = "shopping-cart"
    actions = [
        Action(
            gettext_lazy("Receive"),
            "inventory:purchase_receive",
            "inventory.receive_stock",
            icon="truck",
            primary=True,
            dialog=False,
            when=lambda order: order.status in PurchaseOrder.COMING,
        ),
        Action(
            gettext_lazy("Send"),
            "inventory:purchase_send",
            "inventory.send_purchaseorder",
            icon="send",
            primary=True,
            to=PurchaseOrder.Status.SENT,
        ),
        Action(
            gettext_lazy("Add line"),
            "inventory:purchase_line_create",
            "inventory.change_purchaseorder",
            icon="plus",
            when=lambda order: order.status == DRAFT,
        ),
        Action(
            gettext_lazy("Print"),
            "inventory:purchase_sheet",
            "inventory.view_purchaseorder",
            icon="printer",
            dialog=False,
        ),
        Action(
            gettext_lazy("E-mail"),
            "inventory:purchase_mail",
            "inventory.send_purchaseorder",
            icon="mail",
            when=lambda order: order.status == PurchaseOrder.Status.SENT,
        ),
        Action(
            gettext_lazy("Edit"),
            "inventory:purchase_edit",
            "inventory.change_purchaseorder",
            icon="pencil",
            when=lambda order: order.status in (DRAFT, *PurchaseOrder.COMING),
        ),
        Action(
            gettext_lazy("The rest does not come"),
            "inventory:purchase_close",
            "inventory.change_purchaseorder",
            icon="archive",
            danger=True,
            when=lambda order: order.status == PurchaseOrder.Status.PART,
        ),
        Action(
            gettext_lazy("Cancel order"),
            "inventory:purchase_cancel",
            "inventory.change_purchaseorder",
            icon="ban",
            danger=True,
            to=PurchaseOrder.Status.CANCELLED,
        ),
        Action(
            gettext_lazy("History"),
            "inventory:purchase_history",
            "inventory.view_purchaseorder",
            icon="history",
            dialog=False,
        ),
    ]

    def get_queryset(self) -> QuerySet[PurchaseOrder]:
        return PurchaseOrder.objects.select_related("supplier", "location", "created_by")

    def badge(self) -> Badge:
        if self.object.is_late:
            return Badge(_("late"), "bad")
        return Badge(self.object.get_status_display(), TONES.get(self.object.status, ""))

    def meta(self) -> list[Any]:
        order = self.object
        found = [order.supplier.name, order.location.name]
        if order.expected_on:
            found.append(_("expected %(day)s") % {"day": date_format(order.expected_on, "SHORT_DATE_FORMAT")})
        if order.sent_at:
            found.append(
                _("sent %(when)s") % {"when": date_format(clock.local(order.sent_at), "SHORT_DATETIME_FORMAT")}
            )
        if order.mailed_at and not self.letter:
            when = date_format(clock.local(order.mailed_at), "SHORT_DATETIME_FORMAT")
            found.append(_("e-mailed %(when)s") % {"when": when})
        elif self.letter and self.letter.status in (Directive.Status.QUEUED, Directive.Status.RUNNING):
            found.append(_("the e-mail is on its way"))
        return [*found, order.note]

    @cached_property
    def lines(self) -> list[PurchaseLine]:
        return list(
            self.object.lines.select_related("product__unit", "product__category", "pack").order_by("is_extra", "pk")
        )

    @cached_property
    def letter(self) -> Directive | None:
        """The last job to mail it, while that one did not go out and nothing is here."""
        found = reads.letter(self.object) if self.object.status == PurchaseOrder.Status.SENT else None
        mailed_at = self.object.mailed_at
        return None if found is None or (mailed_at and mailed_at >= found.created_at) else found

    @cached_property
    def receipts(self) -> list[reads.Came]:
        return reads.came(self.object)

    @property
    def is_over(self) -> bool:
        """Whether nothing of it comes any more."""
        return self.object.status not in (DRAFT, *PurchaseOrder.COMING)

    def figures(self) -> list[Figure]:
        currency = current_company().currency
        worth = sum((line.total for line in self.lines if not line.is_extra), purchasing.ZERO)
        came = [row for row in self.receipts if row.stands]
        dearer = money.round_money(sum((row.difference * row.receipt.quantity for row in came), purchasing.ZERO))
        missing = sum(1 for line in self.lines if line.rest)
        return [
            Figure(_("Ordered"), format_money(worth, currency), on=True),
            Figure(_("Lines"), len(self.lines)),
            Figure(
                _("Did not come") if self.is_over else _("Still to come"),
                missing,
                tone="bad" if missing and self.object.is_late else "",
            ),
            Figure(
                _("Price difference"),
                format_money(dearer, currency),
                note=_("dearer than agreed") if dearer > 0 else _("cheaper than agreed") if dearer < 0 else "",
                tone="warn" if dearer > 0 else "",
            ),
        ]

    def get_context(self, **more: Any) -> dict[str, Any]:
        return super().get_context(
            order=self.object,
            lines=self.lines,
            receipts=self.receipts,
            is_draft=self.object.status == DRAFT,
            is_over=self.is_over,
            unsent=self.letter if self.letter and self.letter.status in UNSENT else None,
            **more,
        )


class PurchaseHistory(HistoryScreen):
    model = PurchaseOrder
    detail_class = PurchaseDetail
    permission = "inventory.view_purchaseorder"
    related = ("lines",)
    hidden = (*HistoryScreen.hidden, "order")  # it is the one that is looked at


class PurchaseEdit(EditScreen):
    model = PurchaseOrder
    permission = "inventory.change_purchaseorder"
    form_class = PurchaseEditForm

    def perform(self, form: Any) -> Any:
        data = form.cleaned_data
        return purchasing.update(
            self.object,
            location=data["location"],
            expected_on=data["expected_on"],
            note=data["note"],
            revision=data["revision"],
        )


class PurchaseAction(ActionScreen):
    """Something done with a whole order."""

    model = PurchaseOrder
    permission = "inventory.change_purchaseorder"
    changed = CHANGED
    leave = True

    def get_queryset(self) -> QuerySet[PurchaseOrder]:
        return PurchaseOrder.objects.select_related("supplier", "location")


class PurchaseSend(PurchaseAction):
    """Makes the order."""

    permission = "inventory.send_purchaseorder"
    form_class = SendForm
    submit_label = gettext_lazy("Send")

    def get_title(self) -> str:
        return _("Send %(order)s to %(supplier)s?") % {"order": self.object, "supplier": self.object.supplier}

    def initial(self) -> dict[str, Any]:
        return {"mail": bool(self.object.supplier.email), "seen_worth": self.object.worth}

    def intro(self) -> str:
        total = format_money(self.object.worth, current_company().currency)
        return _("%(total)s. From then on it counts as expected, and its lines no longer change.") % {"total": total}

    def get_form(self, data: Any = None, files: Any = None) -> Any:
        form = super().get_form(data, files)
        if self.object.worth >= self.object.supplier.minimum_order and not reads.below_least(self.object):
            del form.fields["below_minimum"]
        form.fields["mail"].help_text = self.object.supplier.email or _("No e-mail address is known of them.")
        return form

    def perform(self, form: Any) -> Any:
        data = form.cleaned_data
        return purchasing.send(
            self.object,
            mail=data["mail"],
            below_minimum=data.get("below_minimum", False),
            seen_worth=data["seen_worth"],
            key=self.key,
        )

    def success(self, result: Any) -> str:
        return _("%(order)s is sent.") % {"order": self.object}


class PurchaseMail(PurchaseAction):
    """Mails a sent order: for the first time, or again."""

    permission = "inventory.send_purchaseorder"
    submit_label = gettext_lazy("E-mail")
    leave = False

    def get_title(self) -> str:
        return _("E-mail %(order)s to %(supplier)s?") % {"order": self.object, "supplier": self.object.supplier}

    def intro(self) -> str:
        return self.object.supplier.email

    def perform(self, form: Any) -> Any:
        return purchase_jobs.ask_again(self.object, key=self.key)

    def success(self, result: Any) -> str:
        return _("The e-mail of %(order)s is on its way.") % {"order": self.object}

    def success_url(self, result: Any) -> str:
        return self.object.get_absolute_url()


class PurchaseCancel(PurchaseAction):
    form_class = ReasonForm
    submit_label = gettext_lazy("Cancel order")
    danger = True

    def get_title(self) -> str:
        return _("Cancel %(order)s?") % {"order": self.object}

    def perform(self, form: Any) -> Any:
        return purchasing.cancel(self.object, reason=form.cleaned_data["reason"])

    def success(self, result: Any) -> str:
        return _("%(order)s is cancelled.") % {"order": self.object}


class PurchaseClose(PurchaseAction):
    form_class = ReasonForm
    submit_label = gettext_lazy("Close order")
    danger = True

    def get_title(self) -> str:
        return _("Does the rest of %(order)s not come?") % {"order": self.object}

    def perform(self, form: Any) -> Any:
        return purchasing.close_short(self.object, reason=form.cleaned_data["reason"])

    def success(self, result: Any) -> str:
        return _("%(order)s is closed; what did not come is not expected any more.") % {"order": self.object}


@requires("inventory.view_purchaseorder")
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """The order on paper, for the supplier and for who receives it."""
    order = get_object_or_404(PurchaseOrder.objects.select_related("supplier", "location"), pk=pk)
    context = {
        "order": order,
        "lines": reads.to_send(order),
        "total": order.worth,
        "company": current_company(),
        "printed_at": clock.now(),
        "printed_by": request.user,
        "qr_url": request.build_absolute_uri(order.get_absolute_url()),
    }
    return render(request, "inventory/sheets/purchase.html", context)
