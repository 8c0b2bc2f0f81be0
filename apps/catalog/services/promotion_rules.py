"""The rules that are active at a moment, as the computation needs them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog.models import Coupon, Product, Promotion, PromotionUse
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled

from .promoting import Facts, Rule

if TYPE_CHECKING:
    from .pricing import PricingContext

COLUMNS = (
    "id", "name", "kind", "level", "value", "buy", "pay", "priority", "stackable", "by_coupon", "minimum",
    "expires_within", "channels", "customer_tags", "weekdays", "from_hour", "until_hour", "max_uses", "max_uses_each",
)  # fmt: skip
SCOPE = ("scopes__product_id", "scopes__category_id", "scopes__tag")
_ACTIVE = Compiled(lambda at: Promotion.objects.at(at).filter(by_coupon=False).order_by().values_list(*COLUMNS, *SCOPE))
LEVELS_UP = 8  # how deep a path of categories is at most
ABOVE = tuple("category" + "__parent" * depth + "_id" for depth in range(LEVELS_UP))


def load(context: PricingContext, product_ids: Collection[int]) -> tuple[list[Rule], dict[int, Facts]]:
    """The rules that may count, and what they ask of the products. One query while no rule is active."""
    if context.coupon:
        usable = usable_coupons(context.coupon).values("promotion")
        found = Promotion.objects.at(context.at).filter(Q(by_coupon=False) | Q(pk__in=usable))
        rows = list(found.values_list(*COLUMNS, *SCOPE))
    else:
        rows = _ACTIVE(context.at)
    if not rows:
        return [], {}
    each = {row[0]: row[COLUMNS.index("max_uses_each")] for row in rows}
    limits = {pk: limit for pk, limit in each.items() if limit is not None}
    spent = spent_by(context.customer_id, limits) if limits and context.customer_id is not None else ()
    rules = read(rows, coupon=context.coupon, spent=spent)
    return rules, facts_of(product_ids, rules, context)


def usable_coupons(code: str) -> Any:
    """Coupons with this code, whatever its case, that may still be used."""
    return Coupon.objects.filter(
        Q(max_uses=None) | Q(uses__lt=F("max_uses")), code__iexact=code.strip(), is_active=True
    )


def read(rows: Iterable[tuple[Any, ...]], *, coupon: str = "", spent: Collection[int] = ()) -> list[Rule]:
    """Rules from rows of COLUMNS and SCOPE, several rows for a rule that is about several things."""
    about: dict[int, tuple[set[int], set[int], set[str]]] = defaultdict(lambda: (set(), set(), set()))
    values: dict[int, dict[str, Any]] = {}
    for row in rows:
        values[row[0]] = dict(zip(COLUMNS, row, strict=False))
        things: tuple[Any, ...] = about[row[0]]
        for found, one in zip(things, row[len(COLUMNS) :], strict=True):
            if one:
                found.add(one)
    return [_rule(value, *about[pk], coupon=coupon, spent=pk in spent) for pk, value in values.items()]


def rule_of(promotion: Promotion) -> Rule:
    """The rule of one promotion, without what it is about."""
    values = {name: getattr(promotion, name) for name in COLUMNS}
    return _rule(values, set(), set(), set(), coupon="", spent=False)


def _rule(
    value: dict[str, Any], products: set[int], categories: set[int], tags: set[str], *, coupon: str, spent: bool
) -> Rule:
    return Rule(
        id=value["id"], name=value["name"], kind=value["kind"], level=value["level"], value=value["value"],
        buy=value["buy"] or 0, pay=value["pay"] or 0, priority=value["priority"], stackable=value["stackable"],
        coupon=coupon.strip().upper() if value["by_coupon"] else "", by_coupon=value["by_coupon"],
        limited=value["max_uses"] is not None or value["max_uses_each"] is not None,
        products=frozenset(products), categories=frozenset(categories), tags=frozenset(tags),
        minimum=value["minimum"], expires_within=value["expires_within"], channels=frozenset(value["channels"]),
        customer_tags=frozenset(value["customer_tags"]), weekdays=frozenset(value["weekdays"]),
        from_hour=value["from_hour"], until_hour=value["until_hour"], spent=spent,
        each=value["max_uses_each"] is not None,
    )  # fmt: skip


def outside(promotion: Promotion, at: datetime) -> str:
    """Why the moment is not within the rule's window, in words; empty when it is."""
    if promotion.valid_from > at:
        return _("begins on %(day)s") % {"day": date_format(clock.local(promotion.valid_from), "SHORT_DATETIME_FORMAT")}
    if promotion.valid_to is not None and promotion.valid_to <= at:
        return _("ended on %(day)s") % {"day": date_format(clock.local(promotion.valid_to), "SHORT_DATETIME_FORMAT")}
    return ""


def spent_by(customer: int, limits: dict[int, int]) -> set[int]:
    """Of the promotions with a limit for each customer, those that this one has used up."""
    rows = (
        PromotionUse.objects.filter(promotion__in=limits, customer=customer, released_at=None)
        .values("promotion")
        .annotate(times=Count("pk"))
        .values_list("promotion", "times")
    )
    return {pk for pk, times in rows if times >= limits[pk]}


def facts_of(product_ids: Collection[int], rules: Collection[Rule], context: PricingContext) -> dict[int, Facts]:
    """What the rules ask of the products: categories with those above, tags, and days to expiry where one asks."""
    days = {}
    if context.expiry is not None and any(rule.expires_within is not None for rule in rules):
        days = dict(context.expiry(product_ids))
    if not any(rule.products or rule.categories or rule.tags for rule in rules):
        return {pk: Facts(days_left=days.get(pk)) for pk in product_ids}
    rows = Product.objects.filter(pk__in=product_ids).values_list("pk", "variant_of_id", "tags", *ABOVE)
    return {
        pk: Facts(of, frozenset(one for one in above if one), frozenset(tags), days.get(pk))
        for pk, of, tags, *above in rows
    }
