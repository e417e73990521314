"""Names of tags and their values, and the endpoints that say how Tempo is."""

from __future__ import annotations

from typing import Any

import pytest


def test_names_of_tags(tempo: Any, story: Any) -> None:
    """The first version lists the attributes of spans and resources together."""
    names = tempo.get("/api/search/tags", **story.window).json()["tagNames"]
    assert {"suite", "strategy", "points", "service.name", "deployment"} <= set(names)


def test_names_of_one_scope(tempo: Any, story: Any) -> None:
    """A scope leaves the others' names out."""
    names = tempo.get("/api/search/tags", scope="resource", **story.window).json()["tagNames"]
    assert "deployment" in names
    assert "strategy" not in names


def test_names_by_scope(tempo: Any, story: Any) -> None:
    """The second version tells scopes apart."""
    scopes = tempo.get("/api/v2/search/tags", **story.window).json()["scopes"]
    tags = {scope["name"]: set(scope["tags"]) for scope in scopes}
    assert {"suite", "strategy", "points", "tags"} <= tags["span"]
    assert {"service.name", "deployment"} <= tags["resource"]
    assert {"name", "duration", "status", "kind", "rootName"} <= tags["intrinsic"]
    assert "strategy" not in tags["resource"]


def test_a_wrong_scope_is_a_bad_request(tempo: Any) -> None:
    """Scopes have names."""
    assert tempo.get("/api/v2/search/tags", scope="nonsense").status_code == 400


def values(tempo: Any, story: Any, tag: str, **parameters: Any) -> set[tuple[str, str]]:
    answer = tempo.get(f"/api/v2/search/tag/{tag}/values", **story.window, **parameters)
    assert answer.status_code == 200, answer.text
    return {(value["type"], value["value"]) for value in answer.json()["tagValues"] or []}


def test_values_of_the_first_version_are_texts(tempo: Any, story: Any) -> None:
    """The tag comes without a scope."""
    answer = tempo.get("/api/search/tag/service.name/values", **story.window).json()
    assert {f"api-{story.suite}", f"worker-{story.suite}"} <= set(answer["tagValues"])


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("resource.service.name", {("string", "api-SUITE"), ("string", "worker-SUITE")}),
        (".service.name", {("string", "api-SUITE"), ("string", "worker-SUITE")}),
        ("span.points", {("int", "1000"), ("int", "10"), ("int", "7")}),
        ("span.strategy", {("string", "ema_cross"), ("string", "market_maker")}),
        ("name", {("string", "backtest run"), ("string", "GET /slow")}),
        ("rootName", {("string", "POST /run"), ("string", "GET /slow")}),
        ("status", {("keyword", "error")}),
        ("kind", {("keyword", "server"), ("keyword", "internal")}),
    ],
)
def test_values_have_types(
    tempo: Any, story: Any, tag: str, expected: set[tuple[str, str]]
) -> None:
    """The second version gives identifiers' values as TraceQL writes them."""
    wanted = {(kind, text.replace("SUITE", story.suite)) for kind, text in expected}
    assert wanted <= values(tempo, story, tag)


def test_a_filter_narrows_values(tempo: Any, story: Any) -> None:
    """Only values on spans that match are given."""
    query = f'{{ span.suite = "{story.suite}" && span.cached = true }}'
    assert values(tempo, story, "span.strategy", q=query) == {("string", "ema_cross")}


def test_a_filter_that_is_still_being_written_is_no_error(tempo: Any, story: Any) -> None:
    """Editors ask while people type."""
    for query in ("{ span.suite = }", "{", "{ resource.service.name = "):
        assert ("string", "ema_cross") in values(tempo, story, "span.strategy", q=query)


def test_a_tag_that_nobody_has_has_no_values(tempo: Any, story: Any) -> None:
    """An unknown name is no error."""
    assert values(tempo, story, "span.nobody.has.this") == set()


@pytest.mark.parametrize(("path", "text"), [("/ready", "ready"), ("/api/echo", "echo")])
def test_tempo_says_that_it_is_there(tempo: Any, path: str, text: str) -> None:
    """What load balancers and Grafana ask."""
    answer = tempo.get(path)
    assert answer.status_code == 200
    assert answer.text.strip() == text


def test_the_version_is_told(tempo: Any) -> None:
    """Grafana turns features on by it."""
    version = tempo.get("/api/status/buildinfo").json()["version"]
    assert int(version.lstrip("v").split(".")[0]) >= 2


def test_tempo_has_metrics_of_its_own(tempo: Any) -> None:
    """In Prometheus's text format."""
    answer = tempo.get("/metrics")
    assert answer.status_code == 200
    assert "# TYPE " in answer.text
