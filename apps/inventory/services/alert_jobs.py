"""Jobs about alerts: looking at all lines, and writing to whoever wants to know.

A letter cannot be rolled back, so it is sent outside of any transaction, with a Message-ID that stays the same when it
is tried again, and written down afterwards.
"""

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from django.db.models import Case, IntegerField, When
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import ngettext

from apps.inventory.models import AlertChoice, AlertNotice, StockAlert
from apps.inventory.selectors import alerts as reads
from apps.inventory.services import alerts
from backoffice import company
from backoffice.kernel import clock
from backoffice.outbox import directives
from backoffice.outbox.errors import Permanent
from backoffice.outbox.models import Directive

Kind = StockAlert.Kind
DOMAIN = "alerts.invalid"  # only a name inside the Message-ID: nothing is ever sent there
NAMED = 10
"""So many are named in a letter, the worst first; of more it says how many there are of each kind, and where."""
WORST = [Kind.EXPIRED, Kind.WAITING, Kind.LOW, Kind.EXPIRING, Kind.MARGIN]


def start_sweep() -> Directive:
    """Issue the look at all lines, once a minute at most."""
    return directives.issue(alerts.SWEEP, dedupe_key=f"{clock.now():%Y-%m-%dT%H:%M}")


def sweep(directive: Directive) -> None:
    """Look at all lines. Repeatable: it writes only what is out of step."""
    directives.heartbeat(directive)
    alerts.sweep()


def tell(directive: Directive) -> None:
    """Write to a person of the open alerts that they chose, nobody has seen and they were not told of, in one letter.

    It counts all of them and names the worst: who chooses to be told in a house with a hundred of them wants no list.
    Permanent when the person is gone. Nothing is sent to who has no address, may not see alerts or was told.
    """
    user = get_user_model().objects.filter(pk=directive.payload.get("user")).first()
    if user is None:
        raise Permanent("The person is gone.")
    if not user.is_active or not user.email or not user.has_perm("inventory.view_stockalert"):
        return
    kinds = AlertChoice.objects.filter(user=user).values("kind")
    told = AlertNotice.objects.filter(user=user).values("alert")
    new = StockAlert.objects.unseen().filter(kind__in=kinds).exclude(pk__in=told)
    keys = list(new.order_by(_worst_first(), "day", "product__name", "pk").values_list("pk", flat=True))
    if not keys:
        return
    shown = {alert.pk: alert for alert in reads.as_now(reads.shown(StockAlert.objects.filter(pk__in=keys[:NAMED])))}
    counts = reads.by_kind(StockAlert.objects.filter(pk__in=keys)) if len(keys) > NAMED else {}
    with translation.override(user.language or settings.LANGUAGE_CODE):
        shop = company.current()
        subject = ngettext(
            "%(company)s: %(count)s thing in stock needs a look",
            "%(company)s: %(count)s things in stock need a look",
            len(keys),
        ) % {"company": shop, "count": len(keys)}
        body = render_to_string(
            "inventory/mail/alerts.txt",
            {
                "alerts": [shown[pk] for pk in keys[:NAMED]],
                "more": len(keys) - len(shown),
                "counts": [(kind.label, counts[kind]) for kind in WORST if kind in counts],
                "user": user,
                "company": shop,
                "address": settings.BASE_URL,
            },
        )
    EmailMessage(
        subject=subject,
        body=body,
        to=[user.email],
        headers={"Message-ID": f"<directive-{directive.pk}@{DOMAIN}>"},
    ).send()
    now = clock.now()
    AlertNotice.objects.bulk_create(
        [AlertNotice(alert_id=pk, user=user, sent_at=now) for pk in keys], ignore_conflicts=True
    )


def _worst_first() -> Case:
    return Case(*(When(kind=kind, then=place) for place, kind in enumerate(WORST)), output_field=IntegerField())
