"""What a page must never do: ask elsewhere or without a trace, break the policy, write an error."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""
ANSWERED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
YET_TO_COME = ("/api/backtest/results/", "/api/traces/")
LOST = re.compile(r"Failed to load resource: net::ERR_|ERR_INCOMPLETE_CHUNKED_ENCODING")


@dataclass
class Watch:
    """Remembers what went wrong in all pages of a context; `wrong` must stay empty."""

    origin: str
    wrong: list[str] = field(default_factory=list)
    unanswered: bool = False
    """Set by a test that stops the service: requests without an answer are right then."""

    refused: int = 0
    """Set by a test that asks for something wrong: the status that says so."""

    def over(self, context: BrowserContext) -> None:
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._said)
        context.on("weberror", self._raised)
        context.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning") or self._expected(message):
            return
        self.wrong.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def _expected(self, message: ConsoleMessage) -> bool:
        """A run that goes on has no result yet, its spans are under way; a service that was
        stopped does not answer, and knows nothing of the jobs it had."""
        address = str(message.location.get("url"))
        answered = ANSWERED.match(message.text)
        if answered and int(answered[1]) == self.refused:
            return True
        if answered and answered[1] == "404":
            lost = self.unanswered and "/api/jobs/" in address
            return lost or any(place in address for place in YET_TO_COME)
        if answered and answered[1] in ("502", "503"):
            return self.unanswered
        return self.unanswered and LOST.search(message.text) is not None

    def _raised(self, error: WebError) -> None:
        self.wrong.append(f"uncaught: {error.error}")

    def _asked(self, request: Request) -> None:
        inside = (self.origin, "blob:" + self.origin)
        if not request.url.startswith(inside):
            self.wrong.append(f"asked elsewhere: {request.method} {request.url}")
        elif request.resource_type == "fetch" and "traceparent" not in request.headers:
            self.wrong.append(f"asked without a trace: {request.method} {request.url}")
