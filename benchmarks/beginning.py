"""From an empty folder to the login page; and what an import weighs."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.meter import family_seconds

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 300
WEIGH = """
import resource, sys, django
django.setup()
from benchmarks.flows import Bench
Bench().imported(rows=int(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def first_start() -> tuple[float, float]:
    """Seconds of CPU, and by the clock, until a new installation with demo data answers; packages are there already.

    Nearly all of it is done by one process after the other, so on an idle machine the two are about the same.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="bench-start-") as folder:
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SECRET_KEY")}
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "backoffice.start", "--port", str(port)],
            cwd=ROOT,
            env={**kept, "DATA_DIR": folder, "DEMO": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if "Ready" in line:
                    return family_seconds(psutil.Process(process.pid)), time.monotonic() - began
            raise RuntimeError("The product did not come up.")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=PATIENCE)


def import_weight(rows: int) -> float:
    """Megabytes that a process had at most while it checked and applied a file of so many rows."""
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WEIGH, str(rows)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return int(answer.stdout.split()[-1]) / 1024
