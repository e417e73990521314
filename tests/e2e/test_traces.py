"""Traces: found by a query, opened, and read."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.embedded import Embedded
from tests.e2e.pages import until_drawn
from tests.e2e.watching import Watch


def test_a_run_leads_to_its_trace(page: Page, stack: Embedded) -> None:
    """The waterfall holds the stages, and a span tells its details."""
    trace = stack.finished_trace
    page.goto(f"/runs/{stack.finished_run}")
    page.get_by_role("link", name="Trace", exact=True).click()
    expect(page).to_have_url(re.compile(f"/traces/{trace}"))
    lines = page.get_by_role("treegrid")
    for span in ("backtest run", "engine run", "result persist"):
        expect(lines.get_by_text(span, exact=True).first).to_be_visible()
    lines.get_by_text("backtest run", exact=True).first.click()
    expect(page).to_have_url(re.compile(r"span=[0-9a-f]{16}"))
    expect(page.get_by_text("nautilus.run_id").first).to_be_visible()
    expect(page.get_by_text(stack.finished_run).first).to_be_visible()


def test_a_query_finds_a_trace(page: Page, stack: Embedded) -> None:
    """TraceQL in the box, and its answer opened by Enter."""
    assert stack.finished_trace
    page.goto("/traces")
    until_drawn(page)
    box = page.get_by_role("combobox", name="TraceQL")
    box.fill(f'{{ span.nautilus.run_id = "{stack.finished_run}" }}')
    box.press("Enter")
    found = page.get_by_role("grid", name="Traces")
    expect(found.get_by_role("link")).to_have_count(1)
    found.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/traces/{stack.finished_trace}"))


def test_a_query_that_is_none_is_said(page: Page, watch: Watch) -> None:
    """With the place of the mistake."""
    watch.refused = 400
    page.goto("/traces")
    box = page.get_by_role("combobox", name="TraceQL")
    box.fill("{ duration >> 1s }")
    page.get_by_role("button", name="Search", exact=True).last.click()
    expect(page.get_by_role("alert")).to_contain_text("at character")
