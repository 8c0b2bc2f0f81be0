"""What `{% load ui %}` draws."""

import re
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from backoffice.kernel import clock
from backoffice.ui import icons


def draw(source, **context):
    return Template("{% load ui %}" + source).render(Context(context))


def test_an_icon_is_hidden_from_readers_and_has_its_classes():
    drawn = draw('{% icon "croissant" "s" %}')

    assert drawn.startswith("<svg")
    assert 'class="icon s"' in drawn
    assert 'aria-hidden="true"' in drawn
    assert "style=" not in drawn


def test_an_unknown_icon_is_a_circle_and_its_class_is_escaped():
    assert icons.exists("croissant")
    assert not icons.exists("no-such-thing")
    assert "<path" in draw('{% icon "no-such-thing" %}')
    assert "<script" not in draw('{% icon name "><script>" %}', name='"><script>')


@pytest.mark.django_db
def test_money_and_quantity_in_the_language_of_the_reader():
    context = {"x": Decimal("1848.5"), "q": Decimal("1.500000"), "kg": SimpleNamespace(code="kg")}
    source = "{% money x %}|{% amount x %}|{% quantity q kg %}|{% money none %}"

    assert draw(source, **context, none=None).replace("\xa0", " ") == "R$ 1,848.50|1,848.50|1.5 kg|"
    with translation.override("pt-br"):
        assert draw(source, **context, none=None).replace("\xa0", " ") == "R$ 1.848,50|1.848,50|1,5 kg|"


def test_a_badge_escapes_its_text():
    assert draw('{% badge text "bad" %}', text="<b>") == '<span class="badge bad">&lt;b&gt;</span>'


@pytest.mark.parametrize(
    ("hue", "attribute"),
    [
        ("vien", ' data-fam="vien"'),
        (52, ' data-hue="45"'),
        ("340", ' data-hue="345"'),
        (359, ' data-hue="0"'),
        ("", ""),
        ('evil"', ""),
        (None, ""),
    ],
)
def test_a_thumb_takes_its_hue_from_a_list_of_steps(hue, attribute):
    assert draw("{% thumb thing %}", thing=("croissant", hue)).startswith(f'<span class="thumb"{attribute}>')


def test_a_product_without_an_icon_has_its_categorys():
    category = SimpleNamespace(icon="cake", hue="cake")
    product = SimpleNamespace(icon="", category=category)

    assert 'data-fam="cake"' in draw("{% thumb thing %}", thing=product)


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (-5, "just now"),
        (-300, "5 min ago"),
        (300, "in 5 min"),
        (-3 * 3600, "3 h ago"),
        (-86400, "yesterday"),
        (-3 * 86400, "3 days ago"),
    ],
)
def test_ago(ahead, words):
    now = clock.at(clock.today(), 12)
    with clock.fixed(now):
        assert f">{words}</time>" in draw("{% ago at %}", at=now + timedelta(seconds=ahead))


def test_url_with_changes_and_takes_away():
    request = RequestFactory().get("/x/", {"q": "a b", "page": "3"})

    assert draw("{% url_with page=None q='c' tab=2 %}", request=request) == "?q=c&amp;tab=2"


def test_the_sidebar_refers_to_icons_that_are_in_its_picture(as_owner: Client) -> None:
    page = as_owner.get(reverse("catalog:product_list")).content.decode()
    asked = set(re.findall(r'<use href="([^"#]+)#([^"]+)"', page))
    address = {url for url, _name in asked}
    picture = as_owner.get(address.pop())

    assert not address
    assert (picture["Content-Type"], "immutable" in picture["Cache-Control"]) == ("image/svg+xml", True)
    assert {name for _url, name in asked} <= set(re.findall(r'id="([^"]+)"', picture.content.decode()))
