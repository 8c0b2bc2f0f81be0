"""What the clock starts to watch over the house."""

from huey import crontab
from huey.contrib.djhuey import db_periodic_task

from backoffice.kernel.audit import acting
from backoffice.observability import drills, ledgers, seals, statistics


@db_periodic_task(crontab(minute="5"))
def seal_history() -> None:
    """Once a night, or as soon as a machine that was off at night is on: a job seals what was noted of changes."""
    if seals.due():
        with acting(system="clock", reason="the seals of the night"):
            seals.start()


@db_periodic_task(crontab(minute="10"))
def verify_ledgers() -> None:
    """Once a night, or as soon as a machine that was off at night is on: a job looks at the books."""
    if ledgers.due():
        with acting(system="clock", reason="the books of the night"):
            ledgers.start()


@db_periodic_task(crontab(minute="25"))
def refresh_statistics() -> None:
    """Every hour, as it takes no time: what grew is planned for as it is now, also after a large import."""
    statistics.refresh()


@db_periodic_task(crontab(minute="40"))
def drill() -> None:
    """Once a week a job tries whether a backup can be restored."""
    if drills.due():
        with acting(system="clock", reason="the restore drill of the week"):
            drills.start()
