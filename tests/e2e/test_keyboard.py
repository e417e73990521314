"""The console without a mouse."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e.embedded import Embedded
from tests.e2e.pages import until_drawn

CLOSED_AND_SLASH = """() => {
  document.querySelector("dialog[open]").close();
  const slash = { key: "/", bubbles: true, cancelable: true };
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", slash));
}"""
"""Both before the next frame, as on a busy machine, or by fast fingers."""


def opened_search(page: Page) -> Locator:
    """The field that a slash opens on Home."""
    page.goto("/")
    until_drawn(page)
    page.keyboard.press("/")
    field = page.get_by_role("combobox")
    expect(field).to_be_focused()
    return field


def test_a_slash_searches(page: Page) -> None:
    """Words, arrows and Enter lead to a board; Escape leaves the search."""
    field = opened_search(page)
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)
    page.keyboard.press("/")
    expect(field).to_be_focused()
    page.keyboard.type("board cat")
    expect(page.get_by_role("option").first).to_contain_text("Catalog")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/dashboards/nautobs-catalog"))


def test_a_slash_is_not_lost_to_a_search_that_was_just_closed(page: Page) -> None:
    """The browser leaves the focus in the closed dialog's field until it draws again."""
    field = opened_search(page)
    page.keyboard.type("board cat")
    page.evaluate(CLOSED_AND_SLASH)
    expect(field).to_be_focused()
    expect(field).to_have_value("")


def test_two_keys_lead_to_a_page(page: Page) -> None:
    page.goto("/")
    until_drawn(page)
    page.keyboard.press("g")
    page.keyboard.press("d")
    expect(page).to_have_url(re.compile("/dashboards$"))
    page.keyboard.press("g")
    page.keyboard.press("b")
    expect(page).to_have_url(re.compile("/backtests$"))


def test_arrows_move_through_results(page: Page, stack: Embedded) -> None:
    """Enter opens the row that they led to, though others may have come before it."""
    assert stack.finished_run
    page.goto("/backtests")
    table = page.get_by_role("grid", name="Results of backtests")
    expect(table.get_by_role("link").nth(1)).to_be_visible()
    marked = table.get_by_role("row", selected=True).get_by_role("link")
    table.focus()
    page.keyboard.press("ArrowDown")
    first = marked.get_attribute("href") or ""
    page.keyboard.press("ArrowDown")
    expect(marked).not_to_have_attribute("href", first)
    page.keyboard.press("ArrowUp")
    expect(marked).to_have_attribute("href", first)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{first}$"))
    expect(page.get_by_role("heading", name="Stages")).to_be_visible()
