"""What the clock brings about in the catalogue."""

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from apps.catalog.models import vocabulary
from apps.catalog.services import completeness
from backoffice.kernel.audit import acting


@db_periodic_task(crontab(minute="35"))
def prices_end() -> None:
    """A product whose last price has ended has none any more."""
    with acting(system="clock", reason="prices that have ended"):
        completeness.ended()


@db_periodic_task(crontab(hour="3", minute="40"))
def words_are_learnt_anew() -> None:
    """A word that no product has any more is forgotten."""
    vocabulary.relearn()
