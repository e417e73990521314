"""A plain page for the links of messages to a silence, where no console has a form for it.

It keeps the link's promise with a command to copy. It shows nothing of the platform: pages outside
of /api ask for no token.
"""

from __future__ import annotations

import re
import shlex
from html import escape

LONGEST_FILTER = 10_000
_MATCHER = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*(?:=~|!~|!=|=)"(?:[^"\\]|\\.)*")')


def body(silence: str, alertmanager: str) -> str:
    """HTML; `silence` holds matchers as `{alertname="X"}`, `alertmanager` is its address."""
    parts = ["<h1>Alerts</h1>"]
    if silence:
        parts += _command(silence, alertmanager)
    parts.append(
        '<p>What fires: <a href="/api/alerts">/api/alerts</a>. What people were told: '
        '<a href="/api/alerts/notifications">/api/alerts/notifications</a>.</p>'
    )
    return "\n".join(parts)


def _command(silence: str, alertmanager: str) -> list[str]:
    matchers = _MATCHER.findall(silence)
    if not matchers:
        return ["<p>The address names no labels to silence.</p>"]
    words = [
        "amtool", "silence", "add", f"--alertmanager.url={alertmanager}", "--duration=2h",
        "--author=me", "--comment=why", *matchers,
    ]  # fmt: skip
    return [
        "<p>To silence these alerts for two hours, in a terminal; say who you are and why:</p>",
        f"<pre><code>{escape(shlex.join(words))}</code></pre>",
    ]
