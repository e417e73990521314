"""Boards: what the address holds, and the way from a value to a trace."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.pages import until_drawn, until_settled
from tests.integration.service_process import until

BOARD = "/dashboards/nautobs-backtest?from=now-15m&to=now&refresh=off"


def open_board(page: Page) -> None:
    """The board, once enough was scraped for its charts."""

    def drawn() -> bool:
        page.goto(BOARD)
        until_settled(page)
        return page.locator(".u-over a:visible").count() > 0

    until(drawn)


def drag_a_range(page: Page) -> None:
    """To the end of the first chart in sight, where a young stack has something to show."""
    over = page.locator(".u-over").first
    over.scroll_into_view_if_needed()
    until_settled(page)
    box = over.bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.55, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.99, middle, steps=5)
    page.mouse.up()


def shown(page: Page) -> dict[str, object]:
    """What tells one view of a board from another."""
    bar = page.get_by_role("group", name="Time and variables")
    rows = page.locator("h2 [aria-expanded]")
    return {
        "fields": bar.locator("select").evaluate_all("(all) => all.map((one) => one.value)"),
        "menus": bar.locator("summary").all_inner_texts(),
        "rows": rows.evaluate_all("(all) => all.map((one) => one.ariaExpanded)"),
        "panels": page.locator("article h3").all_inner_texts(),
    }


def test_an_address_brings_the_same_view(page: Page, context: BrowserContext) -> None:
    """A range dragged, a variable chosen and a row closed, elsewhere."""
    open_board(page)
    page.get_by_role("group", name="Time and variables").locator("summary").first.click()
    # It is ticked a frame later, after the click has been answered.
    page.get_by_role("checkbox").nth(1).click()
    expect(page.get_by_role("checkbox").nth(1)).to_be_checked()
    page.keyboard.press("Escape")
    closed = page.locator("h2 [aria-expanded=false]")
    before = closed.count()
    page.locator("h2 [aria-expanded=true]").last.click()
    expect(closed).to_have_count(before + 1)
    expect(page).to_have_url(re.compile(r"rows=\d"))
    drag_a_range(page)
    expect(page).to_have_url(re.compile(r"from=\d{13}&"))
    until_drawn(page)
    asked = parse_qs(urlsplit(page.url).query)
    assert any(name.startswith("var-") for name in asked), page.url
    assert int(asked["to"][0]) - int(asked["from"][0]) < 15 * 60_000 / 2

    other = context.new_page()
    other.goto(page.url)
    until_drawn(other)
    assert shown(other) == shown(page)
    assert parse_qs(urlsplit(other.url).query) == asked


def test_an_address_brings_the_same_line_alone(page: Page, context: BrowserContext) -> None:
    """Over all of the time: in a part of it a young stack may have no lines at all."""
    open_board(page)
    page.locator("article [aria-pressed]").first.click()
    alone = page.locator("article [aria-pressed=true]")
    expect(alone).to_have_count(1)
    expect(page).to_have_url(re.compile(r"only=\d"))
    other = context.new_page()
    other.goto(page.url)
    expect(other.locator("article [aria-pressed=true]")).to_have_text(alone.inner_text())


def test_a_dot_of_a_panel_leads_to_its_trace(page: Page) -> None:
    """From an exemplar of a duration to the spans behind it."""
    open_board(page)
    # Where dots are close the last one is on top.
    dot = page.locator(".u-over a:visible").last
    dot.scroll_into_view_if_needed()
    until_settled(page)  # panels that came in sight have brought dots of their own
    trace = re.search(r"[0-9a-f]{32}", dot.get_attribute("href") or "")
    assert trace
    page.locator(f'.u-over a[href*="{trace[0]}"]:visible').last.click()
    expect(page).to_have_url(re.compile(f"/traces/{trace[0]}"))
    waterfall = page.get_by_role("treegrid")
    expect(waterfall.get_by_role("row").first).to_be_visible()
