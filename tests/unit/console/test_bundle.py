"""How large the console is, from what Vite says of its build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backend import bundle
from backend.bundle import NotBuilt, Sizes, measure

ENTRY = {"file": "assets/index.js", "isEntry": True, "imports": ["_react.js"]}
REACT = {"file": "assets/react.js"}


def page(name: str, **more: Any) -> dict[str, Any]:
    source = f"src/pages/{name}/Page.tsx"
    return {source: {"file": f"assets/{name}.js", "src": source, "isDynamicEntry": True, **more}}


def built(folder: Path, parts: dict[str, Any], **sizes: int) -> Path:
    """A build of parts whose compressed files have these sizes."""
    (folder / ".vite").mkdir()
    (folder / "assets").mkdir()
    (folder / ".vite" / "manifest.json").write_text(json.dumps(parts))
    for name, size in sizes.items():
        (folder / "assets" / f"{name}.js.gz").write_bytes(b"x" * size)
    return folder


def test_a_page_needs_its_own_part_and_all_that_is_imported(tmp_path: Path) -> None:
    """Of several pages the largest counts, and what two of them share counts once."""
    parts = {
        "index.html": ENTRY,
        "_react.js": REACT,
        "_shared.js": {"file": "assets/shared.js", "imports": ["_react.js"]},
        **page("small", imports=["index.html"]),
        **page("large", imports=["_shared.js", "_react.js"]),
    }
    dist = built(tmp_path, parts, index=10, react=100, shared=1000, small=2, large=3)
    assert measure(dist) == Sizes(initial=10 + 100 + 1000 + 3, total=10 + 100 + 1000 + 2 + 3)


def test_what_a_page_loads_later_is_not_initial(tmp_path: Path) -> None:
    """Such as the library of charts, which comes when a chart is drawn."""
    chart = {"file": "assets/chart.js", "isDynamicEntry": True, "src": "src/components/Chart.tsx"}
    parts = {
        "index.html": ENTRY, "_react.js": REACT, "chart": chart,
        **page("home", dynamicImports=["chart"]),
    }  # fmt: skip
    dist = built(tmp_path, parts, index=1, react=2, chart=500, home=4)
    assert measure(dist) == Sizes(initial=7, total=507)


def test_a_worker_counts_once(tmp_path: Path) -> None:
    """It is no part of the build's list, only a file that pages name; it is not initial."""
    parts = {
        "index.html": {**ENTRY, "imports": []},
        **page("one", assets=["assets/worker.js", "assets/icon.svg"]),
        **page("two", assets=["assets/worker.js"]),
    }
    dist = built(tmp_path, parts, index=1, one=2, two=3, worker=100)
    assert measure(dist) == Sizes(initial=1 + 3, total=1 + 2 + 3 + 100)


def test_styles_are_no_scripts(tmp_path: Path) -> None:
    """The budget is for JavaScript."""
    parts = {"index.html": ENTRY, "_react.js": REACT, "style.css": {"file": "assets/style.css"}}
    dist = built(tmp_path, parts, index=1, react=2)
    (dist / "assets" / "style.css.gz").write_bytes(b"x" * 1000)
    assert measure(dist) == Sizes(initial=3, total=3)


@pytest.mark.parametrize(
    ("sizes", "complaints"),
    [
        (Sizes(150_000, 400_000), 0),
        (Sizes(150_001, 400_000), 1),
        (Sizes(150_000, 400_001), 1),
        (Sizes(150_001, 400_001), 2),
    ],
)
def test_the_budget_is_the_issue_s(sizes: Sizes, complaints: int) -> None:
    """150 kB before a page is drawn, 400 kB in all."""
    assert len(sizes.over_budget()) == complaints


@pytest.mark.parametrize(("size", "code"), [(100, 0), (150_001, 1)])
def test_make_check_fails_over_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    size: int, code: int,
) -> None:  # fmt: skip
    """And says by how much."""
    dist = built(tmp_path, {"index.html": {**ENTRY, "imports": []}}, index=size)
    monkeypatch.setattr(bundle, "measure", lambda: measure(dist))
    assert bundle.main() == code
    assert ("150001 bytes" in capsys.readouterr().err) == bool(code)


def test_without_a_build_it_is_said_what_to_do(tmp_path: Path) -> None:
    """Not a stack trace."""
    with pytest.raises(NotBuilt, match="make console"):
        measure(tmp_path)


def test_a_build_without_compressed_files_has_no_size(tmp_path: Path) -> None:
    """A size of zero would look like a small console."""
    dist = built(tmp_path, {"index.html": {**ENTRY, "imports": []}})
    with pytest.raises(NotBuilt, match=r"index\.js\.gz is missing"):
        measure(dist)
