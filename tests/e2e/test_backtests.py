"""Backtests from the form to their result."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Request, expect

from tests.e2e.embedded import Embedded

RUN_ID = re.compile(r"run-[0-9a-f]+")
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-01")


def start_from_form(page: Page, strategy: str, span: str) -> str:
    """Fill the form of the page that is open and send it; returns the run's id."""
    form = page.locator("form")
    form.get_by_label("Strategy", exact=True).select_option(strategy)
    form.get_by_role("button", name=span, exact=True).click()
    form.get_by_role("button", name="Run backtest").click()
    link = form.get_by_role("link", name=RUN_ID)
    expect(link).to_be_visible()
    return link.inner_text()


def test_a_backtest_is_started_and_its_result_shown(page: Page) -> None:
    """From the form to the figures of the result."""
    page.goto("/backtests")
    run_id = start_from_form(page, "ema_cross", "5 min")
    page.get_by_role("link", name=run_id).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("ema_cross")
    expect(page.get_by_text(run_id)).to_be_visible()
    for title in ("Result", "Equity", "Stages", "Request"):
        expect(page.get_by_role("heading", name=re.compile(f"^{title}"))).to_be_visible()


def test_a_click_and_its_backtest_are_one_trace(page: Page, stack: Embedded) -> None:
    """The run's spans have the trace id that the browser sent."""
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    page.goto("/backtests")
    run_id = start_from_form(page, "ema_cross", "5 min")
    (start,) = [one for one in sent if one.url.endswith("/api/backtest/run")]
    trace = TRACEPARENT.fullmatch(start.headers["traceparent"])
    assert trace, start.headers
    page.goto(f"/runs/{run_id}")
    expect(page.get_by_role("heading", name="Stages")).to_be_visible()
    assert stack.get(f"/backtest/results/{run_id}")["trace_id"] == trace[1]


def test_a_run_is_cancelled(page: Page, stack: Embedded) -> None:
    """By its own button; its page says how it ended."""
    page.goto("/backtests")
    page.locator("form").get_by_label("Strategy", exact=True).select_option("market_maker")
    page.locator("form").get_by_label(re.compile("^requote ticks")).fill("1")
    run_id = start_from_form(page, "market_maker", "1 day")
    job = page.get_by_role("article", name=re.compile(run_id))
    job.get_by_role("button", name="Cancel").click()
    expect(job).to_have_count(0)
    page.goto(f"/runs/{run_id}")
    expect(page.get_by_text("cancelled").first).to_be_visible()
    assert stack.get(f"/backtest/results/{run_id}")["status"] == "cancelled"


def test_a_wrong_field_is_said_beside_it(page: Page) -> None:
    """And nothing is sent before it is mended."""
    page.goto("/backtests")
    field = page.get_by_label(re.compile("^fast ema period"))
    field.fill("many")
    field.blur()
    expect(field).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Run backtest").click()
    expect(page.get_by_text("Mend the marked fields first.")).to_be_visible()
