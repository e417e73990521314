"""The files that an incident can be had as."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from markdown_it import MarkdownIt

from backend.services import Services
from backend.trace_reader import TraceReader
from tests.unit.incidents.conftest import HOUR
from tests.unit.incidents.test_incidents import closed_port

STEM = "incident-20260105T120000Z-20260105T130000Z"
HOSTILE = "<img src=x onerror=alert(1)> | [a](https://evil.example) `b` **c**\n# d"


@pytest.fixture
def written(client: TestClient) -> Callable[[], str]:
    """The Markdown of the hour."""

    def ask() -> str:
        answer = client.post("/incidents", json=HOUR, params={"format": "markdown"})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/markdown")
        return answer.text

    return ask


@pytest.mark.parametrize(("form", "ending"), [("json", "json"), ("markdown", "md"), ("zip", "zip")])
def test_files_are_named_after_the_time(client: TestClient, form: str, ending: str) -> None:
    """So that `curl -OJ` saves them as something."""
    answer = client.post("/incidents", json=HOUR, params={"format": form})
    assert answer.headers["content-disposition"] == f'attachment; filename="{STEM}.{ending}"'


def test_the_archive_holds_both_documents(client: TestClient, notify: Callable[..., None]) -> None:
    """Of the same incident."""
    notify("TargetDown", 10, until=20)
    answer = client.post("/incidents", json=HOUR, params={"format": "zip"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == [f"{STEM}/incident.json", f"{STEM}/incident.md"]
        document = json.loads(archive.read(f"{STEM}/incident.json"))
        text = archive.read(f"{STEM}/incident.md").decode()
    assert [one["name"] for one in document["alerts"]["items"]] == ["TargetDown"]
    assert "TargetDown" in text


def test_it_says_what_happened_and_leads_on(
    written: Callable[[], str], notify: Callable[..., None], save_run: Callable[..., None]
) -> None:
    """Alerts, runs and traces, each with its page of the console."""
    notify("TargetDown", 10, until=20, summary="a target is down")
    save_run(1, 10, status="killed", error={"type": "MemoryError", "message": "2 GiB"})
    save_run(2, 10, 75)
    text = written()
    assert text.startswith("# Incident 2026-01-05 12:00:00 to 2026-01-05 13:00:00\n")
    assert "## Alerts: 1\n" in text
    assert "[TargetDown](http://console.example/alerts?alert=TargetDown) | page |" in text
    assert "a target is down" in text
    assert "[run-00001](http://console.example/runs/run-00001) | killed" in text
    assert "| 0:01:15 | 0:01:00, missed |" in text
    assert "[ab12](http://console.example/traces/ab12) | POST /api/backtest/run |" in text
    assert "Not all of it is here" not in text


def test_it_says_what_still_runs(
    written: Callable[[], str], begin_run: Callable[..., None]
) -> None:
    """How far it is, and whether it has missed its objective already."""
    begin_run(1, 30, stage="run", progress=0.25)
    text = written()
    assert "### Still running: 1\n" in text
    assert "[run-00001](http://console.example/runs/run-00001) | idle | EUR/USD.SIM | 1h |" in text
    assert "| 0:01:00, missed | run 25% |" in text


def test_it_says_what_is_missing(written: Callable[[], str], parts: Services) -> None:
    """Nobody takes silence for good news."""
    parts.traces = TraceReader(closed_port())
    assert "**Not all of it is here:**" in written()


def test_texts_of_alerts_are_nothing_but_text(
    written: Callable[[], str], notify: Callable[..., None]
) -> None:
    """Whoever can make an alert fire writes no markup into a report."""
    notify("TargetDown", 10, summary=HOSTILE)
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(written())
    assert "<img" not in page
    assert 'href="https://evil.example"' not in page
    assert "<strong>c</strong>" not in page
    assert "&lt;img src=x onerror=alert(1)&gt; | [a](https://evil.example) `b` **c** # d" in page
