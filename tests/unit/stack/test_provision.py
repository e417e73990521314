"""Where programs are looked for, and what counts as found."""

import shutil
import subprocess
from pathlib import Path

import pytest

from stack import debian
from stack.provision import (
    ALERTMANAGER,
    PROMETHEUS,
    REDIS,
    TOOLS,
    Missing,
    ToolError,
    find,
    provision,
)
from stack.settings import load_settings


def program(path: Path, output: str, exit_code: int = 0, stream: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{output}' >&{stream}\nexit {exit_code}\n")
    path.chmod(0o755)
    return path


def prometheus(folder: Path, version: str) -> Path:
    return program(folder / "prometheus", f"prometheus, version {version} (branch: HEAD)")


def unpacked(tools: Path, version: str) -> Path:
    return prometheus(debian.unpacked("prometheus", tools) / "usr" / "bin", version)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    return tmp_path / "tools"


def test_the_variable_wins_over_everything(tmp_path: Path, tools: Path) -> None:
    """A program that the user names is taken, whatever else is there."""
    named = prometheus(tmp_path / "named", "1.0.0")
    prometheus(tmp_path / "path", "2.0.0")
    unpacked(tools, "3.0.0")
    env = {"PROMETHEUS_BIN": str(named), "PATH": str(tmp_path / "path")}
    found = find(PROMETHEUS, tools, env)
    assert found is not None
    assert (found.version, found.source) == ("1.0.0", "PROMETHEUS_BIN")


def test_path_wins_over_what_is_unpacked(tmp_path: Path, tools: Path) -> None:
    """A program on PATH is preferred to one that an earlier call unpacked."""
    prometheus(tmp_path / "path", "2.0.0")
    unpacked(tools, "3.0.0")
    found = find(PROMETHEUS, tools, {"PATH": str(tmp_path / "path")})
    assert found is not None
    assert (found.version, found.source) == ("2.0.0", "PATH")


def test_what_is_unpacked_is_found(tmp_path: Path, tools: Path) -> None:
    """Without variable and PATH the private folder is looked at."""
    unpacked(tools, "3.0.0")
    found = find(PROMETHEUS, tools, {"PATH": str(tmp_path)})
    assert found is not None
    assert (found.version, found.source) == ("3.0.0", "unpacked")


def test_debians_name_of_alertmanager_is_known(tmp_path: Path, tools: Path) -> None:
    """Debian calls the binary prometheus-alertmanager, and old ones write to stderr."""
    program(tmp_path / "prometheus-alertmanager", "alertmanager, version 0.25.0 (x)", stream=2)
    found = find(ALERTMANAGER, tools, {"PATH": str(tmp_path)})
    assert found is not None
    assert found.version == "0.25.0"


def test_another_program_of_that_name_is_passed_over(tmp_path: Path, tools: Path) -> None:
    """A program on PATH that announces itself as something else is not Prometheus."""
    program(tmp_path / "prometheus", "a game about Titans 1.0")
    assert find(PROMETHEUS, tools, {"PATH": str(tmp_path)}) is None


def test_a_program_that_fails_is_passed_over(tmp_path: Path, tools: Path) -> None:
    """A binary that cannot run here, such as one for another machine, is not found."""
    program(tmp_path / "prometheus", "prometheus, version 2.0.0", exit_code=1)
    assert find(PROMETHEUS, tools, {"PATH": str(tmp_path)}) is None


@pytest.mark.parametrize("named", ["/no/such/binary", "/bin/ls"])
def test_a_wrong_variable_is_an_error_that_names_it(named: str, tools: Path) -> None:
    """What the user names and cannot be used is said, not replaced by something else."""
    with pytest.raises(ToolError, match="PROMETHEUS_BIN=" + named):
        find(PROMETHEUS, tools, {"PROMETHEUS_BIN": named, "PATH": ""})


@pytest.mark.parametrize("tool", [*TOOLS, REDIS], ids=lambda tool: tool.name)
def test_what_cannot_be_had_says_how_to_install_it(
    tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without apt the answer names the commands of Debian, Fedora and macOS."""
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = load_settings({"PATH": str(tmp_path), "TOOLS_DIR": "tools"}, root=tmp_path)
    answer = provision(tool, settings)
    assert isinstance(answer, Missing)
    for word in ("apt-get install", "dnf install", "brew install", tool.variable, tool.releases):
        assert word in str(answer)


def test_a_package_is_unpacked_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When unpacking fails, nothing stays behind that the next call could take for the program."""
    program(tmp_path / "bin" / "dpkg-deb", "no", exit_code=1)
    apt = program(tmp_path / "bin" / "apt-get", "")
    apt.write_text('#!/bin/sh\ntest "$4" != download || : > prometheus_1_all.deb\n')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(debian.FetchError):
        debian.fetch("prometheus", tmp_path / "tools")
    assert not debian.unpacked("prometheus", tmp_path / "tools").exists()
    assert [path.name for path in (tmp_path / "tools" / "debian").iterdir()] == []


def test_apts_complaint_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason that apt gives reaches the user."""
    program(tmp_path / "dpkg-deb", "")
    program(tmp_path / "apt-get", "E: Unable to locate package prometheus", 100, stream=2)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(debian.FetchError, match="Unable to locate package"):
        debian.fetch("prometheus", tmp_path / "tools")


def test_an_unpacked_program_finds_its_files_below_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths of the system inside the binary become relative ones of the same length."""
    root = tmp_path / "bin"
    unpack = program(root / "dpkg-deb", "")
    unpack.write_text(
        "#!/bin/sh\nmkdir -p $3/usr/bin\n"
        "printf 'a/usr/share/prometheus/web/z' > $3/usr/bin/prometheus\n"
    )
    for name in ("apt-get", "apt-cache"):
        program(root / name, "").write_text("#!/bin/sh\n: > prometheus_1_all.deb\n")
    monkeypatch.setenv("PATH", f"{root}:/usr/bin:/bin")
    folder = debian.fetch("prometheus", tmp_path / "tools")
    assert (folder / "usr/bin/prometheus").read_bytes() == b"ausr/share//prometheus/web/z"


def test_a_program_starts_with_the_libraries_that_the_machine_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are unpacked beside it; what is a link by another name stays one, wherever it is."""
    root = tmp_path / "bin"
    program(root / "apt-get", "").write_text(
        '#!/bin/sh\nshift 3\necho "$@" >> ' + f"{tmp_path}/asked\n"
        'case "$1" in\n'
        "download) shift; for name; do : > ${name}_1_all.deb; done;;\n"
        "install) printf \"'http://a/x' redis-server_5%%3a7.0_all.deb 1 MD5Sum:1\\n"
        "'http://a/y' libthing1_1_all.deb 1 MD5Sum:1\\n\";;\n"
        "esac\n"
    )
    program(root / "apt-cache", "")
    program(root / "dpkg-deb", "").write_text(
        "#!/bin/sh\nmkdir -p $3/usr/bin $3/usr/lib/here\n"
        "case $2 in *libthing1*) : > $3/usr/lib/here/libthing.so.1; exit;; esac\n"
        "printf '#!/bin/sh\\necho \"Redis server v=7.0.15 $(basename $0) $LD_LIBRARY_PATH\"\\n'"
        " > $3/usr/bin/check\nchmod +x $3/usr/bin/check\nln -s check $3/usr/bin/redis-server\n"
    )
    monkeypatch.setenv("PATH", f"{root}:/usr/bin:/bin")
    folder = debian.fetch("redis-server", tmp_path / "tools", libraries=True)
    answer = subprocess.run(
        [folder / "usr/bin/redis-server"], cwd="/", capture_output=True, text=True, check=True
    )
    assert answer.stdout.split()[2:] == [
        "v=7.0.15", "redis-server", f"{folder}/usr/lib/here"
    ]  # fmt: skip
    assert "download libthing1" in (tmp_path / "asked").read_text().splitlines()
    found = find(REDIS, tmp_path / "tools", {"PATH": ""})
    assert found is not None
    assert found.version == "7.0.15"
    assert found.path.name == "redis-server"


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="no apt-get on this machine")
def test_other_sources_take_the_place_of_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """apt asks no source of the machine when it is told which to ask."""
    program(tmp_path / "dpkg-deb", "")
    asked = f"{shutil.which('apt-get')} $1 $2 $3 --print-uris update"
    apt = program(tmp_path / "apt-get", "")
    apt.write_text(f"#!/bin/sh\n{asked} > {tmp_path}/addresses\nexit 1\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(debian.FetchError):
        debian.fetch("prometheus", tmp_path / "tools", "deb http://mirror.example/debian sid main")
    addresses = (tmp_path / "addresses").read_text().splitlines()
    assert addresses
    assert all(each.startswith("'http://mirror.example/debian/dists/sid/") for each in addresses)
