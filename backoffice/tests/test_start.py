"""`make run`: no other server is taken for ours, nothing is left running, a demo that was stopped is finished."""

import contextlib
import socket
import subprocess
import sys

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from backoffice import composition, start
from backoffice.accounts.models import User


@pytest.mark.parametrize("value", ["", "web", "0", "-1", "70000", "80.0"])
def test_a_port_is_a_number(value):
    with pytest.raises(ImproperlyConfigured, match=r"^PORT must be a number"):
        start.port_number(value)


def test_a_port_that_is_taken_is_not_ours():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(ImproperlyConfigured, match=f"^PORT {port} cannot be used"):
            start.need_free("127.0.0.1", port)
    start.need_free("127.0.0.1", port)


@pytest.fixture
def started(monkeypatch):
    """What `serve` starts, as two processes that would sleep on; signals stay as they are here."""
    begun = []

    def begin(command, **options):
        begun.append(popen([sys.executable, "-c", "import time; time.sleep(60)"], **options))
        return begun[-1]

    popen = subprocess.Popen
    monkeypatch.setattr(start.subprocess, "Popen", begin)
    monkeypatch.setattr(start.signal, "signal", lambda *_: None)
    yield begun
    for process in begun:
        process.kill()


def test_ctrl_c_or_a_closed_window_leaves_nothing_running(started, monkeypatch):
    def pressed(*_args):
        raise KeyboardInterrupt

    class Closed:
        """A terminal whose window was closed."""

        def write(self, text):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(start, "wait_until_healthy", pressed)
    monkeypatch.setattr(start.sys, "stdout", Closed())

    with contextlib.suppress(KeyboardInterrupt):
        start.serve("127.0.0.1", 1, demo=False)

    assert [process.poll() is None for process in started] == [False, False]


def test_when_one_of_the_two_ends_so_does_the_other(started, monkeypatch, capsys):
    def healthy(url, processes):
        processes[0].kill()
        return True

    monkeypatch.setattr(start, "wait_until_healthy", healthy)

    assert start.serve("127.0.0.1", 1, demo=False) == 1
    assert [process.poll() is None for process in started] == [False, False]
    assert "One of the processes ended" in capsys.readouterr().out


told = []


def step():
    told.append("told")


def stopped():
    raise KeyboardInterrupt


@pytest.mark.django_db
def test_a_demo_that_was_stopped_half_way_goes_on_at_the_next_start(monkeypatch):
    told.clear()
    here = "backoffice.tests.test_start"
    monkeypatch.setattr(composition, "DEMO_MASTERS", [f"{here}.step"])
    monkeypatch.setattr(composition, "DEMO_STORY", [f"{here}.stopped"])
    with pytest.raises(KeyboardInterrupt):
        call_command("seed_demo", "--if-empty", "--password=let-me-in-demo")

    monkeypatch.setattr(composition, "DEMO_STORY", [f"{here}.step"])
    for _start in range(2):
        call_command("seed_demo", "--if-empty", "--password=let-me-in-demo")

    assert told == ["told"] * 3
    assert User.objects.get(username="owner").is_superuser
    assert User.objects.count() == len(composition.ROLES)


@pytest.mark.django_db
def test_the_people_of_the_demo_have_their_roles_whoever_builds_it(monkeypatch):
    monkeypatch.setattr(composition, "DEMO_MASTERS", [])
    monkeypatch.setattr(composition, "DEMO_STORY", [])
    Group.objects.all().delete()

    call_command("seed_demo", "--password=let-me-in-demo")

    for role in composition.ROLES:
        assert [group.name for group in User.objects.get(username=role).groups.all()] == [role]
    assert User.objects.get(username="counter").has_perm("catalog.view_product")
