"""What is done with a whole count: posted, sent for approval, gone on with, given up."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.inventory.count_forms import SeenForm
from apps.inventory.forms import OptionalReasonForm, ReasonForm
from apps.inventory.models import StockCount
from apps.inventory.selectors import counts
from apps.inventory.services import counting, stock
from apps.inventory.views.counts import CHANGED
from backoffice.company import current as current_company
from backoffice.kernel.errors import DomainError
from backoffice.kernel.money import format_money
from backoffice.ui.permissions import may
from backoffice.ui.screens import ActionScreen


class CountAction(ActionScreen):
    """Something done with a whole count."""

    model = StockCount
    permission = "inventory.post_stockcount"
    changed = CHANGED
    leave = True


class CountPost(CountAction):
    """Brings the book to what was counted."""

    form_class = SeenForm
    submit_label = gettext_lazy("Post")

    def initial(self) -> dict[str, Any]:
        return {"seen": counts.seen(self.object)}

    def show(self, form: Any, status: int = 200, **more: Any) -> HttpResponse:
        if form.is_bound:  # what is shown again is what stands there now
            form.data = {**form.data.dict(), **self.initial()}
        return super().show(form, status, **more)

    def get_title(self) -> str:
        return _("Post %(count)s?") % {"count": self.object}

    def intro(self) -> str:
        found = counts.review(self.object)
        sentence = ngettext(
            "%(count)s line differs, worth %(money)s.",
            "%(count)s lines differ, worth %(money)s.",
            found.progress.different,
        ) % {
            "count": found.progress.different,
            "money": format_money(found.deviation, current_company().currency),
        }
        if not found.progress.blank:
            return sentence
        blank = ngettext(
            "%(count)s line was not counted and stays as it is.",
            "%(count)s lines were not counted and stay as they are.",
            found.progress.blank,
        ) % {"count": found.progress.blank}
        return f"{sentence} {blank}"

    def perform(self, form: Any) -> Any:
        approved = may(self.request.user, counts.APPROVE)
        return counting.post(self.object, approved=approved, seen=form.cleaned_data["seen"], key=self.key)

    def success(self, result: Any) -> str:
        return _("%(count)s is posted.") % {"count": self.object}


class CountUndo(CountAction):
    """A posted count was wrong: the opposite is posted, and the count says so."""

    permission = "inventory.reverse_stockoperation"
    form_class = ReasonForm
    submit_label = gettext_lazy("Take back")
    danger = True

    def get_queryset(self) -> QuerySet[StockCount]:
        return StockCount.objects.exclude(operation=None).select_related("operation")

    def get_title(self) -> str:
        return _("Take %(count)s back?") % {"count": self.object}

    def intro(self) -> str:
        return _("The opposite is posted: same lots, quantities and values. Both stay in the ledger.")

    def perform(self, form: Any) -> Any:
        return stock.reverse(self.object.operation, reason=form.cleaned_data["reason"], key=self.key)

    def remedies_for(self, error: DomainError) -> Any:
        """All or nothing is taken back: what is left cannot be taken instead."""
        return [one for one in error.remedies if one.url]

    def success_url(self, result: Any) -> str:
        return self.object.get_absolute_url()

    def success(self, result: Any) -> str:
        return _("%(count)s is taken back.") % {"count": self.object}


class CountSend(CountAction):
    """Counting is done; somebody else looks at it."""

    permission = "inventory.change_stockcount"
    submit_label = gettext_lazy("Send")

    def get_title(self) -> str:
        return _("Send %(count)s for approval?") % {"count": self.object}

    def perform(self, form: Any) -> Any:
        return counting.send_for_approval(self.object)


class CountReopen(CountAction):
    """Something is to be looked at again."""

    permission = "inventory.change_stockcount"
    form_class = OptionalReasonForm
    submit_label = gettext_lazy("Go on counting")

    def get_title(self) -> str:
        return _("Go on with %(count)s?") % {"count": self.object}

    def perform(self, form: Any) -> Any:
        return counting.go_on(self.object, reason=form.cleaned_data["reason"])


class CountRest(CountAction):
    """Whatever nobody counted is not there."""

    submit_label = gettext_lazy("Nothing else is there")
    danger = True

    def get_title(self) -> str:
        return _("Is nothing else there?")

    def intro(self) -> str:
        blank = counts.progress(self.object).blank
        return ngettext(
            "%(count)s line that nobody counted becomes zero.",
            "%(count)s lines that nobody counted become zero.",
            blank,
        ) % {"count": blank}

    def perform(self, form: Any) -> Any:
        counting.rest_is_zero(self.object)
        return self.object


class CountCancel(CountAction):
    """Gives the count up."""

    form_class = ReasonForm
    submit_label = gettext_lazy("Give up")
    danger = True

    def get_title(self) -> str:
        return _("Give %(count)s up?") % {"count": self.object}

    def intro(self) -> str:
        return _("The book stays as it is. What was written down is kept.")

    def perform(self, form: Any) -> Any:
        return counting.cancel(self.object, reason=form.cleaned_data["reason"])
