"""Grafana's HTTP API, as much of it as the suite asks.

As in grafana/grafana: docs/sources/developer-resources/api-reference/http-api/api-legacy/
data_source.md (datasources, health, proxy, query), pkg/api/dashboard.go (boards) and
pkg/tsdb/tempo/tempo.go (queries of type traceId). Grafana 13 calls `/api/…` legacy and goes on
serving it (http-api/apis-migration.md); of boards it is the form that holds what was provisioned,
where `/apis/dashboard.grafana.app` gives them converted.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.compat.grafana import MAX_DATA_POINTS, Window
from tests.compat.platform import Addresses, Platform, Refused

Json = dict[str, Any]

ADMIN = "admin"
PASSWORD = Path("secrets", "grafana_admin_password")
"""What `make secrets` writes and the containers' Grafana reads."""
BAD_NOTICES = ("warning", "error")


@dataclass(frozen=True, slots=True)
class Login:
    """How to show who asks, and the file that holds the secret."""

    header: str = field(repr=False)
    source: str = ""


def login(env: Mapping[str, str], root: Path) -> Login:
    """The token in GRAFANA_TOKEN_FILE, or the administrator with the password of the containers.

    Raises Refused, where neither file is there.
    """
    if name := env.get("GRAFANA_TOKEN_FILE"):
        return Login(f"Bearer {_secret(Path(name))}", name)
    name = env.get("GRAFANA_PASSWORD_FILE") or str(root / PASSWORD)
    pair = f"{env.get('GRAFANA_USER') or ADMIN}:{_secret(Path(name))}"
    return Login(f"Basic {base64.b64encode(pair.encode()).decode()}", name)


def _secret(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise Refused(
            f"{path}: {error.strerror}; GRAFANA_TOKEN_FILE names a file with a token, "
            f"GRAFANA_PASSWORD_FILE one with the password of {ADMIN}"
        ) from error


class Grafana:
    """A running Grafana, and what is behind its datasources, asked through its proxy."""

    def __init__(self, url: str, who: Login, patience: float) -> None:
        self.url = url.rstrip("/")
        self._who = who
        self._client = httpx.Client(
            timeout=60, trust_env=False, headers={"Authorization": who.header}
        )
        behind = (self.proxy(uid) for uid in ("prometheus", "alertmanager", "tempo"))
        self.platform = Platform(Addresses(*behind), patience, fresh=False, client=self._client)

    def proxy(self, uid: str) -> str:
        """The address under which Grafana passes calls on to a datasource."""
        return f"{self.url}/api/datasources/proxy/uid/{uid}"

    def datasources(self) -> dict[str, Json]:
        """The datasources by uid. Raises Refused."""
        return {each["uid"]: each for each in self._get("/api/datasources")}

    def health(self, uid: str) -> Json:
        """What the datasource's own check says: status OK or ERROR, message. Raises Refused."""
        found: Json = self._get(f"/api/datasources/uid/{uid}/health")
        return found

    def board(self, uid: str) -> Json:
        """A board with its `meta`. Raises Refused."""
        found: Json = self._get(f"/api/dashboards/uid/{uid}")
        return found

    def query(self, queries: Sequence[Json], window: Window) -> dict[str, Json]:
        """Results by refId; those that failed have an `error`. Raises Refused."""
        body = {
            "queries": [
                {**each, "intervalMs": window.step * 1000, "maxDataPoints": MAX_DATA_POINTS}
                for each in queries
            ],
            "from": str(round(window.start * 1000)),
            "to": str(round(window.end * 1000)),
        }
        answer = self._send("POST", "/api/ds/query", body)
        # A failed query makes it 400, and its words are with its result.
        results: dict[str, Json] | None = _json(answer).get("results")
        if results is None:
            raise self._refused(answer)
        return results

    def trace(self, uid: str, trace_id: str, window: Window) -> list[str]:
        """Ids of the spans of a trace, from the datasource `uid`. Raises Refused."""
        source = {"type": "tempo", "uid": uid}
        asked = {"refId": "A", "datasource": source, "queryType": "traceId", "query": trace_id}
        result = self.query([asked], window).get("A", {})
        if problem := error_of(result):
            raise Refused(f"trace {trace_id}: {problem}")
        for frame in result.get("frames", ()):
            columns = columns_of(frame)
            if {each.zfill(32) for each in columns.get("traceID", ())} == {trace_id.zfill(32)}:
                return list(columns["spanID"])
        return []

    def _get(self, path: str) -> Any:
        answer = self._send("GET", path)
        if not answer.is_success:
            raise self._refused(answer)
        return answer.json()

    def _send(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        try:
            answer = self._client.request(method, f"{self.url}{path}", json=body)
        except httpx.HTTPError as error:
            raise Refused(f"{self.url}{path}: {error}") from error
        if answer.status_code == 401:
            raise Refused(f"Grafana does not take what {self._who.source} holds: {answer.text}")
        return answer

    def _refused(self, answer: httpx.Response) -> Refused:
        path = answer.request.url.path
        return Refused(f"{path}: {answer.status_code} {answer.text[:500]}")


def error_of(result: Json) -> str:
    """Why a query failed, or what Grafana warns of on its frames; empty: nothing."""
    if found := result.get("error"):
        return str(found)
    if "frames" not in result:
        return "was not answered"
    return "; ".join(
        f"{notice['severity']}: {notice['text']}"
        for frame in result["frames"]
        for notice in _meta(frame).get("notices") or ()
        if notice["severity"] in BAD_NOTICES
    )


def columns_of(frame: Json) -> dict[str, list[Any]]:
    """Values of a frame by name of their field."""
    return {column["name"]: values for column, values in _described(frame)}


def has_data(result: Json) -> bool:
    """Whether a line has a number; Grafana writes those that JSON does not know as null."""
    return any(
        value is not None
        for frame in result["frames"]
        if not is_exemplars(frame)
        for column, values in _described(frame)
        if column["type"] == "number"
        for value in values
    )


def is_exemplars(frame: Json) -> bool:
    """Whether it holds the dots of a panel, and not its lines."""
    return bool((_meta(frame).get("custom") or {}).get("resultType") == "exemplar")


def _described(frame: Json) -> Iterator[tuple[Json, list[Any]]]:
    """Fields of a frame with their values; an empty frame has no values."""
    return zip(frame["schema"]["fields"], frame.get("data", {}).get("values", ()), strict=False)


def _meta(frame: Json) -> Json:
    found: Json = frame["schema"].get("meta") or {}
    return found


def _json(answer: httpx.Response) -> Json:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
