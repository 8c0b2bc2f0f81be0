"""What the clock starts in the stock room."""

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from apps.inventory.services import holds, lots
from backoffice.kernel.audit import acting


@db_periodic_task(crontab(minute="*/2"))
def expire_holds() -> None:
    """End the holds that are too old, and serve who waits. They stopped counting by themselves."""
    with acting(system="clock", reason="holds that are too old"):
        holds.expire_due()


@db_periodic_task(crontab(minute="5"))
def leave_expired_lots() -> None:
    """Back holds with other stock where their lot's last day is over."""
    with acting(system="clock", reason="lots whose last day is over"):
        lots.leave_expired()
