"""Downloads a Debian package and unpacks it into a private folder, as any user.

apt gets its own lists, cache and no hooks, so nothing of the system changes: nothing is installed,
no service starts. Signatures are checked by apt as ever. Of the dependencies only the JavaScript of
web pages is fetched too: the Go programs themselves need libc6, and `--version` shows whether they
run. A program in C brings the packages that this machine lacks, and starts with their libraries.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

APT_SECONDS = 180.0

# Hooks of the system's configuration would touch the system's caches; a list can be emptied only in
# a configuration file. Root without the sandbox, because user _apt may not read our folder.
APT_CONF = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Acquire::Languages "none";
Dir::State "{private}/state";
Dir::State::status "{status}";
Dir::Cache "{private}/cache";
"""

# Other sources than the machine's; what it prefers is said of its own, not of these.
OTHER_SOURCES = """\
Dir::Etc::SourceList "{private}/sources.list";
Dir::Etc::SourceParts "-";
Dir::Etc::Preferences "-";
Dir::Etc::PreferencesParts "-";
APT::Default-Release "";
"""

DPKG_STATUS = Path("/var/lib/dpkg/status")
PAGE_LIBRARIES = "libjs-"

# Debian's Prometheus and Alertmanager read templates and pages from here, not from the binary.
# Strings of a Go binary keep their length, so the replacement has the same; it is relative to the
# folder of the unpacked package, in which the program must then be started.
SYSTEM_FILES = b"/usr/share/prometheus"
PRIVATE_FILES = b"usr/share//prometheus"


class FetchError(Exception):
    """The package could not be had; the message says why, in a few words."""


def unpacked(package: str, tools_dir: Path) -> Path:
    """Folder in which `fetch` leaves the package's files."""
    return tools_dir / "debian" / package


def fetch(package: str, tools_dir: Path, sources: str = "", *, libraries: bool = False) -> Path:
    """Download and unpack `package`; returns the folder, which appears whole or not at all.

    Its programs find their own files when they are started with this folder as working folder.
    `sources` (lines of a sources.list) take the place of the machine's own; they need a `tools_dir`
    of their own. `libraries`: unpack what it depends on and this machine lacks beside it, and leave
    in `usr/bin` scripts that start its programs with that. Raises FetchError.
    """
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise FetchError(f"{program} is not on this machine")
    target = unpacked(package, tools_dir)
    private = tools_dir / "apt"
    for folder in (target.parent, private / "state/lists/partial", private / "cache/archives"):
        folder.mkdir(parents=True, exist_ok=True)
    # Two launchers, or two tests, may want the same package: one fetches, the other waits.
    with (private / "lock").open("w") as lock, tempfile.TemporaryDirectory(dir=private) as drafts:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            draft = Path(drafts)
            _configure(private, sources)
            for archive in _download(package, private, draft, libraries):
                _run(["dpkg-deb", "-x", str(archive), str(draft / "root")], draft)
            _relocate(draft / "root")
            if libraries:
                _wrap(draft / "root")
            (draft / "root").rename(target)
    return target


def _configure(private: Path, sources: str) -> None:
    configuration = APT_CONF + (OTHER_SOURCES if sources else "")
    (private / "apt.conf").write_text(configuration.format(private=private, status=DPKG_STATUS))
    (private / "sources.list").write_text(sources)


def _download(package: str, private: Path, folder: Path, libraries: bool) -> list[Path]:
    """Archives of the package, and of what its web pages or its programs need, in `folder`."""
    options = ["--quiet", "--config-file", str(private / "apt.conf")]
    problem = ""
    try:
        _run(["apt-get", *options, "update"], folder)
    except FetchError as error:
        problem = str(error)  # a source we do not need may be the one that failed
    try:
        _run(["apt-get", *options, "download", package], folder)
    except FetchError as error:
        raise FetchError(problem or str(error)) from None
    if not list(folder.glob("*.deb")):
        raise FetchError(f"apt-get brought no archive of {package}")
    if libraries and (lacking := _lacking(package, options, folder)):
        _run(["apt-get", *options, "download", *lacking], folder)
    with contextlib.suppress(FetchError):  # pages that lack a library, not a program that fails
        if libraries := _page_libraries(package, options, folder):
            _run(["apt-get", *options, "download", *libraries], folder)
    return sorted(folder.glob("*.deb"))


def _lacking(package: str, options: list[str], folder: Path) -> list[str]:
    """Packages that an installation of `package` would bring with it."""
    install = ["install", "--print-uris", "--no-install-recommends", "--reinstall", package]
    listed = _run(["apt-get", *options, *install], folder)
    # 'address' name_version_architecture.deb size hash
    names = {line.split()[1].partition("_")[0] for line in listed.splitlines() if line[:1] == "'"}
    return sorted(names - {package})


def _page_libraries(package: str, options: list[str], folder: Path) -> list[str]:
    """JavaScript packages that `package` depends on, directly or not."""
    kinds = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")
    without = [f"--no-{kind}" for kind in kinds]
    listed = _run(["apt-cache", *options, "depends", "--recurse", *without, package], folder)
    names = {line for line in listed.splitlines() if line.startswith(PAGE_LIBRARIES)}
    return sorted(names)


def _relocate(root: Path) -> None:
    """Let the unpacked programs look for their files below their working folder."""
    assert len(SYSTEM_FILES) == len(PRIVATE_FILES)
    for program in sorted((root / "usr" / "bin").glob("*")):
        if program.is_file() and not program.is_symlink():
            program.write_bytes(program.read_bytes().replace(SYSTEM_FILES, PRIVATE_FILES))


def _wrap(root: Path) -> None:
    """Put scripts in the place of programs, which set the path of the unpacked libraries."""
    folders = {path.parent.relative_to(root) for path in root.rglob("*.so*")}
    libraries = ":".join(f"$root/{folder}" for folder in sorted(folders))
    programs, behind = root / "usr" / "bin", root / "usr" / "libexec" / "wrapped"
    behind.parent.mkdir(exist_ok=True)
    programs.rename(behind)  # together: some are links to others, and know themselves by their name
    programs.mkdir()
    for program in sorted(behind.iterdir()):
        script = programs / program.name
        script.write_text(
            '#!/bin/sh\nroot=$(cd "${0%/*}/../.." && pwd) || exit\n'
            f'LD_LIBRARY_PATH="{libraries}" exec "$root/{program.relative_to(root)}" "$@"\n'
        )
        script.chmod(0o755)


def _run(command: list[str], folder: Path) -> str:
    """Output of a command run in `folder`; raises FetchError with its last line of complaint."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    try:
        answer = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=APT_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise FetchError(f"{command[0]} took more than {APT_SECONDS:.0f} s") from None
    if answer.returncode != 0:
        lines = [line for line in answer.stderr.splitlines() if line.startswith("E:")]
        raise FetchError((lines or answer.stderr.splitlines() or [f"{command[0]} failed"])[-1])
    return answer.stdout
