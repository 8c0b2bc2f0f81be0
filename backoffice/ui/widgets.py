"""Django's widgets that have many pieces, drawn as strings: a template for every option takes ten times as long."""

from collections.abc import Mapping
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

SELECT, OPTION = "django/forms/widgets/select.html", "django/forms/widgets/select_option.html"


def _attributes(attrs: Mapping[str, Any]) -> str:
    """As Django's `attrs.html`: True is only named, False is left out."""
    return "".join(
        f" {conditional_escape(name)}" + ("" if value is True else f'="{conditional_escape(str(value))}"')
        for name, value in attrs.items()
        if value is not False
    )


def drawn(template: str, context: Mapping[str, Any]) -> SafeString | None:
    """The widget, as its template would draw it; None for what is left to templates."""
    if template != SELECT:
        return None
    widget = context["widget"]
    parts = []
    for name, options, _index in widget["optgroups"]:
        if any(option["template_name"] != OPTION for option in options):
            return None
        inside = "".join(
            f'<option value="{conditional_escape(str(option["value"]))}"{_attributes(option["attrs"])}>'
            f"{conditional_escape(option['label'])}</option>"
            for option in options
        )
        parts.append(f'<optgroup label="{conditional_escape(name)}">{inside}</optgroup>' if name else inside)
    return SafeString(
        f'<select name="{conditional_escape(widget["name"])}"{_attributes(widget["attrs"])}>{"".join(parts)}</select>'
    )
