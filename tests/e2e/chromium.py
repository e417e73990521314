"""Debian's Chromium, driven by Playwright; tests and benchmarks of the console start it alike."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from stack.provision import CHROMIUM, find
from stack.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
OFF = (
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup",
    "AimEnabled", "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay", "MediaRouter",
    "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)  # fmt: skip
"""Features of the browser. The first three are pages of its own behind the address bar: each new
window draws them while ours is loaded, for 200 ms of a core. The others are those that Playwright
turns off, whose list this one takes the place of: the browser heeds the last that it is given."""
FLAGS = (
    f"--disable-features={','.join(OFF)}",
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""Nothing of the browser's own goes over the network."""


def chromium() -> Path | None:
    """The program, or None where there is none. Raises ToolError for a wrong CHROMIUM_BIN."""
    settings = load_settings(root=ROOT)
    found = find(CHROMIUM, settings.tools_dir, settings.environment)
    return found.path if found else None


def needed() -> str:
    """What to say where there is none."""
    return f"Chromium was not found. Install it:\n{CHROMIUM.how_to_install()}"


def sandboxed() -> bool:
    """Chromium's sandbox does not work for root."""
    return not hasattr(os, "geteuid") or os.geteuid() != 0


@contextlib.contextmanager
def launched(program: Path, *flags: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=[*FLAGS, *flags], chromium_sandbox=sandboxed()
        )
        try:
            yield browser
        finally:
            browser.close()
