"""Alerts: raised when stock crosses a line, ended when it crosses back, acknowledged by a person.

Whatever changes stock locks its products; once that is committed, `look` asks in one query whether an alert of these
products is out of step, and only then something is written. What time or a price crosses, and what a crash left out,
`sweep` finds.
"""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Greatest
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog.services.locks import lock_products
from apps.inventory.errors import AlertSettled
from apps.inventory.models import AlertChoice, StockAlert
from apps.inventory.selectors import alerts as reads
from backoffice.kernel import clock
from backoffice.kernel.audit import current_actor
from backoffice.kernel.locks import retry_conflict
from backoffice.outbox import directives

MANY = 100
"""More products than this are not looked at by whoever moved them: a job does it."""
PATIENCE = 120
"""Seconds that a notice waits, so that what belongs together comes in one letter."""
SWEEP = "stock.alerts"
TELL = "notify.staff"


def moved(product_ids: Iterable[int]) -> None:
    """Stock of these products changes in this transaction: look at their lines once it is committed."""
    touched = _touched()
    if not any(each[1] is _look_at_touched for each in transaction.get_connection().run_on_commit):
        touched.clear()  # a transaction that was rolled back left them
    touched.update(product_ids)
    transaction.on_commit(_look_at_touched, robust=True)


def _touched() -> set[int]:
    """What the transaction of this connection moved. The connection's own: the proxy is one for all threads."""
    found: set[int] = connections[DEFAULT_DB_ALIAS].__dict__.setdefault("stock_touched", set())
    return found


def _look_at_touched() -> None:
    """The first of a transaction's calls looks at everything; what a savepoint took back is looked at in vain."""
    touched = _touched()
    if not touched:
        return
    product_ids = set(touched)
    touched.clear()
    if len(product_ids) > MANY:
        directives.issue(SWEEP)
    else:
        look(product_ids)


def look(product_ids: Collection[int]) -> None:
    """Bring the alerts of these products in step with their stock. One query when no line was crossed."""
    if found := reads.out_of_step(product_ids):
        settle(found)


def sweep() -> int:
    """Bring all alerts in step. Returns how many products were out of step."""
    now = reads.now()
    there = {(alert.kind, alert.subject_id): alert for alert in StockAlert.objects.open()}
    late = {now.crossed[subject].product_id for subject in now.crossed.keys() - there.keys()}
    late |= {there[subject].product_id for subject in _over(there, now)}
    late |= {alert.product_id for alert in _drifted(there, now)}
    due = sorted(late)
    for start in range(0, len(due), MANY):
        settle(due[start : start + MANY])
    return len(due)


@retry_conflict
@transaction.atomic
def settle(product_ids: Collection[int]) -> list[StockAlert]:
    """Raise and end the alerts of these products as their stock is now. Returns those raised.

    Under the products' locks; a constraint makes one alert of two that are raised at once all the same.
    """
    lock_products(product_ids, gone_is_fine=True)
    now = reads.now(product_ids=product_ids)
    there = {
        (alert.kind, alert.subject_id): alert for alert in StockAlert.objects.open().filter(product_id__in=product_ids)
    }
    moment = clock.now()
    if over := [there[subject].pk for subject in _over(there, now)]:
        # Never over before it began, whatever the clock does.
        ended = Greatest(F("raised_at"), Value(moment, output_field=DateTimeField()))
        StockAlert.objects.open().filter(pk__in=over).update(resolved_at=ended)
    StockAlert.objects.bulk_update(_drifted(there, now), ["measured", "limit", "day", "price_list"])
    raised = [
        StockAlert(
            kind=subject[0],
            subject_id=subject[1],
            product_id=line.product_id,
            lot_id=line.lot_id,
            location_id=line.location_id,
            price_list_id=line.price_list_id,
            measured=line.measured,
            limit=line.limit,
            day=line.day,
            raised_at=moment,
        )
        for subject, line in now.crossed.items()
        if subject not in there
    ]
    if raised:
        StockAlert.objects.bulk_create(raised, ignore_conflicts=True)
        _tell({alert.kind for alert in raised})
    return raised


def _over(there: dict[Any, StockAlert], now: reads.Now) -> list[Any]:
    """The subjects that have crossed back. A price is not, when there is no stock left to know its cost by."""
    return [
        subject
        for subject in there.keys() - now.crossed.keys()
        if subject[0] != StockAlert.Kind.MARGIN or subject[1] in now.costed
    ]


def _drifted(there: dict[Any, StockAlert], now: reads.Now) -> list[StockAlert]:
    """The alerts whose figures are no longer what they were, with the new ones in them."""
    found = []
    for subject in there.keys() & now.crossed.keys():
        alert, line = there[subject], now.crossed[subject]
        figures = (line.measured, line.limit, line.day, line.price_list_id)
        if (alert.measured, alert.limit, alert.day, alert.price_list_id) != figures:
            alert.measured, alert.limit, alert.day, alert.price_list_id = figures
            found.append(alert)
    return found


def _tell(kinds: Collection[str]) -> None:
    """Write to whoever chose one of the kinds, a little later, once for what comes together."""
    bucket = int(clock.now().timestamp()) // PATIENCE
    chosen = AlertChoice.objects.filter(kind__in=kinds, user__is_active=True).exclude(user__email="")
    for user_id in chosen.order_by("user_id").values_list("user_id", flat=True).distinct():
        directives.issue(
            TELL,
            payload={"user": user_id},
            dedupe_key=f"alerts:{user_id}:{bucket}",
            available_at=clock.now() + timedelta(seconds=PATIENCE),
        )


@transaction.atomic
def acknowledge(alert: StockAlert, *, note: str = "") -> StockAlert:
    """Somebody has seen it: who acts now, and what they say. Raises AlertSettled when it is over or was seen before."""
    actor = current_actor().user
    done = (
        StockAlert.objects.unseen()
        .filter(pk=alert.pk)
        .update(
            acknowledged_at=clock.now(),
            acknowledged_by=actor if getattr(actor, "pk", None) else None,
            note=note.strip()[:200],
        )
    )
    fresh = reads.shown(StockAlert.objects.all()).get(pk=alert.pk)
    if done:
        return fresh
    if fresh.resolved_at is not None:
        when = date_format(clock.local(fresh.resolved_at), "SHORT_DATETIME_FORMAT")
        raise AlertSettled(
            _("%(alert)s is over since %(when)s; nothing is left to do.") % {"alert": fresh, "when": when}
        )
    assert fresh.acknowledged_at is not None
    raise AlertSettled(
        _("%(alert)s: %(who)s saw it %(when)s already.")
        % {
            "alert": fresh,
            "who": fresh.acknowledged_by or _("somebody"),
            "when": date_format(clock.local(fresh.acknowledged_at), "SHORT_DATETIME_FORMAT"),
        }
    )


@transaction.atomic
def choose(user: Any, kinds: Collection[str]) -> list[str]:
    """From now on the person gets an e-mail of alerts of exactly these kinds. Returns them."""
    get_user_model().objects.select_for_update().get(pk=user.pk)
    wanted = [kind for kind in StockAlert.Kind.values if kind in kinds]
    AlertChoice.objects.filter(user=user).exclude(kind__in=wanted).delete()
    AlertChoice.objects.bulk_create([AlertChoice(user=user, kind=kind) for kind in wanted], ignore_conflicts=True)
    return wanted
