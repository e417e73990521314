"""What a browser fetches of the console."""

from __future__ import annotations

import gzip
from pathlib import Path

from benchmarks.frontend import INITIAL, SCRIPTS, WHOLE, section

PAGE = """<html><head>
<script type="module" src="/assets/index.js"></script>
<link rel="modulepreload" href="./assets/vendor.js">
<link rel="stylesheet" href="/assets/index.css">
<link rel="icon" href="/icon.svg">
</head></html>"""


def test_the_initial_scripts_are_those_that_the_page_names(tmp_path: Path) -> None:
    """Others are fetched when they are needed, and count for the whole alone."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    files = {"index.js": "a" * 500, "vendor.js": "b" * 700, "later.js": "c" * 900, "index.css": "d"}
    for name, text in files.items():
        (tmp_path / "assets" / name).write_text(text)
    (tmp_path / "assets" / "index.js.map").write_text("e" * 10_000)
    size = {
        name: len(gzip.compress(text.encode(), mtime=0))
        for name, text in {**files, "page": PAGE}.items()
    }
    found = {each.name: each.value for each in section(tmp_path).measures}
    assert found == {
        INITIAL: size["index.js"] + size["vendor.js"],
        SCRIPTS: size["index.js"] + size["vendor.js"] + size["later.js"],
        WHOLE: sum(size.values()),
    }


def test_without_a_build_there_are_neither_figures_nor_targets(tmp_path: Path) -> None:
    """That there is none is said, and is no failure."""
    found = section(tmp_path)
    assert (found.measures, found.targets) == ((), ())
    assert "no build" in found.left_out[0]
