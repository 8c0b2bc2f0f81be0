"""What the README shows to a stranger is true: its ten lines are a screen, and what it names is there."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.test import override_settings
from django.urls import include, path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def lines_of_the_screen() -> str:
    return re.search(r"## A screen in ten lines\n.*?```python\n(.*?)```", README, re.S)[1]  # type: ignore[index]


def test_ten_lines_are_ten_lines():
    assert len([line for line in lines_of_the_screen().splitlines() if line.strip()]) <= 10


@pytest.mark.django_db
def test_the_ten_lines_of_the_readme_are_a_screen(as_user):
    shown = ModuleType("shown_in_the_readme")
    exec(lines_of_the_screen(), vars(shown))
    house = ModuleType("house_with_the_readmes_screen")
    house.urlpatterns = [path("", include("backoffice.urls")), path("shown/", include(shown.urlpatterns))]  # type: ignore[attr-defined]
    sys.modules[house.__name__] = house
    address = "/shown/" + str(shown.urlpatterns[0].pattern)

    with override_settings(ROOT_URLCONF=house.__name__):
        refused = as_user().get(address)
        page = as_user("inventory.view_supplier").get(address)
        part = as_user("inventory.view_supplier").get(address, headers={"HX-Request": "true", "HX-Target": "table"})

    assert (page.status_code, part.status_code, refused.status_code) == (200, 200, 403)
    assert 'id="table"' in part.content.decode()


def test_every_place_that_the_map_names_is_there():
    table = README.partition("## The map of the house")[2].partition("## ")[0]
    missing, room = [], ROOT
    for line in table.splitlines():
        for number, name in enumerate(re.findall(r"`((?:apps/|backoffice/|services/|selectors/)[\w/.]+)`", line)):
            if number == 0 and not name.startswith(("services/", "selectors/")):
                room = ROOT / name
            if not ((ROOT / name).exists() or (room / name).exists()):
                missing.append(name)

    assert missing == []
