"""Forms are drawn as strings: what Django's own templates would draw, and nothing that was typed gets loose."""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser
from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates

from backoffice.ui import drawing, nav
from backoffice.ui.forms import Form
from backoffice.ui.widgets import DRAWERS

NASTY = """<b>"O'Brien" & co</b>"""
GROUPED = [("", "–"), ("Fruit", [("apple", "Apple"), (NASTY, NASTY)]), ("1", "One")]
FLAT = [("a", "A"), ("b", NASTY)]


class Everything(Form):
    text = forms.CharField(label=NASTY, help_text="A <i>hint</i>", max_length=20)
    number = forms.IntegerField(min_value=0)
    mail = forms.EmailField(required=False)
    secret = forms.CharField(widget=forms.PasswordInput)
    long = forms.CharField(widget=forms.Textarea, required=False)
    tick = forms.BooleanField(required=False)
    one = forms.ChoiceField(choices=GROUPED)
    many = forms.MultipleChoiceField(choices=FLAT, widget=forms.CheckboxSelectMultiple, required=False)
    radio = forms.ChoiceField(choices=FLAT, widget=forms.RadioSelect)
    day = forms.DateField(required=False)
    at = forms.SplitDateTimeField(required=False)
    hidden = forms.CharField(widget=forms.HiddenInput)


class _Tags(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, sorted(attrs, key=str)))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found.append(data.strip())


VALUES = {
    "text": NASTY, "number": "-3", "mail": "no", "secret": "x", "long": f"\n{NASTY}", "tick": "on", "one": NASTY,
    "many": ["b"], "radio": "b", "day": "2026-11-23", "at_0": "2026-11-23", "at_1": "10:00", "hidden": NASTY,
}  # fmt: skip


@pytest.mark.parametrize("name", Everything.base_fields)
@pytest.mark.parametrize("data", [None, {}, VALUES])
def test_a_widget_is_drawn_as_its_template_draws_it(name: str, data: Any) -> None:
    form = Everything(data)
    plain = Everything(data)
    plain.renderer = DjangoTemplates()

    assert _Tags(str(form[name])).found == _Tags(str(plain[name])).found


@pytest.mark.parametrize("data", [None, {}, VALUES, {"one": "1"}, {"one": "", "missing": "2"}])
@pytest.mark.parametrize("name", ["one", "maybe", "missing"])
def test_a_select_is_drawn_in_its_field_as_its_template_draws_it(name: str, data: Any) -> None:
    class Choosing(Form):
        one = forms.ChoiceField(choices=GROUPED, initial="apple", help_text="Which?")
        maybe = forms.ChoiceField(choices=[(None, "?"), *FLAT], required=False, disabled=True, initial="b")
        missing = forms.TypedChoiceField(
            choices=[(2, "Two"), (2, "Two again")], coerce=int, widget=forms.Select(attrs={"class": "x", "id": "own"})
        )

    form, plain = Choosing(data), Choosing(data)
    plain.renderer = DjangoTemplates()

    drawn, expected = _Tags(drawing.field(form[name])).found, _Tags(str(plain[name])).found
    assert expected[0][0] == "select"
    assert _part(drawn) == _part(expected)


def _part(tags: list[Any]) -> list[Any]:
    """From the select to its end."""
    start = next(place for place, tag in enumerate(tags) if tag[0] == "select")
    return tags[start : tags.index("select") + 1]


def test_most_widgets_need_no_template() -> None:
    names = {type(field.widget).template_name for field in Everything.base_fields.values()}

    assert len(names - set(DRAWERS)) == 1, "only the pair of date and time"


def test_errors_stand_in_the_summary_and_beside_their_field_tied_to_it() -> None:
    form = Everything({**VALUES, "text": NASTY * 2})
    form.add_error(None, f"Nothing {NASTY}")
    markup = drawing.fields(form)

    assert "<b>" not in markup
    assert '<a href="#id_number">Number</a>: ' in markup
    assert '<span class="error" id="id_number_error">' in markup
    assert 'aria-describedby="id_text_helptext id_text_error"' in markup
    assert 'aria-invalid="true"' in markup
    assert 'name="hidden"' in markup


def test_what_may_stay_blank_says_so_and_a_tick_has_its_label_behind_it() -> None:
    form = Everything()

    assert "optional" in drawing.field(form["mail"])
    assert "optional" not in drawing.field(form["number"])
    assert drawing.field(form["tick"], 3).startswith('<div class="field span-3"><label class="tick" for="id_tick">')
    assert "<fieldset" in drawing.field(form["radio"])


def test_the_sidebars_entries_are_as_the_page_needs_them() -> None:
    plain = nav.Entry("Stock", "/stock/", "warehouse", "", True)
    busy = nav.Entry(NASTY, "/o/?a=1&b=2", "", "999+", False, key="o")
    drawn = drawing.sections([nav.Group("", [plain]), nav.Group(NASTY, [busy])])

    began = [found for found in _Tags(drawn).found if isinstance(found, tuple)]
    tags = [(tag, dict(attrs)) for tag, attrs in began if tag in ("a", "h2", "b")]
    assert tags == [
        ("a", {"href": "/stock/", "aria-current": "page", "title": "Stock"}),
        ("h2", {}),
        ("a", {"href": "/o/?a=1&b=2", "title": f"{NASTY} (G O)", "data-go": "o"}),
        ("b", {}),
    ]
    assert drawn.count(f"<span>{escape(NASTY)}</span>") == 1
    assert "<b>999+</b>" in drawn
