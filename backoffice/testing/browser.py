"""Find a Chromium for the browser tests, or install one, or say clearly what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoBrowser(Exception):
    """There is no Chromium and none could be installed. The message says what to do."""


def find() -> str | None:
    """Path of a Chromium: the variable CHROMIUM, one on PATH, or the one that Playwright brought; None without."""
    if named := os.environ.get("CHROMIUM"):
        return named if Path(named).exists() else None
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if path and Path(path).exists() else None


def find_or_install() -> str:
    """Path of a Chromium, installed when there was none. Raises NoBrowser."""
    if path := find():
        return path
    attempts = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        attempts += [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]]
    for command in attempts:
        print(f"No Chromium yet: trying {' '.join(command)}", flush=True)
        try:
            subprocess.run(command, check=False, timeout=600)
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"  {error}", flush=True)
        if path := find():
            return path
    raise NoBrowser(
        "The browser tests need Chromium. Install it (Debian: apt-get install chromium; others: "
        "python -m playwright install chromium) or name one in the variable CHROMIUM, then run make test again."
    )
