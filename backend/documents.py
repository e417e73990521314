"""Files of the checkout that the console shows: boards, objectives, runbooks.

They are read when asked for: `make dashboards` needs no restart.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pydantic import BaseModel, ConfigDict, Field

from backend.errors import NotFound
from backend.runbook_tree import RunbookPage, tree

ROOT = Path(__file__).resolve().parents[1]
"""The package is installed in place; elsewhere the files below are missing, which is said."""

BOARDS = ROOT / "dashboards" / "generated"
OBJECTIVES = ROOT / "alerts" / "generated" / "objectives.json"
RUNBOOKS = ROOT / "docs" / "runbooks"

UID_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
RUNBOOK_PATTERN = r"^[A-Z]+[a-z][A-Za-z0-9]*$"
"""Names of alerts; README is none."""
LONGEST_NAME = 80


class BoardSummary(BaseModel):
    """A dashboard by name."""

    uid: str
    title: str
    description: str
    tags: list[str]


class BoardDocument(BaseModel):
    """A dashboard in Grafana's JSON."""

    model_config = ConfigDict(extra="allow")

    uid: str
    title: str
    panels: list[dict[str, Any]]


class Objective(BaseModel):
    """A target of the platform; alerts/objectives_document.py says what else each has."""

    model_config = ConfigDict(extra="allow")

    name: str
    title: str
    protects: str
    threshold: float | None = Field(description="in `unit`; null where events are good or bad")
    unit: str
    target: str = Field(description="share of events that must be good, a decimal")
    window: str = Field(description="such as 30d")
    severity: str
    runbook: str = Field(description="`GET /api/runbooks/{runbook}`")
    queries: dict[str, str] = Field(description="PromQL for single numbers, such as budget_left")


class ObjectivesDocument(BaseModel):
    """The platform's targets."""

    objectives: list[Objective]


class RunbookSummary(BaseModel):
    """A page for the person woken by an alert."""

    alert: str
    meaning: str = Field(description="first paragraph of the section of that name")


class Documents:
    """What is in the three places; each may be absent. Raises NotFound."""

    def __init__(
        self, boards: Path = BOARDS, objectives: Path = OBJECTIVES, runbooks: Path = RUNBOOKS
    ) -> None:
        self._boards, self._objectives, self._runbooks = boards, objectives, runbooks

    def boards(self) -> list[BoardSummary]:
        """By title."""
        found = [orjson.loads(path.read_bytes()) for path in self._boards.glob("*.json")]
        shown = [BoardSummary.model_validate(board, from_attributes=False) for board in found]
        return sorted(shown, key=lambda board: board.title)

    def board(self, uid: str) -> bytes:
        """A board as generated. `uid` is of UID_PATTERN."""
        return _read(self._boards / f"{uid}.json", f"no dashboard {uid}", "uid")

    def objectives(self) -> bytes:
        """The targets as generated."""
        return _read(self._objectives, "the objectives were not generated", None)

    def runbooks(self) -> list[RunbookSummary]:
        """By name of the alert."""
        pages = sorted(self._runbooks.glob("*.md"))
        return [
            RunbookSummary(alert=page.stem, meaning=_meaning(page.read_text(encoding="utf-8")))
            for page in pages
            if re.match(RUNBOOK_PATTERN, page.stem)
        ]

    def runbook(self, alert: str) -> str:
        """A page in Markdown. `alert` is of RUNBOOK_PATTERN."""
        path = self._runbooks / f"{alert}.md"
        return _read(path, f"no runbook {alert}", "alert").decode()


def _read(path: Path, missing: str, field: str | None) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        hint = None if path.parent.is_dir() else f"{path.parent.name} is missing beside the backend"
        raise NotFound(missing, field=field, hint=hint) from error


def _meaning(markdown: str) -> str:
    found = re.search(r"^## Meaning\s+(.+?)(?:\n\s*\n|\Z)", markdown, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""


# Pages --------------------------------------------------------------------------------------------


def html_headers() -> dict[str, str]:
    """Headers for a document of ours: it may load nothing, and nothing may frame it."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
    }


STYLE = (
    "body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:16px/1.55 system-ui,sans-serif;"
    "color-scheme:light dark}"
    "pre{padding:.8rem;overflow:auto;border:1px solid #8886;border-radius:6px}"
    "code{font:14px ui-monospace,monospace}"
    "table{border-collapse:collapse}td,th{border:1px solid #8886;padding:.3rem .6rem}"
)


def page(title: str, markdown: str) -> str:
    """A page of HTML without scripts; HTML in the text is shown as text.

    `title` is of RUNBOOK_PATTERN, so it needs no escaping.
    """
    return document(title, _markdown().render(markdown))


def drawn(alert: str, markdown: str) -> RunbookPage:
    """The same page as a tree, for the console."""
    return RunbookPage(alert=alert, content=tree(_markdown(), markdown))


def document(title: str, body: str) -> str:
    """A whole document; `title` and `body` are HTML already."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style></head><body>\n{body}</body></html>\n"
    )


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.add_render_rule("link_open", _link)
    return markdown


def _link(
    renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """In the repository pages link to each other by file; here by the name of the alert."""
    token = tokens[index]
    target = str(token.attrGet("href") or "")
    if found := re.match(r"^([A-Z][A-Za-z0-9]*)\.md(#.*)?$", target):
        token.attrSet("href", f"{found[1]}{found[2] or ''}")
    return renderer.renderToken(tokens, index, options, env)
