"""The watch over every page sees what must never happen: without that, it would prove nothing."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.watching import Watch

SECONDS = 120.0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("location.assign('http://127.0.0.2:9/')", "asked elsewhere: GET http://127.0.0.2:9/"),
        ("fetch('http://127.0.0.2:9/').catch(() => {})", "policy: connect-src"),
        ("document.body.setAttribute('style', 'color: red')", "policy: style-src"),
        ("setTimeout(() => { throw new Error('nobody caught it') })", "nobody caught it"),
        ("console.error('it went wrong')", "it went wrong"),
        ("fetch('/api/jobs/no-such-job')", "status of 404"),
    ],
)
def test_what_is_wrong_is_seen(page: Page, watch: Watch, wrong: str, said: str) -> None:
    page.goto("/dashboards")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert watch.wrong == []
    page.evaluate(f"() => {{ {wrong}; }}")
    deadline = time.monotonic() + SECONDS
    while said not in "\n".join(watch.wrong) and time.monotonic() < deadline:
        page.wait_for_timeout(50)  # events are taken in while the page is waited for
    assert said in "\n".join(watch.wrong)
    watch.wrong.clear()
