"""Limits that a process puts on itself before it opens what a stranger sent."""

import logging
import resource

log = logging.getLogger(__name__)


def limit(*, memory_mb: int, cpu_seconds: int) -> None:
    """From now on this process gets no more memory (MemoryError) and CPU (SIGXCPU ends it) than this; 0 is no limit."""
    if memory_mb:
        _lower(resource.RLIMIT_AS, memory_mb * 1024 * 1024)
    if cpu_seconds:
        _lower(resource.RLIMIT_CPU, cpu_seconds)


def _lower(kind: int, wanted: int) -> None:
    _soft, hard = resource.getrlimit(kind)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    try:
        resource.setrlimit(kind, (most, hard))
    except (ValueError, OSError):  # not every system has every limit
        log.warning("The limit %s could not be set.", kind)
