"""The steps of an import as the outbox carries them out; the composition takes them over."""

from backoffice.outbox.handlers import Handler


def _step(name: str) -> Handler:
    jobs = "backoffice.transfers.services.jobs"
    return Handler(f"{jobs}.{name}", "long", lease_seconds=60, heavy=True, gave_up=f"{jobs}.gave_up")


HANDLERS: dict[str, Handler] = {f"transfer.{name}": _step(name) for name in ("scan", "preview", "apply", "undo")}
