"""`{% load ui %}`: icons, amounts, states, pictures and codes, as every template draws them."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language_info, gettext, ngettext

from backoffice import company
from backoffice.kernel import clock
from backoffice.kernel.money import format_amount, format_money
from backoffice.kernel.quantity import format_quantity
from backoffice.ui import charts, codes, drawing, icons, permissions

register = template.Library()

STYLESHEETS = [
    "tokens",
    "reset",
    "base",
    "layout",
    "components",
    "lists",
    "steps",
    "tables",
    "columns",
    "forms",
    "overlays",
    "charts",
    "pages",
    "screens",
    "pos",
    "board",
    "floor",
    "plan",
    "utilities",
    "print",
]
FAMILIES = {"bread", "vien", "cake", "savo", "coff", "cold", "shop"}
HUE_STEP = 15


@register.simple_tag
def stylesheets() -> SafeString:
    """The links to all stylesheets; the first one fixes the order of the layers."""
    return _stylesheets(settings.STATIC_URL, str(settings.STORAGES["staticfiles"]))


@lru_cache(maxsize=8)
def _stylesheets(*_where: str) -> SafeString:
    return format_html_join(
        "\n    ", '<link rel="stylesheet" href="{}">', ((static(f"css/{name}.css"),) for name in STYLESHEETS)
    )


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An icon of lucide: {% icon "croissant" %}, {% icon "x" "xs" %}."""
    return icons.icon(str(name or icons.UNKNOWN), css)


@register.simple_tag
def sidebar_sections(groups: Any) -> SafeString:
    """The sidebar's entries under their headings. Their icons are drawn in a file that the browser keeps."""
    return drawing.sections(groups)


@register.simple_tag(takes_context=True)
def may_follow(context: Any, url: str) -> bool:
    """Whether the person may open an address, so that no link leads to a refusal."""
    return permissions.may_follow(context["request"].user, url)


@register.simple_tag
def draw_field(field: Any, span: Any = None) -> SafeString:
    """One field of a form, with its label, unit, help and errors."""
    return drawing.field(field, span or None)


@register.simple_tag
def draw_fields(form: Any) -> SafeString:
    """A form without its <form>."""
    return drawing.fields(form)


@register.simple_tag
def draw_region(form: Any, name: str) -> SafeString:
    """What is inside one region of a form; see `forms.Group`."""
    return drawing.region(form, name)


@register.simple_tag
def money(value: Decimal | None, places: int = 2) -> str:
    """An amount with the company's currency; nothing for None."""
    return "" if value is None else format_money(Decimal(value), company.current().currency, places)


@register.simple_tag
def amount(value: Decimal | None, places: int = 2) -> str:
    """An amount without its currency, for columns that name it in their head."""
    return "" if value is None else format_amount(Decimal(value), places)


@register.simple_tag
def quantity(value: Decimal | None, unit: Any = "", places: int | None = None) -> str:
    """A quantity with its unit (a code, or an object with one)."""
    return (
        "" if value is None else format_quantity(Decimal(value), str(getattr(unit, "code", unit) or ""), places=places)
    )


@register.simple_tag
def badge(text: Any, tone: str = "", css: str = "") -> SafeString:
    """The state of a thing: tone ok, warn, bad, info or nothing; css "plain" leaves the dot out."""
    return format_html('<span class="{}">{}</span>', " ".join(filter(None, ["badge", tone, css])), text)


@register.simple_tag
def tag(text: Any, tone: str = "", icon_name: str = "") -> SafeString:
    """An attribute of a thing, without a dot."""
    drawn: Any = icons.icon(icon_name) if icon_name else ""
    return format_html('<span class="{}">{}{}</span>', f"tag {tone}".strip(), drawn, text)


@register.simple_tag
def ago(moment: datetime | None) -> SafeString:
    """How long ago (or ahead) it was, in words, with the exact instant on hovering and for scripts."""
    if moment is None:
        return format_html('<span class="muted">{}</span>', gettext("never"))
    exact = formats.date_format(clock.local(moment), "DATETIME_FORMAT")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, since(moment))


def since(moment: datetime) -> str:
    """`moment` as people say it: just now, 5 min ago, in 2 h, yesterday, 3 Nov."""
    seconds = int((clock.now() - moment).total_seconds())
    near = abs(seconds)
    days = (clock.today() - clock.local(moment).date()).days
    if near < 60:
        return gettext("just now") if seconds >= 0 else gettext("in a moment")
    if near < 3600:
        minutes = near // 60
        words = gettext("%(n)s min ago") if seconds > 0 else gettext("in %(n)s min")
        return words % {"n": minutes}
    if days == 0 or near < 6 * 3600:
        words = gettext("%(n)s h ago") if seconds > 0 else gettext("in %(n)s h")
        return words % {"n": near // 3600}
    if days == 1:
        return gettext("yesterday")
    if days == -1:
        return gettext("tomorrow")
    if 1 < days < 7:
        return ngettext("%(n)s day ago", "%(n)s days ago", days) % {"n": days}
    if -7 < days < -1:
        return ngettext("in %(n)s day", "in %(n)s days", -days) % {"n": -days}
    return day(clock.local(moment).date())


@register.filter
def day(value: date | datetime | None) -> str:
    """A date as short as it can be: without the year when it is this one."""
    if value is None:
        return ""
    on = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return formats.date_format(on, "j M" if on.year == clock.today().year else "j M Y")


@register.simple_tag
def thumb(thing: Any, css: str = "") -> SafeString:
    """The picture of a product (or of an (icon, hue) pair): its icon on its family's tint.

    A product's own icon goes before its category's; the hue is a number of degrees or a family's name.
    """
    name, hue = picture(thing)
    return thumb_of(name, hue, css)


def picture(thing: Any) -> tuple[str, Any]:
    """(icon, hue) of a product, a category or such a pair."""
    if isinstance(thing, tuple | list):
        return str(thing[0] or "package"), thing[1]
    if thing is None:
        return "package", None
    category = getattr(thing, "category", None)
    hue = getattr(thing, "hue", None)
    if hue in (None, "") and category is not None:
        hue = getattr(category, "hue", None)
    if photo := getattr(thing, "picture_url", ""):
        return str(photo), hue
    return str(getattr(thing, "icon", "") or getattr(category, "icon", "") or "package"), hue


def thumb_of(name: str, hue: Any, css: str = "") -> SafeString:
    """An icon on a tint. Without a hue the tint is neutral. What begins with a slash is the address of a photo."""
    classes = escape(f"thumb {css}".strip())
    if name.startswith("/"):
        return SafeString(f'<img class="{classes}" src="{escape(name)}" alt="" loading="lazy">')
    return SafeString(f'<span class="{classes}"{hue_attribute(hue)}>{icons.icon(name)}</span>')


@register.simple_tag
@lru_cache(maxsize=512)
def hue_attribute(hue: Any) -> SafeString:
    """The attribute that gives an element its family's hue: one of 24 steps, because CSS may not be written inline."""
    if hue in (None, ""):
        return SafeString("")
    if str(hue) in FAMILIES:
        return format_html(' data-fam="{}"', hue)
    try:
        degrees = int(hue) % 360
    except (TypeError, ValueError):
        return SafeString("")
    return format_html(' data-hue="{}"', round(degrees / HUE_STEP) * HUE_STEP % 360)


@register.simple_tag
def chart(what: Any) -> SafeString:
    """Any chart of `backoffice.ui.charts`."""
    return charts.draw(what)


@register.simple_tag
def qr(text: Any, css: str = "qr") -> SafeString:
    """A QR code, inline."""
    return codes.qr(str(text), css)


@register.simple_tag
def barcode(text: Any, css: str = "bars", room: int = 0) -> SafeString:
    """Code 128, inline; on paper with the millimetres that it may take."""
    return codes.barcode(str(text), css, room)


@register.simple_tag(takes_context=True)
def url_with(context: template.Context, **changes: Any) -> str:
    """This page's query string with some parameters changed; an empty value takes one away."""
    request = context.get("request")
    query = request.GET.copy() if request is not None else None
    if query is None:
        return "?"
    for key, value in changes.items():
        if value in (None, ""):
            query.pop(key, None)
        elif isinstance(value, str) or not isinstance(value, Iterable):
            query[key] = str(value)
        else:
            query.setlist(key, [str(one) for one in value])
    return f"?{query.urlencode()}"


@register.simple_tag
def shop_name() -> str:
    """The company's name, or the product's when it has none yet."""
    return str(company.current())


@register.simple_tag
def shop_mark(css: str = "") -> SafeString:
    """The company's mark: its icon on the accent colour."""
    classes = f"mark {css}".strip()
    return format_html('<span class="{}" aria-hidden="true">{}</span>', classes, icons.icon(company.current().mark))


@register.simple_tag
def language_name(code: str) -> str:
    """A language in its own words."""
    return str(get_language_info(code)["name_local"])


@register.simple_tag
def role_names(user: Any) -> str:
    """The roles of a person, in words."""
    from backoffice.accounts.roles import titles

    return ", ".join(titles(user))


@register.inclusion_tag("ui/components/banner.html")
def banner() -> dict[str, Any]:
    """The red line above everything, when something is wrong with the place itself."""
    return {"banner": company.banner()}
