"""Editing a value where it stands: the cell swaps a link for a form and back; without scripts it is a small page."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpResponse
from django.http.request import HttpRequest
from django.utils.functional import cached_property

from backoffice.ui import htmx
from backoffice.ui.tables import Table

from .form import FormScreen

CELL = re.compile(r"inline-[\w-]+")


class InlineScreen(FormScreen):
    """One field of one row. `table_class` draws the cell of `column` again; get_queryset() annotates what it needs."""

    template_name: ClassVar[str] = "ui/screens/inline.html"
    table_class: ClassVar[type[Table]]
    column: ClassVar[str] = ""

    @cached_property
    def fragment(self) -> str:
        """The DOM id of the cell: the script that swaps it gives it one."""
        asked = htmx.target(self.request)
        return asked if CELL.fullmatch(asked) else "inline"

    def fragments(self) -> Mapping[str, str]:
        return {self.fragment: "ui/screens/inline.html#form", htmx.DIALOG: "ui/screens/inline.html#form"}

    def get_title(self) -> Any:
        return self.title or str(self.object)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "cancel" in request.GET and htmx.target(request) == self.fragment:
            return self.cell()
        return super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        saved = response.status_code == 200 and htmx.target(request) == self.fragment
        return self.cell() if saved else response

    def success_url(self, result: Any) -> str:
        return self.cancel_url()

    def cell(self) -> HttpResponse:
        """The cell as the list draws it, read again from the database."""
        row = self.get_queryset().get(pk=self.kwargs["pk"])
        table = self.table_class(self.get_queryset().none(), request=self.request)
        drawn = {"cell": table.cell(self.column, row)}
        return htmx.render(self.request, "ui/screens/inline.html#cell", drawn)

    def get_context(self, **more: Any) -> dict[str, Any]:
        return super().get_context(fragment=self.fragment, address=self.request.path, **more)

    def perform(self, form: Any) -> Any:
        return form.save()
