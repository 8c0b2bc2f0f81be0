from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from django.core.files.base import ContentFile
from openpyxl import Workbook

from backoffice import composition
from backoffice.transfers.models import TransferRun
from backoffice.transfers.services import runs
from backoffice.transfers.tests.series import MappedImporter, SeriesImporter


@pytest.fixture(autouse=True)
def _only_the_importers_of_the_tests(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> None:
    module = "backoffice.transfers.tests.series"
    importers = {"series": f"{module}.SeriesImporter", "mapped": f"{module}.MappedImporter"}
    monkeypatch.setattr(composition, "IMPORTS", importers)
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def upload(db: None) -> Callable[..., TransferRun]:
    """Start an import of the given text or rows."""

    def start(content: str | list[list[object]], *, importer: Any = SeriesImporter, style: str = "dot") -> TransferRun:
        if isinstance(content, str):
            file = ContentFile(content.encode(), name="series.csv")
        else:
            file = ContentFile(workbook(content), name="series.xlsx")
        return runs.start(importer, file=file, decimal_style=style)

    return start


@pytest.fixture
def mapped(upload: Any) -> Callable[..., TransferRun]:
    return lambda content, **more: upload(content, importer=MappedImporter, **more)


def workbook(rows: list[list[object]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()
