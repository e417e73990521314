"""Where the links of messages to a silence lead, as long as no console has a form for it."""

from __future__ import annotations

import re
import shlex
from html import unescape

from backend.alert_page import body

ALERTMANAGER = "http://127.0.0.1:9093"


def test_a_silence_is_a_command_to_copy() -> None:
    """Its matchers are words of their own, whatever is in them."""
    html = body('{alertname="TargetDown",job=~"a|b",path="$(reboot)\'<b>"}', ALERTMANAGER)
    found = re.search("<code>(.*)</code>", html)
    assert found
    assert "<b>" not in html
    assert shlex.split(unescape(found[1])) == [
        "amtool", "silence", "add", f"--alertmanager.url={ALERTMANAGER}", "--duration=2h",
        "--author=me", "--comment=why",
        'alertname="TargetDown"', 'job=~"a|b"', 'path="$(reboot)\'<b>"',
    ]  # fmt: skip


def test_nothing_to_silence_is_said() -> None:
    """What the address holds is not shown."""
    html = body("<script>", ALERTMANAGER)
    assert "names no labels" in html
    assert "<script>" not in html


def test_without_a_silence_it_says_where_to_read_on() -> None:
    """The page itself knows nothing, since it asks nobody who they are."""
    html = body("", ALERTMANAGER)
    assert "amtool" not in html
    assert 'href="/api/alerts"' in html
