"""The Dockerfile's steps that need no Docker: a locked install, started by somebody else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy import secrets
from deploy.lint import ROOT
from tests.integration.service_process import until
from tests.ports import free_port

NOBODY = 65534
UV = shutil.which("uv") or str(ROOT / ".venv-uv" / "bin" / "uv")


@dataclass
class Image:
    """What the image would hold, in a folder, run as a user that owns none of it."""

    folder: Path
    root: bool

    @property
    def python(self) -> Path:
        return self.folder / "venv" / "bin" / "python"

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self.python, *arguments], cwd=self.folder / "app",
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent",
                 "PYTHONDONTWRITEBYTECODE": "1", **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            **({"user": NOBODY, "group": NOBODY, "extra_groups": []} if self.root else {}),
        )  # fmt: skip

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=300)
        return process.returncode, output.decode()


def interpreter(root: bool) -> str | None:
    """A Python that another user may run: this one, else the system's."""
    for path in dict.fromkeys([os.path.realpath(sys.executable), "/usr/bin/python3"]):
        if not root:
            return path
        try:
            subprocess.run([path, "-V"], user=NOBODY, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return path
    return None


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """The locked environment and the files that .dockerignore lets in, as the Dockerfile does."""
    root = os.geteuid() == 0
    python = interpreter(root)
    if python is None:
        pytest.skip("no Python that another user of this machine may run")
    # Not below pytest's own folder, which no other user can enter.
    folder = Path(tempfile.mkdtemp(prefix="nautobs-image-"))
    folder.chmod(0o755)
    try:
        copy_context(folder / "app")
        install(folder, python)
        if not root:
            subprocess.run(["chmod", "-R", "a-w", folder / "app"], check=True)
        yield Image(folder, root)
    finally:
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)
        shutil.rmtree(folder)


def copy_context(target: Path) -> None:
    """Copy what .dockerignore lets in."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    out = [line.removeprefix("**/") for line in lines if line and line[0] not in "#!*"]
    out += [line.removeprefix("**/") for line in lines if line.startswith("**/")]

    def ignored(folder: str, names: list[str]) -> list[str]:
        inside = Path(folder).relative_to(ROOT)
        return [
            name for name in names
            if (inside / name).as_posix() in out or any(Path(name).match(each) for each in out)
        ]  # fmt: skip

    for line in lines:
        if line.startswith("!"):
            source = ROOT / line[1:]
            copied = target / line[1:]
            copied.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, copied, ignore=ignored)
            else:
                shutil.copy(source, copied)


def install(folder: Path, python: str) -> None:
    """The Dockerfile's own two steps."""
    env = {**os.environ, "UV_LINK_MODE": "copy", "UV_PYTHON_DOWNLOADS": "never"}
    app, venv = folder / "app", folder / "venv"
    for step in (
        ["venv", "--python", python, venv],
        ["pip", "sync", "--python", venv / "bin" / "python", "--require-hashes",
         app / "deploy" / "docker" / "requirements.lock"],
        ["pip", "install", "--python", venv / "bin" / "python", "--no-deps",
         "--no-build-isolation", "-e", app / "instrumentation", "-e", app],
    ):  # fmt: skip
        done = subprocess.run(
            [UV, "--quiet", *step], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_the_service_starts_as_another_user_with_a_tree_it_cannot_write(image: Image) -> None:
    """It answers, asks for the token on writes, and says where its runbooks and boards are."""
    data = Path(tempfile.mkdtemp(prefix="nautobs-data-"))
    try:
        secrets.write(data / "secrets")
        for folder in (data, data / "secrets"):
            folder.chmod(0o777)
        port = free_port()
        service = image.start(
            "-m", "backend", BACKEND_PORT=str(port), WORKERS="1",
            API_TOKEN_FILE=str(data / "secrets" / "api_token"), CATALOG_DIR=str(data / "catalog"),
            RESULTS_DIR=str(data / "results"), NAUTOBS_METRICS_DIR=str(data / "metrics"),
            OTEL_SDK_DISABLED="true",
        )  # fmt: skip
        url = f"http://127.0.0.1:{port}/api"
        try:
            until(lambda: image.run("-m", "deploy.healthy", f"{url}/health")[0] == 0)
            token = (data / "secrets" / "api_token").read_text()
            bearer = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=url, timeout=60) as http:
                assert http.post("/backtest/run", json={}).status_code == 401
                assert http.post("/backtest/run", json={}, headers=bearer).status_code == 422
                assert http.get("/dashboards").json()
                assert http.get("/objectives").json()
                assert http.get("/runbooks/TargetDown").status_code == 200
        finally:
            service.terminate()
            service.communicate(timeout=60)
    finally:
        shutil.rmtree(data)


@pytest.mark.parametrize(
    "command", [("-m", "nautilus_instrumentation.exposition"), ("-m", "stack.drive")]
)
def test_the_other_commands_of_the_containers_are_in_it(
    image: Image, command: tuple[str, str]
) -> None:
    """The exporter and the load."""
    code, output = image.run(*command, "--help")
    assert (code, "usage:" in output) == (0, True), output


def test_a_service_that_is_down_is_unhealthy(image: Image) -> None:
    """The health check can fail, and says why."""
    code, output = image.run("-m", "deploy.healthy", f"http://127.0.0.1:{free_port()}/api/health")
    assert (code, "refused" in output) == (1, True), output
