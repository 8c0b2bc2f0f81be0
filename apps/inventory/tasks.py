"""What the clock starts in the stock room."""

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from apps.inventory.services import alert_jobs, holds, lots, trends
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


@db_periodic_task(crontab(minute="*/15"))
def look_at_alerts() -> None:
    """Raise what time or a price has crossed: a job of its own, because it looks at everything."""
    with acting(system="clock", reason="lines that stock may have crossed"):
        alert_jobs.start_sweep()


@db_periodic_task(crontab(minute="*/5"))
def keep_trends() -> None:
    """Soon after midnight, or as soon as a machine that was off is on: a job keeps how the stock went."""
    if trends.due():
        with acting(system="clock", reason="how the stock went until yesterday"):
            trends.start()
