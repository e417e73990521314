"""Downloads a Debian package and unpacks it into a private folder, as any user.

apt gets its own lists, cache and no hooks, so nothing of the system changes: nothing is installed,
no service starts. Signatures are checked by apt as ever. Dependencies are not resolved: the Go
programs we fetch need libc6 only, and `--version` shows whether they run.
"""

from __future__ import annotations

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
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Acquire::Languages "none";
Dir::State "{private}/state";
Dir::State::status "{status}";
Dir::Cache "{private}/cache";
"""

DPKG_STATUS = Path("/var/lib/dpkg/status")


class FetchError(Exception):
    """The package could not be had; the message says why, in a few words."""


def unpacked(package: str, tools_dir: Path) -> Path:
    """Folder in which `fetch` leaves the package's files."""
    return tools_dir / "debian" / package


def fetch(package: str, tools_dir: Path) -> Path:
    """Download and unpack `package`; returns the folder, which appears whole or not at all."""
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
            archive = _download(package, private, draft)
            _run(["dpkg-deb", "-x", str(archive), str(draft / "root")], draft)
            (draft / "root").rename(target)
    return target


def _download(package: str, private: Path, folder: Path) -> Path:
    configuration = private / "apt.conf"
    configuration.write_text(APT_CONF.format(private=private, status=DPKG_STATUS))
    apt = ["apt-get", "--quiet", "--config-file", str(configuration)]
    problem = ""
    try:
        _run([*apt, "update"], folder)
    except FetchError as error:
        problem = str(error)  # a source we do not need may be the one that failed
    try:
        _run([*apt, "download", package], folder)
    except FetchError as error:
        raise FetchError(problem or str(error)) from None
    archives = sorted(folder.glob("*.deb"))
    if not archives:
        raise FetchError(f"apt-get brought no archive of {package}")
    return archives[0]


def _run(command: list[str], folder: Path) -> None:
    """Run a command in `folder`; raises FetchError with its last line of complaint."""
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
