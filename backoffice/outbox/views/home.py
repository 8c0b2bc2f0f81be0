"""What the console tells the home page."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice.outbox.selectors import queue
from backoffice.ui.dashboard import Figure


def figures(user: Any) -> list[Figure]:
    """Jobs that were given up or parked: they wait for a person."""
    count = queue.needs_a_person().count()
    return [
        Figure(
            "failed-jobs", _("Failed jobs"), count, _("given up or parked"),
            reverse("outbox:directive_list") + "?view=stuck", "bad" if count else "", "circle-x",
        )
    ]  # fmt: skip
