"""A tab as the screen and the commit see it: priced lines, what is held of each, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Sum
from django.utils.formats import date_format, get_format
from django.utils.translation import gettext as _

from apps.catalog.errors import NoPrice
from apps.catalog.models import Product
from apps.catalog.selectors import bundles
from apps.catalog.services import pricing
from apps.inventory.models import ExpectedArrival, Hold, HoldAllocation
from apps.inventory.selectors import availability
from apps.inventory.selectors.bundles import floor
from apps.orders.models import Channel, OrderSession, SessionLine
from apps.orders.models.session import Fulfilment
from apps.orders.selectors import expiry, places
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.errors import Remedy
from backoffice.kernel.quantity import format_quantity

ZERO = Decimal(0)
OPENING_HOUR = 8  # a pre-order for tomorrow is wanted when the shop opens, until somebody says otherwise


_LINES = Compiled(
    lambda session: SessionLine.objects.filter(session_id=session).select_related("product__unit").order_by("pk")
)


@dataclass(frozen=True)
class Issue:
    """Something to settle, with ways out that are one click each. `block` stops the commit, `warn` does not."""

    severity: str
    text: str
    detail: str = ""
    line_id: int | None = None
    remedies: tuple[Remedy, ...] = ()

    @property
    def blocks(self) -> bool:
        return self.severity == "block"


@dataclass(frozen=True)
class CartLine:
    """A line with its price and what is kept for it. Without a price `priced` is None."""

    line: SessionLine
    priced: pricing.QuoteLine | None
    held: Decimal
    stocked: bool
    issue: Issue | None = None

    @property
    def short(self) -> Decimal:
        return max(self.line.quantity - self.held, ZERO) if self.stocked else ZERO

    @property
    def asked_text(self) -> str:
        return format_quantity(self.line.quantity)

    @property
    def typed(self) -> str:
        """The quantity as one would type it: no thousands, the language's decimal sign."""
        return format(self.line.quantity.normalize(), "f").replace(".", get_format("DECIMAL_SEPARATOR"))

    @property
    def held_text(self) -> str:
        return format_quantity(self.held)


@dataclass(frozen=True)
class Cart:
    """The whole tab. `quote` is None when a product has no price."""

    session: OrderSession
    lines: tuple[CartLine, ...]
    quote: pricing.Quote | None
    issues: tuple[Issue, ...]

    @property
    def blocking(self) -> tuple[Issue, ...]:
        return tuple(issue for issue in self.issues if issue.blocks)

    @property
    def total(self) -> Decimal:
        return self.quote.total if self.quote else self.session.total

    @property
    def subtotal(self) -> Decimal:
        return self.quote.subtotal if self.quote else self.session.total

    @property
    def discount(self) -> Decimal:
        return self.quote.discount if self.quote else ZERO

    @property
    def discounts(self) -> list[tuple[str, Decimal]]:
        """What each promotion takes off, and what prices by hand do."""
        return self.quote.discounts if self.quote else []

    @property
    def coupon_counts(self) -> bool:
        """Whether the tab's coupon gives something."""
        return bool(self.quote and any(use.coupon for use in self.quote.uses))

    @property
    def coupon_why(self) -> str:
        """Why the tab's coupon gives nothing, in the words of its rule; empty where no line says it."""
        lines = self.quote.lines if self.quote else ()
        verdicts = [one for line in lines for one in line.verdicts] + list(self.quote.delivery if self.quote else ())
        return next((one.why for one in verdicts if one.rule.coupon), "")

    @property
    def units(self) -> Decimal:
        return sum((entry.line.quantity for entry in self.lines), ZERO)

    @property
    def units_text(self) -> str:
        return format_quantity(self.units)

    @property
    def ready(self) -> bool:
        """Whether it can be paid and ordered."""
        return bool(self.lines) and not self.blocking

    @property
    def quantities(self) -> dict[int, Decimal]:
        """How much of each product is on the tab."""
        found: dict[int, Decimal] = {}
        for entry in self.lines:
            found[entry.line.product_id] = found.get(entry.line.product_id, ZERO) + entry.line.quantity
        return found


def lines_of(session: OrderSession) -> list[SessionLine]:
    """The lines in the order in which they were added, with product and unit. One query."""
    return _LINES(session.pk)


def priced_lines(lines: Iterable[SessionLine]) -> list[pricing.PricedLine]:
    """What pricing is asked; the line's key is its id, or its place when it is not written yet."""
    return [
        pricing.PricedLine(
            key=str(line.pk or -place),
            product_id=line.product_id,
            quantity=line.quantity,
            override=None
            if line.price_override is None
            else pricing.Override(line.price_override, line.override_reason),
            tax_rate=line.product.tax_rate,
        )
        for place, line in enumerate(lines, start=1)
    ]


def pricing_context(session: OrderSession, at: datetime | None = None) -> pricing.PricingContext:
    """The customer's own price list, and for what it has no price the channel's, at this moment."""
    own = session.customer.price_list_id if session.customer is not None else None
    return pricing.PricingContext(
        price_list_id=own or session.channel.price_list_id,
        at=at or clock.now(),
        customer_id=session.customer_id,
        fallback_list_id=session.channel.price_list_id,
        channel=session.channel.code,
        customer_tags=frozenset(session.customer.tags if session.customer is not None else ()),
        coupon=session.coupon,
        expiry=lambda product_ids: expiry.days_left(product_ids, places.of_channel(session.channel)),
        delivered=session.fulfilment == Fulfilment.DELIVERY,
    )


def demand(lines: Iterable[SessionLine]) -> dict[int, Decimal]:
    """How much of each stocked product the lines ask for; of a bundle its parts. Bundles cost queries, others none."""
    found: dict[int, Decimal] = {}
    bundled = []
    for line in lines:
        if line.product.is_stocked:
            found[line.product_id] = found.get(line.product_id, ZERO) + line.quantity
        elif line.product.kind == Product.Kind.BUNDLE:
            bundled.append(line)
    if bundled:
        for line, parts in parts_of(bundled):
            for pk, each in parts.items():
                found[pk] = found.get(pk, ZERO) + each * line.quantity
    return found


def parts_of(lines: Sequence[SessionLine]) -> list[tuple[SessionLine, dict[int, Decimal]]]:
    """Of each line of a bundle how much of every stocked good one of it holds."""
    inside = bundles.leaves({line.product_id for line in lines})
    every = {pk for parts in inside.values() for pk in parts}
    stocked = set(Product.objects.stocked().filter(pk__in=every).values_list("pk", flat=True))
    return [
        (line, {pk: each for pk, each in inside.get(line.product_id, {}).items() if pk in stocked}) for line in lines
    ]


def allocated(session: OrderSession) -> dict[int, Decimal]:
    """What is kept for the tab now, by product; holds that are too old do not count. One query."""
    holds = Hold.objects.of_origin(session).counting(clock.now())
    rows = (
        HoldAllocation.objects.filter(hold__in=holds)
        .values("hold__product_id")
        .annotate(kept=Sum("quantity"))
        .values_list("hold__product_id", "kept")
    )
    return dict(rows)


def read(session: OrderSession) -> Cart:
    """The tab as it is, changing nothing."""
    lines = lines_of(session)
    quote: pricing.Quote | None
    unpriced: set[int] = set()
    try:
        quote = pricing.quote(priced_lines(lines), pricing_context(session))
    except NoPrice as error:
        quote, unpriced = None, {pk for pk, _name in error.products}
    return build(session, lines, quote, allocated(session), unpriced=unpriced)


def build(
    session: OrderSession,
    lines: Sequence[SessionLine],
    quote: pricing.Quote | None,
    kept: Mapping[int, Decimal],
    *,
    unpriced: set[int] = frozenset(),  # type: ignore[assignment]
) -> Cart:
    """Put price, stock and issues together. More queries only when something is short."""
    now = clock.now()
    stale = bool(session.expires_at and session.expires_at <= now and demand(lines))
    left = dict(demand(lines) if stale else kept)
    priced = {line.key: line for line in quote.lines} if quote else {}
    bundled = [line for line in lines if line.product.kind == Product.Kind.BUNDLE]
    inside = {line.pk: parts for line, parts in parts_of(bundled)} if bundled else {}
    entries = []
    for line in lines:
        parts = {} if line.product.is_stocked else inside.get(line.pk, {})
        if parts:
            held = min(line.quantity, floor(parts, {pk: left.get(pk, ZERO) for pk in parts}) or ZERO)
            left |= {pk: left.get(pk, ZERO) - held * each for pk, each in parts.items()}
        else:
            held = min(line.quantity, left.get(line.product_id, ZERO))
            left[line.product_id] = left.get(line.product_id, ZERO) - held
        stocked = bool(parts) or line.product.is_stocked
        entries.append(CartLine(line, priced.get(str(line.pk)), held, stocked))
    short = [entry for entry in entries if entry.short]
    found = _shortages(session, short, now) if short else {}
    issues: list[Issue] = [
        Issue("block", _("%(product)s has no price here.") % {"product": entry.line.product}, line_id=entry.line.pk,
              remedies=(Remedy(_("Remove"), data={"remedy": "remove", "line": entry.line.pk}),))
        for entry in entries
        if entry.line.product_id in unpriced
    ]  # fmt: skip
    issues += found.values()
    if stale:
        issues.append(
            Issue(
                "warn",
                _("Stock is no longer kept for this tab."),
                _("It was kept until %(time)s and is taken again when you order.")
                % {"time": date_format(clock.local(session.expires_at), "TIME_FORMAT")},  # type: ignore[arg-type]
                remedies=(Remedy(_("Keep it again"), data={"remedy": "renew"}),),
            )
        )
    shown = tuple(
        CartLine(entry.line, entry.priced, entry.held, entry.stocked, found.get(entry.line.pk)) for entry in entries
    )
    return Cart(session, shown, quote, tuple(issues))


def promised(session: OrderSession, product: Product, now: datetime) -> bool:
    """Whether the channel may promise what is not there yet: a pre-order of something that is made."""
    return bool(
        session.channel.preorder
        and product.sell_policy == Product.SellPolicy.PLANNED_OK
        and session.needed_at
        and session.needed_at > now
    )


def tomorrow(now: datetime) -> datetime:
    """When a pre-order for tomorrow is wanted."""
    return clock.at(clock.local(now).date() + timedelta(days=1), OPENING_HOUR)


def _shortages(session: OrderSession, short: Sequence[CartLine], now: datetime) -> dict[int, Issue]:
    arrivals = _next_arrivals([entry.line.product_id for entry in short], now)
    swaps = _substitutes(session.channel, short)
    issues = {}
    for entry in short:
        line, product = entry.line, entry.line.product
        if promised(session, product, now):
            issues[line.pk] = Issue(
                "warn",
                _("%(short)s × %(product)s will be made for this order.")
                % {"short": format_quantity(entry.short), "product": product},
                arrivals.get(product.pk, ""),
                line.pk,
            )
            continue
        remedies = []
        if entry.held:
            remedies.append(
                Remedy(
                    _("Take %(quantity)s") % {"quantity": format_quantity(entry.held)},
                    data={"remedy": "take", "line": line.pk, "quantity": str(entry.held)},
                )
            )
            text = _("Only %(held)s × %(product)s available.") % {
                "held": format_quantity(entry.held), "product": product,
            }  # fmt: skip
        else:
            text = _("%(product)s is sold out.") % {"product": product}
        if substitute := swaps.get(line.pk):
            remedies.append(
                Remedy(
                    _("Substitute %(product)s") % {"product": substitute},
                    data={"remedy": "substitute", "line": line.pk, "product": substitute.pk},
                )
            )
        if session.channel.preorder and product.sell_policy == Product.SellPolicy.PLANNED_OK:
            remedies.append(
                Remedy(
                    _("Pre-order %(quantity)s for tomorrow") % {"quantity": format_quantity(entry.short)},
                    data={"remedy": "preorder", "line": line.pk},
                )
            )
        remedies.append(Remedy(_("Remove"), data={"remedy": "remove", "line": line.pk}))
        asked = _("%(asked)s were asked for.") % {"asked": format_quantity(line.quantity)}
        detail = " ".join(part for part in (asked, arrivals.get(product.pk, "")) if part)
        issues[line.pk] = Issue("block", text, detail, line.pk, tuple(remedies))
    return issues


def _next_arrivals(product_ids: Sequence[int], now: datetime) -> dict[int, str]:
    rows = (
        ExpectedArrival.objects.filter(product_id__in=product_ids, due_at__gt=now)
        .order_by("-due_at")
        .values_list("product_id", "quantity", "due_at")
    )
    return {
        product_id: _("Next batch: %(quantity)s, %(time)s.")
        % {"quantity": format_quantity(quantity), "time": _when(due_at, now)}
        for product_id, quantity, due_at in rows
    }


def _when(instant: datetime, now: datetime) -> str:
    local = clock.local(instant)
    same_day = local.date() == clock.local(now).date()
    return date_format(local, "TIME_FORMAT" if same_day else "SHORT_DATETIME_FORMAT")


def _substitutes(channel: Channel, short: Sequence[CartLine]) -> dict[int, Product]:
    """Of the same category, what is there in the quantity asked; the one with most left."""
    categories = {entry.line.product.category_id for entry in short if entry.line.product.category_id}
    if not categories:
        return {}
    others = list(
        Product.objects.sellable()
        .filter(category_id__in=categories, prices__price_list=channel.price_list_id, prices__valid_to=None)
        .exclude(pk__in=[entry.line.product_id for entry in short])
        .stocked()
        .distinct()
        .order_by("name")[:50]
    )
    there = availability.of(others, locations=places.of_channel(channel), margin_days=channel.expiry_margin_days)
    found = {}
    for entry in short:
        fitting = [
            product
            for product in others
            if product.category_id == entry.line.product.category_id
            and product.unit_id == entry.line.product.unit_id
            and there[product.pk].available >= entry.line.quantity
        ]
        if fitting:
            found[entry.line.pk] = max(fitting, key=lambda product: there[product.pk].available)
    return found
