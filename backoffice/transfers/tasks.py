"""What the clock starts for imports."""

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from backoffice.kernel.audit import acting
from backoffice.transfers.services import interrupted, retention


@db_periodic_task(crontab(hour="3", minute="40"))
def purge_imports() -> None:
    """Remove imported files whose time is over."""
    with acting(system="retention of imports"):
        retention.purge()


@db_periodic_task(crontab(minute="*"))
def settle_interrupted() -> None:
    """Find imports whose job is gone."""
    with acting(system="sweep of imports"):
        interrupted.settle()
