"""What DESIGN promises about the code: who imports whom, and one place for one fact."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nautilus_instrumentation import attributes, metrics

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = "instrumentation/src/nautilus_instrumentation"
SOURCES = (
    LIBRARY, "backend", "stack", "tracestore", "promql", "dashboards", "alerts", "deploy",
    "benchmarks",
)  # fmt: skip
FACTS = {f"{LIBRARY}/metrics.py", f"{LIBRARY}/attributes.py"}

OURS = {"backend", "stack", "tracestore", "promql", "dashboards", "alerts", "deploy", "benchmarks"}
FACT_MODULES = {"nautilus_instrumentation.metrics", "nautilus_instrumentation.attributes"}
MAY_IMPORT: dict[str, set[str]] = {
    LIBRARY: {"nautilus_instrumentation"},
    "backend": {"backend", "nautilus_instrumentation"},
    # The stack renders the rules and the notifications for its own addresses.
    "stack": {"stack", "alerts.build", *FACT_MODULES},
    "tracestore": {"tracestore", *FACT_MODULES},
    # A demo without ticks gets the same generated day as the embedded stack's.
    "deploy": {"deploy", "stack.ticks"},
    "promql": {"promql", "nautilus_instrumentation.metrics"},
    "alerts": {"alerts", "promql", *FACT_MODULES},
    # The recording rules that boards read, and the objectives whose thresholds they draw.
    "dashboards": {"dashboards", "promql", "alerts.objectives", "alerts.slo", *FACT_MODULES},
}
"""Package: prefixes of our own modules it may import. Benchmarks may import anything."""

HOSTS = ("nautilus_trader", "fastapi", "starlette", "redis")
METRIC_SHAPED = re.compile(
    r"\b(nautilus|http_server|cache|job|python_gc|process|asyncio|web_vital|telemetry|tracestore)"
    r"(_[a-z]+)+_(total|seconds|bytes|ratio|bucket|count|sum)\b"
)
ATTRIBUTE_SHAPED = re.compile(r"^nautilus\.[a-z_.]+$")


def modules(folder: str) -> list[Path]:
    """Python files below `folder` that git knows or would know."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", f"{folder}/**.py", f"{folder}/*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / line for line in sorted(set(listed.stdout.split())) if (ROOT / line).exists()]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """(dotted module or name, executed on import of the file) for every import in the file."""
    inside = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) or is_type_checking(outer)
        for node in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) not in inside
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            for alias in node.names:
                yield f"{node.module}.{alias.name}", id(node) not in inside


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def literals(tree: ast.Module) -> Iterator[str]:
    """String constants that are not docstrings."""
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_a_package_imports_only_what_the_design_allows(package: str) -> None:
    """The direction of imports between our packages is DESIGN's."""
    allowed = MAY_IMPORT[package]
    wrong = [
        f"{relative(path)}: {name}"
        for path in modules(package)
        for name, _ in imported(ast.parse(path.read_text()))
        if name.split(".")[0] in OURS | {"nautilus_instrumentation"}
        and not any(name == prefix or name.startswith(f"{prefix}.") for prefix in allowed)
    ]
    assert wrong == []


def test_the_backend_uses_only_the_public_api_of_the_library() -> None:
    """The backend imports names from the library's top level, and the tables of facts."""
    wrong = [
        f"{relative(path)}: {name}"
        for path in modules("backend")
        for name, _ in imported(ast.parse(path.read_text()))
        if name.startswith("nautilus_instrumentation.")
        and name.count(".") > 1
        and not name.startswith(
            ("nautilus_instrumentation.metrics.", "nautilus_instrumentation.attributes.")
        )
    ]
    assert wrong == []


@pytest.mark.parametrize("fact", sorted(FACTS))
def test_the_tables_of_facts_need_only_the_standard_library(fact: str) -> None:
    """Generators of dashboards and rules import the specs without installing anything."""
    names = {name.split(".")[0] for name, _ in imported(ast.parse((ROOT / fact).read_text()))}
    assert names <= {"__future__", "dataclasses", "typing"}


def test_the_library_imports_a_host_only_when_its_integration_is_installed() -> None:
    """Importing the library pulls in neither NautilusTrader nor a web framework."""
    wrong = [
        f"{relative(path)}: {name}"
        for path in modules(LIBRARY)
        for name, at_import in imported(ast.parse(path.read_text()))
        if at_import and name.split(".")[0] in HOSTS
    ]
    assert wrong == []


def test_a_metric_is_named_once() -> None:
    """No module but metrics.py spells a metric's name."""
    foreign = ("prometheus_", "alertmanager_")
    wrong = [
        f"{relative(path)}: {match.group()}"
        for folder in SOURCES
        for path in modules(folder)
        if relative(path) not in FACTS
        for text in literals(ast.parse(path.read_text()))
        for match in METRIC_SHAPED.finditer(text)
        if not match.group().startswith(foreign)
    ]
    assert wrong == []


def test_an_attribute_is_named_once() -> None:
    """No module but attributes.py spells one of our attribute keys."""
    wrong = [
        f"{relative(path)}: {text}"
        for folder in SOURCES
        for path in modules(folder)
        if relative(path) not in FACTS
        for text in literals(ast.parse(path.read_text()))
        if ATTRIBUTE_SHAPED.match(text)
    ]
    assert wrong == []


def test_metric_names_follow_the_conventions() -> None:
    """Base units, one spec per name, no reserved label, ascending buckets on histograms only."""
    names = [spec.family for spec in metrics.ALL]
    assert len(names) == len(set(names))
    for spec in metrics.ALL:
        assert re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]", spec.name), spec.name
        assert spec.help.endswith("."), spec.name
        assert not {"job", "instance", "le", "quantile"} & set(spec.label_names), spec.name
        assert list(spec.buckets) == sorted(set(spec.buckets)), spec.name
        assert bool(spec.buckets) == (spec.kind == "histogram"), spec.name
        assert spec.unit in ("", "seconds", "bytes", "ratio"), spec.name


def test_span_names_and_attribute_keys_are_distinct() -> None:
    """Two constants never mean the same string."""
    values = [value for name, value in vars(attributes).items() if name.isupper()]
    assert len(values) == len(set(values))


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_nothing_binds_to_all_interfaces_or_names_a_registry() -> None:
    """The project listens on loopback by default and names no package registry."""
    forbidden = re.compile("0\\.0\\.0\\.0" + "|pypi\\.org|registry\\.npmjs|deb\\.debian\\.org")
    wrong = [
        f"{relative(path)}: {match.group()}"
        for path in tracked()
        if "tests" not in path.parts  # where such addresses are refused
        for match in forbidden.finditer(path.read_text(errors="ignore"))
    ]
    assert wrong == []


def test_the_lock_file_holds_hashes_and_no_address() -> None:
    """Every package of the locked environment is pinned by hash, wherever it is fetched from."""
    text = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^[a-z0-9_.-]+==\S+", text, flags=re.MULTILINE)
    assert len(pins) > 50
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
