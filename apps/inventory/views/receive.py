"""Receiving what came. The lines live in the form: scanning, adding and taking off are answers of the server, and the
same without scripts; nothing is written before "Post receipt"."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.inventory import receipt_draft
from apps.inventory.receipt_draft import Draft
from apps.inventory.scan_fields import PlaceField
from apps.inventory.services import stock
from backoffice.kernel.errors import DomainError
from backoffice.ui import htmx
from backoffice.ui.screens import CreateScreen

PAGE = "inventory/receive.html"
CHANGED = ("inventory-stock", "inventory-stockoperation", "inventory-lot")


class Receive(CreateScreen):
    """One form, five verbs: scan, use (the suggested expiry), take off, refresh, post."""

    permission = "inventory.receive_stock"
    title = gettext_lazy("Receive")
    template_name = PAGE
    list_url = "inventory:stock_list"
    list_title = gettext_lazy("Stock")

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(self.list_title, self.cancel_url())]

    def fragments(self) -> dict[str, str]:
        return {"receipt": f"{PAGE}#receipt", "receipt-sums": f"{PAGE}#receipt-sums"}

    @cached_property
    def raw(self) -> tuple[list[dict[str, str]], dict[str, str]]:
        return receipt_draft.read(self.request.POST)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rows: list[dict[str, str]] = []
        draft = receipt_draft.build(rows, None)
        if code := request.GET.get("product", "")[:100]:
            found = receipt_draft.find(code)
            if found is not None:
                receipt_draft.add(rows, found)
                draft = receipt_draft.build(rows, None, current=0)
        return self.answer(draft)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rows, head = self.raw
        verb = request.POST.get("do")
        if verb == "post":
            return self.post_receipt(receipt_draft.build(rows, head))
        current, said, tone = None, "", ""
        code = request.POST.get("scan", "").strip()[:100] if verb == "scan" else ""
        if code:
            found = self.find(code)
            if found is None and (place := receipt_draft.place(code)):
                head["location"] = str(PlaceField().prepare_value(place))
                said, tone = _("To %(place)s") % {"place": place}, "acc"
            elif found is None:
                said, tone = _("Nothing here has the code or name “%(text)s”.") % {"text": code}, "bad"
            elif len(rows) >= receipt_draft.MAX_LINES:
                said, tone = _("A receipt has at most %s lines.") % receipt_draft.MAX_LINES, "bad"
            else:
                before = len(rows)
                current, said, tone = receipt_draft.add(rows, found), str(found.pack or found.product), "acc"
                if len(rows) > before:
                    self.price(rows[current])
        elif (position := self.position("take_off", rows)) is not None:
            del rows[position]
        elif (position := self.position("use", rows)) is not None:
            lines = receipt_draft.build(rows, head).lines
            suggested = lines[position].form.suggested if len(lines) == len(rows) else None
            rows[position]["expires_on"] = suggested.isoformat() if suggested else ""
        draft = receipt_draft.build(rows, head, current=current)
        draft.said, draft.said_tone = said, tone
        return self.answer(draft)

    def find(self, code: str) -> receipt_draft.Found | None:
        """What was scanned."""
        return receipt_draft.find(code)

    def price(self, row: dict[str, str]) -> None:
        """Give a row just scanned the cost that is known better than that of last time."""

    def position(self, name: str, rows: list[dict[str, str]]) -> int | None:
        """The line that a button names, when there is one."""
        raw = self.request.POST.get(name, "")
        return int(raw) if raw.isascii() and raw.isdigit() and int(raw[:6]) < len(rows) else None

    def post_receipt(self, draft: Draft) -> HttpResponse:
        if not draft.is_valid():
            return self.answer(draft, status=422, show_errors=True)
        try:
            operation = stock.receive(
                draft.head.cleaned_data["location"],
                [line.parts for line in draft.lines if line.parts is not None],
                reference=draft.head.cleaned_data["reference"],
                supplier_name=draft.head.cleaned_data["supplier_name"],
                note=draft.head.cleaned_data["note"],
                occurred_at=draft.head.occurred_at,
                key=self.key,
                default_expiry=False,
            )
        except DomainError as error:
            return self.refused(draft, error)
        count = len(draft.lines)
        messages.success(
            self.request,
            ngettext("Receipt %(number)s posted, %(count)s line.", "Receipt %(number)s posted, %(count)s lines.", count)
            % {"number": operation, "count": count},
            extra_tags=operation.get_absolute_url(),
        )
        return htmx.done(self.request, to=operation, changed=CHANGED, leave=True)

    def refused(self, draft: Draft, error: DomainError) -> HttpResponse:
        """The sentence beside what it is about, and the ways out."""
        refusal, ways_out = draft.refuse(error), self.ways_out(error.remedies)
        return self.answer(draft, status=error.status, show_errors=True, refusal=refusal, ways_out=ways_out)

    def answer(self, draft: Draft, *, status: int = 200, **more: Any) -> HttpResponse:
        if status >= 400:
            draft.point()
        return self.render(
            self.get_context(draft=draft, options=receipt_draft.options, target=htmx.target(self.request), **more),
            status,
        )
