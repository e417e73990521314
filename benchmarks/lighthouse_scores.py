"""Lighthouse's scores of pages, in the Chromium that is here; its own packages come with npm."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).with_name("lighthouse")
CATEGORIES = ("performance", "accessibility", "best-practices")
SECONDS = 180
FLAGS = ("--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run")


class NoLighthouse(Exception):
    """It cannot be had here; the message says why."""


def install(folder: Path = FOLDER) -> Path:
    """Its command, a script for node; fetched when it is not there. Raises NoLighthouse."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NoLighthouse("no Node.js (node, npm) here, which Lighthouse runs on")
    command = folder / "node_modules" / "lighthouse" / "cli" / "index.js"
    ready = folder / "node_modules" / ".ready"
    lock = folder / "package-lock.json"
    if not ready.is_file() or ready.stat().st_mtime < lock.stat().st_mtime:
        done = subprocess.run(
            [npm, "ci", "--silent", "--ignore-scripts"],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise NoLighthouse(f"npm could not fetch Lighthouse: {done.stderr.strip()[-300:]}")
        ready.touch()
    return command


def scores(command: Path, chromium: Path, address: str, *, sandbox: bool) -> dict[str, float]:
    """Category: 0 to 1, of a page on a desk. Raises NoLighthouse when it has none to give."""
    flags = FLAGS if sandbox else (*FLAGS, "--no-sandbox")
    done = subprocess.run(
        [
            "node", str(command), address, "--quiet", "--preset=desktop", "--output=json",
            "--only-categories=" + ",".join(CATEGORIES), f"--chrome-flags={' '.join(flags)}",
            "--enable-error-reporting=false",
        ],
        capture_output=True, text=True, check=False, timeout=SECONDS,
        env={**os.environ, "CHROME_PATH": str(chromium)},
    )  # fmt: skip
    try:
        found = json.loads(done.stdout)["categories"]
        return {name: float(found[name]["score"]) for name in CATEGORIES}
    except (ValueError, KeyError, TypeError) as error:
        raise NoLighthouse(f"Lighthouse gave no score: {done.stderr.strip()[-300:]}") from error
