"""Boards, objectives and runbooks as the API shows them."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from backend import documents
from backend.documents import Documents
from tests import api

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
RUNBOOK = """\
# Target down

## Meaning

Prometheus gets no answer
from one of its targets.

## First three actions

1. `curl -f http://127.0.0.1:9464/metrics` & look
2. See [the backend's page](BackendDown.md#meaning) or [the guide](https://example.org/a?b=1&c=2)

| job | port |
|-----|------|
| a   | 1    |

```promql
up == 0
```
"""
HOSTILE = """\
## Meaning

<script>alert(1)</script> <img src=x onerror=alert(1)> [a](javascript:alert(1))
[b](data:text/html;base64,PHNjcmlwdD4=) ![c](https://example.org/pixel.png) <b onclick="x()">d</b>
[e](vbscript:x) [f](//example.org "x\\" onmouseover=\\"y") &lt;script&gt;
"""


class Tags(HTMLParser):
    """Tags of a page, each with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("boards", "runbooks"):
        (tmp_path / name).mkdir()
    (tmp_path / "runbooks" / "TargetDown.md").write_text(RUNBOOK)
    (tmp_path / "runbooks" / "Hostile.md").write_text(HOSTILE)
    (tmp_path / "runbooks" / "README.md").write_text("secret")
    (tmp_path / "secret.md").write_text("secret")
    for uid, title in (("nautobs-zoo", "A board"), ("nautobs-api", "The API")):
        board = {"uid": uid, "title": title, "description": "d", "tags": ["nautilus"], "panels": []}
        (tmp_path / "boards" / f"{uid}.json").write_text(json.dumps(board))
    (tmp_path / "objectives.json").write_text('{"objectives": []}')
    return tmp_path


@pytest.fixture
def make_client() -> Callable[[Documents], TestClient]:
    """The routes over the documents given, and nothing else of the service."""
    return lambda shown: api.client_of(api.services(documents=shown))


@pytest.fixture
def client(folder: Path, make_client: Callable[[Documents], TestClient]) -> Iterator[TestClient]:
    shown = Documents(folder / "boards", folder / "objectives.json", folder / "runbooks")
    with make_client(shown) as client:
        yield client


def test_boards_are_listed_by_title(client: TestClient) -> None:
    """With what a list of them shows."""
    assert client.get("/dashboards").json() == [
        {"uid": "nautobs-zoo", "title": "A board", "description": "d", "tags": ["nautilus"]},
        {"uid": "nautobs-api", "title": "The API", "description": "d", "tags": ["nautilus"]},
    ]


def test_a_board_comes_as_generated(client: TestClient, folder: Path) -> None:
    """Byte by byte, so that Grafana can take it."""
    raw = client.get("/dashboards/nautobs-api").content
    assert raw == (folder / "boards" / "nautobs-api.json").read_bytes()


def test_the_objectives_come_as_generated(client: TestClient) -> None:
    """What alerts.build wrote."""
    assert client.get("/objectives").json() == {"objectives": []}


def test_runbooks_are_listed_with_their_meaning(client: TestClient) -> None:
    """One line each; pages that belong to no alert are left out."""
    found = {one["alert"]: one["meaning"] for one in client.get("/runbooks").json()}
    assert set(found) == {"Hostile", "TargetDown"}
    assert found["TargetDown"] == "Prometheus gets no answer from one of its targets."


@pytest.mark.parametrize("accept", [{}, {"Accept": "*/*"}, {"Accept": "text/markdown,text/html"}])
def test_a_runbook_is_markdown_for_programs(client: TestClient, accept: dict[str, str]) -> None:
    """The page as it is in the repository."""
    answer = client.get("/runbooks/TargetDown", headers=accept)
    assert answer.headers["content-type"].startswith("text/markdown")
    assert answer.text == RUNBOOK


def test_a_runbook_is_a_page_for_browsers(client: TestClient) -> None:
    """With headings, tables and commands to copy."""
    answer = client.get("/runbooks/TargetDown", headers=BROWSER)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["vary"] == "Accept"
    tags = [tag for tag, _ in Tags(answer.text).found]
    assert {"title", "h1", "h2", "ol", "table", "pre", "code"} <= set(tags)
    assert "metrics</code> &amp; look" in answer.text


def test_pages_link_to_each_other(client: TestClient) -> None:
    """By name of the alert, although the files link to files; other links stay."""
    page = client.get("/runbooks/TargetDown", headers=BROWSER).text
    links = [attributes["href"] for tag, attributes in Tags(page).found if tag == "a"]
    assert links == ["BackendDown#meaning", "https://example.org/a?b=1&c=2"]


def test_nothing_in_a_page_can_act(client: TestClient) -> None:
    """HTML in the text is shown as text, and links lead only to pages."""
    tags = Tags(client.get("/runbooks/Hostile", headers=BROWSER).text).found
    assert not {"script", "b", "iframe"} & {tag for tag, _ in tags}
    attributes = {name: value for _, found in tags for name, value in found.items()}
    assert not [name for name in attributes if name.startswith("on")]
    links = [found["href"] or "" for tag, found in tags if tag == "a"]
    assert not [link for link in links if re.match(r"(javascript|data|vbscript):", link)]


def test_the_policy_of_a_page_allows_its_own_style_only(client: TestClient) -> None:
    """Were something to slip through all the same, the browser would not run it."""
    answer = client.get("/runbooks/TargetDown", headers=BROWSER)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    named = re.search(r"style-src 'sha256-([^']+)'", policy)
    assert style is not None
    assert named is not None
    assert b64decode(named[1]) == sha256(style[1].encode()).digest()
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    ["..", "..%2Fsecret", "%2e%2e%2fsecret", "../secret", "TargetDown.md", "README", "Tar%00get",
     "/etc/passwd", "%2Fetc%2Fpasswd", "A" * 200, "Target%0ADown", "NoSuchAlert"],
)  # fmt: skip
@pytest.mark.parametrize("place", ["runbooks", "dashboards"])
def test_a_name_never_is_a_path(client: TestClient, place: str, name: str) -> None:
    """What is no name of an alert or a board is refused or not found."""
    answer = client.get(f"/{place}/{name}")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text.replace("../secret", "").replace("/secret", "")


@pytest.mark.parametrize(
    ("call", "detail"),
    [
        ("/dashboards/nautobs-api", "no dashboard nautobs-api"),
        ("/objectives", "the objectives were not generated"),
        ("/runbooks/TargetDown", "no runbook TargetDown"),
    ],
)
def test_what_was_not_generated_is_not_found(
    tmp_path: Path, make_client: Callable[[Documents], TestClient], call: str, detail: str
) -> None:
    """A service without its checkout says what is missing; lists are empty."""
    client = make_client(Documents(tmp_path / "b" / "c", tmp_path / "o.json", tmp_path / "r"))
    answer = client.get(call)
    assert (answer.status_code, answer.json()["detail"]) == (404, detail)
    assert client.get("/dashboards").json() == client.get("/runbooks").json() == []


def test_the_boards_of_the_checkout_are_served(
    make_client: Callable[[Documents], TestClient],
) -> None:
    """The defaults lead to what is committed."""
    client = make_client(Documents())
    uids = [board["uid"] for board in client.get("/dashboards").json()]
    assert uids
    for uid in uids:
        assert client.get(f"/dashboards/{uid}").json()["uid"] == uid
    assert documents.ROOT.joinpath("pyproject.toml").is_file()


# Runbooks as a tree -------------------------------------------------------------------------------

TREE = {"Accept": "application/json"}


def texts(nodes: list[dict]) -> str:
    return "".join((node.get("text") or "") + texts(node["children"]) for node in nodes)


def kinds(nodes: list[dict]) -> set[str]:
    return {kind for node in nodes for kind in {node["kind"], *kinds(node["children"])}}


def links(nodes: list[dict]) -> list[str]:
    own = [node.get("runbook") or node["href"] for node in nodes if node["kind"] == "link"]
    return own + [link for node in nodes for link in links(node["children"])]


def test_a_runbook_comes_as_a_tree(client: TestClient) -> None:
    """What programs draw: headings, lists, tables, code, and where links lead."""
    answer = client.get("/runbooks/TargetDown", headers=TREE)
    assert answer.headers["content-type"] == "application/json"
    page = answer.json()
    title, heading, meaning, *_ = page["content"]
    assert (page["alert"], title["level"], heading["level"]) == ("TargetDown", 1, 2)
    assert texts([meaning]) == "Prometheus gets no answer from one of its targets."
    assert {
        "list",
        "item",
        "code",
        "link",
        "table",
        "row",
        "header",
        "cell",
        "code_block",
    } <= kinds(page["content"])
    assert links(page["content"]) == ["BackendDown", "https://example.org/a?b=1&c=2"]
    (block,) = [node for node in page["content"] if node["kind"] == "code_block"]
    assert (block["language"], block["text"]) == ("promql", "up == 0\n")


def test_nothing_hostile_is_more_than_text_in_a_tree(client: TestClient) -> None:
    """HTML is text, pictures are their names, and addresses that run something are no links."""
    content = client.get("/runbooks/Hostile", headers=TREE).json()["content"]
    assert links(content) == []
    assert kinds(content) == {"heading", "paragraph", "text"}
    assert "<script>alert(1)</script> <img src=x onerror=alert(1)>" in texts(content)
