"""Grafana's part of the suite, run against a stand-in that is in order, and against spoilt ones."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compat import asked, grafana_checks
from tests.compat.grafana_api import Grafana, Login, login
from tests.compat.grafana_behind import Canned
from tests.compat.grafana_stub import TOKEN, Call, Stub, serving, spans
from tests.compat.platform import Refused

SUITE = "tests/live/test_grafana.py"
BOARD = "nautobs-api"
PANELS = sum("expr" in t for b in asked.boards() for p in b["panels"] for t in p.get("targets", ()))


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving(Stub(Canned())) as stub:
        yield stub


def spoil_board(stub: Stub) -> None:
    panels = stub.boards[BOARD]["dashboard"]["panels"]
    next(each for each in panels if each.get("targets"))["targets"][0]["expr"] = "vector(1)"


def add_panel(stub: Stub) -> None:
    stub.boards[BOARD]["dashboard"]["panels"].append({"title": "Mine", "type": "text"})


def allow_saving(stub: Stub) -> None:
    stub.boards[BOARD]["meta"]["provisioned"] = False


def lose_board(stub: Stub) -> None:
    del stub.boards[BOARD]


def lose_other_board(stub: Stub) -> None:
    del stub.boards["nautobs-cache"]


def break_datasource(stub: Stub) -> None:
    stub.health["tempo"] = 400, {"status": "ERROR", "message": "dial tcp: connection refused"}


def doubt_datasource(stub: Stub) -> None:
    stub.health["prometheus"] = 200, {"status": "UNKNOWN", "message": "no answer yet"}


def drop_setting(stub: Stub) -> None:
    del stub.boards[BOARD]["dashboard"]["timezone"]


def lose_datasource(stub: Stub) -> None:
    del stub.datasources["alertmanager"]


def edit_datasource(stub: Stub) -> None:
    stub.datasources["tempo"]["readOnly"] = False


def unlink_exemplars(stub: Stub) -> None:
    settings = stub.datasources["prometheus"]["jsonData"]
    settings["exemplarTraceIdDestinations"][0]["datasourceUid"] = "jaeger"


def refuse_query(stub: Stub) -> None:
    stub.backend.errors['http_response_status_code=~"5..'] = "bad_data: parse error"


def warn(stub: Stub) -> None:
    """A warning of Prometheus, which Grafana puts on the frame."""
    plain = stub.backend.frames

    def frames(query, window):
        found = plain(query, window)
        found[0]["schema"]["meta"]["notices"] = [{"severity": "warning", "text": "not a counter"}]
        return found

    stub.backend.frames = frames


SPOILT: dict[Callable[[Stub], None], str] = {
    spoil_board: r"nautobs-api: panels\[\d+\]\.targets\[0\]\.expr is 'vector\(1\)', not ",
    add_panel: r"nautobs-api: panels is a list of \d+, not a list of \d+",
    allow_saving: "nautobs-api: is not provisioned",
    lose_other_board: "/api/dashboards/uid/nautobs-cache: 404",
    lose_board: "/api/dashboards/uid/nautobs-api: 404 .*Dashboard not found",
    break_datasource: "datasource tempo: .*connection refused",
    doubt_datasource: "datasource prometheus: UNKNOWN no answer yet",
    drop_setting: "nautobs-api: timezone is not there",
    lose_datasource: "datasource alertmanager: (is not there|404)",
    edit_datasource: "datasource tempo: can be edited",
    unlink_exemplars: r"datasource prometheus: jsonData.*datasourceUid is 'jaeger', not 'tempo'",
    refuse_query: r"nautobs-api: .+ \w: bad_data: parse error",
    warn: r"nautobs-api: .+ \w: warning: not a counter",
}


def run(stub: Stub, token: Path, *only: str) -> tuple[int, str]:
    """The suite, as `make compat` runs it; its code and what it printed."""
    environment = {
        **os.environ, "GRAFANA_URL": stub.url, "GRAFANA_TOKEN_FILE": str(token), "COLUMNS": "500",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", SUITE, *only],
        cwd=asked.ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


def test_a_grafana_in_order_passes(stub: Stub, token: Path) -> None:
    """Every datasource, board and query was asked for, and an exemplar was followed."""
    code, told = run(stub, token)
    assert code == 0, told
    paths = {call.path for call in stub.calls}
    assert {f"/api/dashboards/uid/{board['uid']}" for board in asked.boards()} <= paths
    assert {f"/api/datasources/uid/{uid}/health" for uid in ("prometheus", "tempo")} <= paths
    assert "/api/datasources/proxy/uid/alertmanager/api/v2/status" in paths
    assert "/api/datasources/proxy/uid/tempo/api/search" in paths
    followed = [each for each in queries(stub.calls) if each.get("queryType") == "traceId"]
    assert {each["query"] for each in followed} == {stub.backend.trace_id}


def queries(calls: list[Call]) -> list[dict]:
    return [each for call in calls if call.path == "/api/ds/query" for each in call.body["queries"]]


def test_queries_are_sent_as_grafana_sends_them(stub: Stub) -> None:
    """Of every panel, with variables filled in and intervals left to the server."""
    grafana = subject(stub)
    replies = [each for board in asked.boards() for each in grafana_checks.replies(grafana, board)]
    sent = queries(stub.calls)
    assert len(replies) == len(sent) == PANELS
    assert {each["datasource"]["uid"] for each in sent} == {"prometheus"}
    assert not [each["expr"] for each in sent if re.search(r"\$(?!__)", each["expr"])]
    assert any("$__rate_interval" in each["expr"] for each in sent)
    assert {(each["intervalMs"], each["maxDataPoints"]) for each in sent} >= {(5000, 1000)}


def subject(stub: Stub) -> Grafana:
    return Grafana(stub.url, Login(f"Bearer {TOKEN}", "here"), patience=0)


@pytest.mark.parametrize(
    "spoil",
    [each for each in SPOILT if each is not lose_other_board],
    ids=lambda spoil: spoil.__name__,
)
def test_what_is_wrong_is_named(stub: Stub, spoil: Callable[[Stub], None]) -> None:
    """Each check tells what it found, and the others find nothing."""
    spoil(stub)
    told = problems(subject(stub))
    assert told
    assert [each for each in told if not re.search(SPOILT[spoil], each)] == []


def problems(grafana: Grafana) -> list[str]:
    """What the checks say of the datasources and of one board."""
    found = [*grafana_checks.wrong_datasources(grafana), *grafana_checks.unhealthy(grafana)]
    try:
        found += grafana_checks.changed(grafana, board())
    except Refused as error:
        found.append(str(error))
    replies = grafana_checks.replies(grafana, board())
    return [*found, *(each.told for each in replies if not each.is_good)]


def board() -> dict[str, Any]:
    return next(each for each in asked.boards() if each["uid"] == BOARD)


def test_the_suite_fails_with_all_of_it(stub: Stub, token: Path) -> None:
    """What the checks tell is in the output of `make compat`."""
    spoilt = (spoil_board, allow_saving, lose_other_board, break_datasource, refuse_query)
    for spoil in spoilt:
        spoil(stub)
    code, told = run(stub, token, "-k", "not searches and not exemplars")
    assert code == 1
    assert [each.__name__ for each in spoilt if not re.search(SPOILT[each], told)] == []


def test_a_wrong_token_is_told(stub: Stub, token: Path) -> None:
    """With the file it came from, and without the token."""
    token.write_text("stale-secret")
    code, told = run(stub, token, "-k", "healthy or as_provisioned")
    assert code == 1
    assert f"Grafana does not take what {token} holds" in told
    assert "stale-secret" not in told


def test_an_exemplar_without_its_trace_is_told(stub: Stub) -> None:
    """The dot is there, and what it leads to is not."""
    stub.backend.known = False
    grafana = subject(stub)
    dotted = next(each for each in grafana_checks.replies(grafana, board()) if each.traces)
    assert re.search(
        f"{BOARD}: .* trace {stub.backend.trace_id}: failed to get trace",
        grafana_checks.dead_link(grafana, dotted),
    )


def test_another_trace_is_not_the_exemplars(stub: Stub) -> None:
    """Spans count only where they are of the trace that was asked for."""
    window = subject(stub).platform.window(60)
    asked_for = stub.backend.trace_id
    assert subject(stub).trace("tempo", asked_for, window) == ["a", "b"]
    stub.backend.frames = lambda query, window: [spans("f" * 32, ["a"])]
    assert subject(stub).trace("tempo", asked_for, window) == []
    dotted = grafana_checks.Reply("here", "", "", True, (asked_for,))
    assert f"here: no spans of {asked_for}" in grafana_checks.dead_link(subject(stub), dotted)


def test_a_search_without_traces_is_told(stub: Stub) -> None:
    """With board and panel."""
    stub.backend.passed_on = lambda uid, path, parameters: (200, {"traces": []})
    search = next(each for board in asked.boards() for each in asked.board_searches(board))
    assert "no traces" in grafana_checks.unanswered_search(subject(stub), search)


def test_without_an_address_the_suite_says_so() -> None:
    """One line, and nothing is asked."""
    environment = {key: value for key, value in os.environ.items() if key != "GRAFANA_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", SUITE],
        cwd=asked.ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.count("Grafana was not asked: set GRAFANA_URL") == 1


# Who asks ----------------------------------------------------------------------------------------


def test_the_password_of_the_containers_is_found(tmp_path: Path) -> None:
    """After `make compose-up` the address alone is enough."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "grafana_admin_password").write_text("open sesame")
    found = login({}, tmp_path)
    assert found.header == "Basic YWRtaW46b3BlbiBzZXNhbWU="
    assert found.source.endswith("secrets/grafana_admin_password")
    assert "Basic" not in repr(found)


def test_a_token_comes_first(tmp_path: Path) -> None:
    """For a Grafana that somebody else runs."""
    (tmp_path / "token").write_text("abc\n")
    assert login({"GRAFANA_TOKEN_FILE": str(tmp_path / "token")}, tmp_path).header == "Bearer abc"


def test_a_missing_secret_is_told(tmp_path: Path) -> None:
    """With the file that was looked for and what else there is."""
    with pytest.raises(Refused, match=r"grafana_admin_password: No such file.*GRAFANA_TOKEN"):
        login({}, tmp_path)
