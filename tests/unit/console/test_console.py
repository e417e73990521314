"""The console's files as browsers get them, and the page where there are none."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from backend import console, problems
from backend.console import POLICY, add_console
from nautilus_instrumentation import Session, instrument, metrics
from nautilus_instrumentation import Settings as TelemetrySettings

ROOT = Path(__file__).resolve().parents[3]
INDEX = '<!doctype html><script type="module" src="/assets/index-abcd1234.js"></script>'
SCRIPT = "console.log('the console');" * 200

Open = Callable[[], TestClient]


@pytest.fixture
def session() -> Iterator[Session]:
    made = instrument(TelemetrySettings(spans_to="none"), nautilus=False)
    yield made
    made.close()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A build of one script, as Vite leaves it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / ".vite").mkdir()
    (folder / "index.html").write_text(INDEX)
    script = folder / "assets" / "index-abcd1234.js"
    script.write_text(SCRIPT)
    (folder / "assets" / "index-abcd1234.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (folder / "assets" / "index-abcd1234.js.br").write_bytes(b"what brotli made of it")
    (folder / "assets" / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-abcd1234.js.map").write_text("{}")
    manifest = {"index.html": {"file": "assets/index-abcd1234.js", "isEntry": True}}
    (folder / ".vite" / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def open_app(session: Session, dist: Path, tmp_path: Path) -> Open:
    """The application with the build that is in `dist` by then, and a plain page of before."""
    pages = tmp_path / "pages.json"
    pages.write_text(json.dumps({"/": "home", "/runs/$runId": "run", "/plain": "plain"}))

    def start() -> TestClient:
        app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        problems.install(app)
        add_console(app, session, dist, pages)

        @app.get("/plain")
        def plain() -> str:
            return "a page without the console"

        return TestClient(app)

    return start


@pytest.fixture
def client(open_app: Open) -> TestClient:
    return open_app()


@pytest.mark.parametrize("address", ["/", "/runs/run-1", "/plain"])
def test_every_page_is_the_same_document(client: TestClient, address: str) -> None:
    """The console's own router reads the address, so that links into it work."""
    answer = client.get(address)
    assert (answer.status_code, answer.text) == (200, INDEX)
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("address", ["/api/nothing", "/runs", "/runs/a/b", "/index.html"])
def test_nothing_else_is_a_page(client: TestClient, address: str) -> None:
    """A caller of the API who mistypes must not get HTML with 200."""
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_browser_at_no_address_gets_a_page_that_says_so(client: TestClient, dist: Path) -> None:
    """With 404. Below /api and /assets, and without a build, it gets what programs get."""
    accept = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = client.get("/runs/a/b", headers=accept)
    assert (answer.status_code, answer.text) == (404, INDEX)
    assert answer.headers["content-security-policy"] == POLICY
    for address in ("/api/nothing", "/assets/nothing-abcd1234.js"):
        answer = client.get(address, headers=accept)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    (dist / "index.html").unlink()
    answer = client.get("/runs/a/b", headers=accept)
    assert answer.status_code == 404
    assert "make console" in answer.json()["detail"]


def test_the_policy_lets_nothing_in(client: TestClient) -> None:
    """No other origin, nothing inline, no text as HTML, no frame."""
    policy = client.get("/").headers["content-security-policy"]
    assert policy == POLICY
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["frame-ancestors"] == "'none'"
    assert rules["require-trusted-types-for"] == "'script'"
    sources = {source for name in rules if name.endswith("-src") for source in rules[name].split()}
    assert sources == {"'none'", "'self'"}


def test_the_document_has_nothing_that_the_policy_forbids() -> None:
    """No script or style of its own, and no address elsewhere."""
    html = (ROOT / "frontend" / "index.html").read_text()
    assert re.findall(r"<style|style=|\son\w+=|https?:", html) == []
    assert re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL) == [""]


@pytest.mark.parametrize(
    ("accepted", "encoding", "content"),
    [
        ("br, gzip", "br", b"what brotli made of it"),
        ("gzip;q=1.0, br;q=0", "gzip", SCRIPT.encode()),
        ("identity", None, SCRIPT.encode()),
    ],
)  # fmt: skip
def test_a_script_comes_as_short_as_the_caller_takes_it(
    client: TestClient, accepted: str, encoding: str | None, content: bytes
) -> None:
    """Compressed once, when it was built."""
    headers = {"Accept-Encoding": accepted}
    with client.stream("GET", "/assets/index-abcd1234.js", headers=headers) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == encoding
    assert (gzip.decompress(raw) if encoding == "gzip" else raw) == content
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["vary"] == "Accept-Encoding"


def test_files_named_by_their_content_are_kept_for_good(client: TestClient) -> None:
    """Another build has other names; what keeps its name is asked for again."""
    hashed = client.get("/assets/index-abcd1234.js", headers={"Accept-Encoding": "gzip"})
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "immutable" not in client.get("/assets/favicon.svg").headers["cache-control"]


@pytest.mark.parametrize(
    "name",
    ["missing-abcd1234.js", "index-abcd1234.js.map", "index-abcd1234.js.gz", "..%2Findex.html",
     "%2e%2e%2findex.html", ".vite", "..%5cindex.html"],
)  # fmt: skip
def test_only_built_files_are_served(client: TestClient, name: str) -> None:
    """No way out of the folder, and nothing in it that no page asks for."""
    assert client.get(f"/assets/{name}").status_code == 404


def test_without_a_build_a_page_says_how_to_get_one(open_app: Open, dist: Path) -> None:
    """And the plain pages stay what they were."""
    (dist / "index.html").unlink()
    client = open_app()
    answer = client.get("/")
    assert answer.status_code == 200
    assert "make console" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert client.get("/plain").json() == "a page without the console"
    assert client.get("/runs/run-1").status_code == 404


def test_a_build_that_is_removed_is_said(client: TestClient, dist: Path) -> None:
    """As `make console` does for a moment."""
    (dist / "index.html").unlink()
    answer = client.get("/")
    assert answer.status_code == 404
    assert "make console" in answer.json()["detail"]


def test_the_size_of_the_bundle_is_a_metric(
    client: TestClient, session: Session, dist: Path
) -> None:
    """In compressed bytes, as browsers load them."""
    size = (dist / "assets" / "index-abcd1234.js.gz").stat().st_size
    for part in ("initial", "total"):
        assert session.recorder.gauge(metrics.WEB_BUNDLE, part).values()[0] == size


def test_pages_have_names_of_their_own() -> None:
    """Web vitals are counted by them."""
    named = json.loads(console.PAGES.read_text())
    assert len(set(named.values())) == len(named)
    assert all(re.fullmatch(r"[a-z]+", name) for name in named.values())


def test_workers_have_the_policy_too(client: TestClient) -> None:
    """Theirs is what their script came with, not the page's."""
    answer = client.get("/assets/index-abcd1234.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-security-policy"] == POLICY
