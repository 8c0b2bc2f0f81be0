"""Handlers for the tests. What they do can be counted in the database: each counts up a series of numbers."""

from backoffice.kernel import numbering
from backoffice.kernel.audit import current_actor
from backoffice.kernel.models import NumberSeries
from backoffice.outbox import directives
from backoffice.outbox.errors import Permanent, RetryLater
from backoffice.outbox.models import Directive


def count(directive: Directive) -> None:
    numbering.next_value(f"effect-{directive.ref('n')}")


def counted(n: object = 1) -> int:
    row = NumberSeries.objects.filter(series=f"effect-{n}").first()
    return row.last if row else 0


def count_then_fail(directive: Directive) -> None:
    count(directive)
    raise RuntimeError("oven is cold, mail baker@example.com")


def refuse(directive: Directive) -> None:
    raise Permanent("That will never work.")


def later(directive: Directive) -> None:
    raise RetryLater(3600, "busy")


def say_who(directive: Directive) -> None:
    actor = current_actor()
    directive.payload["seen"] = [actor.user.pk if actor.user else None, actor.reason, actor.trace]


def long_steps(directive: Directive) -> None:
    for _ in range(3):
        directives.heartbeat(directive)
        count(directive)


def lose_the_lease(directive: Directive) -> None:
    count(directive)
    Directive.objects.filter(pk=directive.pk).update(lease_token=None, status=Directive.Status.CANCELLED)
