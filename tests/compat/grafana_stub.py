"""A stand-in for Grafana: answers as its documentation and source say, and records the calls.

What it holds is what a Grafana of ours would: the datasources of the provisioning file and the
generated boards. Tests spoil a part of it. Queries go to a `Backend`: a canned one, or a platform.
"""

from __future__ import annotations

import contextlib
import copy
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.compat import asked
from tests.compat.grafana import Window
from tests.compat.grafana_checks import provisioned

Json = dict[str, Any]
Answer = tuple[int, Any]

TOKEN = "stub"
LEGACY_META = {"type": "db", "canSave": True, "canEdit": True, "isFolder": False, "version": 1}


class Failed(Exception):
    """A query's error, in the words of what is behind the datasource."""


class Backend(Protocol):
    """What is behind the datasources."""

    def frames(self, query: Json, window: Window) -> list[Json]:
        """Data frames for a query of POST /api/ds/query. Raises Failed."""

    def passed_on(self, uid: str, path: str, parameters: dict[str, str]) -> Answer:
        """Status and JSON of a call through a datasource's proxy."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that Grafana got."""

    method: str
    path: str
    body: Any


@dataclass
class Stub:
    """What Grafana holds, and what it was asked."""

    backend: Backend
    scrape: int = 5
    datasources: dict[str, Json] = field(default_factory=dict)
    health: dict[str, Answer] = field(default_factory=dict)
    boards: dict[str, Json] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        for number, source in enumerate(provisioned(), 1):
            uid = source["uid"]
            kept = {key: value for key, value in source.items() if key != "editable"}
            self.datasources[uid] = {
                "id": number, "orgId": 1, "user": "", "database": "", "basicAuth": False,
                "isDefault": False, "readOnly": not source["editable"], **copy.deepcopy(kept),
            }  # fmt: skip
            self.health[uid] = 200, {"status": "OK", "message": "Data source is working"}
        # Its plugin has no backend that could be asked.
        self.health["alertmanager"] = 500, {
            "message": "Plugin unavailable", "messageId": "plugin.unavailable", "statusCode": 500,
        }  # fmt: skip
        for number, board in enumerate(asked.boards(), 1):
            self.boards[board["uid"]] = {
                "dashboard": {**copy.deepcopy(dict(board)), "id": number, "version": 1},
                "meta": {**LEGACY_META, "provisioned": True},
            }

    def answer(self, call: Call, parameters: dict[str, str]) -> Answer:
        """Status and JSON of a call by somebody who may ask."""
        parts = call.path.strip("/").split("/")
        match parts:
            case ["api", "datasources"]:
                return 200, list(self.datasources.values())
            case ["api", "datasources", "uid", uid, "health"] if uid in self.datasources:
                return self.health[uid]
            case ["api", "datasources", "proxy", "uid", uid, *rest] if uid in self.datasources:
                return self.backend.passed_on(uid, "/".join(rest), parameters)
            case ["api", "dashboards", "uid", uid] if uid in self.boards:
                return 200, self.boards[uid]
            case ["api", "dashboards", "uid", _]:
                return 404, {"message": "Dashboard not found"}
            case ["api", "ds", "query"] if call.method == "POST":
                return self._queried(call.body)
        return 404, {"message": "Not found"}

    def _queried(self, body: Json) -> Answer:
        window = Window(int(body["from"]) / 1000, int(body["to"]) / 1000, self.scrape)
        results: dict[str, Json] = {}
        for query in body["queries"]:
            try:
                if query["datasource"]["uid"] not in self.datasources:
                    return 404, {"message": "Data source not found"}
                frames = self.backend.frames(query, window)
                results[query["refId"]] = {"status": 200, "frames": frames}
            except Failed as error:
                results[query["refId"]] = {"status": 400, "error": str(error), "frames": []}
        failed = any("error" in each for each in results.values())
        return 400 if failed else 200, {"results": results}


@contextlib.contextmanager
def serving(stub: Stub) -> Iterator[Stub]:
    """The stub on a free port of the loopback address, for those who have its TOKEN."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body in one packet: the second would wait for word of the first.
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            self._serve(None)

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            self._serve(json.loads(self.rfile.read(size)))

        def _serve(self, body: Any) -> None:
            target = urlsplit(self.path)
            call = Call(self.command, target.path, body)
            stub.calls.append(call)
            if self.headers["Authorization"] == f"Bearer {TOKEN}":
                status, answer = stub.answer(call, dict(parse_qsl(target.query)))
            else:
                status, answer = 401, {"message": "Invalid API key", "messageId": "api-key.invalid"}
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# Frames ------------------------------------------------------------------------------------------


def frame(kind: str, *columns: tuple[str, str, list[Any]], **meta: Any) -> Json:
    """A data frame: columns of (name, type, values), `kind` as Grafana's custom.resultType."""
    return {
        "schema": {
            "fields": [{"name": name, "type": type_} for name, type_, _ in columns],
            "meta": {"typeVersion": [0, 0], "custom": {"resultType": kind}, **meta},
        },
        "data": {"values": [values for _, _, values in columns]},
    }


def line(kind: str, samples: list[tuple[float, float]]) -> Json:
    """A series: samples of (Unix seconds, value)."""
    times = [round(at * 1000) for at, _ in samples]
    # What JSON does not know is null in frames.
    values = [value if value - value == 0 else None for _, value in samples]
    return frame(kind, ("Time", "time", times), ("Value", "number", values))


def dots(label: str, found: list[tuple[float, float, str]]) -> Json:
    """Exemplars: (Unix seconds, value, trace id)."""
    return frame(
        "exemplar",
        ("Time", "time", [round(at * 1000) for at, _, _ in found]),
        ("Value", "number", [value for _, value, _ in found]),
        (label, "string", [trace_id for _, _, trace_id in found]),
    )


def spans(trace_id: str, span_ids: list[str]) -> Json:
    """A trace; Grafana writes its id without leading zeros."""
    ids = [trace_id.lstrip("0")] * len(span_ids)
    return frame(
        "trace", ("traceID", "string", ids), ("spanID", "string", span_ids),
        preferredVisualisationType="trace",
    )  # fmt: skip
