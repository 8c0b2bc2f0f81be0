"""Django's widgets, drawn as strings: its templates, with an include for every attribute, take ten times as long."""

from collections.abc import Callable, Iterable, Mapping
from html import escape as escaped
from typing import Any

from django.forms import Select
from django.utils.functional import Promise
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

FOLDER = "django/forms/widgets/"
OPTION = FOLDER + "select_option.html"
CHOICES = (FOLDER + "checkbox_option.html", FOLDER + "radio_option.html")


def text(value: Any) -> str:
    """Anything as it stands in HTML; what is marked as HTML already stays as it is."""
    said = str(value) if isinstance(value, Promise) else value  # asked by itself, a lazy text is slow to escape
    return escaped(said) if type(said) is str else conditional_escape(said)


def attributes(attrs: Mapping[str, Any]) -> str:
    """As Django's `attrs.html`: True is only named, False is left out."""
    return "".join(
        f" {text(name)}" if value is True else f' {text(name)}="{text(str(value))}"'
        for name, value in attrs.items()
        if value is not False
    )


def tag(widget: Mapping[str, Any]) -> str:
    """An input, with its value and its attributes."""
    value = widget["value"]
    shown = "" if value is None else f' value="{text(str(value))}"'
    return f'<input type="{text(widget["type"])}" name="{text(widget["name"])}"{shown}{attributes(widget["attrs"])}>'


def _textarea(widget: Mapping[str, Any]) -> str:
    value = text(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{text(widget["name"])}"{attributes(widget["attrs"])}>\n{value}</textarea>'


def _option(option: Mapping[str, Any]) -> str:
    value = text(str(option["value"]))
    return f'<option value="{value}"{attributes(option["attrs"])}>{text(option["label"])}</option>'


def _select(widget: Mapping[str, Any]) -> str | None:
    parts = []
    for name, options, _index in widget["optgroups"]:
        if any(option["template_name"] != OPTION for option in options):
            return None
        inside = "".join(map(_option, options))
        parts.append(f'<optgroup label="{text(name)}">{inside}</optgroup>' if name else inside)
    return f'<select name="{text(widget["name"])}"{attributes(widget["attrs"])}>{"".join(parts)}</select>'


def select(name: str, value: Any, widget: Select, attrs: Mapping[str, Any]) -> SafeString:
    """A plain select as Django draws it, without a dictionary for every option. `attrs` are the field's own."""
    chosen, found = set(widget.format_value(value)), False

    def options(choices: Iterable[tuple[Any, Any]]) -> str:
        nonlocal found
        parts = []
        for key, label in choices:
            written = "" if key is None else str(key)
            mark = ""
            if not found and written in chosen:
                found, mark = True, " selected"
            parts.append(f'<option value="{text(written)}"{mark}>{text(label)}</option>')
        return "".join(parts)

    inside = []
    for key, label in widget.choices:
        if isinstance(label, list | tuple):
            group = "" if key is None else key
            drawn = options(label)
            inside.append(f'<optgroup label="{text(group)}">{drawn}</optgroup>' if group else drawn)
        else:
            inside.append(options([(key, label)]))
    return SafeString(f'<select name="{text(name)}"{attributes({**widget.attrs, **attrs})}>{"".join(inside)}</select>')


def _choices(widget: Mapping[str, Any]) -> str | None:
    parts = []
    for group, options, _index in widget["optgroups"]:
        drawn = _ticks(options)
        if group or drawn is None:
            return None
        parts.append(drawn)
    attrs = widget["attrs"]
    outer = "".join(f' {name}="{text(attrs[name])}"' for name in ("id", "class") if attrs.get(name))
    return f"<div{outer}>{''.join(parts)}</div>"


def _ticks(options: Iterable[Mapping[str, Any]]) -> str | None:
    parts = []
    for option in options:
        if option["template_name"] not in CHOICES or not option.get("wrap_label"):
            return None
        owner = option["attrs"].get("id")
        belongs = f' for="{text(owner)}"' if owner else ""
        parts.append(f"<div><label{belongs}>{tag(option)} {text(option['label'])}</label></div>")
    return "".join(parts)


INPUTS = ("text", "number", "email", "url", "password", "hidden", "date", "datetime", "time", "checkbox")
DRAWERS: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    FOLDER + "select.html": _select,
    FOLDER + "textarea.html": _textarea,
    FOLDER + "checkbox_select.html": _choices,
    FOLDER + "radio.html": _choices,
    FOLDER + "input.html": tag,
    **{f"{FOLDER}{kind}.html": tag for kind in INPUTS},
}


def drawn(template: str, context: Mapping[str, Any]) -> SafeString | None:
    """The widget, as its template would draw it; None for what is left to templates."""
    drawer = DRAWERS.get(template)
    found = drawer(context["widget"]) if drawer is not None else None
    return None if found is None else SafeString(found)
