from django.utils.translation import gettext_lazy as _

from backoffice.transfers.models import TransferRun
from backoffice.ui.filters import ChoiceFilter, FilterSet


class RunFilter(FilterSet):
    search_fields = ("file_name", "started_by__name")

    status = ChoiceFilter(label=_("State"), choices=TransferRun.Status.choices, empty_label=_("All states"))

    class Meta:
        model = TransferRun
        fields = ("status",)
