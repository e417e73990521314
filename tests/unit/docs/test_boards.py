"""Boards, panels and pages of the console that are named in italics exist under that name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.rules import alerts

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = sorted(
    page
    for folder in (DOCS, DOCS / "guide", DOCS / "runbooks")
    for page in folder.glob("*.md")
)  # fmt: skip
FENCE = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)
ITALIC = re.compile(r"(?<![*\w])\*([A-Z][^*]+)\*(?![*\w])")
ELSEWHERE = {"Silence"}
"""Names in Alertmanager's own pages."""


NAVIGATION = ROOT / "frontend" / "src" / "shell" / "navigation.ts"


def pages_of_the_console() -> set[str]:
    return set(re.findall(r'title: "([^"]+)"', NAVIGATION.read_text()))


def titles(panels: list[dict[str, Any]]) -> Iterator[str]:
    for panel in panels:
        yield panel.get("title", "")
        yield from titles(panel.get("panels", []))


@pytest.fixture(scope="module")
def shown() -> set[str]:
    """Titles of boards, panels and the console's pages, labels of variables, names of alerts."""
    names = {*alerts(), *ELSEWHERE, *pages_of_the_console()}
    for path in (ROOT / "dashboards" / "generated").glob("*.json"):
        board = json.loads(path.read_text())
        names |= {board["title"], *titles(board["panels"])}
        names |= {each.get("label") or "" for each in board["templating"]["list"]}
    return names


def italics(text: str) -> list[str]:
    return [" ".join(name.split()) for name in ITALIC.findall(FENCE.sub("", text))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_boards_and_panels_are_called_so(page: Path, shown: set[str]) -> None:
    """A reader looks for the name that is on the screen."""
    assert [name for name in italics(page.read_text()) if name not in shown] == []


def test_names_are_found_across_lines() -> None:
    """Bold text and fenced code are none."""
    assert italics("*One\nname* **Bold.** a*B*c\n```\n*Code*\n```\n") == ["One name"]
