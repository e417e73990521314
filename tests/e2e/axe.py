"""Axe in a page. It is put in by the debugger, since the console's policy lets no script in."""

from __future__ import annotations

from functools import cache
from typing import Any

from playwright.sync_api import Page

from stack.console import FRONTEND

AXE = FRONTEND / "node_modules" / "axe-core" / "axe.min.js"

RUN = """axe.run(document, {resultTypes: ['violations'], rules: {'target-size': {enabled: true}}})
  .then(({violations}) => violations
    .map((rule) => ({...rule, nodes: rule.nodes.filter(({target: [place]}) =>
      rule.id !== 'target-size' || !document.querySelector(place)?.closest('.u-over'))}))
    .filter(({nodes}) => nodes.length))"""
"""All rules, and the one of WCAG 2.2 AA that axe leaves out until it is asked. It is not asked of
dots in charts, which may overlap: where they are is what they say (2.5.8, "Essential")."""


@cache
def source() -> str:
    assert AXE.is_file(), f"{AXE} is missing: run make e2e, which fetches it"
    return AXE.read_text()


def violations(page: Page) -> list[str]:
    """One line for each rule that the page breaks, with the places that break it."""
    page.evaluate(source())
    found: list[dict[str, Any]] = page.evaluate(RUN)
    return [
        f"{rule['id']} ({rule['impact']}): "
        + "; ".join(f"{node['target']} {node['failureSummary']}" for node in rule["nodes"][:5])
        for rule in found
    ]
