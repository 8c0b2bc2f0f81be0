"""Forms drawn as strings: label above, unit inside, help and errors below, tied together for screen readers.

Templates come here through `ui/field.html` and `ui/form_fields.html`. A field as a template cost as much as its
query. The sidebar is drawn here too.
"""

from collections.abc import Iterable
from typing import Any

from django.forms import Select
from django.forms.boundfield import BoundField
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from . import icons, views_icons
from .widgets import FOLDER, select, text

WIDTH = 6
SELECT = FOLDER + "select.html"


def field(bound: BoundField, span: int | None = None, *, optional: str = "") -> SafeString:
    """One field, `span` columns of 6 wide. `optional` is the word behind labels of what may stay blank."""
    errors = bound.errors
    widget = bound.field.widget
    parts = [f'<div class="field span-{int(span or WIDTH)}{" invalid" if errors else ""}">']
    label = text(bound.label)
    if bound.widget_type == "checkbox":
        parts.append(f'<label class="tick" for="{text(bound.id_for_label)}">{bound} <span>{label}</span></label>')
    elif widget.use_fieldset:
        said = bound.aria_describedby
        about = f' aria-describedby="{text(said)}"' if said else ""
        parts.append(f'<fieldset class="ticks"{about}><legend class="label">{label}</legend>{bound}</fieldset>')
    else:
        drawn = _select(bound) if type(widget) is Select and widget.template_name == SELECT else str(bound)
        word = "" if bound.field.required else f' <small class="muted">{text(optional or gettext("optional"))}</small>'
        parts.append(f'<label for="{text(bound.id_for_label)}">{label}{word}</label>')
        affix = getattr(bound.field, "affix", "")
        parts.append(f'<div class="affix"><span>{text(affix)}</span>{drawn}</div>' if affix else drawn)
    if bound.help_text:
        parts.append(f'<span class="hint" id="{text(bound.auto_id)}_helptext">{text(bound.help_text)}</span>')
    if errors:
        sentences = " ".join(map(text, errors))
        sign = icons.icon("circle-alert", "xs")
        parts.append(f'<span class="error" id="{text(bound.auto_id)}_error">{sign}{sentences}</span>')
    parts.append("</div>")
    return SafeString("".join(parts))


def fields(form: Any) -> SafeString:
    """A whole form without its <form>: summary of errors, groups, fields, hidden fields."""
    optional = gettext("optional")
    parts = [_summary(form)] if form.errors else []
    inside: set[str] = set()
    for group in form.sections():
        drawn = _group(group, optional)
        inside |= {hidden.name for hidden in group.hidden}
        parts.append(f'<div class="contents" id="{group.region}">{drawn}</div>' if group.region else drawn)
    parts += [str(hidden) for hidden in form.hidden_fields() if hidden.name not in inside]
    return SafeString("".join(parts))


def region(form: Any, name: str) -> SafeString:
    """What is inside one region of a form."""
    group = next(group for group in form.sections() if group.region == name)
    return SafeString(_group(group, gettext("optional")))


def sections(groups: Iterable[Any]) -> SafeString:
    """The sidebar's entries: they stand on every page, and as a template cost as much as a form."""
    parts = []
    for group in groups:
        if group.title:
            parts.append(f"<h2>{text(group.title)}</h2>")
        for item in group.items:
            label = text(item.label)
            current = ' aria-current="page"' if item.current else ""
            key, go = (f" (G {text(item.key.upper())})", f' data-go="{text(item.key)}"') if item.key else ("", "")
            count = f" <b>{text(item.count)}</b>" if item.count else ""
            sign = views_icons.shared(item.icon or icons.UNKNOWN)
            parts.append(
                f'<a href="{text(item.url)}"{current} title="{label}{key}"{go}>{sign}<span>{label}</span>{count}</a>'
            )
    return SafeString("".join(parts))


def _select(bound: BoundField) -> SafeString:
    attrs = bound.build_widget_attrs({}, bound.field.widget)
    if bound.auto_id and "id" not in bound.field.widget.attrs:
        attrs.setdefault("id", bound.auto_id)
    return select(bound.html_name, bound.value(), bound.field.widget, attrs)


def _group(group: Any, optional: str) -> str:
    title = f'<h2 class="sub">{text(group.title)}</h2>' if group.title and group.cells else ""
    drawn = "".join(field(cell.field, cell.span, optional=optional) for cell in group.cells)
    return f"{title}{drawn}{''.join(map(str, group.hidden))}"


def _summary(form: Any) -> str:
    lines = [f"<p>{text(error)}</p>" for error in form.non_field_errors()]
    for bound in form.visible_fields():
        link = f'<a href="#{text(bound.id_for_label or bound.auto_id)}">{text(bound.label)}</a>'
        lines += [f"<p>{link}: {text(error)}</p>" for error in bound.errors]
    lines += [f"<p>{text(error)}</p>" for bound in form.hidden_fields() for error in bound.errors]
    inside = f'{icons.icon("circle-alert")}<div class="g">{"".join(lines)}</div>'
    return f'<div class="alert bad" role="alert" tabindex="-1" autofocus data-focus>{inside}</div>'
