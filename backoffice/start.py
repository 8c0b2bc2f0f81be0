"""`make run`: prepare the database, start web and worker, say where to look. Ctrl-C stops all of it.

For one machine. A bigger shop runs the two commands that this prints by its own process manager.
"""

import argparse
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "let-me-in-demo"  # noqa: S105 - the demo's, printed on purpose
LOGINS = ("owner", "manager", "counter", "baker", "clerk", "viewer")


def say(text: str) -> None:
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


def main() -> int:
    """Run until Ctrl-C or until one of the processes ends. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args()

    os.chdir(ROOT)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
    os.environ.setdefault("LOG_FORMAT", "text")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ.setdefault("EMAIL", "dummy")
    url = f"http://{arguments.host}:{arguments.port}"
    os.environ.setdefault("BASE_URL", url)
    data = Path(os.environ.get("DATA_DIR", ROOT / "var"))
    data.mkdir(parents=True, exist_ok=True)
    secret_key(data)
    demo = os.environ.get("DEMO", "0").lower() in {"1", "true", "yes", "on"}
    say("Preparing the database…")
    prepare(demo=demo)

    web = [sys.executable, "-m", "gunicorn", "backoffice.wsgi", "--bind", f"{arguments.host}:{arguments.port}"]
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
    worker = [sys.executable, "manage.py", "run_huey", "--workers", os.environ.get("WORKERS", "2"), "--quiet"]
    processes = [subprocess.Popen(command, start_new_session=True) for command in (web, worker)]  # noqa: S603

    def stop(signum: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    status = 0
    try:
        if not wait_until_healthy(url, processes):
            say(f"It did not come up on {url}. Is the port taken? Try another: make run PORT=8001")
            return 1
        say(f"\n  Ready:  {url}\n")
        if demo:
            say(f"  Log in as {', '.join(LOGINS)}")
            say(f"  with the password {PASSWORD}\n")
        say("  Ctrl-C stops it.")
        while all(process.poll() is None for process in processes):
            time.sleep(0.3)
        status = 1
        say("One of the processes ended; stopping the other.")
    except KeyboardInterrupt:
        say("\nStopping…")
    finally:
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
    return status


if __name__ == "__main__":
    sys.exit(main())
