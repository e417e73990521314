"""The benchmark of the API: its callers, and the section that it hands in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from benchmarks import api_report
from benchmarks.api_cases import applications, by_opening_files, stall, write_results
from benchmarks.api_load import Load, load

BODIES = {"/length": b"12345", "/chunks": b"7\r\n1234567\r\n2\r\n89\r\n0\r\n\r\n"}


@pytest.fixture
def url() -> Iterator[tuple[str, list[str]]]:
    """A server, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path)
            status = {"/bad": 500, "/known": 304}.get(self.path, 200)
            body = BODIES.get(self.path, b"")
            self.send_response(status)
            if self.path == "/chunks":
                self.send_header("Transfer-Encoding", "chunked")
            elif status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("path", "size"), [("/length", 5), ("/chunks", 9), ("/known", 0)])
def test_every_answer_is_timed(url: tuple[str, list[str]], path: str, size: int) -> None:
    """And its body read to the end; the first of each caller only warms up."""
    address, asked = url
    seen = load(address + path, 3, 20)
    assert (len(seen.seconds), seen.size, len(asked)) == (20, size, 23)


def test_a_bad_answer_ends_the_measurement(url: tuple[str, list[str]]) -> None:
    """Errors are answered faster than anything."""
    with pytest.raises(ExceptionGroup) as failed:
        load(url[0] + "/bad", 2, 4)
    assert failed.group_contains(RuntimeError, match="500")


def found(slow: float) -> dict[str, Any]:
    """Figures of which those with targets take so many seconds."""
    seen = Load((slow,) * 100, 1.0, 10)
    calls = {(name, callers): seen for name in ("health", "list", "get") for callers in (10, 100)}
    lists = ("first page of 50", "page of 50 by the slowest column", "all lines of a table")
    http = ("all lines of a table, zstd", "first page of 50, not changed")
    loop = ("untyped list, FastAPI's encoder", "gzip 9 on the loop", "ours, gzip", "ours, zstd")
    ticks = {"first": slow, "all": slow, "bytes": 10, "growth": 10}
    return {
        "results": 10_000, "idle": calls, "busy": calls, "lists": dict.fromkeys(lists, slow),
        "http lists": dict.fromkeys(http, seen), "plain list": 1.0,
        "loop": dict.fromkeys(loop, (slow, slow)), "ticks": {"Arrow": ticks},
        "scrape": {"alone": seen, "beside 100 callers": seen},
    }  # fmt: skip


@pytest.mark.parametrize(("slow", "missed"), [(0.01, 0), (0.075, 4), (0.6, 10)])
def test_targets_are_asked_of_what_was_measured(slow: float, missed: int) -> None:
    """All are met when all is quick, and none when nothing is."""
    assert len(api_report.section(found(slow)).missed()) == missed


def test_pauses_too_short_to_be_seen_are_compared() -> None:
    """Small bodies may hold the loop for no time at all."""
    none = found(0.001)
    none["loop"]["ours, gzip"] = (0.001, 0.0)
    measured = {each.name: each.value for each in api_report.section(none).measures}
    assert measured["pause against gzip 9 on the loop"] == pytest.approx(20)


def test_the_plain_ways_give_an_answer(tmp_path: Any) -> None:
    """What ours is compared with works too."""
    write_results(tmp_path, 3)
    assert by_opening_files(tmp_path, 2).count(b'"run_id"') == 2
    for name, app in applications(b'{"rows":[[1,"a"]]}').items():
        took, _ = stall(app, "gzip", 1)
        assert took > 0, name
