"""A step that a state does not allow is refused in a sentence that can be read, whatever the state is called."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.utils import translation

from backoffice.kernel.errors import NotAllowed

DOCUMENTS = [model for model in apps.get_models() if hasattr(model, "TRANSITIONS")]
DONE = SimpleNamespace(name="Ana")


class Thing:
    """A document as a refusal names it; `history` knows who saved it last, or nobody."""

    pk = 1

    class history:
        by: Any = None

        @classmethod
        def filter(cls, **_which: Any) -> Any:
            found = SimpleNamespace(history_user=cls.by) if cls.by else None
            rows = SimpleNamespace(first=lambda: found)
            rows.select_related = rows.order_by = lambda *_names: rows
            return rows

    def __str__(self) -> str:
        return "A-1"


def labels(model: Any) -> list[str]:
    return [str(label) for _value, label in model._meta.get_field("status").flatchoices]


def test_every_kind_of_document_is_read() -> None:
    assert {"PurchaseOrder", "StockCount", "CostCorrection", "Order", "WorkOrder", "Recipe", "TransferRun"} <= {
        model.__name__ for model in DOCUMENTS
    }


@pytest.mark.parametrize("by", [None, DONE], ids=["by nobody", "by somebody"])
@pytest.mark.parametrize("language", ["en", "pt-br"])
@pytest.mark.parametrize("model", DOCUMENTS, ids=lambda model: model.__name__)
def test_the_names_of_states_stand_apart_in_every_refusal(model: Any, language: str, by: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(Thing.history, "by", by)
    with translation.override(language):
        for current in labels(model):
            for wanted in labels(model):
                said = NotAllowed(Thing(), current=current, wanted=wanted).message
                named = re.findall("“([^”]+)”", said)
                assert named == ([current] if current == wanted else [current, wanted]), said
                assert said.startswith("A-1 ")
                assert ("Ana" in said) == (by is not None), said
                assert "become" not in said
                assert said.endswith(".")
