"""Promotions and coupons: written, refused when two would rank alike, counted when an order uses them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils.translation import gettext as _

from apps.catalog.errors import CouponRefused, EqualRank, InvalidProduct, PromotionUsedUp
from apps.catalog.models import Category, Coupon, Product, Promotion, PromotionScope, PromotionUse
from backoffice.kernel import audit, clock, state

from . import promotion_rules, validation
from .locks import lock_price_lists
from .pricing import Use

EDITABLE = (
    "name", "kind", "level", "value", "buy", "pay", "valid_from", "valid_to", "weekdays", "from_hour", "until_hour",
    "channels", "customer_tags", "minimum", "expires_within", "priority", "stackable", "by_coupon", "max_uses",
    "max_uses_each", "is_active",
)  # fmt: skip
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is read as another
MOST_COUPONS = 1_000
MOST_RANK = 32_767
About = tuple[str, Any]  # what one scope names: product, category or tag, and which


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule is about; nothing at all means everything."""

    products: Sequence[Product] = ()
    categories: Sequence[Category] = ()
    tags: Sequence[str] = ()


@transaction.atomic
def create(*, scope: Scope | None = None, **fields: Any) -> Promotion:
    """A new rule. Raises InvalidProduct, EqualRank."""
    _known(fields)
    promotion = Promotion(**fields)
    lock_price_lists()  # rules are compared with each other: one at a time
    _tidy(promotion)
    validation.check(promotion)
    promotion.save()
    _write_scope(promotion, scope or Scope())
    _refuse_equal_rank(promotion)
    return promotion


@transaction.atomic
def update(
    promotion: Promotion, *, revision: int | None = None, scope: Scope | None = None, **fields: Any
) -> Promotion:
    """Other conditions from now on; orders keep what they were given. `scope` None leaves it.

    Raises InvalidProduct, EqualRank, StaleRevision.
    """
    _known(fields)
    lock_price_lists()
    promotion = Promotion.objects.select_for_update(no_key=True).get(pk=promotion.pk)
    state.check_revision(promotion, revision)
    for name, value in fields.items():
        setattr(promotion, name, value)
    _tidy(promotion)
    validation.check(promotion)
    with audit.noting(promotion, "" if scope is None else _rescoped(promotion, scope)):
        promotion = state.save_revised(promotion, revision=promotion.revision, fields=list(EDITABLE))
    if scope is not None:
        _write_scope(promotion, scope)
    _refuse_equal_rank(promotion)
    return promotion


def end(promotion: Promotion, *, revision: int | None = None) -> Promotion:
    """Switch the rule off."""
    return update(promotion, revision=revision, is_active=False)


@transaction.atomic
def add_coupons(promotion: Promotion, *, code: str = "", count: int = 1, max_uses: int | None = 1) -> list[Coupon]:
    """One coupon with this code, or so many with codes that nobody guesses. Raises InvalidProduct."""
    if not 1 <= count <= MOST_COUPONS:
        raise InvalidProduct(_("Between 1 and %(most)d coupons at once.") % {"most": MOST_COUPONS}, field="count")
    if code and count > 1:
        raise InvalidProduct(_("One code makes one coupon."), field="count")
    if max_uses == 0:
        raise InvalidProduct(_("A coupon can be used at least once."), field="max_uses")
    codes = (
        [code.strip().upper()] if code else ["".join(secrets.choice(LETTERS) for _n in range(8)) for _c in range(count)]
    )
    coupons = [Coupon(promotion=promotion, code=one, max_uses=max_uses) for one in codes]
    if code:
        validation.check(coupons[0])
        coupons[0].save()
        return coupons
    return audit.bulk_create(coupons)


@transaction.atomic
def stop_coupon(coupon: Coupon) -> None:
    """The coupon no longer counts."""
    coupon.is_active = False
    coupon.save(update_fields=["is_active"])


def check_coupon(code: str, *, at: datetime | None = None) -> Coupon:
    """The coupon that this code opens now, or at a moment that is tried. Raises CouponRefused, which says why not."""
    code = code.replace("\x00", "").strip()[:40]
    coupon = Coupon.objects.select_related("promotion").filter(code__iexact=code).first() if code else None
    if coupon is None:
        raise CouponRefused(_("There is no coupon “%(code)s”.") % {"code": code})
    if why := _opens_nothing(coupon, at or clock.now()):
        raise CouponRefused(_("The coupon %(code)s counts for nothing: %(why)s.") % {"code": coupon.code, "why": why})
    return coupon


def _opens_nothing(coupon: Coupon, at: datetime) -> str:
    """Why the coupon opens nothing at the moment, in words; empty when it does."""
    promotion = coupon.promotion
    if not coupon.is_active:
        return _("it was stopped")
    if coupon.max_uses is not None and coupon.uses >= coupon.max_uses:
        return _("it was used already") if coupon.max_uses == 1 else _("it is used up")
    if not promotion.is_active:
        return _("%(promotion)s is switched off") % {"promotion": promotion}
    if promotion.max_uses is not None and promotion.uses >= promotion.max_uses:
        return _("%(promotion)s is used up") % {"promotion": promotion}
    if why := promotion_rules.outside(promotion, at):
        return f"{promotion} {why}"
    return ""


def free_rank() -> int:
    """The first ten that no active rule has, after the last one that has one."""
    last = Promotion.objects.filter(is_active=True).aggregate(last=Max("priority"))["last"]
    return 100 if last is None else min((last // 10 + 1) * 10, MOST_RANK)


def redeem(uses: Iterable[Use], *, reference: str, customer: int | None) -> None:
    """Count what an order used, inside the order's transaction. Nothing to count is no query.

    A limit holds whoever comes at the same moment: the counter is raised only while it is below the limit, and the
    raised row is locked until the order is sealed or given up. Raises PromotionUsedUp.
    """
    for use in sorted(uses, key=lambda one: one.promotion_id):
        rows = Promotion.objects.filter(Q(max_uses=None) | Q(uses__lt=F("max_uses")), pk=use.promotion_id)
        promotion = Promotion.objects.get(pk=use.promotion_id)
        if not rows.update(uses=F("uses") + 1):
            raise PromotionUsedUp(promotion.name)
        if promotion.max_uses_each is not None and customer is not None:
            limits = {promotion.pk: promotion.max_uses_each}
            if promotion_rules.spent_by(customer, limits):
                raise PromotionUsedUp(promotion.name)
        coupon = None
        if use.coupon:
            coupon = Coupon.objects.filter(code__iexact=use.coupon, promotion=promotion).first()
            usable = promotion_rules.usable_coupons(use.coupon).filter(promotion=promotion)
            if coupon is None or not usable.update(uses=F("uses") + 1):
                raise PromotionUsedUp(use.coupon)
        PromotionUse.objects.create(
            promotion=promotion, coupon=coupon, reference=reference, customer=customer, amount=use.amount
        )


def release(reference: str) -> None:
    """Give back what a cancelled order used. Twice is once."""
    uses = PromotionUse.objects.filter(reference=reference, released_at=None).order_by("promotion_id")
    for use in uses.select_for_update():
        if not PromotionUse.objects.filter(pk=use.pk, released_at=None).update(released_at=clock.now()):
            continue
        Promotion.objects.filter(pk=use.promotion_id).update(uses=F("uses") - 1)
        if use.coupon_id:
            Coupon.objects.filter(pk=use.coupon_id).update(uses=F("uses") - 1)


def rival(promotion: Promotion) -> Promotion | None:
    """Another active rule of the same rank that could count for the same line at the same moment."""
    others = (
        Promotion.objects.filter(is_active=True, level=promotion.level, priority=promotion.priority)
        .filter(Q(valid_to=None) | Q(valid_to__gt=promotion.valid_from))
        .exclude(pk=promotion.pk)
        .order_by("pk")
    )
    if promotion.valid_to is not None:
        others = others.filter(valid_from__lt=promotion.valid_to)
    own = _about(promotion)
    for other in others:
        if (other.kind == Promotion.Kind.FREE_DELIVERY) != (promotion.kind == Promotion.Kind.FREE_DELIVERY):
            continue
        if promotion.by_coupon and other.by_coupon:
            continue  # an order has one coupon, and a coupon opens one rule
        if _apart(promotion.channels, other.channels) or _never_together(promotion, other):
            continue
        theirs = _about(other)
        if own and theirs and not _one_line(own, theirs) and all(kind == "product" for kind, _one in own | theirs):
            continue
        return other
    return None


def _one_line(own: Collection[About], theirs: Collection[About]) -> bool:
    """Whether one line could be about both: the same thing, or a product with variants and one of them."""
    above = Product.objects.filter(
        variant_of__isnull=False, pk__in=[pk for kind, pk in (*own, *theirs) if kind == "product"]
    )
    wider = {("product", pk): ("product", of) for pk, of in above.values_list("pk", "variant_of")}
    return any(
        one in there or wider.get(one) in there for some, there in ((own, theirs), (theirs, own)) for one in some
    )


def _refuse_equal_rank(promotion: Promotion) -> None:
    other = rival(promotion) if promotion.is_active else None
    if other is not None:
        raise EqualRank(promotion.name, other=other.name, rank=promotion.priority)


def _apart(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return bool(one) and bool(other) and not set(one) & set(other)


def _never_together(one: Promotion, other: Promotion) -> bool:
    """Whether no moment of a week is within the days and hours of both."""
    theirs = _week(other)
    return not any(
        start < their_end and their_start < end for start, end in _week(one) for their_start, their_end in theirs
    )


def _week(promotion: Promotion) -> list[tuple[Fraction, Fraction]]:
    """When in a week the rule counts, in days since Monday began; what goes on after Sunday is on Monday."""
    start, end = _of_day(promotion.from_hour, 0), _of_day(promotion.until_hour, 1)
    end += start >= end
    found = [(day + start, day + end) for day in promotion.weekdays or range(7)]
    week = Fraction(7)
    return [(first, min(last, week)) for first, last in found] + [
        (Fraction(0), last - week) for _first, last in found if last > week
    ]


def _of_day(hour: time | None, otherwise: int) -> Fraction:
    if hour is None:
        return Fraction(otherwise)
    return Fraction(hour.hour * 3600 + hour.minute * 60 + hour.second, 86_400)


def _about(promotion: Promotion) -> set[About]:
    found: set[About] = set()
    for scope in promotion.scopes.all():
        if scope.product_id:
            found.add(("product", scope.product_id))
        elif scope.category_id:
            found.add(("category", scope.category_id))
        else:
            found.add(("tag", scope.tag))
    return found


def _rescoped(promotion: Promotion, scope: Scope) -> str:
    """What the history says when it counts for other things than before; they are no columns of the promotion."""
    now = promotion.scopes.select_related("product", "category").order_by("pk")
    old = sorted(str(one.product or one.category or one.tag) for one in now)
    new = sorted(str(one) for one in (*scope.products, *scope.categories, *dict.fromkeys(scope.tags)))
    if old == new:
        return ""
    before, after = (", ".join(some) or _("everything") for some in (old, new))
    return _("Counts for: %(before)s → %(after)s") % {"before": before, "after": after}


def _write_scope(promotion: Promotion, scope: Scope) -> None:
    promotion.scopes.all().delete()
    PromotionScope.objects.bulk_create([
        *(PromotionScope(promotion=promotion, product=one) for one in scope.products),
        *(PromotionScope(promotion=promotion, category=one) for one in scope.categories),
        *(PromotionScope(promotion=promotion, tag=one) for one in dict.fromkeys(scope.tags)),
    ])  # fmt: skip


def _tidy(promotion: Promotion) -> None:
    """What belongs to another kind of rule is not kept."""
    promotion.name = " ".join(promotion.name.split())
    if promotion.kind == Promotion.Kind.BUY_PAY:
        promotion.value = promotion._meta.get_field("value").get_default()
    else:
        promotion.buy = promotion.pay = None
    if promotion.kind == Promotion.Kind.FREE_DELIVERY:
        promotion.level, promotion.value = Promotion.Level.ORDER, promotion._meta.get_field("value").get_default()


def _known(fields: Mapping[str, Any]) -> None:
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise TypeError(f"A promotion has no editable field {', '.join(sorted(unknown))}")
