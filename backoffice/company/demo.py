"""The demo's company. Repeatable: a company that is there keeps its name."""

from datetime import time

from django.conf import settings

from backoffice.company import services
from backoffice.company.models import Company


def build() -> None:
    """A bakery with a café, open every day."""
    if Company.objects.exists():
        return
    portuguese = str(settings.LANGUAGE_CODE).startswith("pt")
    services.update(
        name="Padaria Serra" if portuguese else "Serra Bakery",
        address="Rua das Acácias 10, Curitiba",
        phone="+55 41 3333-0100",
        hours={day: (time(7), time(19)) if day < 6 else (time(8), time(14)) for day in range(7)},
    )
