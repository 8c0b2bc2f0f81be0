"""The kinds of screens. See `backoffice.ui` for how each is declared."""

from backoffice.ui.actions import Action, Button

from .base import Badge, Empty, Fact, Figure, ModelScreen, ObjectScreen, Screen
from .bulk import BulkAction, BulkScreen
from .detail import DetailScreen, Tab
from .form import ActionScreen, CreateScreen, DeleteScreen, EditScreen, FormScreen
from .history import HistoryScreen
from .inline import InlineScreen
from .list import ListScreen, SavedView

__all__ = [
    "Action",
    "ActionScreen",
    "Badge",
    "BulkAction",
    "BulkScreen",
    "Button",
    "CreateScreen",
    "DeleteScreen",
    "DetailScreen",
    "EditScreen",
    "Empty",
    "Fact",
    "Figure",
    "FormScreen",
    "HistoryScreen",
    "InlineScreen",
    "ListScreen",
    "ModelScreen",
    "ObjectScreen",
    "SavedView",
    "Screen",
    "Tab",
]
