"""What the clock starts for customers."""

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from apps.crm.services import loyalty
from backoffice.kernel.audit import acting


@db_periodic_task(crontab(hour="4", minute="10"))
def expire_points() -> None:
    """Write off points whose last day is over. Nobody could spend them any more since midnight; this is the book."""
    with acting(system="points expiry"):
        loyalty.expire_due()
