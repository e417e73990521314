"""The calls of the API that pages show would be answered: their paths exist, their bodies pass."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from backend.alert_models import NewSilence
from backend.incidents.models import IncidentRequest
from backend.models import BacktestRequest, ConvertRequest
from backend.routes import api
from backend.strategies import registry
from backend.sweeps.models import SweepRequest
from nautilus_instrumentation import attributes, metrics

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
CONSOLE = re.compile(r"^```(?:console|sh)?\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(GET|POST|PUT|DELETE) (/api/[^`?\s]*)")
BODIES: dict[str, type[BaseModel]] = {
    "/api/alerts/silences": NewSilence,
    "/api/backtest/run": BacktestRequest,
    "/api/backtest/sweep": SweepRequest,
    "/api/datasets/convert": ConvertRequest,
    "/api/incidents": IncidentRequest,
}


class Call(NamedTuple):
    method: str
    path: str
    body: str | None


def commands(fence: str) -> list[list[str]]:
    """Words of the commands after `$ `; one goes on while a quote or a backslash is open."""
    found, lines = [], fence.splitlines()
    for place, line in enumerate(lines):
        if not line.lstrip().startswith("$ ") and not line.lstrip().startswith("curl "):
            continue
        text = line.lstrip().removeprefix("$ ")
        for more in [*lines[place + 1 :], None]:
            try:
                words = shlex.split(text)
            except ValueError:
                words = []
            if words and not text.endswith("\\"):
                found.append(words)
                break
            text = f"{text}\n{more}" if more is not None else text
    return found


def curl(words: list[str]) -> Call | None:
    """What a command asks of the API; None when it asks for something else."""
    addresses = [word for word in words if word.startswith("http://127.0.0.1:8000/api/")]
    if words[0] != "curl" or not addresses:
        return None
    method = words[words.index("-X") + 1] if "-X" in words else "GET"
    body = words[words.index("-d") + 1] if "-d" in words else None
    return Call(method, urlsplit(addresses[0]).path, body)


def calls(page: str) -> list[Call]:
    """In fences and inline."""
    shown = [curl(words) for fence in CONSOLE.findall(page) for words in commands(fence)]
    named = [Call(method, path, None) for method, path in INLINE.findall(page)]
    return [*filter(None, shown), *named]


@pytest.fixture(scope="module")
def routes() -> list[tuple[str, str]]:
    """Method and path, with {placeholders}."""
    app = FastAPI()
    app.include_router(api())
    return [
        (method.upper(), path)
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    ]


def answered(call: Call, routes: list[tuple[str, str]]) -> bool:
    """Whether a route takes it; on the page, <a word> stands for any value."""
    asked = re.sub(r"<[^>]+>", "any", call.path).rstrip("/")
    return any(
        call.method == method
        and (asked == path or re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path), asked))
        for method, path in routes
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_the_page_asks_of_the_api_exists(page: Path, routes: list[tuple[str, str]]) -> None:
    """Method and path."""
    missing = [call for call in calls(page.read_text()) if not answered(call, routes)]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_bodies_on_the_page_pass(page: Path) -> None:
    """And the strategies that they name take their parameters."""
    for call in calls(page.read_text()):
        if call.body is None:
            continue
        request = BODIES[call.path].model_validate(json.loads(call.body))
        if isinstance(request, BacktestRequest):
            registry.validate(request.strategy, request.params)


def test_calls_are_found_and_judged(routes: list[tuple[str, str]]) -> None:
    """Bodies over several lines, a wrong path, a wrong method."""
    page = (
        "```console\n$ curl -s -X POST 'http://127.0.0.1:8000/api/backtest/run?wait=1' -d '\n"
        '  {"a": 1}\'\n{"output": 1}\n```\n`DELETE /api/health` and `GET /api/nothing`\n'
    )
    run, *wrong = calls(page)
    assert run == Call("POST", "/api/backtest/run", '\n  {"a": 1}')
    assert answered(run, routes)
    assert [answered(call, routes) for call in wrong] == [False, False]


# The tables of BACKTEST_SPEC.md ------------------------------------------------------------------


def cells(heading: str) -> list[str]:
    """Names in backticks in the first column of the table under the heading."""
    text = (ROOT / "docs" / "BACKTEST_SPEC.md").read_text().split(f"## {heading}\n")[1]
    rows = re.findall(r"^\| (`[^|]*) \|", text.split("\n## ")[0], flags=re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def test_every_field_of_a_request_is_explained() -> None:
    """And no other."""
    assert cells("The request") == list(BacktestRequest.model_fields)


def test_every_stage_is_explained() -> None:
    """In order, with spans that the library has."""
    assert tuple(cells("The stages")) == metrics.STAGES
    section = (ROOT / "docs" / "BACKTEST_SPEC.md").read_text().split("## The stages\n")[1]
    spans = {value for value in vars(attributes).values() if isinstance(value, str)}
    for row in re.findall(r"^\| `.*\| spans? ([^|]*) \|", section, flags=re.MULTILINE):
        assert set(re.findall(r"`([^`]+)`", row)) <= spans


def test_every_setting_that_is_explained_exists() -> None:
    """As a variable in .env.example."""
    spec = (ROOT / "docs" / "BACKTEST_SPEC.md").read_text()
    named = set(re.findall(r"`\$?([A-Z]{2,}_[A-Z_]+|WORKERS)`", spec))
    known = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named
    assert named <= known


def test_every_setting_of_the_containers_exists() -> None:
    """In docker-compose.yml, or as a variable that the whole stack reads."""
    page = (ROOT / "docs" / "guide" / "compose.md").read_text()
    table = page.split("## Settings\n")[1].split("\n## ")[0]
    named = {
        name
        for row in re.findall(r"^\| (`[^|]*) \|", table, flags=re.MULTILINE)
        for name in re.findall(r"`([A-Z_]+)`", row)
    }
    read = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    known = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named
    assert named <= read | known
