"""`make run`: prepare the database, start web and worker, say where to look. Ctrl-C stops all of it.

For one machine. A bigger shop runs the two commands that this prints by its own process manager.
"""

import argparse
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError

from backoffice import env

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "let-me-in-demo"  # noqa: S105 - the demo's, printed on purpose
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, a process manager, a terminal that is closed
LOGINS = ("owner", "manager", "counter", "baker", "clerk", "viewer")


def say(text: str) -> None:
    """On the terminal; when that was closed there is nobody to say it to, and work goes on."""
    with contextlib.suppress(OSError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def secret_key(data: Path) -> None:
    """A key of this installation's own, made once and kept beside its data."""
    if os.environ.get("SECRET_KEY") or os.environ.get("SECRET_KEY_FILE"):
        return
    path = data / "secret_key"
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(64))
    os.environ["SECRET_KEY_FILE"] = str(path)


def port_number(value: str) -> int:
    """A port that a server can listen on."""
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise ImproperlyConfigured(f"PORT must be a number from 1 to 65535, not {value!r}.")
    return int(value)


def need_free(host: str, port: int) -> None:
    """Whoever listens there already would answer for us, and we would call it our own."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ImproperlyConfigured(
                f"PORT {port} cannot be used: {error.strerror}. Try another: make run PORT={port + 1}"
            ) from error


def prepare(*, demo: bool) -> None:
    """Migrations, roles and, on an empty database, the demo bakery."""
    import django
    from django.core.management import call_command

    django.setup()
    from backoffice.messages import compile_catalogues

    compile_catalogues()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("sync_roles", verbosity=0)
    if demo:
        call_command("seed_demo", if_empty=True, password=PASSWORD)


def wait_until_healthy(url: str, processes: list[subprocess.Popen[bytes]], seconds: float = 60) -> bool:
    """Whether /healthz answered in time, with all processes still there."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and all(process.poll() is None for process in processes):
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310 - our own address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def serve(host: str, port: int, *, demo: bool) -> int:
    """Web and worker, until Ctrl-C or until one of them ends. Neither outlives this."""
    url = f"http://{host}:{port}"
    web = [sys.executable, "-m", "gunicorn", "backoffice.wsgi", "--bind", f"{host}:{port}"]
    web += [
        "--worker-class",
        "gthread",
        "--workers",
        "2",
        "--threads",
        "4",
        "--preload",  # the processes share what they load: 35 MB less
        "--no-control-socket",
        "--log-level",
        "warning",
    ]
    worker = [sys.executable, "manage.py", "run_huey", "--quiet"]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for command in (web, worker):
            # One by one: if the second cannot be started, the first is stopped.
            processes.append(subprocess.Popen(command, start_new_session=True))  # noqa: S603, PERF401
        if not wait_until_healthy(url, processes):
            say(f"It did not come up on {url}. What stands above says why.")
            return 1
        say(f"\n  Ready:  {url}\n")
        if demo:
            say(f"  Log in as {', '.join(LOGINS)}")
            say(f"  with the password {PASSWORD}\n")
        say("  Ctrl-C stops it.")
        while all(process.poll() is None for process in processes):
            time.sleep(0.3)
        say("One of the processes ended; stopping the other.")
        return 1
    finally:
        _stop(processes)


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask them to end what they have begun, and wait. Whoever presses Ctrl-C again does not leave one behind."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)
    if any(process.poll() is None for process in processes):
        say("\nStopping…")
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()


def main() -> int:
    """Run until Ctrl-C or until one of the processes ends. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", default="8000")
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args()

    def stop(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in ENDINGS:
        # Who started us deaf to it (nohup) wanted that.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
    os.chdir(ROOT)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    for name, value in (("LOG_FORMAT", "text"), ("LOG_LEVEL", "WARNING"), ("EMAIL", "dummy")):
        os.environ.setdefault(name, value)
    try:
        port = port_number(arguments.port)
        need_free(arguments.host, port)
        os.environ.setdefault("BASE_URL", f"http://{arguments.host}:{port}")
        demo = env.flag("DEMO", False)
        secret_key(env.folder("DATA_DIR", str(ROOT / "var")))
        say("Preparing the database…")
        prepare(demo=demo)
        return serve(arguments.host, port, demo=demo)
    except ImproperlyConfigured as error:
        say(f"Settings: {error}")
        return 1
    except (OperationalError, psycopg.OperationalError) as error:
        say(f"Settings: DATABASE_URL: the database does not answer: {error}")
        return 1
    except KeyboardInterrupt:
        say("Stopped.")
        return 0


if __name__ == "__main__":
    sys.exit(main())
