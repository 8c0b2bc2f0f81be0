from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.kernel import clock
from backoffice.outbox import handlers
from backoffice.outbox.models import Directive
from backoffice.ui.filters import ChoiceFilter, FilterSet

AGES = {"2m": timedelta(minutes=2), "1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7)}
AGE_WORDS = [
    ("2m", _("older than 2 minutes")), ("1h", _("older than an hour")), ("1d", _("older than a day")),
    ("7d", _("older than a week")),
]  # fmt: skip


def topics() -> list[tuple[str, str]]:
    """Every topic this version of the program knows."""
    return [(topic, topic) for topic in sorted(handlers.registry())]


class DirectiveFilter(FilterSet):
    """Search looks into topic, error and trace, so that the id of an error page leads to its jobs."""

    search_fields = ("topic", "last_error", "trace_id", "dedupe_key", "reason")

    topic = ChoiceFilter(label=_("Topic"), choices=topics, empty_label=_("All topics"))
    status = ChoiceFilter(label=_("State"), choices=Directive.Status.choices, empty_label=_("All states"))
    age = ChoiceFilter(label=_("Age"), choices=AGE_WORDS, method="older", empty_label=_("Any age"))

    class Meta:
        model = Directive
        fields = ("topic", "status")

    def older(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(created_at__lt=clock.now() - AGES[value])
