"""What the clock and a wake start. No logic here: the queue in Huey may be lost at any time."""

from huey import crontab
from huey.contrib.djhuey import HUEY, db_periodic_task, db_task, on_startup

from backoffice.outbox import runner, sweeper, wake


@db_task()
def run_due() -> None:
    """Work off what is due, and stay a moment for what is committed meanwhile."""
    runner.drain(linger=0.0 if HUEY.immediate else wake.LINGER, apart=not HUEY.immediate)


@db_periodic_task(crontab(minute="*"))
def sweep() -> None:
    """Find what was lost."""
    sweeper.sweep()


@on_startup()
def sweep_at_start() -> None:
    """A worker that starts looks first for what its predecessor left."""
    run_due()
