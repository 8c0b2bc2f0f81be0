"""Heavy directives run in a process of their own, which may not have more memory and CPU than it is given."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import pytest

from backoffice import composition
from backoffice.outbox import directives, quarantine, runner
from backoffice.outbox.handlers import Handler
from backoffice.outbox.models import Directive

CARRIED_OUT: list[str] = []


def effect(directive: Directive) -> None:
    CARRIED_OUT.append(directive.topic)


def mourn(directive: Directive) -> None:
    CARRIED_OUT.append(f"gave up {directive.topic}")


@pytest.fixture(autouse=True)
def _topics(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers = {
        "heavy.one": Handler(f"{__name__}.effect", "long", heavy=True, gave_up=f"{__name__}.mourn"),
        "light.one": Handler(f"{__name__}.effect", "long"),
    }
    monkeypatch.setattr(composition, "DIRECTIVE_HANDLERS", handlers)
    CARRIED_OUT.clear()


def limited(work: str, *, memory_mb: int = 0, cpu_seconds: int = 0) -> subprocess.CompletedProcess[str]:
    code = (
        f"from backoffice.outbox import limits; limits.limit(memory_mb={memory_mb}, cpu_seconds={cpu_seconds}); {work}"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_process_gets_no_more_memory_than_its_limit() -> None:
    greedy = limited("x = bytearray(600 * 1024 * 1024)", memory_mb=400)
    modest = limited("x = bytearray(10 * 1024 * 1024)", memory_mb=400)

    assert greedy.returncode == 1
    assert "MemoryError" in greedy.stderr
    assert modest.returncode == 0, modest.stderr


def test_a_process_that_spins_is_ended() -> None:
    assert limited("exec('while True: pass')", cpu_seconds=1).returncode == -signal.SIGXCPU


@pytest.mark.django_db
def test_only_heavy_ones_run_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    def run(command: list[str], **_more: Any) -> Any:
        sent.append(command)
        directive = Directive.objects.get(pk=int(command[command.index("--claimed") + 1]))
        runner.done(directive)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(quarantine.subprocess, "run", run)
    for topic in ("heavy.one", "light.one"):
        directives.issue(topic)

    assert runner.drain(apart=True) == 2

    assert CARRIED_OUT == ["light.one"]
    assert [command[-1] for command in sent] == ["--limited"]
    assert set(Directive.objects.values_list("status", flat=True)) == {"done"}


@pytest.mark.django_db
def test_one_that_goes_beyond_its_limits_is_given_up_and_its_room_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "run_alone", lambda directive, limited: -signal.SIGXCPU)
    directive = directives.issue("heavy.one")

    runner.drain(apart=True)

    directive.refresh_from_db()
    assert directive.status == "dead"
    assert "memory or time" in directive.last_error
    assert CARRIED_OUT == ["gave up heavy.one"]


@pytest.mark.django_db
def test_one_that_was_stopped_from_outside_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "run_alone", lambda directive, limited: -signal.SIGKILL)
    directive = directives.issue("heavy.one")

    runner.drain(apart=True)

    directive.refresh_from_db()
    assert directive.status == "running", "its lease lapses, and then it is due again"
    assert CARRIED_OUT == []
