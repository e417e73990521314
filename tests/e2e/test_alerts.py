"""A real alert of a real fault: it arrives, is read, and is silenced; an incident as a file."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from stack.drill.bad_work import memory_filled
from tests.e2e.embedded import Embedded

ALERT = "WorkerKilledForMemory"
ARRIVES_MS = 300_000
"""Memory is filled, the worker killed, scraped, judged and told."""


def test_an_alert_arrives_and_is_silenced(page: Page, stack: Embedded) -> None:
    """With its runbook beside it; the silence is Alertmanager's, and can be ended."""
    page.goto("/alerts")
    with memory_filled(stack.world):
        now = page.locator("section").filter(has=page.get_by_role("heading", name="Now"))
        alert = now.get_by_role("link", name=ALERT)
        expect(alert).to_be_visible(timeout=ARRIVES_MS)
    told = page.get_by_role("grid", name="Recent alerts")
    expect(told.get_by_role("link", name=ALERT).first).to_be_visible(timeout=ARRIVES_MS)

    alert.click()
    expect(page).to_have_url(re.compile(f"alert={ALERT}"))
    runbook = page.get_by_role("region", name=f"Runbook of {ALERT}")
    expect(runbook.get_by_role("heading", name="Meaning")).to_be_visible()

    page.get_by_role("button", name=re.compile("^Silence")).first.click()
    form = page.get_by_role("dialog", name="Silence alerts")
    expect(form.get_by_role("status")).to_contain_text("would be silent")
    form.get_by_label("By", exact=True).fill("the tests")
    form.get_by_label("Why", exact=True).fill("Known: it was done on purpose")
    form.get_by_role("button", name="Silence", exact=True).click()
    expect(form).to_have_count(0)
    expect(now.get_by_text("silenced", exact=True).first).to_be_visible()
    (silence,) = stack.get("/alerts/silences")
    assert silence["created_by"] == "the tests"
    page.get_by_role("button", name=re.compile("^End the silence of")).click()
    expect(page.get_by_text("Nothing is silenced.")).to_be_visible()


def test_an_incident_is_downloaded(page: Page, stack: Embedded) -> None:
    """Both documents in one archive, with the runs of the time that is shown."""
    assert stack.finished_run
    page.goto("/incident?from=now-30m&to=now")
    expect(page.get_by_role("heading", name=re.compile("^Slowest runs"))).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download bundle").click()
    with zipfile.ZipFile(io.BytesIO(Path(saved.value.path()).read_bytes())) as bundle:
        names = bundle.namelist()
        (document,) = [name for name in names if name.endswith(".json")]
        (report,) = [name for name in names if name.endswith(".md")]
        assert json.loads(bundle.read(document))["runs"]["by_status"]["ok"] > 0
        assert bundle.read(report).startswith(b"# ")
