"""Correcting what a receipt cost, after the fact: the invoice came later, or said something else.

A correction is looked at as a draft, and carried out by a job once it is applied. The job works in one transaction: it
goes through everything that happened to the stock since, and posts the differences as moves of value, today. What was
posted stays as it was, and so does what the stock was worth on days before.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from apps.inventory.errors import BadCorrection, ReasonMissing
from apps.inventory.models import (
    CostChange,
    CostCorrection,
    CostCorrectionLine,
    DocumentCostChange,
    Lot,
    LotCostChange,
    StockOperation,
)
from apps.inventory.selectors import recosting
from apps.inventory.selectors.recosting import Plan
from apps.inventory.selectors.replay import Document, LotChange, MoveChange
from apps.inventory.services import stock_locks
from apps.inventory.services.amounts import MOST, too_much
from apps.inventory.services.posting import ValueLine, revalue
from backoffice.company import current as current_company
from backoffice.kernel import audit, clock, idempotency, money, numbering, state
from backoffice.kernel.audit import acting, current_actor
from backoffice.kernel.errors import Remedy
from backoffice.kernel.locks import lock
from backoffice.outbox import directives
from backoffice.outbox.errors import Permanent, RetryLater
from backoffice.outbox.models import Directive

ZERO = Decimal(0)
TOPIC = "stock.correct_cost"
AT_ONCE = 1000
Status = CostCorrection.Status


def correctable(receipt: StockOperation) -> bool:
    """Whether its cost may be said anew: a receipt that still stands."""
    return receipt.kind == StockOperation.Kind.RECEIPT and not hasattr(receipt, "reversed_by")


def values_now(receipt: StockOperation) -> dict[int, Decimal]:
    """What each move of the receipt is worth in the books, earlier corrections included."""
    booked: dict[int, Decimal] = dict(receipt.moves.order_by("pk").values_list("pk", "value"))
    more = recosting.current(booked)
    return {pk: value + more.get(pk, ZERO) for pk, value in booked.items()}


@transaction.atomic
def draft(
    receipt: StockOperation,
    *,
    values: Mapping[int, Decimal],
    reason: str,
    reference: str = "",
    key: str | None = None,
) -> CostCorrection:
    """Write down what moves of a receipt really cost, in money, to be looked at. The same key drafts once.

    Raises BadCorrection for what is no standing receipt, when another correction of it is open, or nothing would
    change; ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing
    receipt = StockOperation.objects.select_for_update(of=("self",)).select_related("reversed_by").get(pk=receipt.pk)
    fingerprint = [receipt.pk, *sorted((pk, value.normalize()) for pk, value in values.items())]
    if done := idempotency.find(scope="costs.draft", key=key, fingerprint=fingerprint):
        return done
    _check(receipt)
    other = CostCorrection.objects.filter(receipt=receipt, status__in=CostCorrection.OPEN).first()
    if other is not None:
        who = other.created_by.name if other.created_by else _("the system")
        text = _("%(receipt)s is being corrected already, in %(other)s by %(who)s. Apply or discard that one first.")
        if other.status == Status.APPLYING:
            text = _(
                "%(other)s by %(who)s, of the same %(receipt)s, is being applied. Correct it again once that is done."
            )
        raise BadCorrection(
            text % {"receipt": receipt.number, "other": other.number, "who": who},
            remedies=[Remedy(_("Open %(other)s") % {"other": other.number}, url=other.get_absolute_url())],
        )
    now = values_now(receipt)
    if strangers := set(values) - set(now):
        raise BadCorrection(_("%(count)s lines do not belong to the receipt.") % {"count": len(strangers)})
    if any(value < 0 or value != money.round_money(value) for value in values.values()):
        raise BadCorrection(_("A cost is not below zero, and in whole cents."))
    if any(value >= MOST for value in values.values()):
        raise BadCorrection(too_much())
    changed = {pk: value for pk, value in values.items() if value != now[pk]}
    if not changed:
        raise BadCorrection(_("%(receipt)s cost that already; nothing would change.") % {"receipt": receipt.number})
    correction = CostCorrection.objects.create(
        number=numbering.next_number("cost-correction", prefix="CC-"),
        receipt=receipt,
        reason=reason.strip(),
        reference=reference.strip(),
        created_by_id=getattr(current_actor().user, "pk", None),
    )
    CostCorrectionLine.objects.bulk_create(
        CostCorrectionLine(correction=correction, move_id=pk, before=now[pk], after=value)
        for pk, value in sorted(changed.items())
    )
    idempotency.remember(scope="costs.draft", key=key, fingerprint=fingerprint, result=correction)
    return correction


def _check(receipt: StockOperation) -> None:
    if receipt.kind != StockOperation.Kind.RECEIPT:
        raise BadCorrection(
            _("%(number)s is no receipt. Correct the receipt that its stock came with; it follows.")
            % {"number": receipt.number}
        )
    if not correctable(receipt):
        raise BadCorrection(
            _("%(number)s was taken back by %(other)s; nothing of it is left to correct.")
            % {"number": receipt.number, "other": receipt.reversed_by.number}
        )


def preview(correction: CostCorrection) -> Plan:
    """What it would change if it were applied now."""
    return recosting.plan({line.move_id: line.after for line in correction.lines.all()})


@transaction.atomic
def apply(correction: CostCorrection, *, revision: int | None = None) -> CostCorrection:
    """Let the job carry it out. Raises BadCorrection when the receipt changed meanwhile, NotAllowed, StaleRevision."""
    fresh = lock(correction)
    if fresh.status == Status.DRAFT and (problem := _overtaken(fresh)):
        raise BadCorrection(problem)
    correction.problem = ""
    state.advance(correction, Status.APPLYING, revision=revision, fields=["problem"])
    directives.issue(
        TOPIC,
        payload={"correction": correction.pk},
        origin=correction,
        dedupe_key=f"{correction.pk}-{correction.revision}",
    )
    return correction


@transaction.atomic
def discard(correction: CostCorrection, *, reason: str = "", revision: int | None = None) -> CostCorrection:
    """Nothing is corrected; a job that was to apply it finds nothing to do. Raises NotAllowed once it is applied,
    StaleRevision.
    """
    return state.advance(correction, Status.DISCARDED, revision=revision)


def carry_out(directive: Directive) -> None:
    """The job: post what changes, all of it or nothing. Carried out before, it does nothing.

    Two corrections that reach the same products or documents wait for each other. What changed since the draft was made
    is taken along; only a receipt that costs something else by now, or was taken back, makes it a draft again.
    """
    found = CostCorrection.objects.filter(pk=directive.payload.get("correction")).first()
    if found is None:
        raise Permanent("The cost correction is gone.")
    correction = lock(found)
    if correction.status != Status.APPLYING:
        return
    with acting(reason=correction.reason):
        if problem := _overtaken(correction):
            _return(correction, problem)
            return
        plan = _locked_plan(correction)
        if problem := _overtaken(correction):
            _return(correction, problem)
            return
        _post(correction, plan)


def _locked_plan(correction: CostCorrection) -> Plan:
    """The plan, with everything locked that it touches: documents first, as those who post for them do."""
    first = preview(correction)
    locks = recosting.told("lock")
    for kind in sorted(locks):
        locks[kind](_of(kind, first.documents))
    stock_locks.lock_products(first.product_ids | _products(correction))
    plan = preview(correction)
    if not plan.product_ids <= first.product_ids or any(
        set(_of(kind, plan.documents)) - set(_of(kind, first.documents)) for kind in locks
    ):
        raise RetryLater(1, "Something was made of it at this very moment.")
    return plan


def _of(kind: int, documents: Collection[Document]) -> list[int]:
    return [pk for of_kind, pk in documents if of_kind == kind]


def _products(correction: CostCorrection) -> set[int]:
    return set(correction.lines.values_list("move__product_id", flat=True))


def _overtaken(correction: CostCorrection) -> str:
    """Why the draft does not fit any more; empty when it does."""
    receipt = StockOperation.objects.select_related("reversed_by").get(pk=correction.receipt_id)
    if not correctable(receipt):
        return _("%(number)s was taken back by %(other)s; nothing of it is left to correct.") % {
            "number": receipt.number,
            "other": receipt.reversed_by.number,
        }
    now = values_now(receipt)
    currency = current_company().currency
    for line in correction.lines.select_related("move__product").order_by("pk"):
        if now[line.move_id] != line.before:
            return _(
                "%(product)s of %(receipt)s costs %(now)s by now, not %(before)s. Discard this and correct it anew."
            ) % {
                "product": line.move.product.name,
                "receipt": receipt.number,
                "now": money.format_money(now[line.move_id], currency),
                "before": money.format_money(line.before, currency),
            }
    return ""


def _return(correction: CostCorrection, problem: str) -> None:
    correction.problem = problem
    state.advance(correction, Status.DRAFT, fields=["problem"], locked=True)


def _post(correction: CostCorrection, plan: Plan) -> None:
    """Write it all: the moves of value, what each move and lot and document is worth now, and the documents."""
    documents = recosting.documents(plan)  # before anything is written
    if lines := _lines(plan.moves):  # nothing to post when lines of one lot only changed places
        correction.operation = revalue(
            lines, reason=correction.reason, origin=correction, reference=correction.reference
        )
    CostChange.objects.bulk_create(
        [
            CostChange(correction=correction, move_id=change.step.pk, before=change.before, after=change.after)
            for change in plan.moves
        ],
        batch_size=AT_ONCE,
    )
    _write_lots(correction, plan.lots)
    for kind, write in recosting.told("apply").items():
        mine = [change for change in plan.moves if change.step.document and change.step.document[0] == kind]
        if mine:
            write(mine)
    DocumentCostChange.objects.bulk_create(
        [
            DocumentCostChange(
                correction=correction,
                document_type_id=one.document[0],
                document_id=one.document[1],
                cost_before=one.cost_before,
                cost_after=one.cost_after,
                worth_before=one.worth_before,
                worth_after=one.worth_after,
            )
            for one in documents
        ],
        batch_size=AT_ONCE,
    )
    correction.applied_at = clock.now()
    state.advance(correction, Status.APPLIED, fields=["operation", "applied_at"], locked=True)


def _lines(changes: Sequence[MoveChange]) -> list[ValueLine]:
    """One move of value for each way that stock of a lot went; backwards for less."""
    ways: dict[tuple[int, int, int, int], Decimal] = defaultdict(Decimal)
    for change in changes:
        step = change.step
        ways[step.product_id, step.lot_id, step.source_id, step.destination_id] += change.difference
    found = []
    for (product, lot, source, destination), value in sorted(ways.items()):
        if value > 0:
            found.append(ValueLine(product, lot, source, destination, value))
        elif value < 0:
            found.append(ValueLine(product, lot, destination, source, -value))
    return found


def _write_lots(correction: CostCorrection, changes: Sequence[LotChange]) -> None:
    LotCostChange.objects.bulk_create(
        [
            LotCostChange(
                correction=correction,
                lot_id=one.lot_id,
                unit_before=one.unit_before,
                unit_after=one.unit_after,
                value_before=one.value_before,
                value_after=one.value_after,
            )
            for one in changes
        ],
        batch_size=AT_ONCE,
    )
    new = {one.lot_id: one.unit_after for one in changes if one.unit_after != one.unit_before}
    wanted = sorted(new)
    lots: list[Lot] = []
    for start in range(0, len(wanted), AT_ONCE // 2):
        lots += Lot.objects.filter(pk__in=wanted[start : start + AT_ONCE // 2])
    for lot in lots:
        lot.unit_cost = new[lot.pk]
        if lot.is_silent:
            # A silent lot is found by its cost. This one is told apart by its key, so that what comes at the old cost,
            # or at the new one, gets a lot of its own.
            lot.code = f"~{lot.unit_cost.normalize():f}~#{lot.pk}"
    audit.bulk_update(lots, ["unit_cost", "code"])
