"""A page of Markdown as a tree, which the console draws without ever reading text as HTML."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from pydantic import BaseModel, Field

Kind = Literal[
    "heading", "paragraph", "list", "item", "code_block", "table", "row", "header", "cell",
    "quote", "rule", "text", "code", "link", "strong", "emphasis", "break",
]  # fmt: skip

_KINDS: dict[str, Kind] = {
    "heading": "heading", "paragraph": "paragraph", "bullet_list": "list", "ordered_list": "list",
    "list_item": "item", "fence": "code_block", "code_block": "code_block", "table": "table",
    "tr": "row", "th": "header", "td": "cell", "blockquote": "quote", "hr": "rule",
    "text": "text", "code_inline": "code", "link": "link", "strong": "strong", "em": "emphasis",
    "hardbreak": "break",
}  # fmt: skip
_TEXTS = ("text", "code", "code_block")
_OTHER_PAGE = re.compile(r"([A-Z]+[a-z][A-Za-z0-9]*)\.md(?:#.*)?")


class RunbookNode(BaseModel):
    """A part of a page. Texts are plain: nothing in them is markup."""

    kind: Kind
    text: str | None = Field(default=None, description="of text, code and code_block")
    level: int | None = Field(default=None, description="of a heading, 1 to 6")
    start: int | None = Field(default=None, description="first number of a list; null: bullets")
    language: str | None = Field(default=None, description="of a code_block")
    href: str | None = Field(default=None, description="of a link: http or https")
    runbook: str | None = Field(default=None, description="of a link: another runbook's alert")
    children: list[RunbookNode] = Field(default_factory=list)


class RunbookPage(BaseModel):
    """A runbook for programs that draw it themselves."""

    alert: str
    content: list[RunbookNode]


def tree(markdown: MarkdownIt, text: str) -> list[RunbookNode]:
    """The page's parts; of what can not be drawn as one of them, the content."""
    return _all(SyntaxTreeNode(markdown.parse(text)).children)


def _all(nodes: list[SyntaxTreeNode]) -> list[RunbookNode]:
    return [shown for node in nodes for shown in _shown(node)]


def _shown(node: SyntaxTreeNode) -> list[RunbookNode]:
    if node.type == "softbreak":
        return [RunbookNode(kind="text", text=" ")]
    if node.type == "image":  # nothing may be loaded
        return [RunbookNode(kind="text", text=node.content)]
    kind = _KINDS.get(node.type)
    if kind is None:  # inline, thead, tbody
        return _all(node.children)
    made = RunbookNode(kind=kind)
    if kind in _TEXTS:
        made.text = node.content
    else:
        made.children = _all(node.children)
    if kind == "heading":
        made.level = int(node.tag[1])
    elif kind == "code_block":
        made.language = node.info.split(" ")[0] or None
    elif node.type == "ordered_list":
        made.start = int(node.attrs.get("start", 1))
    elif kind == "link":
        _aim(made, str(node.attrs.get("href") or ""))
        if not (made.href or made.runbook):
            return made.children
    return [made]


def _aim(link: RunbookNode, target: str) -> None:
    """Runbooks link to each other by file; other files of the repository are not served."""
    if found := _OTHER_PAGE.fullmatch(target):
        link.runbook = found[1]
    elif urlsplit(target).scheme in ("http", "https"):
        link.href = target
