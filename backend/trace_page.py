"""A plain page for the links of alerts to traces, where no console draws them.

It keeps the link's promise with the query, and where to ask it. It shows nothing of the platform:
pages outside of /api ask for no token.
"""

from __future__ import annotations

import shlex
from html import escape
from urllib.parse import urlencode

from backend.board_page import TimeRange, range_text


def body(query: str, shown: TimeRange, now: int, store: str) -> str:
    """HTML for a query over a time that ends at `now` (Unix seconds) where it has no end itself.

    `store` is the address of the trace store.
    """
    last = now if shown.end is None else shown.end
    first = max(0, last - shown.seconds)
    search = urlencode({"q": query, "start": first, "end": last})
    # The command looks back from now.
    back = f"{max(1, -(-(now - first) // 60))}m"
    command = shlex.join(["nautobs", "traces", query, "--since", back, "--url", store])
    return "\n".join(
        (
            "<h1>Traces</h1>",
            f"<pre><code>{escape(query)}</code></pre>",
            f"<p>Nothing is drawn here. As JSON, over {range_text(shown)}:"
            f' <a href="/api/traces/search?{escape(search)}">the traces that it finds</a>.</p>',
            "<p>In a terminal, as a table whose ids <code>nautobs trace</code> opens:</p>",
            f"<pre><code>{escape(command)}</code></pre>",
        )
    )
