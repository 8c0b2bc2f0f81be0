"""What the composition names must be there: a typing mistake in it is found here, not by a user."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from backoffice import composition
from backoffice.testing import screens


def permissions_named() -> Iterator[str]:
    for role in composition.ROLES.values():
        yield from role
    for section in composition.NAV:
        for item in section.items:
            if item.permission:
                yield item.permission
    for panels in composition.PANELS.values():
        for panel in panels:
            yield panel.permission
    for carrier in composition.COST_CARRIERS.values():
        yield carrier["permission"]


@pytest.mark.django_db
def test_every_permission_exists():
    known = {f"{app}.{code}" for app, code in Permission.objects.values_list("content_type__app_label", "codename")}

    assert {name for name in permissions_named() if name not in known} == set()


def test_every_function_can_be_imported():
    paths: list[Any] = [*composition.SEARCH, *composition.LEDGER_CHECKS, *composition.IMPORTS.values()]
    paths += [handler.path for handler in composition.DIRECTIVE_HANDLERS.values()]
    for carrier in composition.COST_CARRIERS.values():
        paths += [path for what, path in carrier.items() if what != "permission"]

    for path in paths:
        assert callable(import_string(path)), path


def test_every_page_of_the_menu_is_there():
    for section in composition.NAV:
        for item in section.items:
            try:
                reverse(item.url_name)
            except NoReverseMatch:
                pytest.fail(f"{section.title}: {item.url_name}")


def test_every_panel_has_its_page():
    for panels in composition.PANELS.values():
        for panel in panels:
            assert reverse(panel.url_name, args=[1])


def test_on_a_phone_no_two_columns_stand_in_one_place():
    for view in screens.lists():
        columns = view.screen.table_class.base_columns
        places = [column.card for column in columns.values() if getattr(column, "card", "")]

        assert sorted(places) == sorted(set(places)), (view.name, {name: c.card for name, c in columns.items()})


def test_on_a_phone_every_place_is_drawn_with_and_without_a_box_to_choose_the_row():
    """Who may do nothing with many rows has no boxes, and every column stands one further to the left."""
    drawn = (settings.BASE_DIR / "static/css/columns.css").read_text()
    for view in screens.lists():
        for number, (name, column) in enumerate(view.screen.table_class.base_columns.items(), start=1):
            for place in (number, number + 1):
                css = f".{column.card}{place} > tbody > tr > :nth-child({place})"
                assert not column.card or css in drawn, (view.name, name, css)
