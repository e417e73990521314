"""A service that is gone, and comes back."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.embedded import Embedded
from tests.e2e.watching import Watch


def test_a_page_outlives_the_service(page: Page, stack: Embedded, watch: Watch) -> None:
    """A banner says that it is silent; when it is back the banner goes, and new runs are shown."""
    page.goto("/")
    banner = page.get_by_role("alert").filter(has_text="has not answered")
    expect(page.get_by_text("service ok")).to_be_visible()
    expect(banner).to_have_count(0)
    watch.unanswered = True
    stack.world.kill("backend")
    try:
        expect(banner).to_be_visible()
    finally:
        stack.world.start("backend")  # for the other tests as well
    expect(banner).to_have_count(0)
    run_id = stack.run("idle")
    expect(page.locator(f'a[href="/runs/{run_id}"]').first).to_be_visible()
